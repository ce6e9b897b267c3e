-- The tables that publications name.
SELECT r.prpubid AS publication,
       n.nspname,
       c.relname,
       -- From PostgreSQL 15 on a column of r; before that, the one that stands beside it.
       (SELECT pg_get_expr(prqual, prrelid) FROM (SELECT r.*) AS named) AS filter
FROM pg_publication_rel AS r
    JOIN pg_class AS c ON c.oid = r.prrelid
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    CROSS JOIN (SELECT NULL::pg_node_tree AS prqual) AS before_15;
