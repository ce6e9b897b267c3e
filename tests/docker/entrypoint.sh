#!/bin/sh
# Entry of the image that build-image.sh makes. It reads POSTGRES_PASSWORD, POSTGRES_PASSWORD_FILE, POSTGRES_USER,
# POSTGRES_DB and PGDATA as the official PostgreSQL image does, and takes the same command lines: none, options of
# the server, `postgres ...`, or any other program.
set -eu

newest=$(find /usr/lib/postgresql -mindepth 2 -maxdepth 2 -name bin | sort -V | tail -n 1)
PATH=$newest:$PATH
export PATH PGDATA="${PGDATA:-/var/lib/postgresql/data}"

case ${1:-} in
'' | -*) set -- postgres "$@" ;;
esac
if [ "$1" != postgres ]; then
    exec "$@"
fi

# A secret may be root's alone.
if [ -n "${POSTGRES_PASSWORD_FILE:-}" ]; then
    POSTGRES_PASSWORD=$(cat "$POSTGRES_PASSWORD_FILE")
    export POSTGRES_PASSWORD
    unset POSTGRES_PASSWORD_FILE
fi

# The server refuses to run as root; the folders belong to its own user.
if [ "$(id -u)" = 0 ]; then
    mkdir -p "$PGDATA" /var/run/postgresql
    chmod 700 "$PGDATA"
    chown -R postgres:postgres "$PGDATA" /var/run/postgresql
    exec setpriv --reuid=postgres --regid=postgres --init-groups "$0" "$@"
fi

if [ ! -s "$PGDATA/PG_VERSION" ]; then
    user=${POSTGRES_USER:-postgres}
    database=${POSTGRES_DB:-$user}
    if [ -z "${POSTGRES_PASSWORD:-}" ]; then
        echo "the superuser has no password; give one with docker run -e POSTGRES_PASSWORD=..." >&2
        exit 1
    fi
    password_file=$(mktemp)
    printf '%s\n' "$POSTGRES_PASSWORD" >"$password_file"
    initdb --username="$user" --pwfile="$password_file" --encoding=UTF8 --locale=C.UTF-8 \
        --auth-local=trust --auth-host=scram-sha-256
    rm "$password_file"
    echo "host all all all scram-sha-256" >>"$PGDATA/pg_hba.conf"
    echo "listen_addresses = '*'" >>"$PGDATA/postgresql.conf"

    if [ "$database" != postgres ]; then
        # Nobody outside may meet the server before its database is there.
        pg_ctl --silent --wait -o "-c listen_addresses=''" start
        createdb --host=/var/run/postgresql --username="$user" --maintenance-db=postgres "$database"
        pg_ctl --silent --wait --mode=fast stop
    fi
fi

exec "$@"
