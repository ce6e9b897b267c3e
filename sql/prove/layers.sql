-- What shows that each of two layers of policies keeps rows by itself.
-- Variables: relation (quoted), schema, policy, role.

-- attempt: a policy for all
CREATE POLICY tenantry_for_all ON :relation USING (true) WITH CHECK (true);

-- attempt: a role with everything
CREATE ROLE tenantry_guest;
GRANT USAGE ON SCHEMA :"schema" TO tenantry_guest;
GRANT ALL ON :relation TO tenantry_guest;

-- attempt: without
DROP POLICY IF EXISTS :"policy" ON :relation;
