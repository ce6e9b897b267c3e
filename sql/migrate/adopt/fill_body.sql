-- The body of the function that gives rows their tenant: that of the parent, or else, for a new row, the one that is bound.
-- Variables: type (of the tenant column), column, parent_schema, parent_table, parent_column (of its tenant), join (of parent
--     and NEW), bound (an expression).
DECLARE
    found_tenant :type := (
        SELECT parent.:"parent_column"
        FROM :"parent_schema".:"parent_table" AS parent
        WHERE :join
    );
BEGIN
    IF found_tenant IS NULL AND TG_OP = 'INSERT' THEN
        found_tenant := :bound;
    END IF;
    NEW.:"column" := coalesce(found_tenant, NEW.:"column");
    RETURN NEW;
END
