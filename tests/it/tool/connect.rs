//! Which database the tool works on, and what it says when there is none.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::os::unix::process::ExitStatusExt;
use std::time::{Duration, Instant};

use super::{Folder, Run, Tool, place, plan, plan_by, private};
use crate::policy::unique;

/// The database that a run was about, as its first line names it.
#[track_caller]
fn found(run: &Run) -> &str {
    assert_eq!(run.code, 0, "{run:#?}");
    run.out.lines().next().unwrap().strip_prefix("What is missing in ").unwrap()
}

/// A port that nobody listens on.
fn closed_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[tokio::test]
async fn the_argument_wins_over_the_url_and_that_over_the_variables() {
    let place = place().await;
    let (other, _) = (super::place().await, ());
    let expected = |place: &super::Place| {
        format!("{} as {} at {}:{}", place.database.name(), place.user, place.host, place.port)
    };
    let url = other.database.url();
    let with_variables = |folder: &Folder| {
        plan(folder)
            .env("PGHOST", &place.host)
            .env("PGPORT", place.port.to_string())
            .env("PGUSER", &place.user)
            .env("PGPASSWORD", &place.password)
            .env("PGDATABASE", place.database.name())
    };
    assert_eq!(found(&with_variables(&Folder::new()).run()), expected(&place));
    assert_eq!(found(&with_variables(&Folder::new()).env("DATABASE_URL", &url).run()), expected(&other));
    let run = plan(&Folder::new())
        .env("DATABASE_URL", "postgresql://nobody@nowhere.invalid/nothing")
        .args(&["--database-url", &url])
        .run();
    assert_eq!(found(&run), expected(&other));
    // What the URL leaves out, the variables say.
    let run = with_variables(&Folder::new()).args(&["--database-url", "postgresql:///postgres"]).run();
    assert_eq!(found(&run), expected(&place).replace(place.database.name(), "postgres"));
    // And it can be of the other kind.
    let key_values = format!("dbname={} user='{}'", other.database.name(), place.user);
    let run = with_variables(&Folder::new()).args(&["--database-url", &key_values]).run();
    assert_eq!(found(&run), expected(&other));
}

#[tokio::test]
async fn a_service_stands_for_its_parameters() {
    let place = place().await;
    let folder = Folder::new();
    let service = format!(
        "[erp]\nhost={}\nport={}\nuser={}\npassword={}\ndbname={}\n",
        place.host,
        place.port,
        place.user,
        place.password,
        place.database.name()
    );
    private(&folder, ".pg_service.conf", &service);
    assert!(found(&plan(&folder).env("PGSERVICE", "erp").run()).starts_with(place.database.name()));
    let run = plan(&folder).args(&["--database-url", "service=crm"]).run();
    run.said(2, &["error: service \"crm\" is in no service file", "help: "]);
}

#[tokio::test]
async fn a_name_and_options_reach_the_server() {
    let place = place().await;
    let run = plan(&Folder::new())
        .env("DATABASE_URL", place.database.url())
        .env("PGOPTIONS", "-c default_transaction_isolation=nonsense")
        .run();
    run.said(3, &["no connection to", "default_transaction_isolation"]);
    // The server says which application it refuses.
    let admin = place.database.connect().await.unwrap();
    let name = place.database.name();
    let seen = async |url: &str, variables: &[(&str, &str)]| {
        admin.batch_execute(&format!("ALTER DATABASE {name} SET log_statement = 'none'")).await.unwrap();
        let folder = Folder::new();
        let tool = variables.iter().fold(plan(&folder), |tool, (name, value)| tool.env(name, value));
        tool.args(&["--database-url", url]).run()
    };
    let run = seen(&place.database.url(), &[("PGAPPNAME", "ci")]).await;
    assert_eq!(run.code, 0, "{run:?}");
}

#[test]
fn a_server_that_is_not_there_is_named_with_what_to_do() {
    let port = closed_port();
    let folder = Folder::new();
    let url = format!("postgresql://me:hush@127.0.0.1:{port}/erp");
    let run = plan(&folder).args(&["--database-url", &url]).run();
    run.said(
        3,
        &[
            &format!("error: no connection to 127.0.0.1:{port}: connection refused\n"),
            "help: ",
            "--database-url",
        ],
    );
    assert!(!run.err.contains("hush") && run.out.is_empty(), "{run:?}");
    // Each of several is named.
    let run = plan(&folder).env("PGHOST", "127.0.0.1,/nowhere").env("PGPORT", port.to_string()).run();
    run.said(
        3,
        &[&format!("127.0.0.1:{port}: connection refused"), "socket /nowhere/.s.PGSQL.", "no such socket"],
    );
    let run = plan(&folder).env("DATABASE_URL", "postgresql://nowhere.invalid").run();
    run.said(3, &["error: no connection to nowhere.invalid:5432: the name of the host is not known"]);
    let run = plan(&folder).env("DATABASE_URL", &url).args(&["--format", "json"]).run();
    let error: serde_json::Value = serde_json::from_str(&run.err).unwrap();
    assert_eq!((run.code, &error["error"]["kind"]), (3, &"database".into()));
}

