//! What the job `schema` of the workflow runs, on a server of this machine: the tables from nothing to the proof.

use std::os::unix::fs::symlink;
use std::path::PathBuf;

use tenantry::testing::Server;
use tokio::process::Command;
use tokio_postgres::Config;

use crate::Folder;
use crate::parts::path;

/// The commands of the job, each as the runner gives it to a shell.
fn commands() -> Vec<String> {
    let workflow = std::fs::read_to_string(path("deploy/github/erp.yml")).unwrap();
    let (_, job) = workflow.split_once("\n  schema:\n").unwrap();
    let (job, _) = job.split_once("\n  production:\n").unwrap();
    let mut commands = Vec::new();
    let mut lines = job.lines().peekable();
    while let Some(line) = lines.next() {
        let Some((_, command)) = line.split_once("run: ") else { continue };
        let mut command = command.to_owned();
        if command == "|" {
            command.clear();
            let inner = " ".repeat(10);
            while let Some(line) = lines.next_if(|line| line.starts_with(&inner)) {
                command.push_str(line.trim_start());
                command.push('\n');
            }
        }
        commands.push(command);
    }
    commands
}

/// The tool, which `make test-erp` builds beside the tests.
fn tool() -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_BIN_EXE_tenantry-erp")).parent().unwrap().to_owned();
    assert!(folder.join("tenantry").exists(), "the tool is not built: run make test-erp");
    folder
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_workflow_runs_holds() {
    // One of its own, since it sets passwords.
    let server = Server::builder().start().await.unwrap();
    let database = server.database().await.unwrap();
    let admin: Config = database.url().parse().unwrap();
    let (user, password) = (admin.get_user().unwrap(), admin.get_password().unwrap());
    let folder = Folder::new();
    for file in ["migrations", "tenantry.toml", "deploy"] {
        symlink(path(file), folder.path().join(file)).unwrap();
    }
    let search = format!("{}:{}", tool().display(), std::env::var("PATH").unwrap());
    let psql = tenantry::testing::program("psql").unwrap();
    let search = psql.map_or(search.clone(), |psql| format!("{search}:{}", psql.parent().unwrap().display()));

    let (install, commands): (Vec<_>, Vec<_>) =
        commands().into_iter().partition(|command| command.starts_with("cargo install tenantry "));
    assert_eq!((install.len(), commands.len()), (1, 8), "{commands:#?}");
    for command in commands {
        let output = Command::new("sh")
            .args(["-e", "-c", &command])
            .current_dir(folder.path())
            .env("PATH", &search)
            .env("ADMIN_URL", database.url_as(user, ""))
            .env("MIGRATOR_URL", database.url_as("erp_migrator", ""))
            .env("APP_URL", database.url_as("erp_app", ""))
            .env("SECRETS", folder.path().join("secrets"))
            .env("PGPASSWORD", std::str::from_utf8(password).unwrap())
            .output()
            .await
            .unwrap();
        let [out, err] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
        assert!(output.status.success(), "{command}\n{out}\n{err}");
        assert!(!format!("{out}{err}").contains(std::str::from_utf8(password).unwrap()), "{command}");
    }
    for report in ["proof.xml", "proof.html"] {
        assert!(folder.path().join(report).metadata().unwrap().len() > 1000, "{report}");
    }
}
