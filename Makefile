# Everything runs from a virtual environment that make builds here.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
.DEFAULT_GOAL := $(VENV)/installed

.PHONY: demo test test-compiled test-hostile test-kernel check fix bench docs packed pictures designs schemas verbs completions clean

# When the interpreter is gone, as after an upgrade of the system, so is all of it.
$(shell test -x $(BIN)/python || rm -f $(VENV)/made)

# Whole, or made from scratch: half of one is of no use.
$(VENV)/made:
	@sh needs.sh $(PYTHON)
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	touch $@

# The package alone: what a user gets.
$(VENV)/installed: pyproject.toml $(VENV)/made
	$(BIN)/python -m pip install --quiet --editable .
	touch $@

# And what developing it takes.
$(VENV)/developing: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --group dev
	touch $@

# And what the site takes.
$(VENV)/documenting: $(VENV)/developing
	$(BIN)/python -m pip install --quiet --group docs
	touch $@

demo: $(VENV)/installed
	PATH="$(CURDIR)/$(BIN):$$PATH" sh examples/demo.sh

# Byte code is kept, whatever the environment says: a run starts hundreds of
# interpreters, and pytest rewrites every test.
test: export PYTHONDONTWRITEBYTECODE =
test: $(VENV)/developing
	$(BIN)/python -m pytest -n auto --dist worksteal

# The compiled emulator against the interpreted one, and random runs, at length.
# SWAPTOOLS_OPERATIONS=200000 and SWAPTOOLS_SCRIPTS=500 make it longer.
test-compiled: $(VENV)/developing
	$(BIN)/python -m pip install --quiet --editable '.[fast]'
	$(BIN)/python -m pytest -m compiled -n auto --dist worksteal tests

# As root: asks the running kernel with swap areas in scratch files.
test-kernel: $(VENV)/developing
	$(BIN)/python -m pytest -m kernel tests

# A million broken headers, every command under every misfortune, and kills; half an hour.
test-hostile: $(VENV)/developing
	$(BIN)/python -m tests.hostile.matrix --moments 50
	$(BIN)/python -m tests.hostile.headers --count 1000000 --jobs 2
	$(BIN)/python -m tests.hostile.hints --count 2000
	$(BIN)/python -m tests.hostile.traces --count 100000
	$(BIN)/python -m tests.hostile.kills --moments 200

# What is told besides code is checked as well: man pages, their spelling, schemas, and
# the site with its links.
check: $(VENV)/documenting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	sh man/lint.sh
	$(BIN)/codespell man docs README.md CHANGELOG.md CONTRIBUTING.md swaptools
	$(BIN)/python -m pytest -q tests/schema
	$(MAKE) docs

fix: $(VENV)/developing
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# As root: boots packaged kernels in QEMU, those of KERNELS or all that are known.
test-kernels: $(VENV)/developing
	$(BIN)/python -m tests.against_kernels $(ROUND) $(KERNELS)

# As root: keeps what booted kernels say, for the default suite.
record-kernels: $(VENV)/developing
	$(BIN)/python -m tests.against_kernels.record $(KERNELS)

bench: $(VENV)/developing
	status=0; for script in benchmarks/*.py; do \
	    $(BIN)/python "$$script" || status=1; done; exit $$status

# The site, which opens in a browser without a network: build/site/index.html.
docs: $(VENV)/documenting
	$(BIN)/sphinx-build -q -E -a -W --keep-going -b html -c docs -d build/doctrees . build/site
	$(BIN)/python docs/site/links.py build/site

# swaptools/format/packed.py, from the definitions in layout.py.
packed: $(VENV)/developing
	$(BIN)/python -m tests.format.packed

# The pictures of README and site, from what the programs print.
pictures: $(VENV)/documenting
	$(BIN)/python docs/site/pictures.py

# The tables of docs/designs.md.
designs: $(VENV)/developing
	$(BIN)/python docs/tables.py

# The schemas of what is printed with --json, from the types that are filled.
schemas: $(VENV)/developing
	$(BIN)/python -m tests.schema.documents

# The verbs of man/swapemu.1.
verbs: $(VENV)/developing
	$(BIN)/python man/verbs.py

completions: $(VENV)/installed
	PATH="$(CURDIR)/$(BIN):$$PATH" sh completions/update.sh ghost-mkswap swapinfo swapcheck swapemu

clean:
	rm -rf $(VENV) build
