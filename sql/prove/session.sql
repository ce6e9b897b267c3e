-- What is tried in a session of the app role, a statement or several under each name; the last one's answer counts.
-- Variables: role (another role), schema, setting.

-- attempt: act as
SET LOCAL ROLE :"role";

-- attempt: log in as
SET LOCAL SESSION AUTHORIZATION :"role";

-- attempt: leave the role
RESET ROLE;
SELECT WHERE current_user::text OPERATOR(pg_catalog.<>) :'app'::text;

-- attempt: switch triggers off
SET LOCAL session_replication_role = replica;

-- attempt: create in
CREATE TABLE :"schema".tenantry_probe ();

-- attempt: a tenant from nowhere
SELECT WHERE pg_catalog.current_setting(:'setting', true) OPERATOR(pg_catalog.<>) ''::text;

-- attempt: read statistics
SELECT FROM pg_catalog.pg_statistic LIMIT 1;

-- attempt: read logins
SELECT FROM pg_catalog.pg_authid LIMIT 1;
