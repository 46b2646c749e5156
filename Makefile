# Every target creates .venv and installs what it lacks; nothing else needs to be done first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help demo prove test check lint format docs fuzz bench mutants clean

help: ## list the targets
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1	/'

$(READY): setup.cfg pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Ninefifteen needs Python 3.11 or newer; point PYTHON at one: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $(READY)

demo: $(READY) ## a whole trading day in about a minute: simulator, service, three users
	$(BIN)/python run.py demo

prove: $(READY) ## kills, freezes, outages and faults against the real service, judged; a few minutes
	$(BIN)/python run.py prove

test: $(READY) ## the whole suite, against a real PostgreSQL and the simulator; a process for each core, four at most
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile

check: lint test ## format, lint, types, layers, and the whole suite

lint: $(READY) ## format, lint, types, layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo --no-cache

format: $(READY) ## rewrite the code in the house format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(READY) ## rewrite the documents that are made from the code
	$(BIN)/python run.py documents

fuzz: $(READY) ## 50,000 bent, cut and mislabelled answers of the broker; a quarter of an hour
	$(BIN)/python -m pytest --hypothesis-profile=fuzz --hypothesis-show-statistics tests/integration/test_kotak_fuzz.py

bench: $(READY) ## the opening bell against the floor, printed, never asserted
	$(BIN)/python benchmarks/bell.py

mutants: $(READY) ## break each promise on purpose, in a copy, and show which test notices
	$(BIN)/python -m tests.mutants

clean: ## remove what the targets made
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
