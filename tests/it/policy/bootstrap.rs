//! Roles, made or checked, and the functions that policies call.

use tenantry::migrate;
use tenantry::policy::{Bootstrap, Password, Roles, Tenancy};
use tenantry::{Result, TenantType};
use tokio_postgres::Client;

use super::{Place, admin, unique};

struct Names {
    owner: String,
    app: String,
    system: String,
    migrator: String,
    backup: String,
}

impl Names {
    fn new() -> Self {
        Self {
            owner: unique("o"),
            app: unique("a"),
            system: unique("s"),
            migrator: unique("m"),
            backup: unique("b"),
        }
    }

    fn bootstrap(&self) -> Bootstrap {
        let roles = Roles::new(&self.owner, &self.app).unwrap();
        let roles = roles.migrator(&self.migrator).unwrap().system(&self.system).unwrap();
        let roles = roles.backup(&self.backup).unwrap();
        Bootstrap::new(Tenancy::default(), roles)
    }

    async fn apply(&self, client: &mut Client) -> Result<()> {
        migrate::apply(client, &self.bootstrap().script().unwrap()).await
    }
}

#[tokio::test]
async fn roles_are_made_with_the_attributes_of_their_purpose() {
    let names = Names::new();
    let mut admin = admin().await;
    names.apply(&mut admin).await.unwrap();
    names.apply(&mut admin).await.unwrap();
    for (role, logs_in, bypasses) in [
        (&names.owner, false, false),
        (&names.migrator, true, false),
        (&names.app, true, false),
        (&names.system, true, true),
        (&names.backup, true, true),
    ] {
        let row = admin
            .query_one(
                "SELECT rolcanlogin, rolbypassrls, rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication,
                     pg_has_role(rolname, $2, 'MEMBER')
                 FROM pg_roles WHERE rolname = $1",
                &[role, &names.owner],
            )
            .await
            .unwrap();
        let may_own = *role == names.migrator || *role == names.owner;
        assert_eq!(
            (row.get(0), row.get(1), row.get(2), row.get(3)),
            (logs_in, bypasses, false, may_own),
            "{role}"
        );
    }
}