#[tokio::test]
async fn the_first_of_several_servers_that_is_there_is_taken() {
    let place = place().await;
    let run = plan(&Folder::new())
        .env("PGHOST", format!("127.0.0.1,{}", place.host))
        .env("PGPORT", format!("{},{}", closed_port(), place.port))
        .env("PGUSER", &place.user)
        .env("PGPASSWORD", &place.password)
        .env("PGDATABASE", place.database.name())
        .run();
    assert!(found(&run).ends_with(&format!("{}:{}", place.host, place.port)), "{run:?}");
}

#[tokio::test]
async fn a_login_that_the_server_refuses_is_said_with_its_reason() {
    let place = place().await;
    let admin = place.database.connect().await.unwrap();
    let role = unique("tool");
    admin
        .batch_execute(&format!(
            "CREATE ROLE {role} LOGIN PASSWORD 'x'; CREATE ROLE {role}_none PASSWORD 'x'"
        ))
        .await
        .unwrap();
    let run = |url: String| plan(&Folder::new()).env("DATABASE_URL", url).run();
    let refused = run(place.database.url_as(&role, "hush"));
    refused.said(
        3,
        &[&format!("does not accept the password of role \"{role}\""), "cause: FATAL: ", "PGPASSWORD"],
    );
    assert!(!refused.err.contains("hush"), "{refused:?}");
    run(place.database.url_as(&role, ""))
        .said(3, &["asks role", "for a password, and none is given", "~/.pgpass"]);
    let refused = run(place.database.url_as(&format!("{role}_none"), "x"));
    refused.said(3, &["does not let role", "is not permitted to log in"]);
    let url = place.database.url_as(&role, "x").replace(place.database.name(), "no_such_database");
    run(url).said(3, &["database \"no_such_database\" does not exist", "PGDATABASE"]);
    let name = place.database.name();
    admin.batch_execute(&format!("REVOKE CONNECT ON DATABASE {name} FROM PUBLIC")).await.unwrap();
    run(place.database.url_as(&role, "x"))
        .said(3, &[&format!("may not connect to database \"{name}\""), "grant it CONNECT"]);
}

#[tokio::test]
async fn a_password_can_be_in_a_file_of_its_own() {
    let place = place().await;
    let admin = place.database.connect().await.unwrap();
    let role = unique("tool");
    admin.batch_execute(&format!("CREATE ROLE {role} LOGIN PASSWORD 'of the file'")).await.unwrap();
    let folder = Folder::new();
    let run = |text: &str| {
        folder.write("password", text);
        // It goes before that of the URL.
        plan(&folder)
            .env("DATABASE_URL", place.database.url_as(&role, "hush"))
            .args(&["--password-file", "password"])
            .run()
    };
    for text in ["of the file", "of the file\n", "of the file\r\n"] {
        assert_eq!(run(text).code, 0, "{text:?}");
    }
    let wrong = run("another");
    wrong.said(3, &["does not accept the password", "the password file"]);
    assert!(!wrong.err.contains("another\n") && !wrong.err.contains("hush"), "{wrong:?}");
    run("").said(2, &["error: password holds no password"]);
    run("\n").said(2, &["error: password holds no password"]);
    run("*:*:*:me:hush\n*:*:*:you:hush\n").said(2, &["holds more than a password", "PGPASSFILE"]);
    let none = plan(&Folder::new()).args(&["--password-file", "nowhere"]).run();
    none.said(2, &["nowhere"]);
}

#[tokio::test]
async fn a_server_that_is_full_or_starts_is_waited_for() {
    let place = place().await;
    let admin = place.database.connect().await.unwrap();
    let (role, name) = (unique("tool"), place.database.name());
    let limit = async |limit: i32| {
        let sql = format!("ALTER DATABASE {name} CONNECTION LIMIT {limit}");
        admin.batch_execute(&sql).await.unwrap();
    };
    admin.batch_execute(&format!("CREATE ROLE {role} LOGIN PASSWORD 'x'")).await.unwrap();
    limit(0).await;
    let folder = Folder::new();
    let url = place.database.url_as(&role, "x");
    let mut child = plan(&folder).env("DATABASE_URL", url).args(&["--wait-for-server", "60s"]).start();
    let mut said = String::new();
    BufReader::new(child.stderr.take().unwrap()).read_line(&mut said).unwrap();
    assert!(said.starts_with("warning: no connection to"), "{said}");
    limit(-1).await;
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
}

