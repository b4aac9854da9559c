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
# One more than the cores of a small machine: tests of browsers, kernels and services wait half of their time.
WORKERS ?= 3
PARALLEL := -n $(WORKERS) --dist worksteal
# The machine that runs all tests may be starved: a few that failed are run once more, and are told with their tracebacks.
# One that passes only then is a defect all the same; `make test RERUNS=` runs each once.
RERUNS := --reruns 1 --max-suite-reruns 5 --rerun-show-tracebacks
# What `make bench` measures; all that is not optional if empty.
BENCH ?=
# Options for `make lock`, for example LOCK_OPTIONS=--upgrade.
LOCK_OPTIONS ?=

# The front end: jlpm is the yarn that comes with jupyter-builder.
LAB := kitaru/labextension/package.json
LAB_MODULES := labextension/node_modules/.installed
LAB_SOURCES := $(shell find labextension/src labextension/style labextension/schema -type f -not -path '*/__tests__/*')
LAB_LINK := .venv/share/jupyter/labextensions/kitaru
JLPM := cd labextension && PATH="$(CURDIR)/$(BIN):$$PATH" jlpm

.PHONY: setup help demo lab browser test test-lab test-fast test-wheel soak bench check check-lab format lock docs reference clean distclean

setup: .venv/.installed ## make .venv from the lock and install the project into it, editable

.venv/.locked: $(LOCK)
	$(PYTHON) scripts/check_python.py
	$(PYTHON) -m venv .venv
	@echo "Installing the locked packages; the first time takes a few minutes"
	$(RUN) -m pip install -qq --disable-pip-version-check --no-deps --require-hashes -r $(LOCK)
	touch $@

# The project itself last: its build backend is in the lock, so nothing is fetched here. The front end is left to `make lab`.
.venv/.installed: .venv/.locked pyproject.toml
	rm -rf $(LAB_LINK)
	SKIP_JUPYTER_BUILDER=1 $(RUN) -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --editable .
	$(RUN) -m pip check
	touch $@

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1|/' | column -t -s '|'

demo: setup ## execute the tour notebook and print what its cells print
	mkdir -p build
	KITARU_HOME="$$(mktemp -d "$(CURDIR)/build/demo-home-XXXXXX")" \
		$(RUN) scripts/run_notebook.py notebooks/tour.ipynb build/tour.ipynb

lab: .venv/.linked ## build the front end and link it into .venv

$(LAB_MODULES): labextension/package.json labextension/yarn.lock labextension/.yarnrc.yml .venv/.locked
	@command -v node >/dev/null || { echo "The front end needs node 20 or newer with npm."; exit 1; }
	@echo "Installing the packages of the front end; the first time takes a minute"
	mkdir -p build
	$(JLPM) install --immutable >../build/jlpm-install.log || { cat ../build/jlpm-install.log; exit 1; }
	touch $@

$(LAB): $(LAB_MODULES) $(LAB_SOURCES) labextension/tsconfig.json
	$(JLPM) build:prod

# Linked and not copied, so that what is built next is what JupyterLab loads.
.venv/.linked: .venv/.installed $(LAB)
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/jupyter-builder develop . --overwrite
	touch $@

browser: ## install Debian's Chromium for the browser tests, if it is missing
	@command -v chromium chromium-browser google-chrome >/dev/null || scripts/system-packages chromium fonts-dejavu-core

test: setup lab browser test-lab ## all tests but the soak tests
	$(PYTEST) $(PARALLEL) $(RERUNS) -m "not soak"

test-lab: $(LAB_MODULES) ## the tests of the front end that need no browser
	$(JLPM) test

test-fast: setup lab ## the tests that take less than a few seconds each
	$(PYTEST) $(PARALLEL) -m "not soak and not slow"

test-wheel: setup lab browser ## the browser tests with the wheel alone in an environment of its own, newest and oldest JupyterLab
	$(RUN) scripts/wheel_tests.py newest
	$(RUN) scripts/wheel_tests.py oldest

soak: setup ## long fault counts
	$(PYTEST) -m soak

bench: setup lab browser ## measure; BENCH="view live-view" measures these alone
	$(RUN) -m benchmarks $(BENCH)

check: setup ## format, lint, types, spelling, the docs and what the docs say
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy --strict kitaru tests/typing
	git ls-files -z | xargs -0 $(BIN)/codespell
	$(RUN) scripts/cli_reference.py --check
	$(RUN) scripts/sql_reference.py --check
	$(RUN) scripts/jupyter_api.py --check
	$(MAKE) --no-print-directory check-lab
	$(MAKE) --no-print-directory docs
	$(PYTEST) -q tests/project/test_docs.py

check-lab: setup $(LAB_MODULES) ## types, lint and format of the front end
	$(RUN) scripts/lab_types.py --check
	$(JLPM) lint

format: setup $(LAB_MODULES) ## format and mend what can be mended
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(JLPM) format

# The lock holds for Python 3.11 to 3.13 on Linux, macOS and Windows; it has hashes and no addresses.
lock: .venv/.locked ## resolve the lock from pyproject.toml; LOCK_OPTIONS=--upgrade takes newer releases
	$(BIN)/uv pip compile pyproject.toml --all-extras --group dev --universal --python-version 3.11 \
		--generate-hashes --no-header --no-annotate --quiet $(LOCK_OPTIONS) --output-file $(LOCK)

docs: setup ## build the documentation into build/docs
	$(RUN) -m sphinx -W --keep-going --quiet --fresh-env -b html -d build/doctrees docs build/docs

reference: setup ## write the generated parts of the docs again: the commands, the columns of the SQL views, the routes; and the front end's types
	$(RUN) scripts/cli_reference.py
	$(RUN) scripts/sql_reference.py
	$(RUN) scripts/jupyter_api.py
	$(RUN) scripts/lab_types.py

clean: ## remove what the targets made, but not .venv
	rm -rf build dist kitaru/labextension labextension/lib htmlcov .coverage .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -not -path './.venv/*' -not -path '*/node_modules/*' -prune -exec rm -rf {} +

distclean: clean ## remove .venv and node_modules too
	rm -rf .venv labextension/node_modules
