-- Rights that reach past tables, and that nobody but superusers has unless somebody gave them away: functions that read and write
-- the server's files or log in from its side, foreign servers with a login for whoever may use them. No grantee is PUBLIC.
SELECT 'execute' AS kind,
       p.proname AS name,
       CASE WHEN acl.grantee <> 0 THEN pg_get_userbyid(acl.grantee) END AS grantee
FROM pg_proc AS p
    JOIN pg_namespace AS n ON n.oid = p.pronamespace
    CROSS JOIN LATERAL aclexplode(p.proacl) AS acl
WHERE acl.grantee <> p.proowner
  AND CASE n.nspname
          WHEN 'pg_catalog' THEN p.proname IN ('pg_read_file', 'pg_read_binary_file', 'lo_import', 'lo_export')
          ELSE p.proname = 'dblink_connect_u'
               AND EXISTS (SELECT FROM pg_depend AS d
                           WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
      END
UNION
SELECT 'foreign server',
       s.srvname,
       CASE WHEN acl.grantee <> 0 THEN pg_get_userbyid(acl.grantee) END
FROM pg_foreign_server AS s
    CROSS JOIN LATERAL aclexplode(s.srvacl) AS acl
WHERE acl.grantee <> s.srvowner
  AND EXISTS (SELECT FROM pg_user_mappings AS m WHERE m.srvid = s.oid AND m.umuser IN (0, acl.grantee));