#[test]
fn a_server_that_does_not_come_is_given_up() {
    let port = closed_port();
    let run = |patience: &[&str]| {
        plan(&Folder::new())
            .env("PGHOST", "127.0.0.1")
            .env("PGPORT", port.to_string())
            .env("PGUSER", "nobody")
            .args(patience)
            .run()
    };
    let said = [&format!("no connection to 127.0.0.1:{port}: connection refused")[..]];
    let patient = run(&["--wait-for-server", "1500ms"]);
    patient.said(3, &said);
    assert_eq!(patient.err.matches("waiting up to 1.5 s for the server").count(), 1, "{patient:?}");
    run(&[]).said(3, &said);
}

#[tokio::test]
async fn a_role_that_may_not_read_a_catalog_is_told_which() {
    let place = place().await;
    let admin = place.database.connect().await.unwrap();
    let role = unique("tool");
    admin.batch_execute(&format!("CREATE ROLE {role} LOGIN PASSWORD 'x'")).await.unwrap();
    let url = place.database.url_as(&role, "x");
    let run = plan(&Folder::new()).env("DATABASE_URL", &url).run();
    assert_eq!(run.code, 0, "{run:?}");
    admin.batch_execute("REVOKE SELECT ON pg_catalog.pg_policy FROM PUBLIC").await.unwrap();
    let run = plan(&Folder::new()).env("DATABASE_URL", &url).run();
    run.said(3, &["error: reading the policies failed", "permission denied for table pg_policy"]);
    assert_eq!(run.out, "");
}

#[tokio::test]
async fn a_server_of_the_other_kind_is_not_taken() {
    let place = place().await;
    for (wanted, code) in
        [("primary", 0), ("read-write", 0), ("prefer-standby", 0), ("standby", 3), ("read-only", 3)]
    {
        let run = plan(&Folder::new())
            .env("DATABASE_URL", place.database.url())
            .env("PGTARGETSESSIONATTRS", wanted)
            .run();
        assert_eq!(run.code, code, "{wanted}: {run:?}");
        assert!(code == 0 || run.err.contains("target_session_attrs"), "{run:?}");
    }
}

#[test]
fn what_the_connection_string_says_wrong_is_a_matter_of_usage() {
    let folder = Folder::new();
    for (url, part) in [
        ("mysql://me:hush@h/erp", "of something else than PostgreSQL"),
        ("postgresql://me:hush/hush@h/erp", "an @ stands where none can"),
        ("postgresql://me:hush@h?sslmode=maybe", "sslmode of --database-url is not one of disable, allow"),
        ("postgresql://me:hush@h?pasword=x", "did you mean password?"),
        ("host=h requirepeer=postgres password=hush", "requirepeer of --database-url is not supported"),
    ] {
        let run = plan(&folder).args(&["--database-url", url]).run();
        run.said(2, &["error: ", part]);
        assert!(!run.err.contains("hush"), "{run:?}");
    }
}

/// A server that takes connections and never says a word.
fn silent() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").unwrap()
}

#[test]
fn a_server_that_does_not_answer_is_given_up() {
    let server = silent();
    let port = server.local_addr().unwrap().port().to_string();
    let begun = Instant::now();
    let run = plan(&Folder::new())
        .env("PGHOST", "127.0.0.1")
        .env("PGPORT", &port)
        .env("PGCONNECT_TIMEOUT", "1")
        .run();
    run.said(3, &["no answer within 1 s", "PGCONNECT_TIMEOUT"]);
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}

/// How the tool ends at a signal while it waits for the answer of a server.
fn signalled(signal: &str, args: &[&str]) -> std::process::Output {
    let server = silent();
    let folder = Folder::new();
    let port = server.local_addr().unwrap().port().to_string();
    let tool = plan_by(Tool::interruptible(&folder), &folder).args(args);
    let child = tool.env("PGHOST", "127.0.0.1").env("PGPORT", port).start();
    let (_connection, _) = server.accept().unwrap();
    let kill = std::process::Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
    assert!(kill.success());
    let begun = Instant::now();
    let output = child.wait_with_output().unwrap();
    assert!(begun.elapsed() < Duration::from_secs(5));
    output
}

#[test]
fn ctrl_c_ends_it_at_once_and_the_shell_sees_why() {
    let status = signalled("-INT", &[]).status;
    assert_eq!(status.signal(), Some(2), "{status}");
}

/// A signal would not end the process with the number 1, as the tool's is in a container, unless it listens.
#[test]
fn sigterm_ends_it_at_once_with_a_word_of_why() {
    Run::of(&signalled("-TERM", &[]))
        .said(143, &["error: ended by SIGTERM\n", "help: the server rolls back"]);
    let run = Run::of(&signalled("-TERM", &["--format", "json"]));
    run.said(143, &["\"kind\":\"terminated\"", "\"message\":\"ended by SIGTERM\""]);
}
