# The workbench's two commands are `make start` and `make test`; the rest is for those who work on it.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -qq

.PHONY: start demo test check docs lock bench soak clean

start: $(VENV)/.ready            ## run the workbench in the browser
	@$(BIN)/python -m workbench start

demo: $(VENV)/.ready             ## the main jobs end to end, in the terminal
	@$(BIN)/python -m workbench demo

test: check                      ## everything that must hold before a change lands
	$(BIN)/python -m pytest -n 2 --dist worksteal tests
	$(BIN)/python -m pytest --doctest-modules workbench

check: $(VENV)/.ready-dev        ## format, lint, types, rooms
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

lock: $(VENV)/.ready-dev         ## write the lock with hashes from the pinned requirements
	$(BIN)/pip-compile --quiet --generate-hashes --strip-extras --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-header -o requirements.lock requirements.txt

bench: $(VENV)/.ready-dev        ## the benchmarks, by hand: figures for the README
	$(BIN)/python -m benchmarks.pull_speed

soak: $(VENV)/.ready-dev         ## the long tests
	$(BIN)/python -m pytest -m soak tests
	HYPOTHESIS_PROFILE=default $(BIN)/python -m pytest -m "not soak" tests -k "agree or scan or random or exact or properties"

clean:                           ## the environment, not the data
	rm -rf $(VENV)

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "error: the workbench needs Python 3.11 or newer"; echo "hint: make PYTHON=/path/to/python3.11 start"; exit 2; }
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.ready: requirements.txt | $(VENV)/bin/python
	@echo "Installing what the workbench needs (about a minute, the first time only)"
	@$(PIP) install -r requirements.txt
	@touch $@

$(VENV)/.ready-dev: requirements.txt requirements-dev.txt | $(VENV)/bin/python
	@echo "Installing what the tests need"
	@$(PIP) install -r requirements-dev.txt
	@touch $@ $(VENV)/.ready
