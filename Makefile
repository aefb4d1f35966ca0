# Every target works on a fresh clone: what it needs is installed into .venv first.
PYTHON ?= python3
BIN := .venv/bin
AIRFLOW := .venv-airflow/bin
MWAA ?= dist/mwaa
ASTRO ?= dist/astro
MWAA_PYTHON ?= $(firstword $(wildcard $(HOME)/.pyenv/versions/3.12.*/bin/python) python3.12)

.PHONY: install demo test screenshots test-airflow airflow test-mwaa check lint format refactor all bench docs crashes lock wheel mwaa astro clean
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

test: install  ## every test but those of the DAGs, as many at a time as there are cores, up to four
	$(BIN)/pytest --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

screenshots: install  ## the pictures of docs/dashboard/, of sample data, by Chromium
	$(BIN)/python -m tests.dashboard.screenshots

test-airflow: .venv-airflow/installed  ## the DAGs, run by Airflow, which has an environment of its own: it brings a hundred packages
	$(AIRFLOW)/pytest tests/airflow tests/standalone --numprocesses auto --maxprocesses 4 --dist loadfile

airflow: .venv-airflow/installed  ## Airflow with the five documented systems, and AWS, until Ctrl-C; make airflow DATA=dir keeps them
	$(AIRFLOW)/python -m hitparade.standalone $(if $(DATA),--data $(DATA))

.venv-airflow/installed: requirements-airflow.txt pyproject.toml
	$(PYTHON) -m venv .venv-airflow
	$(AIRFLOW)/pip install --quiet --disable-pip-version-check uv
	$(AIRFLOW)/uv pip install --quiet --python $(AIRFLOW)/python --require-hashes -r requirements-airflow.txt
	$(AIRFLOW)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

test-mwaa: .venv-airflow/installed .venv-mwaa/installed  ## what `make mwaa` makes, on the Airflow that Amazon MWAA has
	HITPARADE_MWAA=.venv-mwaa/bin/python $(AIRFLOW)/pytest tests/airflow/test_mwaa.py

# Newer libraries than Airflow 3.0.6 knew make it refuse every task.
.venv-mwaa/installed: mwaa/constraints-mwaa.txt | install
	$(BIN)/pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv venv --quiet --clear --seed --python $(MWAA_PYTHON) .venv-mwaa
	$(BIN)/uv pip install --quiet --python .venv-mwaa/bin/python --exclude-newer 2025-10-01 --constraint mwaa/constraints-mwaa.txt \
		apache-airflow 'apache-airflow-providers-amazon[aiobotocore]' apache-airflow-providers-openlineage
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

crashes: install  ## kill processes at every fault point, and write docs/crashes.md anew
	$(BIN)/pytest --golden tests/crashes/test_killed.py

lock: install  ## resolve the dependencies anew
	$(BIN)/pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate --no-emit-index-url \
		--python-version 3.11 pyproject.toml --output-file requirements.txt
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate --no-emit-index-url \
		--python-version 3.11 pyproject.toml --extra aws --extra dashboard --extra emulator --extra postgres --extra spark --extra warehouse --group dev --output-file requirements-dev.txt
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate --no-emit-index-url \
		--python-version 3.11 pyproject.toml --extra airflow --extra emulator --extra spark --group dev --group browser --output-file requirements-airflow.txt

wheel: install  ## the wheel that Glue jobs bring along, in dist/
	rm -rf build dist
	$(BIN)/pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir dist .
	@ls dist/*.whl

# Of the wheel's dependencies MWAA can have only the versions that requirements-mwaa.txt names, so the wheel names none.
mwaa: install  ## what Amazon MWAA takes, in dist/mwaa: requirements-mwaa.txt, plugins.zip with the wheel, dags
	rm -rf $(MWAA)
	mkdir -p $(MWAA)/build $(MWAA)/dags
	cp -R src README.md LICENSE $(MWAA)/build
	sed '/^dependencies = \[/,/^\]/d' pyproject.toml > $(MWAA)/build/pyproject.toml
	printf '[egg_info]\ntag_build = +mwaa\n' > $(MWAA)/build/setup.cfg
	$(BIN)/pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir $(MWAA)/build $(MWAA)/build
	$(BIN)/python -m zipfile -c $(MWAA)/plugins.zip $(MWAA)/build/*.whl mwaa/constraints-mwaa.txt
	cp mwaa/requirements-mwaa.txt $(MWAA)
	cp dags/*.py dags/*.toml $(MWAA)/dags
	rm -rf $(MWAA)/build

astro: install  ## an Astro project, in dist/astro: `astro dev start` in there builds and starts it
	rm -rf $(ASTRO)
	mkdir -p $(ASTRO)/include $(ASTRO)/dags $(ASTRO)/build
	cp astro/* $(ASTRO)
	cp dags/*.py dags/*.toml $(ASTRO)/dags
	cp src/hitparade/glue/*-*.py src/hitparade/glue/*_*.py $(ASTRO)/include
	rm -f $(ASTRO)/include/__init__.py
	cp -R pyproject.toml src README.md LICENSE $(ASTRO)/build
	$(BIN)/pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir $(ASTRO)/include $(ASTRO)/build
	rm -rf $(ASTRO)/build

clean:
	rm -rf .venv .venv-airflow .venv-mwaa build dist demo src/*.egg-info .pytest_cache .mypy_cache .ruff_cache
