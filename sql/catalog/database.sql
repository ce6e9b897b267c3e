-- Who owns the database, and what others may do with it. No grantee is PUBLIC.
--
-- There is one row for each privilege, and one without a privilege where others have none.
SELECT d.datname,
       pg_get_userbyid(d.datdba) AS owner,
       CASE WHEN acl.grantee <> 0 THEN pg_get_userbyid(acl.grantee) END AS grantee,
       acl.privilege_type,
       bool_or(acl.is_grantable) AS grant_option
FROM pg_database AS d
    LEFT JOIN LATERAL aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) AS acl
        ON acl.grantee <> d.datdba
WHERE d.datname = current_database()
GROUP BY d.oid, d.datname, d.datdba, acl.grantee, acl.privilege_type;
