#!/bin/sh
# make demo: a ghost made, inspected and checked. Works in a scratch directory.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"

show() {
    printf '\n$ %s\n' "$*"
    "$@"
}

show ghost-mkswap -L ghost --uuid-seed demo g.swap 64G
show stat -c '%s bytes, mode %a, %b blocks' g.swap
show swapinfo g.swap
show swapinfo --dump g.swap
