# What a newcomer types. Everything else is `.venv/bin/python manage.py help`.
PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 8000
WORKERS ?= 2
DATASET ?= auto
FUZZ ?= tests/fuzz
RATINGS ?= ../shared/data/ml-latest-small.zip
export DATA_DIR ?= var

.DEFAULT_GOAL := help
.PHONY: help demo test lint format fuzz bench audit lock .venv dev

help: ## Show this list
	@grep -hE '^[a-z.]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: .venv/installed ## Run the whole site: PORT=8000 WORKERS=2 DATA_DIR=var DATASET=auto
	@exec .venv/bin/python manage.py demo --host "$(HOST)" --port "$(PORT)" --workers "$(WORKERS)" --dataset "$(DATASET)"

test: .venv/installed-dev ## Run the test suite, on SQLite and on PostgreSQL
	.venv/bin/python -m pytest --numprocesses auto --ignore tests/e2e --ignore tests/faults
	.venv/bin/python -m pytest --numprocesses 3 --dist loadfile tests/e2e
	.venv/bin/python -m tests.postgres .venv/bin/python -m pytest --numprocesses auto --ignore tests/e2e --ignore tests/faults --ignore tests/engine --ignore tests/fuzz -m "not once"
	.venv/bin/python -m pytest --numprocesses 2 -m faults tests/faults

lint: .venv/installed-dev ## Check style, types, templates, imports, migrations and the lock files
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/djlint --quiet --check --lint templates
	.venv/bin/lint-imports
	.venv/bin/python manage.py makemigrations --check --dry-run
	.venv/bin/python -m tests.lock

format: .venv/installed-dev ## Format Python and templates
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .
	.venv/bin/djlint --quiet --reformat templates

fuzz: .venv/installed-dev ## Try 10,000 hostile requests, commands and files; FUZZ=tests/fuzz/test_views.py for one room
	HYPOTHESIS_PROFILE=long .venv/bin/python -m pytest --numprocesses auto --hypothesis-show-statistics $(FUZZ)

bench: .venv/installed-dev ## Measure what docs/performance.md tells, with fewer people: RATINGS=ml-latest-small.zip
	.venv/bin/python -m benchmarks.queueing
	.venv/bin/python -m benchmarks.story --dataset "$(RATINGS)"
	.venv/bin/python -m benchmarks.against --dataset "$(RATINGS)"
	.venv/bin/python -m benchmarks.scoring --dataset "$(RATINGS)"
	.venv/bin/python -m benchmarks.batch
	.venv/bin/python -m benchmarks.growth --ratings 100k 1M
	.venv/bin/python -m benchmarks.workers --dataset "$(RATINGS)"
	.venv/bin/python -m benchmarks.precomputed --viewers 300
	.venv/bin/python -m benchmarks.load --dataset "$(RATINGS)" --seconds 60
	.venv/bin/python -m benchmarks.polling --dataset "$(RATINGS)" --seconds 20
	.venv/bin/python -m benchmarks.plots

audit: .venv/installed-dev ## Look for known flaws of the locked packages; fails if nothing could be looked up
	.venv/bin/python -m tests.audit

lock: .venv/installed-dev ## Write the lock files anew from pyproject.toml
	.venv/bin/python -m tests.lock --write

.venv: .venv/installed ## Make the environment that runs the site

dev: .venv/installed-dev ## Make the environment that tests it

# --without-pip: some systems split ensurepip off, and the caller's pip can do the work.
.venv/installed: requirements.txt
	$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("recsite needs Python 3.11 or newer; name one with make PYTHON=…")'
	test -x .venv/bin/python || $(PYTHON) -m venv --without-pip .venv
	$(PYTHON) -m pip --python .venv/bin/python install --disable-pip-version-check --progress-bar on --require-hashes -r requirements.txt
	@touch $@

.venv/installed-dev: .venv/installed requirements-dev.txt
	$(PYTHON) -m pip --python .venv/bin/python install --disable-pip-version-check --progress-bar on --require-hashes -r requirements-dev.txt
	@touch $@
