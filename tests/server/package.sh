#!/bin/sh
# Makes sure that a program is there that the tests start by themselves: `sh package.sh PROGRAM PACKAGE [FURTHER…]`. Installs the
# package, and on Debian those that it needs further, with the operating system's package manager when it is not, and leaves no service
# running.
set -eu

program=$1
package=$2
shift 2

is_there() {
    PATH="$PATH:/usr/sbin:/usr/local/sbin:/opt/homebrew/bin" command -v "$program" >/dev/null 2>&1
}

if is_there; then
    exit 0
fi

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# Debian's packages start a service, unless a policy forbids that while they are installed.
install_on_debian() {
    as_root apt-get update -q
    policy=/usr/sbin/policy-rc.d
    if [ ! -e "$policy" ]; then
        trap 'as_root rm -f "$policy"' EXIT
        printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy"
        as_root chmod 755 "$policy"
    fi
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$package" "$@"
    # Nor is it to start with the system the next time.
    if [ -d /run/systemd/system ]; then
        as_root systemctl disable --now "$package"
    fi
}

install() {
    case $1 in
    apt-get) (shift && install_on_debian "$@") ;;
    dnf) as_root dnf install -y "$package" ;;
    pacman) as_root pacman -S --noconfirm --needed "$package" ;;
    apk) as_root apk add "$package" ;;
    zypper) as_root zypper --non-interactive install "$package" ;;
    brew) brew install "$package" ;;
    esac
}

for manager in apt-get dnf pacman apk zypper brew none; do
    if command -v "$manager" >/dev/null 2>&1; then
        break
    fi
done
if [ "$manager" = none ]; then
    echo "$program is missing, which the tests need, and there is no known package manager" >&2
    exit 1
fi

echo "$program for the tests: not found; installing it with $manager"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
install "$manager" "$@" >"$log" 2>&1 || :
if ! is_there; then
    tail -n 20 "$log" >&2
    echo "$manager did not install $package" >&2
    exit 1
fi
