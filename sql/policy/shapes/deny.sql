-- Rows that nobody reaches whom policies bind.
-- Variables: schema, table.
--
-- Without a permissive policy there is nothing to begin with. The restrictive one is for the day when there is one.
CREATE POLICY tenantry_floor ON :"schema".:"table"
    AS RESTRICTIVE
    FOR ALL
    TO PUBLIC
    USING (false)
    WITH CHECK (false);

COMMENT ON POLICY tenantry_floor ON :"schema".:"table" IS 'tenantry: deny, version 1';
