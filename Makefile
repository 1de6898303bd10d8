# Everything that a person types here. `make` alone lists it; each target sets up what it needs.

SHELL := bash
.DEFAULT_GOAL := help

# Any Python from 3.11 on: make PYTHON=python3.12 setup
PYTHON ?= python3
# Named exactly: an open range fetches the newest build, with gigabytes that grading has no use for.
TORCH ?= torch==2.13.0

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet --quiet
# One thread a process: the tests run two processes, and a class as many as there are cores.
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest
WORKERS ?= 2

.PHONY: help setup demo test quick long bench lint clean wall browser

help: ## show this list
	@echo "autograder: grades notebooks of deep-learning courses. Start with \`make demo\`."
	@echo
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 16

setup: $(VENV)/.ready wall ## set up .venv and bubblewrap (all other targets do it too)

demo: setup ## build the assignment, make a small class, grade it: 3 minutes
	@$(BIN)/autograder demo

test: setup browser lint ## style, types and every test but the long ones: 15 minutes
	$(PYTEST) -m 'not long' -n $(WORKERS) --dist loadfile

quick: setup lint ## style, types and the tests that start no sandbox: 90 seconds
	$(PYTEST) -m 'not slow and not long' -n $(WORKERS) --dist loadfile

long: setup browser ## the full counts of the slow suites, and 120 trainings: hours, once
	$(PYTEST) -m long
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.solutions.fairness

bench: setup ## the engine beside otter and nbgrader: 20 minutes, alone on the machine
	$(BIN)/python -m benchmarks.engine

lint: $(VENV)/.ready
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

clean: ## remove what was built, and caches; .venv stays
	rm -rf dist demo build .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -path ./$(VENV) -prune -o -name __pycache__ -type d -exec rm -rf {} +

# What pip can't bring. Both cost a look-up only, once the program is there.
wall:
	@tools/setup.sh bwrap

browser:
	@tools/setup.sh chromium

$(VENV)/.python:
	@PYTHON='$(PYTHON)' tools/setup.sh venv
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "error: $$($(PYTHON) --version) is too old: name a newer one, like \`make PYTHON=python3.12 $(or $(MAKECMDGOALS),setup)\`"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

# torch first and alone: with it in place, no other package's range brings another build.
$(VENV)/.torch: $(VENV)/.python
	@echo "Installing PyTorch into $(VENV), once. This takes a few minutes."
	$(PIP) install '$(TORCH)'
	@touch $@

$(VENV)/.ready: $(VENV)/.torch pyproject.toml
	@echo "Installing autograder and what it needs into $(VENV)."
	$(PIP) install --editable '.[dev]'
	@touch $@
