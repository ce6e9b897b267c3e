# Keeps one throwaway PostgreSQL cluster, and takes it away when the process that asked for it is gone.
#
#   sh -c "$(cat local.sh)" NAME BIN DIR [-c setting=value]...
#
# Standard input brings orders, one per line: "init PASSWORD", "copy PASSWORD PORT", "start PORT", "stop". Only the process
# that asked holds the other end, so end of file means that it has ended, however that came about.
# Standard output takes reports: "made", "refused", "initialized STATUS", "pid PID", "exited STATUS".
#
# This shell leads a process group of its own, and everything it starts is in that group. It ignores
# the signals that the group is told to end with, and it ignores PIPE because nobody may be left to
# read a report.
trap '' HUP INT QUIT TERM PIPE

bin=$1
dir=$2
shift 2
job=

umask 077
if mkdir "$dir" 2>/dev/null && cd "$dir"; then
    echo made
else
    echo refused
    exit 1
fi

while read -r order word; do
    case $order in
    init)
        printf '%s\n' "$word" >"$dir/password"
        (
            "$bin/initdb" -D "$dir/data" -U postgres --pwfile="$dir/password" \
                --auth-host=scram-sha-256 --auth-local=scram-sha-256 \
                --encoding=UTF8 --locale=C --no-sync </dev/null >>"$dir/log" 2>&1
            status=$?
            rm -f "$dir/password"
            echo "initialized $status"
        ) &
        job=$!
        ;;
    copy)
        # A standby of the server on this port, whose superuser has this password. What pg_basebackup -R would write names
        # every option that it knows, and the server may have been linked to a libpq that knows fewer.
        (
            password=${word% *}
            port=${word#* }
            PGPASSWORD=$password "$bin/pg_basebackup" -D "$dir/data" -h 127.0.0.1 -p "$port" -U postgres \
                -w -X stream -c fast --no-sync </dev/null >>"$dir/log" 2>&1 &&
                printf "primary_conninfo = 'host=127.0.0.1 port=%s user=postgres password=%s'\\n" "$port" "$password" \
                    >>"$dir/data/postgresql.auto.conf" &&
                : >"$dir/data/standby.signal"
            echo "initialized $?"
        ) &
        job=$!
        ;;
    start)
        (
            "$bin/postgres" -D "$dir/data" "$@" -p "$word" </dev/null >>"$dir/log" 2>&1 &
            echo "pid $!"
            wait "$!"
            echo "exited $?"
        ) &
        job=$!
        ;;
    stop)
        # To PostgreSQL this is an immediate shutdown; it takes its last processes down within 5 seconds.
        kill -QUIT 0
        wait "$job"
        job=
        ;;
    esac
done

cd /
tries=0
# The signal is repeated: a program that was started this very moment does not listen yet.
while [ -n "$job" ] && kill -0 "$job" 2>/dev/null; do
    if [ "$tries" -eq 100 ]; then
        rm -rf "$dir"
        kill -KILL 0
    fi
    kill -QUIT 0
    sleep 0.1
    tries=$((tries + 1))
done

# A process that is still ending can put one more file into a folder that is being removed.
tries=0
until rm -rf "$dir" 2>/dev/null || [ "$tries" -eq 100 ]; do
    sleep 0.1
    tries=$((tries + 1))
done
