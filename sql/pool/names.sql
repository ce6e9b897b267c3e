-- Whether the server keeps the pool's probe under the name that the driver gave it: s and a number.
SELECT name
FROM pg_catalog.pg_prepared_statements
WHERE statement LIKE '%tenantry.probe%'
  AND name ~ '^s[0-9]+$';
