-- What objects that are still to be made will grant to others than their owner. No grantee is PUBLIC.
SELECT pg_get_userbyid(d.defaclrole) AS role,
       n.nspname,
       d.defaclobjtype,
       CASE WHEN acl.grantee <> 0 THEN pg_get_userbyid(acl.grantee) END AS grantee,
       acl.privilege_type,
       bool_or(acl.is_grantable) AS grant_option
FROM pg_default_acl AS d
    CROSS JOIN LATERAL aclexplode(d.defaclacl) AS acl
    LEFT JOIN pg_namespace AS n ON n.oid = d.defaclnamespace
WHERE d.defaclobjtype IN ('r', 'S', 'f', 'T', 'n')
  AND acl.grantee <> d.defaclrole
GROUP BY d.oid, n.nspname, acl.grantee, acl.privilege_type;
