#!/bin/sh
# Starts what compose.yaml describes, without Prometheus, on a Docker engine that reaches no registry: images are made of this system's packages
# and of programs that are built already, by the same Dockerfile from its second stage on. It looks whether the service runs as it is meant to, and
# takes all of it away again.
#
#   try.sh FOLDER      a folder with the programs tenantry-erp and tenantry
set -eu

programs=$(CDPATH='' cd -- "$1" && pwd)
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$here/../../../..
project=tenantry-erp-try

fail() {
    echo "$*" >&2
    exit 1
}

docker info >/dev/null 2>&1 || fail "no Docker engine answers"
if docker compose version >/dev/null 2>&1; then
    compose="docker compose"
else
    sh "$root/tests/server/package.sh" docker-compose docker-compose
    compose=docker-compose
fi
sh "$root/tests/server/package.sh" mmdebstrap mmdebstrap
sh "$root/tests/server/package.sh" curl curl
sh "$root/tests/docker/build-image.sh"
traefik=$(sh "$root/tests/server/traefik.sh")

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

work=$(mktemp -d)
try() {
    $compose --project-name "$project" --file "$work/deploy/docker/compose.yaml" "$@"
}
clear_away() {
    try down --volumes --timeout 40 >/dev/null 2>&1 || :
    as_root rm -rf "$work"
}
trap clear_away EXIT
trap 'exit 130' INT TERM

echo "-- images"
suite=$(. /etc/os-release && echo "${VERSION_CODENAME:?this system does not name its release}")
as_root mmdebstrap --quiet --mode=root --variant=essential \
    --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' "$suite" "$work/debian.tar"
docker import "$work/debian.tar" tenantry-debian:local >/dev/null
mkdir -p "$work/context/out" "$work/context/examples/erp/deploy/docker"
cp "$programs/tenantry-erp" "$programs/tenantry" "$traefik" "$work/context/out"
cp -R "$here/../../migrations" "$here/../../tenantry.toml" "$work/context/examples/erp"
cp "$here/set-up.sh" "$work/context/examples/erp/deploy/docker"
install -m 755 "$root/tests/docker/entrypoint.sh" "$work/context/out/docker-entrypoint.sh"
# The first stage compiles, which has been done.
awk '/^FROM rust:/ { print "FROM tenantry-debian:local AS build\nCOPY out /out"; compiles = 1 }
    /^FROM/ && !/^FROM rust:/ { compiles = 0 }
    !compiles' "$here/Dockerfile" |
    sed -e 's/^FROM postgres:[^ ]*/FROM tenantry-postgres:local/' -e 's/^FROM debian:[^ ]*/FROM tenantry-debian:local/' \
        >"$work/context/Dockerfile"
cat >>"$work/context/Dockerfile" <<'DOCKERFILE'

# The entry script of now, whenever the image was made.
FROM tenantry-postgres:local AS postgres
COPY out/docker-entrypoint.sh /usr/local/bin/docker-entrypoint.sh

FROM tenantry-debian:local AS traefik
COPY out/traefik /usr/local/bin/traefik
ENTRYPOINT ["traefik"]
DOCKERFILE
for target in postgres set-up service traefik; do
    docker build --quiet --target "$target" --tag "tenantry-erp-$target:local" "$work/context" >/dev/null
done

echo "-- compose"
cp -R "$here/.." "$work/deploy"
sed -e '/^    build:/d' -e 's/image: postgres:.*/image: tenantry-erp-postgres:local/' \
    -e 's/image: erp-set-up:.*/image: tenantry-erp-set-up:local/' -e 's/image: erp:.*/image: tenantry-erp-service:local/' \
    -e 's/image: traefik:.*/image: tenantry-erp-traefik:local/' -e 's/"127.0.0.1:8000:8000"/"127.0.0.1::8000"/' \
    "$here/compose.yaml" >"$work/deploy/docker/compose.yaml"
mkdir "$work/deploy/docker/secrets"
for role in postgres erp_app erp_system erp_migrator; do
    od -An -N24 -tx1 /dev/urandom | tr -d ' \n' >"$work/deploy/docker/secrets/$role"
done
echo '{ "keys": [] }' >"$work/deploy/docker/secrets/jwks.json"
chmod -R a+rX "$work"
try up --detach traefik >"$work/log" 2>&1 || { cat "$work/log" >&2 && try logs >&2 && fail "compose could not start it"; }

# The status of an answer at the gateway, once it is this one.
gateway=$(try port traefik 8000)
answers() {
    for _ in $(seq 100); do
        status=$(curl --silent --output /dev/null --write-out '%{http_code}' "http://$gateway$1" || :)
        [ "$status" = "$2" ] && return
        sleep 0.3
    done
    try logs >&2
    fail "$1 is answered with $status and not with $2"
}
answers /company 401
answers /verify 404

service=$(try ps --quiet erp)
[ "$(docker exec "$service" id -u)" = 65532 ] || fail "the service is another user"
if docker exec "$service" touch /tmp/x 2>/dev/null; then
    fail "the service can write to its root"
fi
try ps --quiet set-up >/dev/null
try stop --timeout 40 erp >/dev/null 2>&1
[ "$(docker inspect --format '{{.State.ExitCode}}' "$service")" = 0 ] || fail "the service did not end by itself"
for secret in "$work"/deploy/docker/secrets/erp_*; do
    if try logs 2>&1 | grep --quiet --fixed-strings "$(cat "$secret")"; then
        fail "the logs tell $(basename "$secret")"
    fi
done
echo "the service was set up, ran as 65532 behind the gateway, and ended"
