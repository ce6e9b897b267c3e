#!/bin/sh
# Makes sure that the tests can have a PostgreSQL server: a URL, server binaries or a Docker engine.
# It looks in the places that src/testing/find.rs looks in, and installs PostgreSQL with the operating
# system's package manager when there is nothing. It leaves no server running.
set -eu

holds_server() {
    [ -n "$1" ] && [ -x "$1/initdb" ] && [ -x "$1/postgres" ]
}

find_binaries() {
    (
        pg_config --bindir 2>/dev/null || :
        printf '%s\n' "$PATH" | tr ':' '\n'
        for folder in /usr/lib/postgresql/*/bin /opt/homebrew/opt/postgresql@*/bin /usr/local/opt/postgresql@*/bin; do
            echo "$folder"
        done
    ) | while read -r folder; do
        if holds_server "$folder"; then
            echo "$folder"
            break
        fi
    done
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# Debian's package makes a cluster and starts it, unless it is told beforehand not to.
install_on_debian() {
    as_root apt-get update -q
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q postgresql-common
    setting=/etc/postgresql-common/createcluster.conf
    if ! grep -q '^create_main_cluster *= *false' "$setting" 2>/dev/null; then
        echo 'create_main_cluster = false' | as_root tee -a "$setting"
    fi
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q postgresql
}

install_server() {
    case $1 in
    apt-get) install_on_debian ;;
    dnf) as_root dnf install -y postgresql-server ;;
    pacman) as_root pacman -S --noconfirm --needed postgresql ;;
    apk) as_root apk add postgresql ;;
    zypper) as_root zypper --non-interactive install postgresql-server ;;
    brew) brew install postgresql@17 ;;
    esac
}

forced=${TENANTRY_TEST_SERVER:-}
case $forced in
url | docker)
    # What was forced cannot be installed here; the tests say what is missing.
    exit 0
    ;;
esac
if [ -z "$forced" ] && [ -n "${TENANTRY_TEST_DATABASE_URL:-}" ]; then
    echo "PostgreSQL for the tests: TENANTRY_TEST_DATABASE_URL"
    exit 0
fi
if [ -n "${TENANTRY_PG_BIN:-}" ]; then
    if holds_server "$TENANTRY_PG_BIN"; then
        echo "PostgreSQL for the tests: $TENANTRY_PG_BIN"
        exit 0
    fi
    echo "TENANTRY_PG_BIN is $TENANTRY_PG_BIN, which does not hold initdb and postgres" >&2
    exit 1
fi
binaries=$(find_binaries)
if [ -n "$binaries" ]; then
    echo "PostgreSQL for the tests: $binaries"
    exit 0
fi
if [ -z "$forced" ] && docker info >/dev/null 2>&1; then
    echo "PostgreSQL for the tests: Docker"
    exit 0
fi

for manager in apt-get dnf pacman apk zypper brew none; do
    if command -v "$manager" >/dev/null 2>&1; then
        break
    fi
done
if [ "$manager" = none ]; then
    echo "no PostgreSQL server, no Docker engine and no known package manager; set TENANTRY_TEST_DATABASE_URL or TENANTRY_PG_BIN" >&2
    exit 1
fi

echo "PostgreSQL for the tests: none found; installing it with $manager"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! install_server "$manager" >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    echo "$manager did not install PostgreSQL" >&2
    exit 1
fi
if [ -z "$(find_binaries)" ]; then
    echo "$manager installed PostgreSQL, but no folder holds initdb and postgres; set TENANTRY_PG_BIN" >&2
    exit 1
fi
