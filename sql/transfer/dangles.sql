-- Whether a row that the policies show refers to a row that they do not show.
-- Variables: only, schema, table, given (the columns are not NULL), to_schema, to_table, same (they are those of the row referred to).
SELECT EXISTS (
    SELECT FROM :only :"schema".:"table" AS t
    WHERE :given AND NOT EXISTS (SELECT FROM :"to_schema".:"to_table" AS p WHERE :same)
);
