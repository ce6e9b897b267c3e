-- The relations that rewrite rules name, their own excepted.
--
-- Those of pg_catalog are not among them: the server does not keep track of what needs them.
SELECT DISTINCT r.oid AS rule,
       n.nspname,
       c.relname
FROM pg_rewrite AS r
    JOIN pg_depend AS d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
    JOIN pg_class AS c ON c.oid = d.refobjid
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE r.ev_class >= 16384
  AND d.refclassid = 'pg_class'::regclass
  AND d.refobjid <> r.ev_class
  AND c.relkind IN ('r', 'p', 'v', 'm', 'f');
