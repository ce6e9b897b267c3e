-- Lists the rows whose period no rows of the same tenant cover that they refer to.
-- Variables: schema, table, referenced_schema, referenced_table, join (of t and parent, the periods left out), named (whether
--     all columns of the key have values, of t), period (a column), referenced_period (a column).
SELECT t.*
FROM :"schema".:"table" AS t
WHERE :named
    AND NOT coalesce(t.:"period" <@ (
        SELECT range_agg(parent.:"referenced_period")
        FROM :"referenced_schema".:"referenced_table" AS parent
        WHERE :join
    ), false);
