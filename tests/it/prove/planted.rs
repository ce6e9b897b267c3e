//! A superuser runs no code of the app role's to make rows.

use super::{Prover, manifest, secured_with};

const TABLES: &str = "CREATE TABLE t (tenant_id bigint NOT NULL, id bigint PRIMARY KEY, note text);";

/// A function of the app role's, and what runs it.
const PLANTED: [(&str, &str); 6] = [
    (
        "other.planted",
        "CREATE FUNCTION other.planted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
         CREATE TRIGGER planted BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION other.planted()",
    ),
    (
        "other.planted",
        "CREATE FUNCTION other.planted() RETURNS text LANGUAGE sql AS $$ SELECT 'a' $$;
         ALTER TABLE t ALTER note SET DEFAULT other.planted()",
    ),
    (
        "other.planted",
        "CREATE FUNCTION other.planted(text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT true $$;
         ALTER TABLE t ADD CHECK (other.planted(note))",
    ),
    (
        "other.planted",
        "CREATE FUNCTION other.planted(text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT $1 $$;
         CREATE INDEX ON t (tenant_id, other.planted(note))",
    ),
    (
        "other.planted",
        "CREATE FUNCTION other.planted() RETURNS text LANGUAGE sql AS $$ SELECT 'a' $$;
         CREATE FUNCTION public.outer() RETURNS text LANGUAGE sql AS $$ SELECT other.planted() $$;
         ALTER TABLE t ALTER note SET DEFAULT public.outer()",
    ),
    ("public.planted", "CREATE FUNCTION public.planted() RETURNS text LANGUAGE sql AS $$ SELECT 'a' $$"),
];

#[tokio::test]
async fn a_superuser_makes_no_rows_where_the_app_role_has_code() {
    for (name, sql) in PLANTED {
        let (database, app) = secured_with(TABLES, "").await;
        let grant = format!("CREATE SCHEMA other; GRANT USAGE ON SCHEMA other TO {app}; ");
        database.batch_execute(&(grant + sql)).await.unwrap();
        let prover = Prover::new(&database, &app, &manifest(&app, "")).await;
        let found = prover.isolation().run().await.unwrap();
        assert_eq!(found.broken().count(), 0, "{sql}: {found}");
        let signature = if sql.contains("planted(text)") { "(text)" } else { "()" };
        let own = format!("ALTER FUNCTION {name}{signature} OWNER TO {app}");
        database.batch_execute(&own).await.unwrap();
        let error = prover.isolation().run().await.unwrap_err().to_string();
        let line = format!("{name} belongs to {app}, and postgres is a superuser");
        assert!(error.starts_with(&line), "{sql}: {error}");
        let error = prover.try_mutations().await.unwrap_err().to_string();
        assert!(error.starts_with(&line), "{sql}: {error}");
        // Whoever has no more than the two roles loses nothing by it.
        let member = format!(
            "CREATE ROLE {app}_m LOGIN PASSWORD 'x'; CREATE ROLE {app}_all BYPASSRLS; GRANT {app}, {app}_all TO {app}_m;
             GRANT SELECT, INSERT, UPDATE, DELETE ON t TO {app}_all; GRANT USAGE ON SCHEMA public, other, tenantry TO {app}_all"
        );
        database.batch_execute(&member).await.unwrap();
        let system = format!("[roles]\nsystem = \"{app}_all\"\napp");
        let manifest = manifest(&app, "").replace("[roles]\napp", &system);
        let by_member =
            Prover::new(&database, &app, &manifest).await.seeded_by(&database.url_as(&format!("{app}_m")));
        by_member.isolation().run().await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    }
}

#[tokio::test]
async fn code_that_nothing_runs_is_left_alone() {
    let (database, app) = secured_with(TABLES, "").await;
    let sql = format!(
        "CREATE SCHEMA other; CREATE FUNCTION other.unused() RETURNS text LANGUAGE sql AS $$ SELECT 'a' $$;
         ALTER FUNCTION other.unused() OWNER TO {app}"
    );
    database.batch_execute(&sql).await.unwrap();
    let proof = Prover::new(&database, &app, &manifest(&app, "")).await.proof().await;
    assert!(proof.is_clean(), "{proof}");
}
