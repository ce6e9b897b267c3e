-- The tenant of the transaction and all tenants below it, as an array.
-- Variables: support (schema), type (of the tenant column), context (the expression that gives the tenant),
--     tree_schema, tree_table (a row for each tenant), id (its column of the tenant), parent (that of the tenant above it),
--     system (role).
--
-- It runs as a role that policies do not bind: under the policies of the tree's own table it would ask itself.
-- UNION leaves out what has been found already, so a tenant above itself does not make it run for ever.
-- The new owner of a function needs CREATE on the schema, and has it no longer than that.
CREATE OR REPLACE FUNCTION :"support".tenant_tree() RETURNS :type[]
    LANGUAGE sql
    STABLE
    PARALLEL SAFE
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    RETURN (
        WITH RECURSIVE found (tenant) AS (
            SELECT :context
            UNION
            SELECT cast(below.:"id" AS :type)
            FROM found
                JOIN :"tree_schema".:"tree_table" AS below ON below.:"parent" = found.tenant
        )
        SELECT array_agg(tenant) FROM found
    );

GRANT CREATE ON SCHEMA :"support" TO :"system";

ALTER FUNCTION :"support".tenant_tree() OWNER TO :"system";

REVOKE CREATE ON SCHEMA :"support" FROM :"system";

GRANT EXECUTE ON FUNCTION :"support".tenant_tree() TO PUBLIC;
