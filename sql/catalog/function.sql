-- The functions, procedures, aggregates and window functions.
SELECT p.oid,
       n.nspname,
       p.proname,
       p.prokind,
       pg_get_userbyid(p.proowner) AS owner,
       l.lanname,
       ARRAY(
           SELECT format_type(t.oid, NULL)
           FROM unnest(p.proargtypes) WITH ORDINALITY AS t (oid, position)
           ORDER BY t.position
       ) AS input_types,
       ARRAY(
           SELECT format_type(t.oid, NULL)
           FROM unnest(coalesce(p.proallargtypes, p.proargtypes::oid[])) WITH ORDINALITY AS t (oid, position)
           ORDER BY t.position
       ) AS argument_types,
       p.proargmodes,
       p.proargnames,
       pg_get_function_result(p.oid) AS result,
       p.provolatile,
       p.proparallel,
       p.prosecdef,
       p.proleakproof,
       p.proisstrict,
       p.proconfig,
       p.prosrc,
       pg_get_function_sqlbody(p.oid) AS standard_body,
       obj_description(p.oid, 'pg_proc') AS comment,
       e.extname
FROM pg_proc AS p
    JOIN pg_namespace AS n ON n.oid = p.pronamespace
    JOIN pg_language AS l ON l.oid = p.prolang
    LEFT JOIN pg_depend AS d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
    LEFT JOIN pg_extension AS e ON e.oid = d.refobjid
WHERE n.nspname NOT IN ('pg_catalog', 'information_schema')
  AND n.nspname !~ '^pg_(toast|temp_)';
