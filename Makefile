# What a person runs. `make help` lists it.

CARGO ?= cargo
FEATURES = axum,cli,metrics,serde,test-util
FUZZ_SECONDS ?= 60
BENCHES = --bench switch --bench saturation --bench policy --bench seal --bench checkout --bench bulk --bench overhead --bench fairness

.DEFAULT_GOAL := help

VERSIONS = 14.23 15.19 16.15 17.11 18.6
BY_VERSION = catalog:: policy:: sealed:: plan:: rule:: prove:: adopt:: migrate:: planted:: session:: life:: replicas:: waits:: transfer:: tool::bootstrap tool::unique

.PHONY: help demo test test-docker test-newest test-versions fuzz bench bench-quick bench-overhead bench-schema bench-adopt bench-grammar bench-chart bench-erp bench-peers check doc test-erp screenshot-erp check-deploy try-deploy erp server pgbouncer prometheus around tool curl seaweedfs chromium tryton

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: server ## Show a small ERP and pgbench's tables with tenants kept apart (DATABASE_URL to show it there)
	$(CARGO) run --quiet --features $(FEATURES) --example quickstart
	$(CARGO) run --quiet --features $(FEATURES) --example pgbench

test: server pgbouncer prometheus tryton ## Run the whole test suite, documentation examples included
	$(CARGO) test --features $(FEATURES) -- --skip applications:: --skip cancellation::
	$(CARGO) test --features $(FEATURES) --test it -- cancellation:: # which race with the server
	$(CARGO) test --features $(FEATURES) --test it -- applications:: # which take both cores for a minute
	@if $(MAKE) --no-print-directory around; then $(MAKE) --no-print-directory test-erp; else \
		echo "skipped: the tests of examples/erp, for the program that cannot be installed here"; test -z "$$CI"; \
	fi

test-erp: server around tool ## Run the tests of the ERP in examples/erp, with the programs around it
	$(CARGO) test --package tenantry-erp

screenshot-erp: server seaweedfs chromium # Take the picture of the ERP's page anew
	TENANTRY_ERP_SCREENSHOT=$(CURDIR)/examples/erp/page/screenshot.png $(CARGO) test --package tenantry-erp --test it -- page::

check-deploy: ## Have the programs that read them look at the files of examples/erp/deploy
	sh examples/erp/deploy/check.sh

try-deploy: tool ## Start what compose.yaml of examples/erp/deploy describes, in images made of Debian's packages
	$(CARGO) test --package tenantry-erp --no-run # the service, as its tests have it
	sh examples/erp/deploy/docker/try.sh target/debug

erp: server around ## Start the ERP with all that is around it on this machine, and print what to try
	$(CARGO) build --quiet --package tenantry-erp --bins --examples
	$(CARGO) run --quiet --package tenantry-erp --example whole

test-docker: ## Run a part of the suite on a server in Docker, in an image made from Debian's packages
	sh tests/docker/build-image.sh
	TENANTRY_TEST_SERVER=docker TENANTRY_TEST_IMAGE=tenantry-postgres:local \
		$(CARGO) test --features $(FEATURES) --test it -- testing::docker laws:: flights:: policy::

test-newest: ## Run a part of the suite on the newest PostgreSQL
	TENANTRY_TEST_SERVER=local TENANTRY_PG_BIN=$$(sh tests/server/version.sh $(lastword $(VERSIONS))) \
		$(CARGO) test --features $(FEATURES) --test it -- catalog:: policy:: prove:: planted:: session:: plan::owned adopt::owned

test-versions: pgbouncer ## Run what differs between versions on PostgreSQL 14, 15, 16, 17 and 18
	for version in $(VERSIONS); do \
		TENANTRY_TEST_SERVER=local TENANTRY_PG_BIN=$$(sh tests/server/version.sh $$version) \
			$(CARGO) test --features $(FEATURES) --test it -- $(BY_VERSION) || exit 1; \
	done

