-- Settings that others than superusers may set, or write into the server's configuration; from PostgreSQL 15 on. No grantee is
-- PUBLIC.
SELECT CASE acl.privilege_type WHEN 'SET' THEN 'set' ELSE 'alter system' END AS kind,
       p.parname AS name,
       CASE WHEN acl.grantee <> 0 THEN pg_get_userbyid(acl.grantee) END AS grantee
FROM pg_parameter_acl AS p
    CROSS JOIN LATERAL aclexplode(p.paracl) AS acl
WHERE acl.grantee <> 10;