/// What a role was made as, which one it is, and what is said to be found and expected.
type Misfit = (&'static str, fn(&Names) -> &String, &'static str, &'static str);

#[tokio::test]
async fn a_role_that_does_not_fit_its_purpose_is_refused_and_left_alone() {
    let mut admin = admin().await;
    let cases: [Misfit; 6] = [
        ("LOGIN BYPASSRLS", |n| &n.app, "BYPASSRLS", "NOBYPASSRLS of the app role"),
        (
            "LOGIN SUPERUSER CREATEDB",
            |n| &n.app,
            "SUPERUSER CREATEDB",
            "NOSUPERUSER NOCREATEDB of the app role",
        ),
        ("NOLOGIN", |n| &n.app, "NOLOGIN", "LOGIN of the app role"),
        ("LOGIN", |n| &n.owner, "LOGIN", "NOLOGIN of the owner role"),
        ("LOGIN", |n| &n.system, "NOBYPASSRLS", "BYPASSRLS of the system role"),
        ("LOGIN REPLICATION", |n| &n.migrator, "REPLICATION", "NOREPLICATION of the migrator role"),
    ];
    for (made_as, who, found, expected) in cases {
        let names = Names::new();
        let role = who(&names);
        admin.batch_execute(&format!("CREATE ROLE {role} {made_as}")).await.unwrap();
        let error = names.apply(&mut admin).await.unwrap_err().to_string();
        assert!(error.contains(&format!("role {role} has {found}; expected {expected}")), "{error}");
        assert!(error.contains(&format!("run ALTER ROLE {role} ")), "{error}");
        let others = "SELECT count(*) FROM pg_roles WHERE rolname = ANY ($1)";
        let all = vec![&names.owner, &names.app, &names.system, &names.migrator];
        assert_eq!(
            admin.query_one(others, &[&all]).await.unwrap().get::<_, i64>(0),
            1,
            "nothing else was made"
        );
    }
}

#[tokio::test]
async fn a_role_of_services_is_a_member_of_none_that_can_do_more() {
    let mut admin = admin().await;
    for (role, through) in [(0, false), (0, true), (1, false)] {
        let names = Names::new();
        names.apply(&mut admin).await.unwrap();
        let role = [&names.app, &names.system][role];
        let grant = if through {
            let between = unique("between");
            format!("CREATE ROLE {between}; GRANT {} TO {between}; GRANT {between} TO {role}", names.owner)
        } else {
            format!("GRANT {} TO {role}", names.owner)
        };
        admin.batch_execute(&grant).await.unwrap();
        let error = names.apply(&mut admin).await.unwrap_err().to_string();
        let said = format!("role {role} is a member of {}, which is the owner of the tables", names.owner);
        assert!(error.contains(&said), "{error}");
    }
    let names = Names::new();
    names.apply(&mut admin).await.unwrap();
    admin.batch_execute(&format!("GRANT {} TO {}", names.system, names.app)).await.unwrap();
    let error = names.apply(&mut admin).await.unwrap_err().to_string();
    assert!(error.contains("which is not bound by policies"), "{error}");
}

#[tokio::test]
async fn a_password_is_set_when_given_and_never_in_plain_text() {
    let names = Names::new();
    let mut admin = admin().await;
    let script = names.bootstrap().app_password(Password::new("plain-text").unwrap()).script().unwrap();
    assert!(!script.to_string().contains("plain-text") && !format!("{script:?}").contains("SCRAM"));
    migrate::apply(&mut admin, &script).await.unwrap();
    let stored = "SELECT rolpassword FROM pg_authid WHERE rolname = $1";
    let verifier: String = admin.query_one(stored, &[&names.app]).await.unwrap().get(0);
    assert!(verifier.starts_with("SCRAM-SHA-256$4096:"), "{verifier}");
    names.apply(&mut admin).await.unwrap();
    assert_eq!(admin.query_one(stored, &[&names.app]).await.unwrap().get::<_, String>(0), verifier);
    assert_eq!(admin.query_one(stored, &[&names.system]).await.unwrap().get::<_, Option<String>>(0), None);
}

#[tokio::test]
async fn the_function_keeps_its_type_and_its_setting() {
    let mut place = Place::new(Tenancy::default()).await;
    let first = place.catalog().await;
    let again = |tenancy: Tenancy| Bootstrap::new(tenancy, place.roles.clone()).script().unwrap();
    let (same, typed, set) = (
        again(Tenancy::default()),
        again(Tenancy::new(TenantType::Text)),
        again(Tenancy::default().setting("app.company").unwrap()),
    );
    migrate::apply(&mut place.admin, &same).await.unwrap();
    let error = migrate::apply(&mut place.admin, &typed).await.unwrap_err().to_string();
    assert!(error.contains("function tenantry.tenant_id() returns uuid; expected text"), "{error}");
    let error = migrate::apply(&mut place.admin, &set).await.unwrap_err().to_string();
    assert!(error.contains("reads another setting; expected app.company"), "{error}");
    assert_eq!(place.catalog().await, first);
}

#[tokio::test]
async fn the_function_has_the_attributes_that_plans_need() {
    let place = Place::new(Tenancy::default()).await;
    let row = place
        .admin
        .query_one(
            "SELECT string_agg(concat_ws(' ', proname, provolatile, proparallel, prosecdef, proconfig), ', ' ORDER BY proname)
             FROM pg_proc WHERE pronamespace = 'tenantry'::regnamespace",
            &[],
        )
        .await
        .unwrap();
    assert_eq!(row.get::<_, &str>(0), "no_tenant s s f {search_path=pg_catalog}, tenant_id s s f");
    for role in [&place.app, &place.owner, &place.system] {
        let privileges = "SELECT has_schema_privilege($1::text, 'tenantry', 'USAGE'), has_schema_privilege($1, 'tenantry', 'CREATE')";
        let row = place.admin.query_one(privileges, &[role]).await.unwrap();
        assert_eq!((row.get(0), row.get(1)), (true, false), "{role}");
    }
}

#[tokio::test]
async fn the_app_role_cannot_own_what_policies_call() {
    let mut place = Place::new(Tenancy::default()).await;
    let script = Bootstrap::new(Tenancy::default(), place.roles.clone()).script().unwrap();
    place.admin.batch_execute(&format!("ALTER SCHEMA tenantry OWNER TO {}", place.app)).await.unwrap();
    let error = migrate::apply(&mut place.admin, &script).await.unwrap_err().to_string();
    assert!(error.contains("owns schema tenantry"), "{error}");
}

#[tokio::test]
async fn an_administrator_who_is_no_superuser_can_run_it() {
    let place = Place::new(Tenancy::default()).await;
    let creator = unique("creator");
    place
        .admin
        .batch_execute(&format!(
            "CREATE ROLE {creator} LOGIN CREATEROLE; DROP SCHEMA tenantry CASCADE;
             DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO {creator}', current_database()); END $$"
        ))
        .await
        .unwrap();
    let mut client = place.login(&creator).await;
    let roles = Roles::new(unique("o"), unique("a")).unwrap().migrator(unique("m")).unwrap();
    let bootstrap = Bootstrap::new(Tenancy::default(), roles).app_password(Password::new("x").unwrap());
    let script = bootstrap.script().unwrap();
    migrate::apply(&mut client, &script).await.unwrap();
    migrate::apply(&mut client, &script).await.unwrap();
}