fuzz: ## Fuzz what reads SQL files, a minute for each target (see tests/fuzz)
	@command -v cargo-fuzz >/dev/null || $(CARGO) install cargo-fuzz
	for target in lint judge plpgsql tables; do \
		$(CARGO) fuzz run --fuzz-dir tests/fuzz --target-dir target/fuzz --sanitizer none $$target -- \
			-max_total_time=$(FUZZ_SECONDS) -max_len=4096 -len_control=0 -timeout=10 -rss_limit_mb=1024 || exit 1; \
	done

bench: server ## Run all benches; takes less than ten minutes once they are built
	$(CARGO) bench --features $(FEATURES) $(BENCHES)

bench-quick: server ## Compare a scoped statement with a plain one on this machine
	TENANTRY_BENCH_QUICK=1 $(CARGO) bench --features $(FEATURES) --bench switch --bench saturation

bench-overhead: server ## Count what a scoped statement costs the client: allocations, instructions (with valgrind)
	$(CARGO) bench --features $(FEATURES) --bench overhead

bench-schema: server ## The tool on 2,000 tables and 10,000 statements: time and memory, beside pg_dump and psql
	$(CARGO) bench --features $(FEATURES) --bench schema

bench-adopt: server ## What a writer and a reader notice while a table of 5 million rows is adopted
	$(CARGO) bench --features $(FEATURES) --bench adopt

bench-grammar: ## Count what lint understands of PostgreSQL's own regression tests, those of 15 and of 18
	for version in 15.19 18.6; do \
		TENANTRY_TEST_SERVER=local TENANTRY_PG_BIN=$$(sh tests/server/version.sh $$version) \
			TENANTRY_BENCH_GRAMMAR=$$(sh benches/grammar/fetch.sh $${version%%.*}) \
			$(CARGO) bench --features $(FEATURES) --bench grammar || exit 1; \
	done

bench-erp: server ## The ERP's page of invoices over HTTP, beside the same page by hand on deadpool-postgres and on sqlx
	cd benches/erp && $(CARGO) run --quiet --release

bench-chart: ## Draw benches/switch.svg from the last run of switch, and print its table
	$(CARGO) bench --features $(FEATURES) --bench chart

bench-peers: server ## Compare with sqlx, diesel-async and others, in the same run (see benches/peers)
	cd benches/peers && $(CARGO) run --quiet --release

check: ## Format, lint and documentation, with warnings denied
	$(CARGO) fmt --all --check
	$(CARGO) clippy --all-targets -- -D warnings
	$(CARGO) clippy --workspace --all-targets --all-features -- -D warnings
	$(CARGO) clippy --bench chart --bench grammar --all-features -- -D warnings # which --all-targets leaves out
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --no-deps --all-features

doc: ## Build the documentation
	$(CARGO) doc --no-deps --all-features

server: # Install PostgreSQL where neither a server nor Docker is there
	@sh tests/server/ensure.sh

tryton: # Install Tryton, an ERP whose database the tests divide among its companies, where it is not there
	@sh tests/server/tryton.sh

pgbouncer: # Install PgBouncer where it is not there, and unpack one that keeps the names of statements apart
	@sh tests/server/package.sh pgbouncer pgbouncer
	@sh tests/server/pgbouncer-named.sh

prometheus: # Install Prometheus, which scrapes a pool in the tests, where it is not there
	@sh tests/server/package.sh promtool prometheus

seaweedfs: # Unpack SeaweedFS, an S3 store in which the ERP's tests keep files
	@sh tests/server/seaweedfs.sh >/dev/null

chromium: # Install Chromium, in which the ERP's tests look at its page, where it is not there
	@sh tests/server/package.sh chromium chromium fonts-dejavu-core fonts-lohit-beng-bengali

# The tool as the suite has it. Built for itself it would have other features of its dependencies, and be built once more.
tool:
	$(CARGO) test --features $(FEATURES) --test it --no-run

around: prometheus curl seaweedfs chromium # Install the programs that the ERP's tests put around it, where they are not there
	@sh tests/server/traefik.sh >/dev/null

curl: # Install curl, by which the ERP is tried, where it is not there
	@sh tests/server/package.sh curl curl
