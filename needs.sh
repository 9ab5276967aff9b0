#!/bin/sh
# needs.sh PYTHON: says what the system has to have before make begins, and the line
# that gets it. Silent when all of it is there.
set -u
python=$1

say() {
    printf 'make: %s\n' "$*" >&2
}

# The package that has venv and ensurepip: Debian keeps them apart from Python.
get() {
    name=${python##*/}
    if command -v apt-get >/dev/null; then
        say "run as root:  apt-get install $name-venv"
    elif command -v dnf >/dev/null; then
        say "run as root:  dnf install $name"
    fi
    exit 1
}

if ! command -v "$python" >/dev/null; then
    say "there is no $python"
    get
fi
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    say "$python is older than 3.11; name another one:  make PYTHON=python3.12"
    exit 1
fi
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    say "$python comes without venv or ensurepip"
    get
fi
