-- The schemas whose tables publications publish. PostgreSQL 15 and newer.
SELECT p.pnpubid AS publication,
       n.nspname
FROM pg_publication_namespace AS p
    JOIN pg_namespace AS n ON n.oid = p.pnnspid;
