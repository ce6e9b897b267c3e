#!/bin/sh
# Makes sure that the packages of PyPI are there that a file of requirements pins, and prints the folder for PYTHONPATH. Nothing is
# installed.
#
#   sh python.sh requirements.txt
set -eu
. "$(dirname "$0")/cache.sh"

requirements=$1
# Another version of Python or of a package has a folder of its own.
python=$(python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')
folder=$cache/python-$python-$(cksum <"$requirements" | cut -d ' ' -f 1)

download() {
    need_pip
    python3 -m pip install --quiet --no-deps --only-binary=:all: --target "$work/packages" --requirement "$requirements"
    mv "$work/packages" "$folder"
}

if [ ! -d "$folder" ]; then
    unpack "what $requirements names"
fi
echo "$folder"
