-- Which tables have no page, and so no row. Whether a role sees rows does not matter to that.
-- Parameter: $1, the names of tables, as SQL writes them.
--
-- Left out is what may keep its rows elsewhere: what is partitioned, has heirs or lies with another access method, and all tables
-- of a database with Citus.
SELECT asked.name
FROM unnest($1) AS asked (name)
JOIN pg_class AS own ON own.oid = to_regclass(asked.name)
WHERE own.relkind = 'r'
    AND own.relam = (SELECT method.oid FROM pg_am AS method WHERE method.amname = 'heap')
    AND NOT EXISTS (SELECT FROM pg_inherits AS heir WHERE heir.inhparent = own.oid)
    AND NOT EXISTS (SELECT FROM pg_extension AS extension WHERE extension.extname = 'citus')
    AND pg_relation_size(own.oid) = 0;
