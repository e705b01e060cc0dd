# rtadapt: every command that a person or a CI machine needs. `make` alone prints this list.

SHELL := /bin/bash
.DEFAULT_GOAL := help
BIN := $(or $(VENV),.venv)/bin
export PYTHONUNBUFFERED := 1
export VENV PYTHON ACCELERATOR

.PHONY: help demo up test chaos check env env-dev lint format types imports docs wheel sbom clean

help:  ## print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: env  ## start everything, push a morning of news and support, show what is answered (ARGS="--events 20")
	@$(BIN)/rtadapt demo $(ARGS)

up: env  ## the whole system on http://127.0.0.1:8000 until Ctrl-C (ARGS="--model Qwen/Qwen3-0.6B")
	@$(BIN)/rtadapt up $(ARGS)

test: env-dev  ## every test that this machine can run (ARGS="tests/unit")
	@$(BIN)/python -m pytest -q -n 2 $(ARGS)

chaos: env-dev  ## 300 faults of many kinds in a running system on a real Kafka; what must hold, holds (ARGS="--faults 60")
	@$(BIN)/python -m loadtests.chaos $(ARGS)

check: lint types imports test  ## what must pass before a change lands: all of the below, and the tests

env:  ## make .venv and install what running needs
	@deploy/install.sh

env-dev:  ## make .venv and install what the tests need, too
	@deploy/install.sh --dev

lint: env-dev  ## ruff: rules and format
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

format: env-dev  ## let ruff put right what it can
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

types: env-dev  ## mypy --strict
	@$(BIN)/mypy

imports: env-dev  ## the import rules of pyproject.toml
	@$(BIN)/lint-imports

docs: env-dev  ## write the pages and schemas anew that are made from the code: settings, API, Kafka, the chart's settings
	@$(BIN)/python docs/configuration.py
	@$(BIN)/python docs/api.py
	@$(BIN)/python docs/asyncapi.py

wheel: env-dev  ## build a wheel, install it into an environment of its own, and run it there
	@rm -rf build/wheel && mkdir -p build/wheel
	@$(BIN)/python -m pip wheel -q --no-deps -w build/wheel .
	@$(BIN)/python -m venv --system-site-packages build/wheel/env
	@build/wheel/env/bin/python -m pip install -q --no-deps --force-reinstall build/wheel/*.whl
	@cd build/wheel && $(abspath $(BIN))/python -m zipfile -l *.whl | grep "rtadapt/api/console/index.html" > /dev/null
	@cd build/wheel && PYTHONPATH=$$($(abspath $(BIN))/python -c "import sysconfig; print(sysconfig.get_path('purelib'))") env/bin/rtadapt config > /dev/null
	@echo "the wheel works"

sbom: env  ## what is installed, as CycloneDX JSON on standard output
	@$(BIN)/python deploy/sbom.py

clean:  ## remove the environment and everything that was made, but not rtadapt-data
	@rm -rf $(or $(VENV),.venv) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
