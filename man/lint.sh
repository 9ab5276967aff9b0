#!/bin/sh
# Formats every man page with all warnings on; fails when one is given.
cd "$(dirname "$0")" || exit 2
if ! command -v groff >/dev/null || ! groff -man -T utf8 /dev/null >/dev/null 2>&1; then
    echo "man pages: skipped, no groff with the man macros here"
    exit 0
fi
status=0
for page in *.[1-8]; do
    said=$(groff -t -man -ww -T utf8 "$page" 2>&1 >/dev/null)
    if [ -n "$said" ]; then
        echo "$page:" && echo "$said"
        status=1
    fi
done
[ $status = 0 ] && echo "man pages: clean"
exit $status
