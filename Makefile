# Everything a person does with Parity. `make setup` is called by the rest.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
PYTHON ?= python3
# Where it is set, every process compiles Airflow again: 8 s instead of 3 s each.
unexport PYTHONDONTWRITEBYTECODE
BIN := .venv/bin
# One process more than there are cores: many tests wait for a server.
WORKERS := $(shell echo $$(( $$(getconf _NPROCESSORS_ONLN) + 1 )))
SPREAD := --maxprocesses 4 --dist loadgroup --no-loadscope-reorder --ignore=tests/e2e --ignore=tests/integration/airflow
LOCKS := requirements/product.txt requirements/sandbox.txt requirements/dev.txt

.PHONY: setup demo test lint fuzz bench nights mutants truth deploy-test lock format clean

setup: .venv/.ready

.venv/.ready: $(LOCKS) pyproject.toml scripts/setup.sh
	@PYTHON=$(PYTHON) scripts/setup.sh
	@touch $@

lock:
	$(BIN)/uv pip compile -q --no-header --python-version 3.11 requirements/airflow.in requirements.txt -o requirements/product.txt
	$(BIN)/uv pip compile -q --no-header --python-version 3.11 requirements/sandbox.in -o requirements/sandbox.txt
	$(BIN)/uv pip compile -q --no-header --python-version 3.11 requirements/dev.in -o requirements/dev.txt
	$(BIN)/uv pip compile -q --no-header --python-version 3.11 requirements/production.in -o requirements/production.txt
	$(BIN)/uv pip compile -q --no-header --python-version 3.11 requirements/bench.in -o requirements/bench.txt

demo: setup
	@$(BIN)/python -m parity_sandbox.demo $(if $(ONCE),--once)

lint: setup
	$(BIN)/lint-imports --no-cache
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

test: lint
	$(BIN)/pytest -m "not slow" -n $(WORKERS) $(SPREAD)
	@PYTHONPATH=include:tests $(BIN)/python -m fuzz --minutes 1

# What takes longer: whole worlds and slow cases, nights through a real scheduler, and in a real browser (needs Chromium
# and its driver).
nights: setup
	$(BIN)/pytest -m slow -n auto $(SPREAD)
	$(BIN)/pytest tests/integration/airflow
	$(BIN)/pytest tests/e2e

# An adversary: random pairs with planted defects, against a slow reference. MINUTES=30, or SEED=… or CASE=… to replay.
fuzz: setup
	@PYTHONPATH=include:tests $(BIN)/python -m fuzz $(if $(MINUTES),--minutes $(MINUTES)) $(if $(SEED),--seed $(SEED)) \
		$(if $(CASE),--case $(CASE))

bench: setup
	$(BIN)/python benchmarks/run.py

# Changes the code that compares and judges, a little at a time: some test must fail for each change.
# MODULE=compare/verdict (part of a path)  SINCE=main (changed lines)  AGAIN=1 (last survivors)
# SAMPLE=40 (of each file)  SEED=2 (another sample)  MINUTES=30 (what the time allows)
mutants: setup
	@PYTHONPATH=tests $(BIN)/python -m mutants --module=$(MODULE) --minutes=$(or $(MINUTES),0) --since=$(SINCE) \
	    --sample=$(or $(SAMPLE),0) --seed=$(or $(SEED),1) $(if $(AGAIN),--again)

# Asks real engines (MySQL 9.7, PostgreSQL, Trino, Spark Connect with Delta) and writes down what they answer, for
# `make test` to replay. Root on Debian, Maven; gigabytes go to .cache/engines. ENGINE=trino asks one.
truth: setup
	@PYTHONPATH=tests $(BIN)/python -m truth $(ENGINE)

# The containers in a real engine, from Debian's packages, on stand-ins for their base images: half an hour, root on
# Debian, gigabytes in .cache/engines. Skipped, loudly, where no engine can be had. PART=one_machine or PART=machines.
deploy-test: setup
	@PYTHONPATH=tests $(BIN)/python -m deployment $(PART)

clean:
	rm -rf .venv .sandbox .airflow .parity
