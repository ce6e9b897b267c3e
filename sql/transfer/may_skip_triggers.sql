-- Whether the login may leave triggers out: superusers may, and from PostgreSQL 15 on who was granted it.
SELECT CASE
    WHEN current_setting('server_version_num')::integer >= 150000
    THEN pg_catalog.has_parameter_privilege('session_replication_role', 'SET')
    ELSE (SELECT r.rolsuper FROM pg_catalog.pg_roles AS r WHERE r.rolname = session_user)
END AS may;
