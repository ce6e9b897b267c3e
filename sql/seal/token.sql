-- For whom a token is made, and until when it holds.
-- Variables: type (of the tenant column).
-- Parameters: $1 role that is to bind it, $2 tenant, $3 for how many seconds.
SELECT session_user::text AS login,
    current_catalog::text AS database,
    extract(epoch FROM u.until)::bigint AS expires,
    to_char(u.until AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS until,
    EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = $1) AS role_exists,
    cast(cast($2::text AS :type) AS text) AS tenant
FROM (SELECT date_trunc('second', clock_timestamp() + make_interval(secs => $3))) AS u (until);
