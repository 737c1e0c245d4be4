# Two commands matter: `make run` sets up everything and does the main job; `make test` sets up everything and tests it.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
PEOPLE ?= 2000
export PEOPLE DAY AS_OF
# Compiled modules halve the start of dbt, Airflow and Great Expectations.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run up stop status clean setup test lint audit lock bench curves help

help:  ## What there is.
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 10

run: $(VENV)/.run  ## Start everything, run the pipeline, show what came of it. PEOPLE=20000, DAY=2, AS_OF=2026-11-24.
	@$(BIN)/python -m sandbox.run run

up: $(VENV)/.run  ## Start everything and run nothing.
	@$(BIN)/python -m sandbox.run up

stop:  ## Stop every process; data stays.
	@test ! -x $(BIN)/python || $(BIN)/python -m sandbox.run stop

status:  ## Which processes run, and the latest counts.
	@$(BIN)/python -m sandbox.run status

clean:  ## Stop everything and delete what runs have made; the virtual environment stays.
	@test ! -x $(BIN)/python || $(BIN)/python -m sandbox.run clean

setup: $(VENV)/.run $(VENV)/.test  ## Install only.

# In the order of the files: what takes longest, the stack under Airflow, begins first.
test: $(VENV)/.run $(VENV)/.test  ## Set up everything and pass the tests.
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

lint: $(VENV)/.run $(VENV)/.test  ## Linters, types, layers, secrets.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy plugins/padan sandbox
	$(BIN)/lint-imports
	$(BIN)/bandit -q -c pyproject.toml -r plugins sandbox dags deploy benchmarks .ci
	git ls-files -z | xargs -0 $(BIN)/detect-secrets-hook --baseline .secrets.baseline
	$(BIN)/padan agreement check agreement/sandbox.yaml --contract bps=contracts/bps_jf_service.openapi.yaml >/dev/null
	$(BIN)/padan agreement check agreement/pks_bps_bkn_2023.yaml --contract bps=contracts/bps_jf_service.openapi.yaml >/dev/null
	cd dbt_project && ../$(BIN)/sqlfluff lint -q staging intermediate marts tests/*.sql

audit: $(VENV)/.test  ## Known vulnerabilities of the locked packages, as far as their service can be reached.
	$(BIN)/python .ci/audit.py

bench: $(VENV)/.run  ## Measure (benchmarks/README.md). SUITE="landing national", PEOPLE=20000, CHANGED=20000,200, ROWS=200000, ROUNDS=3.
	@$(BIN)/python -m benchmarks $(SUITE) $(if $(filter-out file,$(origin PEOPLE)),--people $(PEOPLE)) \
		$(if $(CHANGED),--changed $(CHANGED)) $(if $(ROWS),--rows $(ROWS)) $(if $(ROUNDS),--rounds $(ROUNDS))

curves: $(VENV)/.run  ## Draw docs/benchmarks/*.svg; KEEP=benchmarks/results/national-20000.json keeps that result first.
	@$(BIN)/python -m benchmarks.curves $(KEEP)

lock: $(VENV)/.uv  ## Compile the lock files anew.
	for name in bootstrap '' dev; do $(BIN)/uv pip compile -q --python-version 3.11 --generate-hashes --no-emit-index-url \
		requirements$${name:+-$$name}.in -o requirements$${name:+-$$name}.lock; done

# Each marker is younger than what it was made from, so a changed lock file installs again.
$(VENV)/.uv: requirements-bootstrap.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || \
		{ echo "Padan needs Python 3.11; set PYTHON to one (make PYTHON=/path/to/python3.11)"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-bootstrap.lock
	@touch $@

$(VENV)/.run: $(VENV)/.uv requirements.lock pyproject.toml
	@echo "installing Padan (once)"
	@$(BIN)/uv pip install -q --compile-bytecode --python $(BIN)/python --require-hashes -r requirements.lock
	@$(BIN)/uv pip install -q --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.test: $(VENV)/.run requirements-dev.lock
	@$(BIN)/uv pip install -q --python $(BIN)/python --require-hashes -r requirements-dev.lock
	@touch $@
