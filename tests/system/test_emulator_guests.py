# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The agent of a real instance does what the vendor's does, also where that is no help to anybody."""

from __future__ import annotations

import time

import pytest

SCRIPTS = "/usr/local/share/aliyun-assist/work/script"


def wait_until(condition, timeout: float = 60) -> None:
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.2)


def has_process(instance, arguments: str) -> bool:
    return arguments in instance.exec("ps -e -o args=").splitlines()


class TestTermination:
    def test_a_timeout_kills_the_script_alone(self, one_instance, fleet, new_name):
        mark = new_name("41")
        entry = fleet.run_command(one_instance, f"echo begun; sleep {mark} & sleep {mark}; true", Timeout=10)
        assert (entry["InvocationStatus"], entry["ErrorCode"], entry["Output"]) == ("Timeout", "ExecutionTimeout", "begun\n")
        assert entry["TerminationMode"] == "Process"
        assert has_process(one_instance, f"sleep {mark}")
        one_instance.exec(f"pkill -fx 'sleep {mark}'")

    def test_a_timeout_kills_the_tree_when_asked_to(self, one_instance, fleet, new_name):
        mark = new_name("42")
        script = f"(sleep {mark} & sleep {mark}; true) & (setsid sleep 9{mark} &); sleep {mark}; true"
        entry = fleet.run_command(one_instance, script, Timeout=10, TerminationMode="ProcessTree")
        assert (entry["InvocationStatus"], entry["TerminationMode"]) == ("Timeout", "ProcessTree")
        assert not has_process(one_instance, f"sleep {mark}")
        assert has_process(one_instance, f"sleep 9{mark}"), "whose parent has ended is not in the tree"
        one_instance.exec(f"pkill -fx 'sleep 9{mark}'")

    @pytest.mark.parametrize(("mode", "left"), [("Process", True), ("ProcessTree", False)])
    def test_a_stop_kills_what_the_command_said(self, one_instance, fleet, new_name, mode, left):
        mark = new_name("43")
        asked = {"Type": "RunShellScript", "CommandContent": f"sleep {mark}; true", "InstanceId.1": one_instance.instance_id, "TerminationMode": mode}
        invoke_id = fleet.call("RunCommand", **asked)["InvokeId"]
        wait_until(lambda: has_process(one_instance, f"sleep {mark}"))
        fleet.call("StopInvocation", InvokeId=invoke_id)

        def status() -> str:
            answer = fleet.call("DescribeInvocationResults", InvokeId=invoke_id)
            return answer["Invocation"]["InvocationResults"]["InvocationResult"][0]["InvocationStatus"]

        wait_until(lambda: status() == "Terminated")
        assert has_process(one_instance, f"sleep {mark}") is left
        one_instance.exec(f"pkill -fx 'sleep {mark}'", check=False)

    def test_time_counts_from_the_start_of_the_script(self, one_instance, fleet):
        entry = fleet.run_command(one_instance, "sleep 9; echo done", Timeout=10)
        assert (entry["InvocationStatus"], entry["Output"]) == ("Success", "done\n")


class TestScript:
    def test_it_is_kept_for_everybody_to_read(self, one_instance, fleet):
        entry = fleet.run_command(one_instance, "echo $0", Name="mine")
        path = f"{SCRIPTS}/mine-{entry['InvokeId']}.sh"
        assert entry["Output"] == path + "\n"
        assert one_instance.exec(f"stat -c '%a %U' {path}; cat {path}") == "755 root\necho $0"

    def test_that_of_another_user_is_in_tmp(self, one_instance, fleet, new_name):
        user = new_name("worker")
        one_instance.exec(f"useradd -m {user}")
        entry = fleet.run_command(one_instance, "echo $0; id -un", Username=user)
        assert entry["Output"] == f"/tmp/{entry['InvokeId']}.sh\n{user}\n"

    def test_one_that_cannot_be_saved_runs_as_an_argument(self, one_instance, fleet):
        one_instance.exec(f"mkdir -p {SCRIPTS} && mv {SCRIPTS} {SCRIPTS}.away && touch {SCRIPTS}")
        try:
            entry = fleet.run_command(one_instance, "echo $0; tr '\\0' ' ' < /proc/$$/cmdline; exit 3")
        finally:
            one_instance.exec(f"rm {SCRIPTS} && mv {SCRIPTS}.away {SCRIPTS}")
        first, arguments = entry["Output"].splitlines()
        assert (entry["ExitCode"], first) == (3, "sh")
        assert arguments.startswith("sh -c echo $0")


