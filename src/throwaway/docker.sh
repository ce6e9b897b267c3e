# Removes one container when the process that asked for it is gone.
#
#   sh -c "$(cat docker.sh)" NAME CONTAINER
#
# Standard input brings "started" once the container runs. Only the process that asked holds the other
# end, so end of file means that it has ended, however that came about.
trap '' HUP INT QUIT TERM PIPE

state=asked
while read -r word; do
    state=$word
done

# A container that was asked for and not yet reported may still be on its way.
tries=0
until docker rm --force --volumes "$1" >/dev/null 2>&1 && [ "$state" = started ]; do
    if [ "$tries" -eq 20 ]; then
        break
    fi
    sleep 0.5
    tries=$((tries + 1))
done
