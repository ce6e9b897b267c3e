-- The search_path that sessions of the app role begin with in this database, if something is said of it; see
-- https://www.postgresql.org/docs/current/sql-alterrole.html for what goes before what.
-- Parameters: $1, the app role.
SELECT pg_catalog.substr(said.setting, pg_catalog.length('search_path=') + 1) AS path
FROM pg_catalog.pg_db_role_setting AS s
    CROSS JOIN LATERAL pg_catalog.unnest(s.setconfig) AS said (setting)
    LEFT JOIN pg_catalog.pg_roles AS r ON r.oid = s.setrole
    LEFT JOIN pg_catalog.pg_database AS d ON d.oid = s.setdatabase
WHERE pg_catalog.starts_with(said.setting, 'search_path=')
    AND (s.setrole = 0::oid OR r.rolname = $1)
    AND (s.setdatabase = 0::oid OR d.datname = pg_catalog.current_database())
ORDER BY s.setrole = 0::oid, s.setdatabase = 0::oid
LIMIT 1;
