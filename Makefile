# Every command of the project; `make help` lists them. CI calls the same targets.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
# A file of tests stays in one process: its fixtures are made once. Each process imports torch.
WORKERS ?= 2

.DEFAULT_GOAL := help
.PHONY: help install demo test lint format types imports check clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(INSTALLED) ## make .venv with everything the jobs and the tests need

# torch first, with its own dependencies; then complete pins without resolution, because torchrec's
# metadata asks for the CUDA build of fbgemm, which does not load on a machine without a driver.
$(INSTALLED): pyproject.toml requirements/cpu.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet torch==2.13.0
	$(BIN)/python -m pip install --quiet --no-deps --requirement requirements/cpu.txt
	$(BIN)/python -m pip install --quiet --no-deps --editable .
	@touch $@

demo: install ## run the main job on sample_data: log in, model and report out
	$(BIN)/ltr run sample_data/job.toml

test: install ## run the tests and the doctests, with branch coverage, in two processes
	OMP_WAIT_POLICY=PASSIVE $(BIN)/python -m pytest --numprocesses=$(WORKERS) --dist=loadfile --cov --cov-report=term

lint: install ## check style and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: install ## mend style and formatting
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: install ## check the types
	$(BIN)/mypy

imports: install ## check that imports point one way
	$(BIN)/lint-imports

check: lint types imports test ## all that CI runs

clean: ## remove the environment and every cache
	rm -rf $(VENV) runs .coverage .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
