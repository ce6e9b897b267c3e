-- Whether the login may leave triggers out, from PostgreSQL 15 on.
SELECT pg_catalog.has_parameter_privilege('session_replication_role', 'SET');
