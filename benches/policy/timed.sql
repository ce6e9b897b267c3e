-- Runs a statement within the server, once for each i of 0 to last in each pass. Its plan is kept as that of
-- a prepared statement is.
CREATE FUNCTION {schema}.{function}(passes integer, last integer, tenant bigint, start bigint) RETURNS void
    LANGUAGE plpgsql
    SET search_path = {schema}
AS $function$
BEGIN
    FOR pass IN 1..passes LOOP
        FOR i IN 0..last LOOP
            {statement};
        END LOOP;
    END LOOP;
END
$function$;

GRANT EXECUTE ON FUNCTION {schema}.{function}(integer, integer, bigint, bigint) TO PUBLIC;
