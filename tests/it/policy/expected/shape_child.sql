-- Child(Child { columns: ["invoice_id", "year"], parent: "erp"."invoice", keys: ["id", "year"], tenant: Some(TenantColumn { name: None, direct: false, as_text: false }) })
CREATE POLICY tenantry_child ON "erp"."invoice_line"
    AS PERMISSIVE
    FOR ALL
    TO "erp_app", "erp_owner"
    USING (EXISTS (SELECT 1 FROM "erp"."invoice" AS "parent" WHERE "parent"."id" = "invoice_line"."invoice_id" AND "parent"."year" = "invoice_line"."year" AND "parent"."tenant_id" = (SELECT "tenantry".tenant_id())))
    WITH CHECK (EXISTS (SELECT 1 FROM "erp"."invoice" AS "parent" WHERE "parent"."id" = "invoice_line"."invoice_id" AND "parent"."year" = "invoice_line"."year" AND "parent"."tenant_id" = (SELECT "tenantry".tenant_id())));

COMMENT ON POLICY tenantry_child ON "erp"."invoice_line" IS 'tenantry: child, version 1';

CREATE POLICY tenantry_floor ON "erp"."invoice_line"
    AS RESTRICTIVE
    FOR ALL
    TO PUBLIC
    USING (EXISTS (SELECT 1 FROM "erp"."invoice" AS "parent" WHERE "parent"."id" = "invoice_line"."invoice_id" AND "parent"."year" = "invoice_line"."year" AND "parent"."tenant_id" = (SELECT "tenantry".tenant_id())))
    WITH CHECK (EXISTS (SELECT 1 FROM "erp"."invoice" AS "parent" WHERE "parent"."id" = "invoice_line"."invoice_id" AND "parent"."year" = "invoice_line"."year" AND "parent"."tenant_id" = (SELECT "tenantry".tenant_id())));

COMMENT ON POLICY tenantry_floor ON "erp"."invoice_line" IS 'tenantry: child, version 1';

-- Child(Child { columns: ["invoice_id", "year"], parent: "erp"."invoice", keys: ["id", "year"], tenant: None })
CREATE POLICY tenantry_child ON "erp"."invoice_line"
    AS PERMISSIVE
    FOR ALL
    TO "erp_app", "erp_owner"
    USING (EXISTS (SELECT 1 FROM "erp"."invoice" AS "parent" WHERE "parent"."id" = "invoice_line"."invoice_id" AND "parent"."year" = "invoice_line"."year"))
    WITH CHECK (EXISTS (SELECT 1 FROM "erp"."invoice" AS "parent" WHERE "parent"."id" = "invoice_line"."invoice_id" AND "parent"."year" = "invoice_line"."year"));

COMMENT ON POLICY tenantry_child ON "erp"."invoice_line" IS 'tenantry: child, version 1';

CREATE POLICY tenantry_floor ON "erp"."invoice_line"
    AS RESTRICTIVE
    FOR ALL
    TO PUBLIC
    USING (EXISTS (SELECT 1 FROM "erp"."invoice" AS "parent" WHERE "parent"."id" = "invoice_line"."invoice_id" AND "parent"."year" = "invoice_line"."year"))
    WITH CHECK (EXISTS (SELECT 1 FROM "erp"."invoice" AS "parent" WHERE "parent"."id" = "invoice_line"."invoice_id" AND "parent"."year" = "invoice_line"."year"));

COMMENT ON POLICY tenantry_floor ON "erp"."invoice_line" IS 'tenantry: child, version 1';

-- Child(Child { columns: ["invoice_id", "year"], parent: "erp"."invoice", keys: ["id", "year"], tenant: Some(TenantColumn { name: None, direct: false, as_text: false }) })
CREATE POLICY tenantry_child ON "erp"."invoice_line"
    AS PERMISSIVE
    FOR ALL
    TO "erp_app", "erp_owner"
    USING (EXISTS (SELECT 1 FROM "erp"."invoice" AS "parent" WHERE "parent"."id" = "invoice_line"."invoice_id" AND "parent"."year" = "invoice_line"."year" AND "parent"."Company" = (SELECT nullif(pg_catalog.current_setting('app.tenant_id', true), ''))))
    WITH CHECK (EXISTS (SELECT 1 FROM "erp"."invoice" AS "parent" WHERE "parent"."id" = "invoice_line"."invoice_id" AND "parent"."year" = "invoice_line"."year" AND "parent"."Company" = (SELECT nullif(pg_catalog.current_setting('app.tenant_id', true), ''))));

COMMENT ON POLICY tenantry_child ON "erp"."invoice_line" IS 'tenantry: child, version 1';

CREATE POLICY tenantry_floor ON "erp"."invoice_line"
    AS RESTRICTIVE
    FOR ALL
    TO PUBLIC
    USING (EXISTS (SELECT 1 FROM "erp"."invoice" AS "parent" WHERE "parent"."id" = "invoice_line"."invoice_id" AND "parent"."year" = "invoice_line"."year" AND "parent"."Company" = (SELECT nullif(pg_catalog.current_setting('app.tenant_id', true), ''))))
    WITH CHECK (EXISTS (SELECT 1 FROM "erp"."invoice" AS "parent" WHERE "parent"."id" = "invoice_line"."invoice_id" AND "parent"."year" = "invoice_line"."year" AND "parent"."Company" = (SELECT nullif(pg_catalog.current_setting('app.tenant_id', true), ''))));

COMMENT ON POLICY tenantry_floor ON "erp"."invoice_line" IS 'tenantry: child, version 1';

-- Child(Child { columns: ["invoice_id", "year"], parent: "erp"."invoice", keys: ["id", "year"], tenant: None })
CREATE POLICY tenantry_child ON "erp"."invoice_line"
    AS PERMISSIVE
    FOR ALL
    TO "erp_app", "erp_owner"
    USING (EXISTS (SELECT 1 FROM "erp"."invoice" AS "parent" WHERE "parent"."id" = "invoice_line"."invoice_id" AND "parent"."year" = "invoice_line"."year"))
    WITH CHECK (EXISTS (SELECT 1 FROM "erp"."invoice" AS "parent" WHERE "parent"."id" = "invoice_line"."invoice_id" AND "parent"."year" = "invoice_line"."year"));

COMMENT ON POLICY tenantry_child ON "erp"."invoice_line" IS 'tenantry: child, version 1';

CREATE POLICY tenantry_floor ON "erp"."invoice_line"
    AS RESTRICTIVE
    FOR ALL
    TO PUBLIC
    USING (EXISTS (SELECT 1 FROM "erp"."invoice" AS "parent" WHERE "parent"."id" = "invoice_line"."invoice_id" AND "parent"."year" = "invoice_line"."year"))
    WITH CHECK (EXISTS (SELECT 1 FROM "erp"."invoice" AS "parent" WHERE "parent"."id" = "invoice_line"."invoice_id" AND "parent"."year" = "invoice_line"."year"));

COMMENT ON POLICY tenantry_floor ON "erp"."invoice_line" IS 'tenantry: child, version 1';