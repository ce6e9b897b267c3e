-- A function that gives what is bound and sealed. It belongs to the role that reads the keys, which nobody can become.
-- Variables: support (schema), name (of the function), type (of what is bound), body, comment, sealer (role).
--
-- A worker of a parallel plan is another process than the one that a seal is for, so it is its leader that calls this.
--
-- The new owner of a function needs CREATE on the schema, and has it no longer than that.
CREATE OR REPLACE FUNCTION :"support".:"name"() RETURNS :type
    LANGUAGE plpgsql
    STABLE
    PARALLEL RESTRICTED
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS :'body';

GRANT CREATE ON SCHEMA :"support" TO :"sealer";

ALTER FUNCTION :"support".:"name"() OWNER TO :"sealer";

REVOKE CREATE ON SCHEMA :"support" FROM :"sealer";

COMMENT ON FUNCTION :"support".:"name"() IS :'comment';

GRANT EXECUTE ON FUNCTION :"support".:"name"() TO PUBLIC;
