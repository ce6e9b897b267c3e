//! Rows are made of whatever columns, checks and keys ask for, and what cannot be made is told.

use std::time::Duration;

use tenantry::prove::{Aim, Proof, Verdict};

use super::{Prover, contents, manifest, secured_with};

/// Columns that a row cannot do without, of every kind of type, and checks on them.
const EVERYTHING: &str = "CREATE TYPE mood AS ENUM ('sad', 'content');
    CREATE TYPE pair AS (a integer, b text);
    CREATE TYPE span AS RANGE (subtype = time);
    CREATE DOMAIN code AS varchar(4) CHECK (VALUE ~ '^[A-Z]{3}$');
    CREATE DOMAIN short_code AS code CHECK (length(VALUE) = 3);
    CREATE TABLE kind (name text PRIMARY KEY);
    CREATE TABLE everything (
        tenant_id bigint NOT NULL,
        id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        a smallint NOT NULL, b integer NOT NULL, c numeric(4, 2) NOT NULL, d real NOT NULL, e boolean NOT NULL,
        f varchar(3) NOT NULL, g char NOT NULL, h date NOT NULL, i timestamptz(3) NOT NULL, j time NOT NULL,
        k interval NOT NULL, l jsonb NOT NULL, m bytea NOT NULL, n inet NOT NULL, o macaddr NOT NULL,
        p bit(3) NOT NULL, q point NOT NULL, r tsvector NOT NULL, s int4range NOT NULL, t tstzrange NOT NULL,
        u text[] NOT NULL, v mood NOT NULL, w pair NOT NULL, x short_code NOT NULL, y span NOT NULL, z uuid NOT NULL,
        state text NOT NULL CHECK (state IN ('open', 'paid')),
        low integer NOT NULL, high integer NOT NULL CHECK (high > 5), CHECK (low < high),
        number text UNIQUE NULLS DISTINCT, -- from PostgreSQL 15
        above integer REFERENCES everything,
        other_kind text NOT NULL REFERENCES kind,
        quantity numeric(12, 3) NOT NULL CHECK (quantity <> 0), price numeric(14, 2) NOT NULL,
        net numeric(14, 2) GENERATED ALWAYS AS (round(quantity * price, 2)) STORED,
        EXCLUDE USING gist (t WITH &&) WHERE (low > 2000000000),
        UNIQUE (tenant_id, f)
    );";

async fn proof(sql: &str, more: &str) -> Proof {
    let (database, app) = secured_with(sql, more).await;
    Prover::new(&database, &app, &manifest(&app, more)).await.proof().await
}

#[tokio::test]
async fn rows_are_made_of_types_checks_and_keys() {
    let more = "[tables]\n\"public.kind\" = { class = \"shared\" }\n";
    let proof = proof(EVERYTHING, more).await;
    assert_eq!(proof.unproved().count(), 0, "{proof}");
    let broken: Vec<&str> = proof.broken().map(|(_, cell)| cell.attempt.as_str()).collect();
    // Nobody has said that a number is unique within a tenant.
    assert!(broken.iter().all(|attempt| attempt.starts_with("collide in everything_number_key")), "{proof}");
}

/// Numbers are made small where what is computed from them has no room, but not so that the next row has the same key.
#[tokio::test]
async fn a_row_has_a_key_of_its_own_where_numbers_have_to_be_small() {
    let sql = "CREATE TABLE invoice (tenant_id bigint NOT NULL, id bigint GENERATED ALWAYS AS IDENTITY, PRIMARY KEY (tenant_id, id));
        CREATE TABLE product (tenant_id bigint NOT NULL, id bigint GENERATED ALWAYS AS IDENTITY, PRIMARY KEY (tenant_id, id));
        CREATE TABLE line (
            tenant_id bigint NOT NULL, invoice_id bigint NOT NULL, position integer NOT NULL, product_id bigint NOT NULL,
            quantity numeric(12, 3) NOT NULL, price numeric(14, 2) NOT NULL,
            net numeric(14, 2) GENERATED ALWAYS AS (round(quantity * price, 2)) STORED,
            PRIMARY KEY (tenant_id, invoice_id, position),
            FOREIGN KEY (tenant_id, invoice_id) REFERENCES invoice (tenant_id, id),
            FOREIGN KEY (tenant_id, product_id) REFERENCES product (tenant_id, id)
        );";
    let proof = proof(sql, "").await;
    assert!(proof.is_clean(), "{proof}");
}

