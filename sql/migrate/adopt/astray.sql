-- Lists the rows that refer to a row of another tenant's, or to none.
-- Variables: schema, table, referenced_schema, referenced_table, join (of t and parent), named (whether all columns of the key
--     have values, of t).
SELECT t.*
FROM :"schema".:"table" AS t
WHERE :named
    AND NOT EXISTS (
        SELECT
        FROM :"referenced_schema".:"referenced_table" AS parent
        WHERE :join
    );
