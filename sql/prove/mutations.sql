-- What weakens a schema, under the name of each mutation.
-- Variables: relation (quoted), policy, condition (its condition), column (one that is no tenant's), setting, app (the role),
--     role (another one), tenant (the tenant column), value (a tenant), key (a foreign key), columns and referenced (its columns
--     without the tenant's), parent (quoted), name (of an index), schema, database.

-- mutation: drop policy
DROP POLICY :"policy" ON :relation;

-- mutation: using true
ALTER POLICY :"policy" ON :relation USING (true);

-- mutation: with check true
ALTER POLICY :"policy" ON :relation WITH CHECK (true);

-- mutation: or another column
ALTER POLICY :"policy" ON :relation USING ((:condition) OR :column IS NOT NULL);

-- mutation: or no tenant
ALTER POLICY :"policy" ON :relation USING (CASE WHEN pg_catalog.current_setting(:'setting', true) = '' THEN true ELSE (:condition) END);

-- mutation: to one role
ALTER POLICY :"policy" ON :relation TO :"app";

-- mutation: permissive copy
CREATE POLICY tenantry_mutation ON :relation USING (true) WITH CHECK (true);

-- mutation: no force
ALTER TABLE :relation NO FORCE ROW LEVEL SECURITY;

-- mutation: disable
ALTER TABLE :relation DISABLE ROW LEVEL SECURITY;

-- mutation: owned by app
ALTER TABLE :relation OWNER TO :"app";

-- mutation: grant truncate
GRANT TRUNCATE ON :relation TO :"app";

-- mutation: grant references
GRANT REFERENCES ON :relation TO :"app";

-- mutation: grant trigger
GRANT TRIGGER ON :relation TO :"app";

-- mutation: grant maintain
GRANT MAINTAIN ON :relation TO :"app";

-- mutation: grant select
GRANT SELECT ON :relation TO :"app";

-- mutation: grant update on the sequence
GRANT UPDATE ON SEQUENCE :relation TO :"app";

-- mutation: revoke all
REVOKE ALL ON :relation FROM :"app", PUBLIC;

-- mutation: constant default
ALTER TABLE :relation ALTER COLUMN :tenant SET DEFAULT :value;

-- mutation: key without the tenant
ALTER TABLE :relation DROP CONSTRAINT :"key";
ALTER TABLE :relation ADD CONSTRAINT :"key" FOREIGN KEY (:columns) REFERENCES :parent (:referenced) ON DELETE CASCADE;

-- mutation: unique without the tenant
CREATE UNIQUE INDEX :"name" ON :relation (:columns);

-- mutation: invoker off
ALTER VIEW :relation OWNER TO CURRENT_USER;
ALTER VIEW :relation SET (security_invoker = false);

-- mutation: security definer
ALTER FUNCTION :relation SECURITY DEFINER;
ALTER FUNCTION :relation OWNER TO CURRENT_USER;

-- mutation: large objects without privileges
SET LOCAL lo_compat_privileges = on;

-- mutation: a large object for all
SELECT pg_catalog.lo_create(4294967295);
GRANT SELECT ON LARGE OBJECT 4294967295 TO :"app";

-- mutation: default tenant of the role
ALTER ROLE :"app" IN DATABASE :"database" SET :"setting" = :'value';

-- mutation: default tenant of the database
ALTER DATABASE :"database" SET :"setting" = :'value';

-- mutation: no default tenant
ALTER ROLE :"app" IN DATABASE :"database" RESET :"setting";
ALTER DATABASE :"database" RESET :"setting";

-- mutation: bypassrls
ALTER ROLE :"app" BYPASSRLS;

-- mutation: superuser
ALTER ROLE :"app" SUPERUSER;

-- mutation: member of
GRANT :"role" TO :"app";

-- mutation: create in
GRANT CREATE ON SCHEMA :"schema" TO :"app";
