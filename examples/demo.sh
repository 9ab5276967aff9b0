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

# For what is meant to be refused.
show_refusal() {
    show "$@" && exit 1
    echo "(refused, as it should be)"
}

# Some places hold no swap at all, such as tmpfs and the overlay of a container.
force=""
ghost-mkswap -qn g.swap 64G 2>/dev/null || force=-f
show ghost-mkswap $force -L ghost --uuid-seed demo g.swap 64G
show stat -c '%s bytes, mode %a, %b blocks' g.swap
show swapinfo g.swap
show swapinfo --dump g.swap
show_refusal swapcheck --kernel 6.18 g.swap
show swapcheck --kernel ghost-rfc --ignore G506,I402 g.swap || [ -n "$force" ]
show swapemu demo
