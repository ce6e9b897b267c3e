-- Who is a member of whom, but for what predefined roles are among themselves.
--
-- Several roles can have granted one membership. Before PostgreSQL 16 a membership itself says nothing of INHERIT, and
-- always allows SET ROLE.
SELECT pg_get_userbyid(m.member) AS member,
       pg_get_userbyid(m.roleid) AS role,
       bool_or(m.admin_option) AS admin,
       bool_or(coalesce((to_jsonb(m) ->> 'inherit_option')::boolean, r.rolinherit)) AS inherit,
       bool_or(coalesce((to_jsonb(m) ->> 'set_option')::boolean, true)) AS set
FROM pg_auth_members AS m
    JOIN pg_roles AS r ON r.oid = m.member
WHERE r.rolname !~ '^pg_'
GROUP BY m.member, m.roleid;
