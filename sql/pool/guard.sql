-- What speaks against the role of this connection. One row a finding; the first row names the role and the server,
-- and some of the others tell what the pool has to know about the server.
--
-- $1: the setting that carries the tenant, such as 'app.tenant_id'.
-- $2: the process that the connection was told of.
--
-- Both the role that logged in and the role in force are looked at, for RESET ROLE leads from one to the other.
-- pg_has_role(.., 'MEMBER') covers every way to another role's rights, direct or not, inherited or by SET ROLE.
WITH me AS (
    SELECT r.oid, r.rolname
    FROM pg_catalog.pg_roles r
    WHERE r.rolname IN (session_user, current_user)
),
reachable AS (
    SELECT DISTINCT r.*
    FROM pg_catalog.pg_roles r
    JOIN me ON pg_catalog.pg_has_role(me.oid, r.oid, 'MEMBER')
    -- A superuser is a member of everything; that it is one says all.
    WHERE r.oid IN (SELECT oid FROM me)
       OR NOT EXISTS (SELECT FROM pg_catalog.pg_roles s JOIN me USING (oid) WHERE s.rolsuper)
),
exposed AS (
    SELECT c.relowner, pg_catalog.min(pg_catalog.format('%I.%I', n.nspname, c.relname)) AS example
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p')
      AND NOT c.relforcerowsecurity
      AND (c.relrowsecurity OR EXISTS (SELECT FROM pg_catalog.pg_policy p WHERE p.polrelid = c.oid))
    GROUP BY c.relowner
)
SELECT 'role' AS finding, current_user::text AS role,
       pg_catalog.current_setting('server_version_num') || ' ' || pg_catalog.current_setting('server_version') AS object
UNION ALL
-- What the request that carries this query has set ahead of it, if that has arrived.
SELECT 'canary', current_user::text, pg_catalog.current_setting('tenantry.canary', true)
UNION ALL
-- Which process answers. Behind a pooler it is not the one that the connection was told of.
SELECT 'backend', current_user::text, pg_catalog.pg_backend_pid()::text
UNION ALL
-- As whom it is logged in, whatever role is in force, and the functions that take sealed tenants, if any do.
SELECT 'session', session_user::text, pg_catalog.current_database()::text
UNION ALL
SELECT 'seal', pg_catalog.quote_ident(n.nspname), pg_catalog.obj_description(p.oid, 'pg_proc')
FROM pg_catalog.pg_proc p
JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
WHERE p.proname = 'tenant_id' AND p.pronargs = 0
  AND pg_catalog.obj_description(p.oid, 'pg_proc') LIKE 'tenantry: sealed%'
UNION ALL
-- A temporary table stands before every other unless the path names its schema; in the last place it stands before
-- none. Where a pooler stands between, the session is not ours alone, and is left as it is.
SELECT 'path', current_user::text,
       pg_catalog.set_config('search_path', pg_catalog.concat_ws(', ', nullif(path, ''), 'pg_temp'), false)
FROM pg_catalog.current_setting('search_path') AS path
WHERE pg_catalog.pg_backend_pid() = $2 AND path !~ '\mpg_temp\M'
UNION ALL
SELECT 'citus', current_user::text, extversion FROM pg_catalog.pg_extension WHERE extname = 'citus'
UNION ALL
SELECT 'superuser', rolname::text, NULL FROM reachable WHERE rolsuper
UNION ALL
SELECT 'bypassrls', rolname::text, NULL FROM reachable WHERE rolbypassrls AND NOT rolsuper
UNION ALL
SELECT 'replication', rolname::text, NULL FROM reachable WHERE rolreplication AND NOT rolsuper
UNION ALL
-- Before PostgreSQL 16, CREATEROLE could grant itself membership in any role but a superuser.
SELECT 'createrole', rolname::text, NULL FROM reachable
WHERE rolcreaterole AND NOT rolsuper AND pg_catalog.current_setting('server_version_num')::integer < 160000
UNION ALL
SELECT 'server files', rolname::text, NULL FROM reachable
WHERE rolname IN ('pg_read_server_files', 'pg_write_server_files', 'pg_execute_server_program')
UNION ALL
-- Nobody but a superuser may call these unless somebody was let. The server's files hold every row, and a session that is
-- opened from the server's side can be anybody's.
SELECT 'server function', r.rolname::text,
       pg_catalog.format('%I.%I(%s)', n.nspname, p.proname, pg_catalog.pg_get_function_identity_arguments(p.oid))
FROM pg_catalog.pg_proc p
JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
JOIN reachable r ON pg_catalog.has_function_privilege(r.oid, p.oid, 'EXECUTE')
WHERE NOT r.rolsuper
  AND p.proname IN ('pg_read_file', 'pg_read_binary_file', 'lo_import', 'lo_export', 'dblink_connect_u')
  AND CASE n.nspname
          WHEN 'pg_catalog' THEN p.proname <> 'dblink_connect_u'
          ELSE p.proname = 'dblink_connect_u'
               AND EXISTS (SELECT FROM pg_catalog.pg_depend d
                           WHERE d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass::pg_catalog.oid
                             AND d.objid = p.oid AND d.deptype = 'e')
      END
UNION ALL
SELECT 'owner', r.rolname::text, e.example FROM exposed e JOIN reachable r ON r.oid = e.relowner WHERE NOT r.rolsuper
UNION ALL
SELECT 'preset tenant', current_user::text, NULL
WHERE pg_catalog.current_setting($1, true) <> ''
UNION ALL
-- These are bound by policies, and are told of once.
SELECT 'forced owner', r.rolname::text, pg_catalog.min(pg_catalog.format('%I.%I', n.nspname, c.relname))
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN reachable r ON r.oid = c.relowner
WHERE c.relkind IN ('r', 'p') AND c.relforcerowsecurity AND NOT r.rolsuper
GROUP BY r.rolname
UNION ALL
SELECT 'all data', rolname::text, NULL FROM reachable WHERE rolname IN ('pg_read_all_data', 'pg_write_all_data');
