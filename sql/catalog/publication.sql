-- The publications.
SELECT p.oid,
       p.pubname,
       p.puballtables
FROM pg_publication AS p;
