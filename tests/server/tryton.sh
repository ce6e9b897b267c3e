#!/bin/sh
# Makes sure that the tests can create the database of Tryton, an ERP: installs the server and the modules
# that tests/it/applications/tryton/modules.txt names from Debian. It starts no service and makes no cluster.
set -eu

modules=$(cat "$(dirname "$0")/../it/applications/tryton/modules.txt")
packages="tryton-server python3-psycopg2"
for module in $modules; do
    packages="$packages tryton-modules-$(echo "$module" | tr _ -)"
done

# Debian's Python has the packages; the one in PATH may be another.
is_there() {
    # shellcheck disable=SC2086 # these are words
    [ -x /usr/bin/python3 ] && /usr/bin/python3 -W ignore -c '
import sys
import psycopg2
from trytond.modules import get_module_info
for module in sys.argv[1:]:
    get_module_info(module)' $modules 2>/dev/null
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# Debian's package starts a service, unless a policy forbids that while it is installed.
# What it recommends is left out: it would make a PostgreSQL cluster and install an office suite.
install_on_debian() {
    as_root apt-get update -q
    policy=/usr/sbin/policy-rc.d
    if [ ! -e "$policy" ]; then
        trap 'as_root rm -f "$policy"' EXIT
        printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy"
        as_root chmod 755 "$policy"
    fi
    # shellcheck disable=SC2086 # these are words
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $packages
    # Nor is it to start with the system the next time.
    if [ -d /run/systemd/system ]; then
        as_root systemctl disable --now tryton-server
    fi
}

if is_there; then
    exit 0
fi
if ! command -v apt-get >/dev/null 2>&1; then
    echo "Tryton is missing, and it is installed with apt-get only, which is not there" >&2
    exit 1
fi

echo "Tryton for the tests: not found; installing it with apt-get"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
(install_on_debian) >"$log" 2>&1 || :
if ! is_there; then
    tail -n 20 "$log" >&2
    echo "apt-get did not install Tryton" >&2
    exit 1
fi
