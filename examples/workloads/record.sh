#!/bin/sh
# The three traces that come with the package (swapemu trace show compiler, and so on),
# recorded anew: some twenty minutes for the first two, which valgrind sees every
# reference of; the third needs root, and swap (a zram device is made if there is none).
#
#     sh record.sh [FOLDER]
set -eu
to=${1:-$(cd "$(dirname "$0")/../.." && pwd)/swaptools/traces/workloads}
cd "$(dirname "$0")"

# Made for memories of 256 pages or more: a tenth of what 64 would take.
swapemu record --k 256 -o "$to/compiler.trace" -- gcc -O1 -c -o /dev/null unit.c
swapemu record --k 256 -o "$to/scan.trace" -- /usr/bin/python3 -S -E scan.py
if [ "$(id -u)" = 0 ]; then
    swapemu record --how faults --ram 16M -o "$to/server.trace" -- /usr/bin/python3 server.py
else
    echo "record.sh: server.trace stays: faults are for root to record" >&2
fi
