-- The rows of a table that the policies show, or those of them that carry the tenant.
-- Variables: columns, only (ONLY, where rows of tables that inherit are not its own), schema, table, own (WHERE …, or nothing), order.
COPY (SELECT :columns FROM :only :"schema".:"table" AS t :own ORDER BY :order) TO STDOUT;
