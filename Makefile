# The two commands of the README, and what CI runs. All logic is in Python; this file only says what depends on what.

PYTHON ?= python3
ifeq ($(OS),Windows_NT)
BIN := .venv/Scripts
else
BIN := .venv/bin
endif

.PHONY: demo test lint types contracts drill qualify lock clean

demo: .venv/ready
	$(BIN)/dosebench demo

test: .venv/ready
	$(BIN)/python -m pytest -n 3 --dist worksteal  # else every worker makes again what the tests of a file share

# Every fault once: minutes.
drill: .venv/ready
	$(BIN)/dosebench drill --short --out runs/drill

# The whole qualification of what is installed here: about two hours on two cores. Every part is run, whatever another one found.
qualify: .venv/ready
	$(BIN)/dosebench qualify coverage --runs 200 --out qualification; a=$$?; \
	$(BIN)/dosebench qualify risk --runs 400 --out qualification; b=$$?; \
	$(BIN)/dosebench drill --faults clean --seeds 67 --out qualification/clean; c=$$?; \
	$(BIN)/dosebench drill --out qualification; d=$$?; \
	exit $$((a + b + c + d))

lint: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/ready
	$(BIN)/mypy

contracts: .venv/ready
	$(BIN)/lint-imports

.venv/ready: requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --disable-pip-version-check -qq --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --disable-pip-version-check -qq --no-deps --no-build-isolation -e .
	$(BIN)/python -c "import pathlib; pathlib.Path('.venv/ready').touch()"

# Needs uv (pip install uv). The lock names no registry.
lock:
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --no-annotate \
		--extra dev pyproject.toml -o requirements.lock

clean:
	rm -rf .venv runs
