-- Deny
CREATE POLICY tenantry_floor ON "erp"."secret"
    AS RESTRICTIVE
    FOR ALL
    TO PUBLIC
    USING (false)
    WITH CHECK (false);

COMMENT ON POLICY tenantry_floor ON "erp"."secret" IS 'tenantry: deny, version 1';

-- Deny
CREATE POLICY tenantry_floor ON "erp"."secret"
    AS RESTRICTIVE
    FOR ALL
    TO PUBLIC
    USING (false)
    WITH CHECK (false);

COMMENT ON POLICY tenantry_floor ON "erp"."secret" IS 'tenantry: deny, version 1';