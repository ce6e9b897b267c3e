#!/bin/sh
# Builds tenantry-postgres:local, a PostgreSQL image made of this system's own packages. It needs no
# image registry: tests/it reaches its docker part on machines that can reach package mirrors only.
#
#   tests/docker/build-image.sh            builds the image unless it is there
#   tests/docker/build-image.sh --force    builds it again
#
# It runs on Debian and Ubuntu, as root or with sudo. Use it with
#   TENANTRY_TEST_SERVER=docker TENANTRY_TEST_IMAGE=tenantry-postgres:local cargo test --features test-util
set -eu

image=tenantry-postgres:local
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)

case ${1:-} in
'') force=no ;;
--force) force=yes ;;
*)
    echo "usage: $0 [--force]" >&2
    exit 2
    ;;
esac

if ! docker info >/dev/null 2>&1; then
    echo "no Docker engine answers; start one so that 'docker info' succeeds" >&2
    exit 1
fi
if [ "$force" = no ] && docker image inspect "$image" >/dev/null 2>&1; then
    echo "image $image is there; --force builds it again"
    exit 0
fi

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

if ! command -v mmdebstrap >/dev/null 2>&1; then
    if ! command -v apt-get >/dev/null 2>&1; then
        echo "the image is made of Debian packages; run this script on Debian or Ubuntu" >&2
        exit 1
    fi
    echo "installing mmdebstrap"
    as_root apt-get update -q >/dev/null
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q mmdebstrap >/dev/null
fi

suite=$(. /etc/os-release && echo "${VERSION_CODENAME:?this system does not name its release}")
work=$(mktemp -d)
trap 'as_root rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

# The package would make a cluster in the image while it is installed; the entry script makes one per container.
cat >"$work/no-cluster.sh" <<'HOOK'
#!/bin/sh
mkdir -p "$1/etc/postgresql-common"
echo "create_main_cluster = false" >"$1/etc/postgresql-common/createcluster.conf"
HOOK
chmod 755 "$work" "$work/no-cluster.sh"

echo "building $image from $suite; this takes about a minute"
as_root mmdebstrap --quiet --mode=root --variant=essential --include=postgresql \
    --aptopt='APT::Install-Recommends "false"' \
    --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/doc/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' \
    --essential-hook="$work/no-cluster.sh" \
    --customize-hook="upload $here/entrypoint.sh /usr/local/bin/docker-entrypoint.sh" \
    --customize-hook='chmod 755 "$1/usr/local/bin/docker-entrypoint.sh"' \
    "$suite" "$work/rootfs.tar"

docker import \
    --change 'ENTRYPOINT ["/usr/local/bin/docker-entrypoint.sh"]' \
    --change 'CMD ["postgres"]' \
    --change 'EXPOSE 5432' \
    --change 'VOLUME /var/lib/postgresql/data' \
    "$work/rootfs.tar" "$image" >/dev/null
echo "image $image is built"
