-- What others than the owner may do with relations, columns, schemas, functions and types. No grantee is PUBLIC.
--
-- Several roles can have granted one privilege.
SELECT 'relation' AS kind,
       c.oid,
       NULL AS attname,
       CASE WHEN acl.grantee <> 0 THEN pg_get_userbyid(acl.grantee) END AS grantee,
       acl.privilege_type,
       bool_or(acl.is_grantable) AS grant_option
FROM pg_class AS c
    CROSS JOIN LATERAL aclexplode(c.relacl) AS acl
WHERE c.oid >= 16384
  AND acl.grantee <> c.relowner
GROUP BY c.oid, acl.grantee, acl.privilege_type
UNION ALL
SELECT 'relation',
       c.oid,
       a.attname,
       CASE WHEN acl.grantee <> 0 THEN pg_get_userbyid(acl.grantee) END,
       acl.privilege_type,
       bool_or(acl.is_grantable)
FROM pg_attribute AS a
    JOIN pg_class AS c ON c.oid = a.attrelid
    CROSS JOIN LATERAL aclexplode(a.attacl) AS acl
WHERE a.attrelid >= 16384
  AND NOT a.attisdropped
  AND acl.grantee <> c.relowner
GROUP BY c.oid, a.attname, acl.grantee, acl.privilege_type
UNION ALL
SELECT 'schema',
       n.oid,
       NULL,
       CASE WHEN acl.grantee <> 0 THEN pg_get_userbyid(acl.grantee) END,
       acl.privilege_type,
       bool_or(acl.is_grantable)
FROM pg_namespace AS n
    CROSS JOIN LATERAL aclexplode(n.nspacl) AS acl
WHERE acl.grantee <> n.nspowner
GROUP BY n.oid, acl.grantee, acl.privilege_type
UNION ALL
SELECT 'function',
       p.oid,
       NULL,
       CASE WHEN acl.grantee <> 0 THEN pg_get_userbyid(acl.grantee) END,
       acl.privilege_type,
       bool_or(acl.is_grantable)
FROM pg_proc AS p
    -- A new one grants something.
    CROSS JOIN LATERAL aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) AS acl
WHERE p.oid >= 16384
  AND acl.grantee <> p.proowner
GROUP BY p.oid, acl.grantee, acl.privilege_type
UNION ALL
SELECT 'type',
       t.oid,
       NULL,
       CASE WHEN acl.grantee <> 0 THEN pg_get_userbyid(acl.grantee) END,
       acl.privilege_type,
       bool_or(acl.is_grantable)
FROM pg_type AS t
    -- So does a new one of these.
    CROSS JOIN LATERAL aclexplode(coalesce(t.typacl, acldefault('T', t.typowner))) AS acl
WHERE t.oid >= 16384
  AND acl.grantee <> t.typowner
GROUP BY t.oid, acl.grantee, acl.privilege_type;
