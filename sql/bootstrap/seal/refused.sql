-- An error says that nothing is bound, or why the seal does not hold. Only who has a valid one hears more than that it is none.
-- Variables: support (schema), setting (its name).
    PERFORM :"support".no_tenant(:'setting') WHERE part[1] IS NULL;
    PERFORM :"support".not_sealed(:'setting', CASE
        WHEN mac IS NULL OR part[5] IS NULL OR part[6] IS NOT NULL
            OR hashtextextended(mac, 0) <> hashtextextended(part[5], 0) OR mac <> part[5] THEN 'key'
        WHEN to_timestamp(part[2]::float8) > current_timestamp THEN 'backend'
        ELSE 'expired'
    END);
