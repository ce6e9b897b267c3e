-- The rewrite rules, what makes a view a view included.
SELECT r.oid,
       r.ev_class AS relation,
       r.rulename,
       r.ev_type,
       r.is_instead,
       r.ev_enabled IN ('O', 'A') AS enabled
FROM pg_rewrite AS r
WHERE r.ev_class >= 16384;
