# Everything runs from a virtual environment that make builds here.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
.DEFAULT_GOAL := $(VENV)/installed

.PHONY: demo test test-slow test-compiled test-long test-hostile test-kernel test-release test-sweep check fix bench docs dist deb lock coverage packed pictures designs studies schemas verbs completions clean

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
	$(BIN)/python -m pip install --quiet --constraint dev.lock --group dev
	touch $@

# And what a release takes besides.
$(VENV)/releasing: $(VENV)/developing
	$(BIN)/python -m pip install --quiet --constraint dev.lock --group release
	touch $@

# And what the site takes.
$(VENV)/documenting: $(VENV)/developing
	$(BIN)/python -m pip install --quiet --constraint dev.lock --group docs
	touch $@

demo: $(VENV)/installed
	PATH="$(CURDIR)/$(BIN):$$PATH" sh examples/demo.sh

# Byte code is kept, whatever the environment says: a run starts hundreds of
# interpreters, and pytest rewrites every test.
test test-slow coverage: export PYTHONDONTWRITEBYTECODE =
test: $(VENV)/developing
	$(BIN)/python -m pytest -n auto --dist worksteal

# What takes more than a quarter of a second, and is left out of make test for that.
test-slow: $(VENV)/developing
	$(BIN)/python -m pytest -m '$(SLOW)' -n auto --dist worksteal
SLOW := slow and not (kernel or compiled or long or release or sweep)

# The compiled emulator against the interpreted one, and random runs, at length.
# SWAPTOOLS_OPERATIONS=200000 and SWAPTOOLS_SCRIPTS=500 make it longer.
test-compiled: $(VENV)/developing
	$(BIN)/python -m pip install --quiet --editable '.[fast]'
	$(BIN)/python -m pytest -m 'compiled and not long' -n auto --dist worksteal tests

# Tables of whole workloads, and every policy compiled; a quarter of an hour, and more.
test-long: $(VENV)/developing
	$(BIN)/python -m pip install --quiet --editable '.[fast]'
	$(BIN)/python -m pytest -m long -n auto --dist worksteal tests

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

# Studies on Dask: two workers, a scheduler, and kills of each; the notebook, and pages
# in a browser. A minute and a half.
test-sweep: $(VENV)/developing
	$(BIN)/python -m pip install --quiet --editable '.[sweep]' --group notebook
	$(BIN)/python -m pytest -m sweep tests/sweep tests/report

# Packages, as pip, pipx and Debian have them, in fresh environments; half a minute.
test-release: $(VENV)/releasing
	$(BIN)/python -m pytest -m release tests/distribution

# What is told besides code is checked as well: man pages, their spelling, schemas, and
# the site with its links.
check: $(VENV)/documenting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/reuse lint --quiet
	sh man/lint.sh
	$(BIN)/codespell man docs README.md CHANGELOG.md CONTRIBUTING.md SECURITY.md swaptools
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

# And what benchmarks are measured against, where it can be had.
$(VENV)/benching: $(VENV)/developing
	$(BIN)/python -m pip install --quiet --group bench || \
	    echo 'libcachesim cannot be installed: what is measured against it is left out'
	touch $@

bench: $(VENV)/benching
	status=0; for script in benchmarks/*.py; do \
	    $(BIN)/python "$$script" || status=1; done; exit $$status

# The site, which opens in a browser without a network: build/site/index.html.
docs: $(VENV)/documenting
	$(BIN)/sphinx-build -q -E -a -W --keep-going -b html -c docs -d build/doctrees . build/site
	$(BIN)/python docs/site/links.py build/site

# The archives of a release, and the list of their parts (CycloneDX).
dist: $(VENV)/releasing
	rm -rf dist
	$(BIN)/python -m build --outdir dist
	$(BIN)/python -m venv --clear dist/fresh
	dist/fresh/bin/python -m pip install --quiet dist/*.whl
	$(BIN)/cyclonedx-py environment --output-reproducible --of JSON \
	    -o dist/swaptools.cdx.json dist/fresh/bin/python
	rm -rf dist/fresh

# A package for this Debian, beside the clone.
deb:
	dpkg-buildpackage -b -us -uc

# Versions that are known to work together; pip takes them with --constraint.
lock:
	$(PYTHON) -m venv --clear $(VENV)/locking
	$(VENV)/locking/bin/python -m pip install --quiet 'pip>=25.1'
	$(VENV)/locking/bin/python -m pip install --quiet --group dev --group docs --group release construct click
	{ echo '# Made by make lock: what developing takes, in versions that work together.'; \
	    $(VENV)/locking/bin/python -m pip freeze; } >dev.lock
	rm -rf $(VENV)/locking

# The default suite, and how much of the package it runs.
coverage: $(VENV)/releasing
	$(BIN)/coverage erase
	$(BIN)/coverage run --parallel-mode -m pytest -q -n auto --dist worksteal
	$(BIN)/coverage run --parallel-mode -m pytest -q -n auto --dist worksteal -m '$(SLOW)'
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

# swaptools/format/packed.py, from the definitions in layout.py.
packed: $(VENV)/developing
	$(BIN)/python -m tests.format.packed

# The pictures of README and site, from what the programs print.
pictures: $(VENV)/documenting
	$(BIN)/python docs/site/pictures.py

# The tables of docs/designs.md and docs/workloads.md.
designs: $(VENV)/developing
	$(BIN)/python docs/tables.py

# The studies of docs/studies: rows that are missing, pages, the tables of docs/studies.md.
studies: $(VENV)/developing
	$(BIN)/python docs/studies/make.py

# The schemas of what is printed with --json, from the types that are filled.
schemas: $(VENV)/developing
	$(BIN)/python -m tests.schema.documents

# The verbs of man/swapemu.1.
verbs: $(VENV)/developing
	$(BIN)/python man/verbs.py

# What Tab offers, and the files by which shells ask.
completions: $(VENV)/developing
	$(BIN)/python -m tests.cli.offered
	PATH="$(CURDIR)/$(BIN):$$PATH" sh completions/update.sh ghost-mkswap swapinfo swapcheck swapemu

clean:
	rm -rf $(VENV) build
