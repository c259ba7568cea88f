# Everything here sets up what it needs: `make demo` and `make test` work on a fresh machine.
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
export ANSIBLE_COLLECTIONS_PATH := $(CURDIR)/.work/collections
export PYTHONPATH := $(CURDIR)/tests/emulator:$(CURDIR)/.work/collections
# Containers often have it set: every program would compile its imports again, a sixth of the time that ansible takes.
unexport PYTHONDONTWRITEBYTECODE
# The tests of a file run in one process: they share a fleet of instances.
PYTEST := $(PY) -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder

.DEFAULT_GOAL := help
.PHONY: help setup instances demo emulator test lint unit sanity integration system long fuzz molecule bench docs wheel clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/ready ## the virtual environment and the collection's path
	@$(PY) tests/tools/collection_tree.py >/dev/null

$(VENV)/ready: requirements-dev.txt
	@tests/tools/prepare
	@rm -rf $(VENV) && $(PYTHON) -m venv $(VENV)
	@echo "Installing Python packages into $(VENV)"
	@$(PY) -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

instances: setup ## the images of the real instances
	@$(PY) -m ecs_emulator images

demo: setup ## onboard a team on three real instances of the embedded cloud
	@$(PY) -m ecs_emulator images debian11 debian12 debian13
	@$(PY) demo/run.py

emulator: setup ## the embedded cloud in the foreground, with the demo's fleet
	@$(PY) -m ecs_emulator images debian11 debian12 debian13
	@$(PY) -m ecs_emulator serve --tls --listen 127.0.0.1:8443 --fleet demo/fleet.yml --state .work/emulator --ready-file .work/emulator.json

test: lint unit sanity integration molecule system ## all tests but the long ones

lint: setup ## ruff, mypy, yamllint, ansible-lint (production), reuse, changelog, documentation, plain words
	@ruff check --quiet .
	@ruff format --check --quiet .
	@$(PY) tests/tools/lint.py

unit: instances ## pure logic, and modules in process against the embedded cloud
	@$(PYTEST) tests/unit

sanity: setup ## ansible-test sanity on the oldest and the newest supported ansible-core of this machine; WHOLE=yes for every Python
	@$(PY) tests/sanity/run.py $(if $(WHOLE),--whole)

integration: setup ## ansible-test integration against the embedded cloud
	@$(PY) tests/integration/run.py

system: instances ## real ansible, ssh and sudo on real instances: the tests that take seconds
	@$(PYTEST) -m "not long" --images debian12,el-like tests/system

long: instances ## the same on every image, with the tests that take minutes: kills, reboots, broken worlds; and sanity as a whole, but with IMAGES=debian12,el-like
	@$(if $(IMAGES),,$(PY) tests/sanity/run.py --whole)
	@$(PYTEST) $(if $(IMAGES),--images $(IMAGES)) tests/system

fuzz: instances ## key lines, rules of logins and sudo rules against real sshd, ssh-keygen and sudo, a hostile guest and a forged API against the modules: FUZZ_SECONDS=600 for each part, FUZZ_IMAGE=debian12
	@$(PY) tests/fuzz/run.py --image $(or $(FUZZ_IMAGE),debian12) --seconds $(or $(FUZZ_SECONDS),600) $(if $(FUZZ_SEED),--seed $(FUZZ_SEED))

# Its notes of what exists lie in the checkout: elsewhere, those of a run that was cut off would be taken for this one's.
molecule: instances ## the roles and five playbooks on Debian 11, 12, 13 and the el-like instance
	@rm -rf .work/molecule-run
	@MOLECULE_EPHEMERAL_DIRECTORY=$(CURDIR)/.work/molecule-run ECS_ACCESS_MOLECULE_PORT=$$($(PY) -c "import socket; s = socket.create_server(('127.0.0.1', 0)); print(s.getsockname()[1])") \
		molecule test --all --report

bench: instances ## the budgets, as ratios within one run
	@$(PY) benchmarks/run.py

docs: setup ## the rendered documentation, into docs/build
	@$(PY) tests/tools/docs.py

wheel: setup ## the embedded cloud as a package for others, into dist
	@$(PY) -m pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir dist tests/emulator
	@rm -rf tests/emulator/build tests/emulator/ecs_emulator.egg-info

clean: ## remove everything that the targets above made
	@rm -rf .work $(VENV) dist tests/output docs/build .pytest_cache .ruff_cache
	@find . -name __pycache__ -prune -exec rm -rf {} +
