# Laurel 桂冠. `make` says what there is.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

RUN := .venv/bin/python
SOURCES := $(wildcard services tests scripts bench demo)

.PHONY: help setup demo test prove bench lint format docs clean

help: ## say what there is
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

setup: ## make .venv from the lock, and get ffmpeg and fonts when they are missing; PYTHON=path names a Python 3.11
	@scripts/setup

demo: setup ## play a campaign on a fresh platform and go on serving; EXIT=1 stops at the end, ARGS="…" are handed on
	@EXIT="$(EXIT)" $(RUN) -m demo $(ARGS)

test: lint ## check the code, then run every test
	@scripts/setup --tests
	@$(RUN) -m pytest $(ARGS)

prove: lint ## run the tests with their full counts
	@scripts/setup --tests
	@$(RUN) -m pytest --prove --timeout 7200 $(ARGS)

bench: setup ## measure, each figure beside its bare reference; ONLY=name runs one
	@for file in $(if $(ONLY),bench/$(ONLY).py,$(filter-out bench/__init__.py bench/_%,$(wildcard bench/*.py))); do \
		name="$$(basename "$$file" .py)"; echo "== $$name"; $(RUN) -m "bench.$$name" $(ARGS); \
	done

lint: setup ## ruff, mypy and the rules of who may import whom
	@$(RUN) -m ruff format --check --quiet $(SOURCES) || { echo "make format mends this"; exit 1; }
	@$(RUN) -m ruff check --quiet $(SOURCES)
	@$(RUN) -m mypy
	@.venv/bin/lint-imports --no-logo

format: setup ## lay the code out, and mend what ruff can mend
	@$(RUN) -m ruff check --quiet --fix-only $(SOURCES)
	@$(RUN) -m ruff format $(SOURCES)

docs: setup ## write the documents that are generated from code
	@$(RUN) -m scripts.write_docs

clean: ## remove .venv and every cache; your data in home/ stays
	@rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis *.egg-info
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
