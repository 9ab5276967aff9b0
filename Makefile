# Everything runs from a virtual environment that make builds here.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin

.PHONY: demo test test-compiled test-kernel check fix bench designs completions clean

# The package alone: what a user gets.
$(VENV)/installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --editable .
	touch $@

# And what developing it takes.
$(VENV)/developing: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --group dev
	touch $@

demo: $(VENV)/installed
	PATH="$(CURDIR)/$(BIN):$$PATH" sh examples/demo.sh

test: $(VENV)/developing
	$(BIN)/python -m pytest

# The compiled emulator against the interpreted one, at length.
test-compiled: $(VENV)/developing
	$(BIN)/python -m pip install --quiet --editable '.[fast]'
	$(BIN)/python -m pytest -m compiled tests/emulator

# As root: asks the running kernel with swap areas in scratch files.
test-kernel: $(VENV)/developing
	$(BIN)/python -m pytest -m kernel tests

check: $(VENV)/developing
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	sh man/lint.sh

fix: $(VENV)/developing
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/developing
	for script in benchmarks/*.py; do $(BIN)/python "$$script" || exit 1; done

# The tables of docs/designs.md.
designs: $(VENV)/developing
	$(BIN)/python docs/tables.py

completions: $(VENV)/installed
	PATH="$(CURDIR)/$(BIN):$$PATH" sh completions/update.sh ghost-mkswap swapinfo swapcheck swapemu

clean:
	rm -rf $(VENV)
