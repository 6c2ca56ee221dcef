.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
UV := .venv/bin/uv
export UV_PYTHON_DOWNLOADS = never
# the certificates that this machine trusts: many agencies sit behind a proxy with its own
export UV_SYSTEM_CERTS = 1
export VIRTUAL_ENV = $(CURDIR)/.venv
# tests start our programs by the hundred, each of which would else compile all that it imports anew
export PYTHONDONTWRITEBYTECODE =
MEMBERS := shared gateway services/agency services/dashboard services/sandbox
DATA ?= .sandbox

.PHONY: help install run test faults random services services-stop check bench lock format

help: ## Show what can be done here
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-13s %s\n", $$1, $$2}'

install: .venv/.installed ## Make .venv with everything, as locked

.venv/.installed: requirements.lock pyproject.toml $(MEMBERS:%=%/pyproject.toml)
	@test -x .venv/bin/python || $(PYTHON) -m venv .venv
	@test -x $(UV) || .venv/bin/pip install --quiet --disable-pip-version-check "$$(grep -oE '^uv==[0-9.]+' requirements.lock)"
	$(UV) pip sync --quiet --require-hashes requirements.lock
	$(UV) pip install --quiet --no-deps $(MEMBERS:%=--editable %)
	@touch $@

lock: ## Resolve the newest versions and write requirements.lock
	$(UV) lock --upgrade
	$(UV) export --quiet --frozen --all-packages --no-emit-workspace --format requirements.txt --output-file requirements.lock

run: install ## Start a whole partnership on this machine and play a story
	.venv/bin/candour-sandbox up --data $(DATA)

test: install ## Install what the tests need and run all of them
	.ci/needs
	.venv/bin/pytest -n auto --dist worksteal

faults: install ## Kill, freeze and take away for a long time, by a seed that is printed
	.ci/needs
	CANDOUR_FAULT_KILLS=$${CANDOUR_FAULT_KILLS:-50} CANDOUR_FAULT_RUNS=$${CANDOUR_FAULT_RUNS:-3} \
	CANDOUR_FAULT_RATE=$${CANDOUR_FAULT_RATE:-20} .venv/bin/pytest -s tests/faults

random: install ## Drive random agencies through random steps, by the thousand
	CANDOUR_RANDOM_RUNS=$${CANDOUR_RANDOM_RUNS:-2000} .venv/bin/pytest -q tests/gateway/test_stateful.py

services: install ## Start a throw-away RabbitMQ and PostgreSQL, named in .services/env
	.ci/needs servers
	.venv/bin/python -m tests.services start

services-stop: install ## End them
	.venv/bin/python -m tests.services stop

bench: install ## Measure speed, as ratios within one run
	.venv/bin/pytest -m bench -s tests/bench

format: install ## Format the code
	.venv/bin/ruff format
	.venv/bin/ruff check --fix

check: install ## Format, lint, types, import layers, unused dependencies
	.venv/bin/ruff format --check
	.venv/bin/ruff check
	.venv/bin/mypy
	.venv/bin/mypy docs/partners
	.venv/bin/lint-imports
	@for member in $(MEMBERS); do (cd $$member && $(CURDIR)/.venv/bin/deptry .) || exit 1; done
