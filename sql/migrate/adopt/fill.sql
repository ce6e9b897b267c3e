-- Gives rows that are written their tenant, for as long as services do not know of it.
-- Variables: schema, table, column (of the tenant), support (schema), function, body (see fill_body.sql), moved (whether the
--     row refers to another parent now, of OLD and NEW).
--
-- The function runs with the rights of the one who adopts: those who write need not be able to read the parent, and policies
-- may keep it from them. Nobody else may make a trigger of it. The triggers run after those of others, which may set the keys
-- that lead to the parent, by their names.
CREATE FUNCTION :"support".:"function"() RETURNS trigger
    LANGUAGE plpgsql
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS :'body';

REVOKE ALL ON FUNCTION :"support".:"function"() FROM PUBLIC;

CREATE TRIGGER zz_tenantry_insert
    BEFORE INSERT ON :"schema".:"table"
    FOR EACH ROW
    WHEN (NEW.:"column" IS NULL)
    EXECUTE FUNCTION :"support".:"function"();

CREATE TRIGGER zz_tenantry_update
    BEFORE UPDATE ON :"schema".:"table"
    FOR EACH ROW
    WHEN (NEW.:"column" IS NULL OR (NEW.:"column" IS NOT DISTINCT FROM OLD.:"column" AND (:moved)))
    EXECUTE FUNCTION :"support".:"function"();
