#!/bin/sh
# Makes sure that the packages of PyPI are there that a file of requirements pins, and prints the folder for PYTHONPATH. Nothing is
# installed.
#
#   sh python.sh requirements.txt
set -eu

requirements=$1
if [ "$(id -u)" = 0 ]; then
    cache=/var/cache
else
    cache=${XDG_CACHE_HOME:-$HOME/.cache}
fi
# Another version of Python or of a package has a folder of its own.
python=$(python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')
folder=$cache/tenantry/python-$python-$(cksum <"$requirements" | cut -d ' ' -f 1)

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

download() {
    if ! python3 -m pip --version && command -v apt-get >/dev/null; then
        as_root apt-get update -q
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q python3-pip
    fi
    python3 -m pip install --quiet --no-deps --only-binary=:all: --target "$work/packages" --requirement "$requirements"
    mkdir -p "$(dirname "$folder")"
    # Last, and at once, so that nobody finds half of it.
    mv "$work/packages" "$folder"
}

if [ ! -d "$folder" ]; then
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    if ! download >"$work/log" 2>&1; then
        tail -n 20 "$work/log" >&2
        echo "what $requirements names could not be unpacked" >&2
        exit 1
    fi
fi
echo "$folder"
