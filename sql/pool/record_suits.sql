-- Whether the table that records accesses across tenants is there, and what this role may do with it.
--
-- $1: its name, quoted where it has to be.
SELECT pg_catalog.to_regclass($1) IS NOT NULL AS is_there,
       pg_catalog.has_column_privilege(pg_catalog.to_regclass($1), 'row_count', 'INSERT') AS may_record,
       pg_catalog.has_any_column_privilege(pg_catalog.to_regclass($1), 'UPDATE')
           OR pg_catalog.has_table_privilege(pg_catalog.to_regclass($1), 'DELETE, TRUNCATE, TRIGGER') AS may_change;
