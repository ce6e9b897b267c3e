-- Policies that others take for holes, and that are none, each in place of the policy of a well-kept table `kept`.

-- seed: without WITH CHECK the condition of USING is asked of what is written
-- kept
DROP POLICY {t}_tenant ON {t};
CREATE POLICY p ON {t} TO erp_app USING (tenant_id = (SELECT {tenant}));

-- seed: for everybody, and bound to the tenant
-- kept
DROP POLICY {t}_tenant ON {t};
CREATE POLICY p ON {t} USING (tenant_id = (SELECT {tenant}));

-- seed: evaluated once, whatever stands around it
-- kept
DROP POLICY {t}_tenant ON {t};
CREATE POLICY p ON {t} TO erp_app USING ((((tenant_id) = ((SELECT (NULLIF((current_setting('app.tenant_id'::text, TRUE)), ''::text))::uuid)))));

-- seed: without a condition nothing is allowed
-- kept
CREATE POLICY p ON {t} TO erp_app;

-- seed: the other way round
-- kept
DROP POLICY {t}_tenant ON {t};
CREATE POLICY p ON {t} TO erp_app USING ((SELECT {tenant}) = tenant_id AND name <> '');

-- seed: a policy for each command
-- kept
DROP POLICY {t}_tenant ON {t};
CREATE POLICY s ON {t} FOR SELECT TO erp_app USING (tenant_id = (SELECT {tenant}));
CREATE POLICY i ON {t} FOR INSERT TO erp_app WITH CHECK (tenant_id = (SELECT {tenant}));
CREATE POLICY u ON {t} FOR UPDATE TO erp_app USING (tenant_id = (SELECT {tenant}));
CREATE POLICY d ON {t} FOR DELETE TO erp_app USING (tenant_id = (SELECT {tenant}));

-- seed: a helper of one's own
-- kept
DROP POLICY {t}_tenant ON {t};
CREATE FUNCTION current_tenant() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE AS $$ SELECT {tenant} $$;
CREATE POLICY p ON {t} TO erp_app USING (tenant_id = (SELECT current_tenant()));
