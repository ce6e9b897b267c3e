-- Who runs migrations, and whom it can become.
-- Parameters: $1 owner, $2 system, $3 app (names of roles, or NULL), $4 how a member becomes a role: SET from PostgreSQL 16 on,
--     MEMBER before.
SELECT
    r.rolname::text AS name,
    r.rolsuper AS superuser,
    r.rolsuper OR r.rolbypassrls AS bypasses,
    coalesce((SELECT pg_catalog.pg_has_role(o.oid, $4) FROM pg_catalog.pg_roles AS o WHERE o.rolname = $1), false) AS owner,
    coalesce((SELECT pg_catalog.pg_has_role(s.oid, $4) AND (s.rolsuper OR s.rolbypassrls)
              FROM pg_catalog.pg_roles AS s WHERE s.rolname = $2), false) AS system,
    EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = $3) AS app_exists,
    coalesce((SELECT pg_catalog.pg_has_role(a.oid, $4) FROM pg_catalog.pg_roles AS a WHERE a.rolname = $3), false) AS app
FROM pg_catalog.pg_roles AS r
WHERE r.rolname = session_user;
