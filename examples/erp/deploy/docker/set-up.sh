#!/bin/sh
# Sets a database up, or brings it up to date; it may run again at any time. It needs psql and tenantry, the manifest and the migrations beside it,
# and these:
#
#   ADMIN_URL, MIGRATOR_URL   the database as a superuser and as the migrator, without passwords
#   SECRETS                   a folder with a file for the password of each role: postgres, erp_app, erp_system, erp_migrator
set -eu

secrets=${SECRETS:-/run/secrets}

PGPASSWORD=$(cat "$secrets/postgres")
export PGPASSWORD

as_admin() {
    psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 "$ADMIN_URL"
}

# What roles and functions a server needs. It prints nothing where all are there.
bootstrap() {
    script=$(mktemp)
    tenantry plan --bootstrap --out - --database-url "$ADMIN_URL" >"$script"
    as_admin <"$script"
    rm "$script"
}

bootstrap
# psql reads the files by itself, so that no password stands among anybody's arguments.
as_admin <<SQL
SET log_statement = 'none';
\set app \`cat "$secrets/erp_app"\`
\set system \`cat "$secrets/erp_system"\`
\set migrator \`cat "$secrets/erp_migrator"\`
ALTER ROLE erp_app PASSWORD :'app';
ALTER ROLE erp_system PASSWORD :'system';
ALTER ROLE erp_migrator PASSWORD :'migrator';
SQL
tenantry migrate --database-url "$MIGRATOR_URL" --password-file "$secrets/erp_migrator"
# The function that finds a company by its host, now that there are companies.
bootstrap