#[tokio::test]
async fn what_cannot_be_made_is_unproved_with_the_reason() {
    for (sql, reason) in [
        (
            "CREATE TABLE t (tenant_id bigint NOT NULL, id bigint PRIMARY KEY, n integer NOT NULL CHECK (n * n = 1369));",
            "violates check constraint",
        ),
        (
            "CREATE TABLE t (tenant_id bigint NOT NULL, id bigint PRIMARY KEY);
             CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'not today'; END $$;
             CREATE TRIGGER refuse BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION refuse();",
            "not today",
        ),
        (
            "CREATE TABLE t (tenant_id bigint NOT NULL, id bigint PRIMARY KEY, other bigint NOT NULL);
             CREATE TABLE u (tenant_id bigint NOT NULL, id bigint PRIMARY KEY REFERENCES t);
             ALTER TABLE t ADD FOREIGN KEY (other) REFERENCES u;",
            "back to themselves",
        ),
    ] {
        let proof = proof(sql, "").await;
        let reasons: Vec<&str> = proof.unproved().map(|(.., reason)| reason).collect();
        assert!(!proof.is_clean() && reasons.iter().any(|said| said.contains(reason)), "{reason}: {proof}");
        assert_eq!(proof.broken().count(), 0, "{proof}");
    }
}

#[tokio::test]
async fn rows_that_are_there_are_taken_where_none_can_be_made() {
    let sql = "CREATE TABLE t (tenant_id bigint NOT NULL, id bigint PRIMARY KEY, secret text);
        INSERT INTO t VALUES (1, 1, 'hush'), (2, 2, 'hush');
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'not today'; END $$;
        CREATE TRIGGER refuse BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION refuse();";
    let (database, app) = secured_with(sql, "").await;
    let before = contents(&database).await;
    let prover = Prover::new(&database, &app, &manifest(&app, "")).await;
    let proof = prover.proof().await;
    let of_table = |proof: &Proof, attempt: &str, aim: Aim, verdict: &Verdict| {
        let mut cells = proof.cells().filter(|(subject, _)| subject.name == "public.t");
        cells.any(|(_, cell)| cell.attempt == attempt && cell.aim == aim && cell.verdict == *verdict)
    };
    for attempt in ["select", "select for update", "update", "delete"] {
        for aim in [Aim::Own, Aim::Other, Aim::Empty, Aim::None] {
            assert!(of_table(&proof, attempt, aim, &Verdict::Held), "{attempt} {aim:?}: {proof}");
        }
    }
    for attempt in ["prepared", "give", "take", "delete all"] {
        assert!(of_table(&proof, attempt, Aim::Other, &Verdict::Held), "{attempt}: {proof}");
    }
    let unproved: Vec<(&str, &str)> =
        proof.unproved().map(|(_, cell, reason)| (cell.attempt.as_str(), reason)).collect();
    assert!(
        unproved.len() == 2
            && unproved.iter().all(|(of, reason)| *of == "make a row" && reason.contains("not today")),
        "{proof}"
    );
    assert!(!format!("{proof:?}").contains("hush"), "{proof:?}");
    assert_eq!(contents(&database).await, before);
    database.batch_execute("ALTER TABLE t DISABLE ROW LEVEL SECURITY").await.unwrap();
    let open = prover.proof().await;
    for (attempt, aim) in [("select", Aim::Other), ("delete", Aim::Empty), ("update", Aim::None)] {
        assert!(of_table(&open, attempt, aim, &Verdict::Leaked), "{attempt}: {open}");
    }
    assert_eq!(contents(&database).await.0, before.0);
}

#[tokio::test]
async fn a_row_of_one_tenant_alone_shows_nothing_of_another() {
    let sql = "CREATE TABLE t (tenant_id bigint NOT NULL, id bigint PRIMARY KEY);
        INSERT INTO t VALUES (1, 1), (1, 2);
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'not today'; END $$;
        CREATE TRIGGER refuse BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION refuse();";
    let proof = proof(sql, "").await;
    let reads = |aim: Aim| {
        let mut cells = proof.cells().filter(|(_, cell)| cell.attempt == "select" && cell.aim == aim);
        cells.next().map(|(_, cell)| cell.verdict.name())
    };
    // In the session in which nothing was ever bound, one row will do.
    assert_eq!((reads(Aim::Other), reads(Aim::None)), (Some("unproved"), Some("held")), "{proof}");
}

