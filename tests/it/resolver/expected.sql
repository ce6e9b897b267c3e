-- schema "Odd schema": USAGE for erp_resolver
GRANT USAGE ON SCHEMA "Odd schema" TO "erp_resolver";
-- down
REVOKE USAGE ON SCHEMA "Odd schema" FROM "erp_resolver";

-- schema erp: USAGE for erp_resolver
GRANT USAGE ON SCHEMA "erp" TO "erp_resolver";
-- down
REVOKE USAGE ON SCHEMA "erp" FROM "erp_resolver";

-- "Odd schema"."web hook": SELECT ("Tenant"), SELECT ("the ""token""") for erp_resolver
GRANT SELECT ("Tenant"), SELECT ("the ""token""") ON TABLE "Odd schema"."web hook" TO "erp_resolver";
-- down
REVOKE SELECT ("Tenant"), SELECT ("the ""token""") ON TABLE "Odd schema"."web hook" FROM "erp_resolver";

-- erp.company: SELECT (id), SELECT (slug) for erp_resolver
GRANT SELECT ("id"), SELECT ("slug") ON TABLE "erp"."company" TO "erp_resolver";
-- down
REVOKE SELECT ("id"), SELECT ("slug") ON TABLE "erp"."company" FROM "erp_resolver";

-- erp.company_host: SELECT (host), SELECT (tenant_id) for erp_resolver
GRANT SELECT ("host"), SELECT ("tenant_id") ON TABLE "erp"."company_host" TO "erp_resolver";
-- down
REVOKE SELECT ("host"), SELECT ("tenant_id") ON TABLE "erp"."company_host" FROM "erp_resolver";

-- erp.domain: SELECT (company), SELECT (name) for erp_resolver
GRANT SELECT ("company"), SELECT ("name") ON TABLE "erp"."domain" TO "erp_resolver";
-- down
REVOKE SELECT ("company"), SELECT ("name") ON TABLE "erp"."domain" FROM "erp_resolver";

-- erp.login: SELECT (email), SELECT (id), SELECT (realm), SELECT (tenant_id) for erp_resolver
GRANT SELECT ("email"), SELECT ("id"), SELECT ("realm"), SELECT ("tenant_id") ON TABLE "erp"."login" TO "erp_resolver";
-- down
REVOKE SELECT ("email"), SELECT ("id"), SELECT ("realm"), SELECT ("tenant_id") ON TABLE "erp"."login" FROM "erp_resolver";

-- function tenantry."tenant of ""token"""(bytea): gives erp_app "Tenant" by "the ""token"""
CREATE FUNCTION "tenantry"."tenant of ""token"""("the ""token""" bytea) RETURNS TABLE ("Tenant" uuid)
    LANGUAGE sql
    STABLE
    STRICT
    PARALLEL SAFE
    SECURITY DEFINER
    ROWS 1
    SET search_path = pg_catalog, pg_temp
AS $$SELECT found."Tenant" FROM ONLY "Odd schema"."web hook" AS found WHERE found."the ""token""" = $1$$;

REVOKE EXECUTE ON ROUTINE "tenantry"."tenant of ""token"""(bytea) FROM PUBLIC;

GRANT EXECUTE ON ROUTINE "tenantry"."tenant of ""token"""(bytea) TO "erp_app";

GRANT CREATE ON SCHEMA "tenantry" TO "erp_resolver";

ALTER ROUTINE "tenantry"."tenant of ""token"""(bytea) OWNER TO "erp_resolver";

REVOKE CREATE ON SCHEMA "tenantry" FROM "erp_resolver";
-- down
DROP ROUTINE "tenantry"."tenant of ""token"""(bytea);

-- function tenantry.tenant_by_domain(text): gives erp_app company by name
CREATE FUNCTION "tenantry"."tenant_by_domain"("name" text) RETURNS TABLE ("company" uuid)
    LANGUAGE sql
    STABLE
    STRICT
    PARALLEL SAFE
    SECURITY DEFINER
    ROWS 1
    SET search_path = pg_catalog, pg_temp
AS $$SELECT found."company" FROM ONLY "erp"."domain" AS found WHERE found."name" = $1 AND found."company" IS NOT NULL$$;

