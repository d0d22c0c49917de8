# `make run` and `make test` each do all set-up themselves; the second time they find it done.

ifndef PYTHON
PYTHON := $(shell for p in python3.13 python3.12 python3.11 python3; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
endif
BIN := .venv/bin

# What the tests load: everything of the default set but the large language model.
TEST_MODELS := whisper-tiny.en silero-vad smart-turn piper-joe smollm2-135m whisper-base

.DEFAULT_GOAL := help
.PHONY: help run test setup setup-dev python check docs pins clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

run: setup ## set up, fetch the default models, print one spoken turn, serve the page (not with ONCE=1)
	$(BIN)/vivavoce run
ifndef ONCE
	$(BIN)/vivavoce serve
endif

test: setup-dev check ## set up, fetch the tests' models, check, test
	$(BIN)/vivavoce models fetch $(TEST_MODELS)
	$(BIN)/pytest --cov --cov-report=term

setup: python ## make .venv with everything that `run` needs
	@$(PYTHON) scripts/setup.py run

setup-dev: python
	@$(PYTHON) scripts/setup.py dev

python:
	$(if $(PYTHON),,$(error vivavoce needs Python 3.11 or newer and found none; \
	on Debian or Ubuntu: apt install python3 python3-venv; elsewhere: make PYTHON=/path/to/python))

check: setup-dev ## format, lint, types, layers, dead dependencies
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry .

pins: setup-dev ## compile requirements/*.in again into hash-pinned *.txt
	for name in build run dev; do $(BIN)/uv pip compile requirements/$$name.in -o requirements/$$name.txt \
	--universal --fork-strategy fewest --generate-hashes --no-emit-index-url --no-header \
	--no-emit-package vivavoce --upgrade --quiet || exit; done

docs: setup-dev ## write the generated parts of the docs again
	$(BIN)/python scripts/docs.py

clean: ## remove what set-up and tests made (not the models)
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis .coverage dist out
