#!/bin/sh
# Makes sure that the regression tests of one major version of PostgreSQL are there, and prints the folder of their SQL files. They
# come from Debian's source package, and stay in the cache.
#
#   sh fetch.sh 15
set -eu
. "$(dirname "$0")/../../tests/server/cache.sh"

major=$1
case $major in
15) suite=bookworm ;;
17) suite=trixie ;;
18) suite=sid ;;
*)
    echo "no suite of Debian is known to have PostgreSQL $major; 15, 17 and 18 are" >&2
    exit 2
    ;;
esac
folder=$cache/regression-$major

download() {
    from=$(mirror)
    curl -sfS "${from}dists/$suite/main/source/Sources.xz" | xz -d |
        sed -n "/^Package: postgresql-$major\$/,/^\$/p" >"$work/package"
    place=$(sed -n 's/^Directory: //p' "$work/package")
    read -r sum archive <<-END
		$(sed -n '/^Checksums-Sha256:/,/^[^ ]/s/^ \([0-9a-f]*\) [0-9]* \([^ ]*\.orig\.tar\.[a-z0-9]*\)$/\1 \2/p' "$work/package")
	END
    curl -sfS "$from$place/$archive" -o "$work/$archive"
    echo "$sum  $work/$archive" | sha256sum --check --quiet
    mkdir "$work/sql"
    tar --extract --directory "$work/sql" --file "$work/$archive" --wildcards --strip-components 1 \
        '*/src/test/regress/sql/*.sql' '*/src/pl/plpgsql/src/sql/*.sql'
    mv "$work/sql" "$folder"
}

if [ ! -d "$folder" ]; then
    unpack "the regression tests of PostgreSQL $major"
fi
echo "$folder"
