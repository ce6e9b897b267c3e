-- The function that tells the tenant of a row, by an expression in which the row's columns are visible, and the row by the name
-- of its table.
-- Variables: support (schema), function, schema, table, type (of the tenant column), expression, path (where its names are
--     looked up).
--
-- The names in it are looked up here and now, by the server, which keeps what they mean: nothing that is made later can take
-- their place.
SELECT pg_catalog.set_config('search_path', :'path', true);

CREATE FUNCTION :"support".:"function"(:"schema".:"table") RETURNS :type
    LANGUAGE sql
    STABLE
    RETURN (
        SELECT cast((
            :expression
        ) AS :type)
        FROM (SELECT ($1).*) AS :"table"
    );

SET LOCAL search_path = pg_catalog, pg_temp;

REVOKE ALL ON FUNCTION :"support".:"function"(:"schema".:"table") FROM PUBLIC;
