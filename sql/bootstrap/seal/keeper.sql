-- Who adds keys and takes them away: the migrator, who reads none of them.
-- Variables: support (schema), migrator (role).
GRANT SELECT (id, added_at, retires_at), INSERT (id, inner_pad, outer_pad), UPDATE (retires_at), DELETE
    ON TABLE :"support".seal_key TO :"migrator";

DROP POLICY IF EXISTS tenantry_keeper ON :"support".seal_key;

CREATE POLICY tenantry_keeper ON :"support".seal_key TO :"migrator" USING (true) WITH CHECK (true);