#[tokio::test]
async fn what_takes_long_or_is_locked_is_unproved_and_the_rest_goes_on() {
    let sql = "CREATE TABLE slow (tenant_id bigint NOT NULL, id bigint PRIMARY KEY);
        CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(30); RETURN NEW; END $$;
        CREATE TRIGGER wait BEFORE UPDATE ON slow FOR EACH ROW EXECUTE FUNCTION wait();
        CREATE TABLE locked (tenant_id bigint NOT NULL, id bigint PRIMARY KEY);
        CREATE TABLE free (tenant_id bigint NOT NULL, id bigint PRIMARY KEY);";
    let (database, app) = secured_with(sql, "").await;
    let before = contents(&database).await;
    let mut other = database.connect().await;
    let transaction = other.transaction().await.unwrap();
    transaction.batch_execute("LOCK TABLE locked IN SHARE MODE").await.unwrap();
    let prover = Prover::new(&database, &app, &manifest(&app, "")).await;
    let limit = Duration::from_millis(200);
    let proof = prover.isolation().statement_timeout(limit).lock_timeout(limit).run().await.unwrap();
    transaction.rollback().await.unwrap();
    let of = |name: &str| proof.subjects.iter().find(|subject| subject.name == name).unwrap();
    for (name, reason) in [("public.slow", "longer than a statement may"), ("public.locked", "lock")] {
        let said = of(name)
            .cells
            .iter()
            .filter(|cell| matches!(&cell.verdict, Verdict::Unproved(said) if said.contains(reason)));
        assert!(said.count() > 0, "{name}: {proof}");
    }
    assert!(of("public.free").cells.iter().all(|cell| cell.verdict == Verdict::Held), "{proof}");
    assert_eq!(contents(&database).await, before);
}

#[tokio::test]
async fn the_app_role_makes_its_own_rows_where_it_may() {
    let sql = "CREATE TABLE t (tenant_id bigint NOT NULL, id bigint PRIMARY KEY);
        CREATE TABLE fixed (tenant_id bigint NOT NULL, id bigint PRIMARY KEY);";
    let more = "[tables]\n\"public.fixed\" = { class = \"tenant\", grants = [\"select\"] }\n";
    let (database, app) = secured_with(sql, more).await;
    let prover = Prover::new(&database, &app, &manifest(&app, more)).await;
    let proof = prover.alone().run().await.unwrap();
    assert_eq!(proof.broken().count(), 0, "{proof}");
    let unproved: Vec<&str> = proof.unproved().map(|(subject, ..)| subject.name.as_str()).collect();
    assert!(!unproved.is_empty() && unproved.iter().all(|name| *name == "public.fixed"), "{proof}");
    assert!(proof.seeder.is_none());
    let never = proof.cells().filter(|(subject, cell)| subject.name == "public.t" && cell.aim == Aim::None);
    let attempts: Vec<&str> = never.map(|(_, cell)| cell.attempt.as_str()).collect();
    assert!(attempts.contains(&"insert") && attempts.contains(&"insert default"), "{proof}");
}

#[tokio::test]
async fn a_session_that_never_bound_a_tenant_is_tried_without_a_maker_of_rows() {
    let (database, app) = secured_with(
        "CREATE TABLE t (tenant_id bigint NOT NULL, id bigint PRIMARY KEY); INSERT INTO t VALUES (1, 1);
         CREATE VIEW seen WITH (security_invoker = on) AS SELECT id FROM t; -- from PostgreSQL 15",
        "",
    )
    .await;
    let prover = Prover::new(&database, &app, &manifest(&app, "")).await;
    let reached = |proof: &Proof| -> Vec<String> {
        let of = proof.cells().filter(|(subject, cell)| subject.kind == "table" && cell.aim == Aim::None);
        of.map(|(_, cell)| format!("{} {}", cell.verdict.name(), cell.attempt)).collect()
    };
    let kept = prover.alone().run().await.unwrap();
    assert!(kept.is_clean(), "{kept}");
    for attempt in
        ["held subquery", "held update all", "held delete all", "held insert", "held insert default"]
    {
        assert!(reached(&kept).iter().any(|of| of == attempt), "{attempt}: {kept}");
    }
    // What `NULL` opens, an empty text does not: in a session that has bound a tenant before, the policy keeps the rows.
    let open = "DO $$ DECLARE name text; BEGIN
            FOR name IN SELECT polname FROM pg_policy WHERE polrelid = 't'::regclass LOOP
                EXECUTE format('DROP POLICY %I ON t', name);
            END LOOP;
        END $$;
        CREATE POLICY open ON t USING (CASE WHEN current_setting('app.tenant_id', true) IS NULL THEN true
            ELSE tenant_id = tenantry.tenant_id() END)";
    database.batch_execute(open).await.unwrap();
    let leaking = prover.alone().run().await.unwrap();
    for attempt in ["leaked subquery", "leaked update all", "leaked delete all", "leaked insert"] {
        assert!(reached(&leaking).iter().any(|of| of == attempt), "{attempt}: {leaking}");
    }
    assert!(leaking.broken().all(|(_, cell)| cell.aim == Aim::None), "{leaking}");
}
