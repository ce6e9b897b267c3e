-- Rows that belong to whoever the row that they refer to belongs to.
-- Variables: schema, table, parent_schema, parent_table, alias (of the parent; not the name of the table),
--     match (what makes a row of the parent the one, such as parent.id = invoice_line.invoice_id),
--     roles (a list, such as "app", "owner").
--
-- The policies of the parent hold inside the subselect as well, for the role that runs the statement.
CREATE POLICY tenantry_child ON :"schema".:"table"
    AS PERMISSIVE
    FOR ALL
    TO :roles
    USING (EXISTS (SELECT 1 FROM :"parent_schema".:"parent_table" AS :alias WHERE :match))
    WITH CHECK (EXISTS (SELECT 1 FROM :"parent_schema".:"parent_table" AS :alias WHERE :match));

COMMENT ON POLICY tenantry_child ON :"schema".:"table" IS 'tenantry: child, version 1';

CREATE POLICY tenantry_floor ON :"schema".:"table"
    AS RESTRICTIVE
    FOR ALL
    TO PUBLIC
    USING (EXISTS (SELECT 1 FROM :"parent_schema".:"parent_table" AS :alias WHERE :match))
    WITH CHECK (EXISTS (SELECT 1 FROM :"parent_schema".:"parent_table" AS :alias WHERE :match));

COMMENT ON POLICY tenantry_floor ON :"schema".:"table" IS 'tenantry: child, version 1';
