# Every target works on a fresh clone: what it needs is installed into .venv first.
PYTHON ?= python3
BIN := .venv/bin
AIRFLOW := .venv-airflow/bin

.PHONY: install demo test test-airflow airflow check lint format refactor all bench docs lock wheel clean
.DEFAULT_GOAL := all

install: .venv/installed  ## everything that working on the project needs, in .venv

.venv/installed: requirements-dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "hitparade needs Python 3.11 or newer: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q src
	@touch $@

demo: install  ## sample data, a run, and its charts, in ./demo
	$(BIN)/hitparade demo

test: install  ## every test
	$(BIN)/pytest

test-airflow: .venv-airflow/installed  ## the DAGs, run by Airflow, which has an environment of its own: it brings a hundred packages
	$(AIRFLOW)/pytest tests/airflow

airflow: .venv-airflow/installed  ## Airflow with the five documented systems, and AWS, until Ctrl-C; make airflow DATA=dir keeps them
	$(AIRFLOW)/python -m hitparade.standalone $(if $(DATA),--data $(DATA))

.venv-airflow/installed: requirements-airflow.txt pyproject.toml
	$(PYTHON) -m venv .venv-airflow
	$(AIRFLOW)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-airflow.txt
	$(AIRFLOW)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

check: install lint  ## lint, types, the walls between folders, and Python 3.9 for what Glue runs on it
	$(BIN)/mypy
	$(BIN)/vermin --quiet --no-tips --violations --target=3.9- src/hitparade/glue/insert_metrics_dynamo.py
	$(BIN)/pytest -q tests/test_architecture.py

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: install
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

refactor: format lint  ## format, then lint

all: install format lint test  ## what to run before a commit

bench: install  ## the figures of the README, measured; see bench/
	$(BIN)/python -m bench

docs: install  ## write the generated pages of docs/ anew
	$(BIN)/python -m hitparade.contracts.reference docs
	$(BIN)/python -m hitparade.kpis.reference > docs/kpis.md
	$(BIN)/python -m tests.docs.pages
	$(BIN)/python -m tests.glue.columns

lock: install  ## resolve the dependencies anew
	$(BIN)/pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate --no-emit-index-url \
		--python-version 3.11 pyproject.toml --output-file requirements.txt
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate --no-emit-index-url \
		--python-version 3.11 pyproject.toml --extra aws --extra emulator --extra postgres --extra spark --extra warehouse --group dev --output-file requirements-dev.txt
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate --no-emit-index-url \
		--python-version 3.11 pyproject.toml --extra airflow --extra emulator --extra spark --group dev --output-file requirements-airflow.txt

wheel: install  ## the wheel that Glue jobs bring along, in dist/
	rm -rf build dist
	$(BIN)/pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir dist .
	@ls dist/*.whl

clean:
	rm -rf .venv .venv-airflow build dist demo src/*.egg-info .pytest_cache .mypy_cache .ruff_cache
