-- What is tried on a function that finds the tenant of a key, a statement under each name.
-- Variables: call (the function with its arguments), column (quoted), tenant (a literal), columns (an array of names, as a literal).

-- attempt: resolve
SELECT FROM :call AS found;

-- attempt: resolve to its tenant
SELECT FROM :call AS found WHERE found.:column::text OPERATOR(pg_catalog.=) :tenant;

-- attempt: resolve to more columns
SELECT FROM (SELECT * FROM :call) AS found
    CROSS JOIN LATERAL pg_catalog.jsonb_object_keys(pg_catalog.to_jsonb(found)) AS known (name)
WHERE known.name OPERATOR(pg_catalog.<>) ALL (:columns::text[]);
