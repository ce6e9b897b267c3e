//! Where no proof can be made, and where a copy is weakened on a server of its own.

use tenantry::testing::Server;

use super::{Erp, dump_is_too_old};
use crate::support::version;
use crate::tool::{Run, Tool, place_of};

/// It ended at once, with one line and a cause or two.
#[track_caller]
fn ended(run: &Run, code: i32, parts: &[&str]) {
    run.said(code, parts);
    assert!(run.out.is_empty() && run.err.matches("error: ").count() == 1, "{run:#?}");
    assert!(run.err.lines().count() <= 4, "{run:#?}");
}

#[tokio::test]
async fn a_server_that_is_full_and_one_that_is_a_replica_are_said() {
    // What was set outlives the server here.
    let builder = Server::builder().setting("max_connections", "20").setting("synchronous_commit", "on");
    let mut server = builder.start_local().await.unwrap();
    let erp = Erp::on(place_of(server.database().await.unwrap())).await;
    // The first session is let in, and the next one is not.
    erp.sql(&format!("ALTER ROLE {} CONNECTION LIMIT 1", erp.app)).await;
    for run in [erp.alone(&[]), erp.run(&[])] {
        ended(&run, 3, &["too many connections for role"]);
    }
    erp.sql(&format!("ALTER ROLE {} CONNECTION LIMIT -1", erp.app)).await;
    let mut held = Vec::new();
    for _ in 0..20 {
        held.extend(erp.place.database.connect_as(&erp.app, "x").await.ok());
    }
    assert!(!held.is_empty());
    ended(&erp.alone(&[]), 3, &["the server has no connection left"]);
    drop(held);
    let folder: String = erp.client.query_one("SHOW data_directory", &[]).await.unwrap().get(0);
    server.stop().await.unwrap();
    std::fs::write(format!("{folder}/standby.signal"), "").unwrap();
    server.start().await.unwrap();
    for run in [erp.alone(&[]), erp.run(&[])] {
        ended(&run, 2, &["error: the server is a read replica, where no row can be made; name the primary"]);
    }
    std::fs::remove_file(format!("{folder}/standby.signal")).unwrap();
    server.stop().await.unwrap();
    server.start().await.unwrap();
    assert_eq!(erp.run(&[]).code, 0);
}

#[tokio::test]
async fn code_of_the_app_role_is_not_run_as_a_superuser() {
    let erp = Erp::new().await;
    erp.sql(&format!(
        "CREATE FUNCTION public.planted() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN NEW; END$$;
         CREATE TRIGGER planted BEFORE INSERT ON invoice FOR EACH ROW EXECUTE FUNCTION public.planted();
         ALTER FUNCTION public.planted() OWNER TO {}",
        erp.app
    ))
    .await;
    let line = format!("public.planted belongs to {}, and postgres is a superuser", erp.app);
    ended(&erp.run(&[]), 2, &[&line]);
    if !dump_is_too_old(&erp).await {
        ended(&erp.run(&["--mutate"]), 2, &[&line]);
    }
    let alone = erp.alone(&[]);
    assert!(alone.err.is_empty() && alone.out.contains("public.invoice"), "{alone:#?}");
}

#[tokio::test]
async fn a_copy_on_a_throwaway_server_takes_no_superuser() {
    let erp = Erp::new().await;
    let reader = format!("{}_r", erp.app);
    erp.sql(&format!("CREATE ROLE {reader} LOGIN PASSWORD 'x' IN ROLE pg_read_all_data")).await;
    let url = erp.place.database.url_as(&reader, "x");
    let major = version::of(&erp.client).await / 10_000;
    let run = |args: &[&str]| {
        let tool = Tool::at(&erp.folder).args(&["prove", "--mutate"]).args(args).env("DATABASE_URL", &url);
        match (std::env::var("TENANTRY_PG_BIN"), std::env::var("PATH")) {
            (Ok(folder), _) => tool.env("TENANTRY_PG_BIN", folder).run(),
            (_, Ok(path)) => tool.env("PATH", path).run(),
            _ => tool.run(),
        }
    };
    if dump_is_too_old(&erp).await {
        return;
    }
    let json = run(&[&format!("--server={major}"), "--format", "json"]).json();
    assert!(json["made"] == json["noticed"] && json["made"].as_u64() > Some(50), "{json}");
    let of = |what: &str| {
        let mut all = json["mutations"].as_array().unwrap().iter().filter(|of| of["what"] == what);
        (all.next().map(|of| of["by"].clone()), all.count())
    };
    for what in ["default tenant of the role", "default tenant of the database"] {
        assert_eq!(of(what), (Some("a tenant from nowhere, session".into()), 0), "{json}");
    }
    run(&["--server=postgresql://me:hush@localhost/x"]).said(2, &["expected a major version"]);
    let alone = Tool::at(&erp.folder).args(&["prove", "--server"]).run();
    alone.said(2, &["--mutate"]);
}
