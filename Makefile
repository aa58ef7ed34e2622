# `make demo` and `make test` do everything, set-up included. `make help` lists the rest.

PYTHON ?= python3
BIN := .venv/bin
# Set-up is done when a stamp bears the digest of everything that it was made from.
DIGEST := $(shell cat requirements/dev.txt pyproject.toml | cksum | tr -cd '0-9')
STAMP := .venv/.set-up-$(DIGEST)
WORKERS ?= auto
# Demo, tests and benchmarks start hundreds of processes. What these import is compiled once, beside the tree
# and not in it, also where the environment forbids Python to write what it compiled.
export PYTHONDONTWRITEBYTECODE :=
export PYTHONPYCACHEPREFIX := $(CURDIR)/.venv/bytecode

.DEFAULT_GOAL := help
.PHONY: help setup demo test fast check soak bench quality docs requirements format clean

help:  ## list the targets
	@sed -n 's/^\([a-z]*\):.*## */\1\t/p' Makefile | expand -t 14

setup: $(STAMP)  ## make .venv with everything in it, pinned by hash; nothing to do when it is up to date

$(STAMP):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "FirstContact needs Python 3.11 or newer; name one with: make setup PYTHON=python3.12" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv \
	  || { rm -rf .venv; echo "Python cannot make a venv; on Debian: apt-get install python3-venv" >&2; exit 1; }
	@if command -v uv >/dev/null 2>&1; then \
	  uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements/dev.txt \
	  && uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .; \
	else \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt \
	  && $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .; \
	fi
	@rm -f .venv/.set-up-*
	@touch $@

demo: setup  ## take in a small firm's week and show what was decided, and why
	@$(BIN)/python examples/demo.py

test: setup  ## Debian packages where needed, static checks, then every test
	@sh tests/debian-packages.sh
	@$(MAKE) --no-print-directory check
	@$(BIN)/pytest -n $(WORKERS) tests

fast: setup  ## static checks and the tests that take half of the time: no kills, no races, no Temporal
	@$(MAKE) --no-print-directory check
	@$(BIN)/pytest -n $(WORKERS) tests --ignore tests/crash --ignore tests/exactly_one --ignore tests/temporal

check: setup  ## ruff, formatting and strict types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: setup  ## put every file into the project's format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

soak: setup  ## the soak tests, for FIRSTCONTACT_SOAK=10 minutes each; a failing seed again with FIRSTCONTACT_SEED=N
	PYTHONHASHSEED=0 $(BIN)/pytest -m soak -s tests

bench: setup  ## measure speed and memory (half an hour or more); fails where a figure is over its limit
	$(BIN)/python -m benchmarks

quality: setup  ## precision and recall on the labelled sets beside the checkout; writes docs/quality.md
	$(BIN)/python -m benchmarks.quality

docs: setup  ## write docs/reference anew from the code
	$(BIN)/python docs/generate.py

requirements: setup  ## compile the pinned requirements anew (after changing pyproject.toml or dev.in)
	$(BIN)/uv pip compile pyproject.toml requirements/dev.in --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-emit-find-links --quiet \
	  --custom-compile-command "make requirements" --output-file requirements/dev.txt
	$(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-emit-find-links --quiet \
	  --custom-compile-command "make requirements" --output-file requirements/base.txt

clean:  ## remove everything that was made here, the .venv too
	rm -rf .venv .demo build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
