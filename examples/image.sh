#!/bin/sh
# A disk image with an ext4 partition and a swap partition, made without root,
# without loop devices, and with the same bytes every time.
#   usage: image.sh disk.img
set -eu
image=${1:?usage: image.sh IMAGE}
seed=${SEED:-example-1}
for tool in sfdisk mkfs.ext4 ghost-mkswap swapinfo; do
    command -v $tool >/dev/null || { echo "needs $tool" >&2; exit 2; }
done
export E2FSPROGS_FAKE_TIME=1600000000 # or mkfs.ext4 writes the time of day

truncate --size=64M "$image"
sfdisk --quiet "$image" <<TABLE
label: gpt
label-id: 2a3ffd54-8d4b-4f8f-b0b4-31c3ef2c2c34
start=2048,  size=65536, type=linux, uuid=9d2c0f8e-0001-4000-8000-000000000001, name=root
start=67584, size=61440, type=swap,  uuid=9d2c0f8e-0002-4000-8000-000000000002, name=swap
TABLE
mkfs.ext4 -q -F -E offset=1048576,hash_seed=2a3ffd54-8d4b-4f8f-b0b4-31c3ef2c2c34 \
    -U 9d2c0f8e-0003-4000-8000-000000000003 "$image" 32M

ghost-mkswap --real --partition 2 --uuid-seed "$seed" --label swap "$image"
swapinfo --partition 2 "$image"
