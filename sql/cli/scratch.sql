-- The database that a copy is made of, and copies that somebody left.
SELECT pg_catalog.pg_encoding_to_char(d.encoding)::text AS encoding,
       d.datcollate::text AS collate,
       d.datctype::text AS ctype,
       ARRAY(
           SELECT o.datname::text FROM pg_catalog.pg_database AS o
           WHERE o.datname LIKE 'tenantry\_scratch\_%'
             AND o.datdba = (SELECT r.oid FROM pg_catalog.pg_roles AS r WHERE r.rolname = current_user)
             AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_activity AS a WHERE a.datid = o.oid)
       ) AS left_over
FROM pg_catalog.pg_database AS d
WHERE d.datname = pg_catalog.current_database();
