//! What is asked for, and what is not understood.

use super::{Folder, Tool};

const COMMANDS: &[&[&str]] = &[
    &[],
    &["init"],
    &["plan"],
    &["lint"],
    &["audit"],
    &["prove"],
    &["seal"],
    &["seal", "token"],
    &["explain"],
    &["map"],
    &["completions"],
];

#[test]
fn the_help_of_every_command_shows_examples_defaults_and_exit_codes() {
    let folder = Folder::new();
    for command in COMMANDS {
        for help in ["-h", "--help"] {
            let run = Tool::at(&folder).args(command).args(&[help]).run();
            assert_eq!((run.code, run.err.as_str()), (0, ""), "{command:?}");
            for part in [
                "Usage: tenantry",
                "Examples:\n  tenantry ",
                "Exit codes:\n  0 ",
                "[default: auto]",
                "DATABASE_URL",
            ] {
                assert!(run.out.contains(part), "{command:?} {part:?}: {}", run.out);
            }
            let widest = run.out.lines().map(|line| line.chars().count()).max();
            assert!(widest <= Some(110), "{command:?}: {widest:?}");
        }
    }
}

#[test]
fn the_version_is_the_crates() {
    let run = Tool::at(&Folder::new()).args(&["--version"]).run();
    assert_eq!((run.code, run.out.as_str()), (0, concat!("tenantry ", env!("CARGO_PKG_VERSION"), "\n")));
}

#[test]
fn what_is_not_understood_ends_with_code_2_and_a_hint() {
    let folder = Folder::new();
    for (args, parts) in [
        (&[][..], &["Usage: tenantry"][..]),
        (&["plna"], &["error: ", "'plan'", "--help"]),
        (&["plan", "--chekc"], &["error: ", "'--check'"]),
        (&["plan", "--format", "xml"], &["error: ", "human, json"]),
        (&["completions", "cmd"], &["error: ", "bash"]),
        (&["plan", "--check", "--out", "x"], &["error: ", "cannot be used with"]),
        (&["plan", "--style", "sqlx"], &["error: ", "--out"]),
        (
            &["plan", "--config", "nowhere.toml"],
            &["error: nowhere.toml cannot be read", "cause: No such file", "help: tenantry init"],
        ),
        (&["plan", "--config", "."], &["error: . cannot be read"]),
    ] {
        let run = Tool::at(&folder).args(args).run();
        run.said(2, parts);
        assert_eq!(run.out, "", "{args:?}");
    }
}

#[test]
fn all_that_is_wrong_with_a_manifest_is_said_with_its_line() {
    let folder = Folder::new();
    folder.write("tenantry.toml", "[tenancy]\ntype = \"uid\"\n\n[rolse]\napp = \"erp_app\"\n");
    let run = Tool::at(&folder).args(&["plan"]).run();
    run.said(
        2,
        &[
            "error: tenantry.toml does not read\n",
            "\n  tenantry.toml:2  ",
            "\n  tenantry.toml:4  ",
            "did you mean",
        ],
    );
    let run = Tool::at(&folder).args(&["plan", "--format", "json"]).run();
    assert_eq!((run.code, run.out.as_str()), (2, ""));
    let error: serde_json::Value = serde_json::from_str(&run.err).unwrap();
    assert_eq!((&error["version"], &error["error"]["kind"]), (&1.into(), &"usage".into()));
    assert_eq!(error["error"]["file"], "tenantry.toml");
    let lines: Vec<_> =
        error["error"]["problems"].as_array().unwrap().iter().map(|of| of["line"].as_u64()).collect();
    assert!(lines.contains(&Some(2)) && lines.contains(&Some(4)), "{lines:?}");
}

#[test]
fn a_manifest_that_is_no_text_is_refused() {
    let folder = Folder::new();
    std::fs::write(folder.path("tenantry.toml"), b"[tenancy]\n\xff").unwrap();
    Tool::at(&folder).args(&["plan"]).run().said(2, &["error: tenantry.toml is not UTF-8"]);
}

#[test]
fn completions_name_the_commands() {
    let folder = Folder::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let run = Tool::at(&folder).args(&["completions", shell]).run();
        assert_eq!((run.code, run.err.as_str()), (0, ""), "{shell}");
        assert!(run.out.contains("completions") && run.out.contains("database-url"), "{shell}: {}", run.out);
    }
    // And the shell takes them.
    let script = Tool::at(&folder).args(&["completions", "bash"]).run().out;
    let path = folder.write("tenantry.bash", &script);
    let bash = std::process::Command::new("bash").arg("-n").arg(path).status();
    assert!(bash.is_ok_and(|status| status.success()));
}

#[test]
fn errors_are_json_where_output_is() {
    let folder = Folder::new();
    for args in
        [&["plan", "--format", "json", "--chekc"][..], &["--format=json", "plan"], &["--format", "json"]]
    {
        let run = Tool::at(&folder).args(args).run();
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{args:?}");
        let error: serde_json::Value =
            serde_json::from_str(&run.err).unwrap_or_else(|error| panic!("{error}: {run:?}"));
        assert_eq!((&error["version"], &error["error"]["kind"]), (&1.into(), &"usage".into()), "{args:?}");
        assert!(!error["error"]["message"].as_str().unwrap().is_empty(), "{args:?}");
    }
}

#[test]
fn a_password_among_the_arguments_is_not_repeated() {
    let folder = Folder::new();
    for args in [
        &["postgres://me:hush@127.0.0.1:1/erp"][..],
        &["plan", "postgres://me:hush@127.0.0.1:1/erp"],
        &["plan", "--database-url", "postgres://me:hush@127.0.0.1:1/erp", "--format", "xml"],
    ] {
        let run = Tool::at(&folder).args(args).run();
        assert_eq!(run.code, 2);
        assert!(!run.err.contains("hush"), "{run:?}");
    }
}
