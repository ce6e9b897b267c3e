-- The body of the function that gives rows their tenant: what the expression tells, or else, for a new row, the one that is
-- bound. A row that had a tenant keeps it where nothing changes what the expression tells.
-- Variables: type (of the tenant column), column, support (schema), tell (the function of the expression), bound (an
--     expression).
--
-- A row for which the expression fails has no tenant, and its writer no error.
DECLARE
    found_tenant :type;
BEGIN
    BEGIN
        found_tenant := :"support".:"tell"(NEW);
        IF TG_OP = 'UPDATE' AND NEW.:"column" IS NOT NULL
            AND found_tenant IS NOT DISTINCT FROM :"support".:"tell"(OLD) THEN
            RETURN NEW;
        END IF;
    EXCEPTION
        WHEN data_exception OR cardinality_violation THEN
            found_tenant := NULL;
    END;
    IF found_tenant IS NULL AND TG_OP = 'INSERT' THEN
        found_tenant := :bound;
    END IF;
    NEW.:"column" := coalesce(found_tenant, NEW.:"column");
    RETURN NEW;
END
