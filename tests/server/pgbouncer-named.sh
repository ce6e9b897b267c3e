#!/bin/sh
# Makes sure that the tests can start a PgBouncer that keeps the names of prepared statements apart, 1.21 or
# newer. Debian 12 has 1.18, so where that is all there is, this unpacks the package of Debian 13 with
# the libraries it is linked to, the C library among them, into a folder of its own. It installs nothing,
# and what is there already stays as it is.
#
#   sh pgbouncer-named.sh        unpacks it, unless there is one
#   sh pgbouncer-named.sh find   prints the path of the program, and fails where there is none
set -eu
. "$(dirname "$0")/cache.sh"

suite=trixie
folder=$cache/pgbouncer-$suite

# The oldest version that knows max_prepared_statements is 1.21.
is_new_enough() {
    version=$("$1" --version 2>/dev/null | sed -n 's/^PgBouncer \([0-9]*\)\.\([0-9]*\).*/\1 \2/p')
    # shellcheck disable=SC2086 # these are two words
    set -- $version
    [ $# = 2 ] && { [ "$1" -gt 1 ] || [ "$2" -ge 21 ]; }
}

find_program() {
    installed=$(PATH="$PATH:/usr/sbin:/usr/local/sbin:/opt/homebrew/bin" command -v pgbouncer || :)
    for program in "$installed" "$folder/pgbouncer"; do
        if [ -x "$program" ] && is_new_enough "$program"; then
            echo "$program"
            return
        fi
    done
    return 1
}

# Everything that apt-get keeps is in a folder of this script's, so that it neither sees nor changes
# what the machine has. Debian's own keys verify what it downloads.
private_apt_get() {
    apt-get -q -c "$work/apt.conf" "$@"
}

download() {
    # shellcheck disable=SC1091 # every Debian has it
    . /etc/os-release
    keys=/usr/share/keyrings/debian-archive-$suite-automatic.gpg
    if ! command -v apt-get >/dev/null || [ "$ID" != debian ] || [ ! -f "$keys" ]; then
        echo "PgBouncer 1.21 or newer is missing; only on Debian, with keys of $suite, can it be unpacked" >&2
        return 1
    fi
    mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/parts" "$work/debs" "$work/root"
    : >"$work/status"
    echo "deb [signed-by=$keys] $(mirror) $suite main" >"$work/sources.list"
    cat >"$work/apt.conf" <<-END
		Dir::Etc::sourcelist "$work/sources.list";
		Dir::Etc::sourceparts "$work/parts";
		Dir::Etc::preferencesparts "$work/parts";
		Dir::State::lists "$work/lists";
		Dir::State::status "$work/status";
		Dir::Cache "$work/cache";
		APT::Install-Recommends "false";
		APT::Sandbox::User "";
		Acquire::Languages "none";
	END
    private_apt_get update
    # The rest of what it depends on are programs for its installation.
    packages=$(private_apt_get install -s pgbouncer | sed -n 's/^Inst \(pgbouncer\|lib[^ ]*\) .*/\1/p' | grep -v -e -perl -e libperl)
    # shellcheck disable=SC2086 # these are words
    (cd "$work/debs" && private_apt_get download $packages)
    for deb in "$work"/debs/*.deb; do
        dpkg-deb --extract "$deb" "$work/root"
    done
    arrange
}

# The program, the libraries it needs and nothing else.
arrange() {
    program=$(find "$work/root" -type f -path '*/sbin/pgbouncer')
    loader=$(find "$work/root" -name 'ld-linux*.so.*' -print -quit)
    libraries=$(find "$work/root" -name '*.so.*' -exec dirname {} + | sort -u | tr '\n' ':')
    mkdir -p "$work/made/lib"
    cp -L "$program" "$work/made/program"
    cp -L "$loader" "$work/made/loader"
    "$loader" --library-path "$libraries" --list "$program" | sed -n 's/^.* => \([^ ]*\) .*/\1/p' |
        while read -r library; do
            cp -L "$library" "$work/made/lib/"
        done
    cat >"$work/made/pgbouncer" <<-'END'
		#!/bin/sh
		here=$(dirname "$0")
		exec "$here/loader" --library-path "$here/lib" "$here/program" "$@"
	END
    chmod 755 "$work/made/pgbouncer" "$work/made/loader" "$work/made/program"
    is_new_enough "$work/made/pgbouncer"
    rm -rf "$folder"
    mv "$work/made" "$folder"
}

if [ "${1:-}" = find ]; then
    find_program
    exit
fi
if find_program >/dev/null; then
    exit 0
fi
echo "PgBouncer 1.21 or newer for the tests: not found; unpacking that of Debian's $suite"
unpack "PgBouncer of Debian's $suite"
find_program >/dev/null
