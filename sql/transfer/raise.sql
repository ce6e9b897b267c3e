-- Has a sequence go on behind the largest value that a tenant's rows have.
-- Variables: only, schema, table, own, column, sequence_schema, sequence, name (of the sequence, quoted).
SELECT pg_catalog.setval(:'name'::regclass, m.largest)
FROM (SELECT max(t.:"column") AS largest FROM :only :"schema".:"table" AS t :own) AS m,
    :"sequence_schema".:"sequence" AS s
WHERE m.largest > s.last_value OR m.largest = s.last_value AND NOT s.is_called;
