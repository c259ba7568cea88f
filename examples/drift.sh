#!/bin/sh
# Has anything changed that team.yml does not say? The exit code is 0 for no, 1 for yes, and 2 if a host could not be checked.
# A run that ends early, or finds no hosts, writes no report: one from yesterday must not stand for it.
rm -f report.json
ansible-playbook alicloud.ecs_access.onboard -i my.ecs.yml -e @team.yml -e ecs_access_hosts=all \
  --check -e ecs_access_fail_on_drift=true -e ecs_access_report=report.json
case $(sed -n 's/^  "result": "\(.*\)",$/\1/p' report.json) in clean) exit 0 ;; findings) exit 1 ;; *) exit 2 ;; esac