class TestUser:
    @pytest.mark.parametrize("user", ["root", "grouped"])
    def test_root_and_its_group_are_refused(self, one_instance, fleet, user):
        one_instance.exec("id grouped 2>/dev/null || useradd -m -g root grouped")
        entry = fleet.run_command(one_instance, "true", Username=user)
        assert (entry["InvocationStatus"], entry["ErrorCode"], entry["ErrorInfo"]) == ("Invalid", "AccountNotExists", f"UserInvalid_{user}")

    def test_a_missing_home_is_found_before_anything_runs(self, one_instance, fleet, new_name):
        user = new_name("homeless")
        one_instance.exec(f"useradd -M {user}")
        entry = fleet.run_command(one_instance, "true", Username=user)
        assert (entry["InvocationStatus"], entry["ErrorCode"]) == ("Invalid", "DefaultWorkingDirectoryNotAvailable")


class TestOutput:
    LEFT_BEHIND = "(trap '' HUP; sleep 3; echo late; echo alive > {0}) & echo done"

    def test_a_writer_left_behind_gets_sigpipe(self, one_instance, fleet, new_name):
        path = f"/run/{new_name('late')}"
        assert fleet.run_command(one_instance, self.LEFT_BEHIND.format(path))["Output"] == "done\n"
        time.sleep(5)
        assert one_instance.exec(f"ls {path}", check=False) == ""

    def test_older_agents_read_on_and_keep_the_end_alone(self, start_fleet, tmp_path):
        spec = {"name": "older", "backend": "container", "image": "debian12", "assistant": {"version": "2.2.3.578"}}
        with start_fleet({"instances": [spec]}) as own:
            older = own["older"]
            assert own.run_command(older, self.LEFT_BEHIND.format("/run/late"))["Output"] == "done\n"
            wait_until(lambda: older.exec("cat /run/late", check=False) == "alive\n")

    def test_a_long_output_arrives_whole_up_to_the_limit(self, one_instance, fleet):
        entry = fleet.run_command(one_instance, "yes a | head -c 24576")
        assert (len(entry["Output"]), entry["Dropped"]) == (24576, 0)
        entry = fleet.run_command(one_instance, "yes a | head -c 6000; yes b | head -c 10000; yes c | head -c 18576")
        assert (entry["Output"], entry["Dropped"]) == ("a\n" * 3000 + "c\n" * 9288, 10000)


class TestFile:
    def send(self, fleet, instance, **changes):
        asked = {"Name": "secret", "TargetDir": "/run/ours/deep", "Content": "text\n", "InstanceId.1": instance.instance_id, **changes}
        invoke_id = fleet.call("SendFile", **asked)["InvokeId"]

        def entry():
            (shown,) = fleet.call("DescribeSendFileResults", InvokeId=invoke_id)["Invocations"]["Invocation"]
            return shown["InvokeInstances"]["InvokeInstance"][0]

        wait_until(lambda: entry()["InvocationStatus"] not in ("Pending", "Running"))
        return entry()["ErrorCode"]

    def test_it_arrives_with_owner_group_and_mode(self, one_instance, fleet, new_name):
        user, folder = new_name("owner"), f"/run/{new_name('ours')}"
        one_instance.exec(f"useradd -m {user}")
        state = f"stat -c '%a %U %G' {folder}/secret; cat {folder}/secret"
        assert self.send(fleet, one_instance, TargetDir=folder) == ""
        assert one_instance.exec(state) == "644 root root\ntext\n"
        assert self.send(fleet, one_instance, TargetDir=folder, Content="more") == "FileAlreadyExists"
        more = {"Content": "bW9yZQ==", "ContentType": "Base64", "Overwrite": "true", "FileOwner": user, "FileGroup": user, "FileMode": "0600"}
        assert self.send(fleet, one_instance, TargetDir=folder, **more) == ""
        assert one_instance.exec(state) == f"600 {user} {user}\nmore"

    def test_what_the_agent_finds_wrong(self, one_instance, fleet):
        assert self.send(fleet, one_instance, Name="a", FileOwner="nobody-here") == "AccountNotExists"
        assert self.send(fleet, one_instance, Name="b", FileGroup="nobody-here") == "UserGroupNotExists"
        assert self.send(fleet, one_instance, TargetDir="/etc/passwd") == "FilePathInvalid"
        assert self.send(fleet, one_instance, TargetDir="/proc/self") == "FileCreateFail"


class TestPower:
    def test_exit_code_194_reboots(self, one_instance, fleet):
        before = one_instance.boot_id()
        assert fleet.run_command(one_instance, "exit 194")["ExitCode"] == 194
        wait_until(lambda: one_instance.exec("cat /proc/sys/kernel/random/boot_id", check=False).strip() not in ("", before))