REVOKE EXECUTE ON ROUTINE "tenantry"."tenant_by_domain"(text) FROM PUBLIC;

GRANT EXECUTE ON ROUTINE "tenantry"."tenant_by_domain"(text) TO "erp_app";

GRANT CREATE ON SCHEMA "tenantry" TO "erp_resolver";

ALTER ROUTINE "tenantry"."tenant_by_domain"(text) OWNER TO "erp_resolver";

REVOKE CREATE ON SCHEMA "tenantry" FROM "erp_resolver";
-- down
DROP ROUTINE "tenantry"."tenant_by_domain"(text);

-- function tenantry.tenant_by_host(character varying): gives erp_app tenant_id by host
CREATE FUNCTION "tenantry"."tenant_by_host"("host" character varying) RETURNS TABLE ("tenant_id" uuid)
    LANGUAGE sql
    STABLE
    STRICT
    PARALLEL SAFE
    SECURITY DEFINER
    ROWS 1
    SET search_path = pg_catalog, pg_temp
AS $$SELECT found."tenant_id" FROM ONLY "erp"."company_host" AS found WHERE found."host" = $1$$;

REVOKE EXECUTE ON ROUTINE "tenantry"."tenant_by_host"(character varying) FROM PUBLIC;

GRANT EXECUTE ON ROUTINE "tenantry"."tenant_by_host"(character varying) TO "erp_app";

GRANT CREATE ON SCHEMA "tenantry" TO "erp_resolver";

ALTER ROUTINE "tenantry"."tenant_by_host"(character varying) OWNER TO "erp_resolver";

REVOKE CREATE ON SCHEMA "tenantry" FROM "erp_resolver";
-- down
DROP ROUTINE "tenantry"."tenant_by_host"(character varying);

-- function tenantry.tenant_by_login(text, integer): gives erp_app tenant_id, id by lower(email), realm
CREATE FUNCTION "tenantry"."tenant_by_login"("email" text, "realm" integer) RETURNS TABLE ("tenant_id" uuid, "id" bigint)
    LANGUAGE sql
    STABLE
    STRICT
    PARALLEL SAFE
    SECURITY DEFINER
    ROWS 1
    SET search_path = pg_catalog, pg_temp
AS $$SELECT found."tenant_id", found."id" FROM ONLY "erp"."login" AS found WHERE lower(found."email") = lower($1) AND found."realm" = $2$$;

REVOKE EXECUTE ON ROUTINE "tenantry"."tenant_by_login"(text, integer) FROM PUBLIC;

GRANT EXECUTE ON ROUTINE "tenantry"."tenant_by_login"(text, integer) TO "erp_app";

GRANT CREATE ON SCHEMA "tenantry" TO "erp_resolver";

ALTER ROUTINE "tenantry"."tenant_by_login"(text, integer) OWNER TO "erp_resolver";

REVOKE CREATE ON SCHEMA "tenantry" FROM "erp_resolver";
-- down
DROP ROUTINE "tenantry"."tenant_by_login"(text, integer);

-- function tenantry.tenant_by_slug(text): gives erp_app id by slug
CREATE FUNCTION "tenantry"."tenant_by_slug"("slug" text) RETURNS TABLE ("id" uuid)
    LANGUAGE sql
    STABLE
    STRICT
    PARALLEL SAFE
    SECURITY DEFINER
    ROWS 1
    SET search_path = pg_catalog, pg_temp
AS $$SELECT found."id" FROM ONLY "erp"."company" AS found WHERE found."slug" = $1$$;

REVOKE EXECUTE ON ROUTINE "tenantry"."tenant_by_slug"(text) FROM PUBLIC;

GRANT EXECUTE ON ROUTINE "tenantry"."tenant_by_slug"(text) TO "erp_app";

GRANT CREATE ON SCHEMA "tenantry" TO "erp_resolver";

ALTER ROUTINE "tenantry"."tenant_by_slug"(text) OWNER TO "erp_resolver";

REVOKE CREATE ON SCHEMA "tenantry" FROM "erp_resolver";
-- down
DROP ROUTINE "tenantry"."tenant_by_slug"(text);

