-- Writes into the server's log what the transaction's setting tenantry.seal_token says.
DO $$
BEGIN
    RAISE LOG '%', current_setting('tenantry.seal_token');
END
$$;
