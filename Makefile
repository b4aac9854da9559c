# Everything runs in .venv, which is made from requirements/dev.lock on first use.
# `make` alone sets it up; run `make help` for the list of targets.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:

PYTHON ?= python3
BIN := .venv/bin
RUN := $(BIN)/python
LOCK := requirements/dev.lock
PYTEST := $(RUN) -m pytest
WORKERS ?= 2
PARALLEL := -n $(WORKERS) --dist worksteal
# Options for `make lock`, for example LOCK_OPTIONS=--upgrade.
LOCK_OPTIONS ?=

.PHONY: setup help demo test test-fast soak bench check format lock docs reference clean distclean

setup: .venv/.installed ## make .venv from the lock and install the project into it, editable

.venv/.locked: $(LOCK)
	$(PYTHON) scripts/check_python.py
	$(PYTHON) -m venv .venv
	@echo "Installing the locked packages; the first time takes a few minutes"
	$(RUN) -m pip install -qq --disable-pip-version-check --no-deps --require-hashes -r $(LOCK)
	touch $@

# The project itself last: its build backend is in the lock, so nothing is fetched here.
.venv/.installed: .venv/.locked pyproject.toml
	$(RUN) -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --editable .
	$(RUN) -m pip check
	touch $@

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1|/' | column -t -s '|'

demo: setup ## execute the tour notebook and print what its cells print
	mkdir -p build
	KITARU_HOME="$$(mktemp -d "$(CURDIR)/build/demo-home-XXXXXX")" \
		$(RUN) scripts/run_notebook.py notebooks/tour.ipynb build/tour.ipynb

test: setup ## all tests but the soak tests
	$(PYTEST) $(PARALLEL) -m "not soak"

test-fast: setup ## the tests that take less than a few seconds each
	$(PYTEST) $(PARALLEL) -m "not soak and not slow"

soak: setup ## long fault counts
	$(PYTEST) -m soak

bench: setup ## measure
	$(RUN) -m benchmarks

check: setup ## format, lint, types, spelling, the docs and what the docs say
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy --strict kitaru tests/typing
	git ls-files -z | xargs -0 $(BIN)/codespell
	$(RUN) scripts/cli_reference.py --check
	$(RUN) scripts/sql_reference.py --check
	$(MAKE) --no-print-directory docs
	$(PYTEST) -q tests/project/test_docs.py

format: setup ## format and mend what can be mended
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# The lock holds for Python 3.11 to 3.13 on Linux, macOS and Windows; it has hashes and no addresses.
lock: .venv/.locked ## resolve the lock from pyproject.toml; LOCK_OPTIONS=--upgrade takes newer releases
	$(BIN)/uv pip compile pyproject.toml --all-extras --group dev --universal --python-version 3.11 \
		--generate-hashes --no-header --no-annotate --quiet $(LOCK_OPTIONS) --output-file $(LOCK)

docs: setup ## build the documentation into build/docs
	$(RUN) -m sphinx -W --keep-going --quiet --fresh-env -b html -d build/doctrees docs build/docs

reference: setup ## write the generated parts of the docs again: the commands, the columns of the SQL views
	$(RUN) scripts/cli_reference.py
	$(RUN) scripts/sql_reference.py

clean: ## remove what the targets made, but not .venv
	rm -rf build dist htmlcov .coverage .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -not -path './.venv/*' -not -path '*/node_modules/*' -prune -exec rm -rf {} +

distclean: clean ## remove .venv too
	rm -rf .venv
