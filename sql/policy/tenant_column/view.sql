-- A view that reads with the rights of the one who asks.
-- Variables: schema, view, writers (a list of roles).
DO $$
BEGIN
    IF current_setting('server_version_num')::integer < 150000 THEN
        RAISE EXCEPTION USING
            ERRCODE = 'TN002',
            MESSAGE = format('a view reads with the rights of its owner before PostgreSQL 15; found %s',
                             current_setting('server_version')),
            HINT = 'leave the view out and revoke it from the app role, or upgrade the server';
    END IF;
END
$$;

ALTER VIEW :"schema".:"view" SET (security_invoker = true, security_barrier = true);

GRANT SELECT ON TABLE :"schema".:"view" TO :writers;
