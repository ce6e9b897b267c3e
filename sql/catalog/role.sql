-- The roles but the predefined ones.
SELECT r.rolname,
       r.rolsuper,
       r.rolbypassrls,
       r.rolreplication,
       r.rolcreaterole,
       r.rolcreatedb,
       r.rolcanlogin,
       r.rolinherit
FROM pg_roles AS r
WHERE r.rolname !~ '^pg_';
