# Keeps one PgBouncer, and takes it away when the process that asked for it is gone.
#
#   sh -c "$(cat pgbouncer.sh)" NAME PGBOUNCER DIR
#
# Only the process that asked holds the other end of standard input, so end of file means that it has
# ended, however that came about.
trap '' HUP INT QUIT TERM PIPE

"$1" -q "$2/pgbouncer.ini" </dev/null >"$2/log" 2>&1 &
read -r _
# Before 1.23, PgBouncer ends at once with TERM; since then it waits for its clients, and ends at once with QUIT.
kill -TERM "$!" 2>/dev/null
kill -QUIT "$!" 2>/dev/null
wait "$!"
rm -rf "$2"
