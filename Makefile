# Everything runs in .venv, which the first target that needs it makes.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip install --quiet --disable-pip-version-check
# Another Python, for the packages that need no statsforecast, and so run on any pandas.
NEWEST ?= python3.13
ALONE  := ets arima growth example example-hooks
MADE   := requirements.txt pyproject.toml $(wildcard plugins/*/pyproject.toml)

.DEFAULT_GOAL := help
.PHONY: help cnc test lint format types contracts suite newest bench clean

help:  ## Show this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

cnc: $(VENV)/installed  ## Forecast western China's CNC machine tool output to 2020; report in out/cnc
	$(BIN)/westforecast run cnc

test: lint types contracts suite  ## Lint, types, import contracts and all tests

lint: $(VENV)/tools  ## ruff: errors and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(VENV)/tools  ## Rewrite files as ruff formats them
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(VENV)/tools  ## mypy, strict, core and plugins
	$(BIN)/mypy src plugins/*/src

contracts: $(VENV)/tools  ## import-linter: imports go down only
	$(BIN)/lint-imports

suite: $(VENV)/tools  ## The tests alone, on all cores
	$(BIN)/pytest -q -n auto --dist worksteal

newest: $(VENV)-newest/installed  ## The core, ets, arima and growth on NEWEST=python3.13 and the newest pandas
	$(VENV)-newest/bin/pytest -q -n auto --dist worksteal tests $(ALONE:%=plugins/westforecast-%) \
		--ignore tests/browser --ignore tests/docs --ignore tests/cli --ignore tests/testing \
		--ignore tests/properties --ignore tests/plugin/test_installed.py -k 'not slow_twin'

bench: $(VENV)/tools  ## Run the benchmarks, timed; table in out/bench
	$(BIN)/python -m benchmarks

clean:  ## Remove the environment, caches and outputs
	rm -rf $(VENV) $(VENV)-newest out .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

$(VENV)/installed: $(MADE)
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) -r requirements.txt
	touch $@

$(VENV)-newest/installed: $(MADE)
	test -x $(VENV)-newest/bin/python || $(NEWEST) -m venv $(VENV)-newest
	$(VENV)-newest/bin/python -m pip install --quiet --disable-pip-version-check -e '.[report]' \
		$(ALONE:%=-e plugins/westforecast-%) hypothesis polars pytest pytest-benchmark pytest-xdist scikit-learn
	touch $@

$(VENV)/tools: $(VENV)/installed
	$(PIP) -r requirements.txt -e '.[test]'
	touch $@
