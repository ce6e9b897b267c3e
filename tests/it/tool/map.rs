//! What `map` draws.

use super::{Folder, Run, Tool, place};

/// A folder with a manifest and a schema.
fn folder() -> Folder {
    let folder = Folder::new();
    let manifest = "[tenancy]\ntype = \"bigint\"\n\n[roles]\napp = \"erp_app\"\n\n[tables]\n\
                    \"public.currency\" = { class = \"shared\" }\n\
                    \"public.invoice_line\" = { class = \"child\", via = \"invoice\" }\n";
    folder.write("tenantry.toml", manifest);
    folder.write("erp.sql", include_str!("erp.sql"));
    folder
}

fn map(folder: &Folder, args: &[&str]) -> Run {
    Tool::at(folder).args(&["map", "--from", "erp.sql"]).args(args).run()
}

#[test]
fn a_picture_is_drawn_in_each_language() {
    let folder = folder();
    for (args, begin) in [
        (&[][..], "flowchart"),
        (&["--style", "mermaid"], "flowchart"),
        (&["--style", "dot"], "digraph"),
        (&["--style", "svg"], "<svg"),
        (&["--style", "svg", "--out", "-"], "<svg"),
    ] {
        let run = map(&folder, args);
        assert_eq!((run.code, run.err.as_str()), (0, ""), "{args:?}");
        assert!(run.out.starts_with(begin) && run.out.contains("invoice_line"), "{args:?}: {run:?}");
    }
}

#[test]
fn a_file_gets_what_its_name_says_and_is_replaced_only_when_asked() {
    let folder = folder();
    for (name, begin) in [("a.svg", "<svg"), ("a.dot", "digraph"), ("a.mmd", "flowchart"), ("a", "flowchart")]
    {
        let run = map(&folder, &["--out", name]);
        assert_eq!((run.code, run.err.as_str()), (0, ""), "{name}");
        assert!(run.out.starts_with(&format!("wrote {name}: ")), "{run:?}");
        assert!(folder.read(name).starts_with(begin), "{name}");
    }
    map(&folder, &["--out", "a.svg"]).said(2, &["error: a.svg is there already"]);
    assert_eq!(map(&folder, &["--out", "a.svg", "--style", "dot", "--force"]).code, 0);
    assert!(folder.read("a.svg").starts_with("digraph"));
}

#[tokio::test]
async fn a_database_is_drawn_as_its_files_are() {
    let place = place().await;
    let client = place.database.connect().await.unwrap();
    client.batch_execute(include_str!("erp.sql")).await.unwrap();
    let folder = folder();
    let run = Tool::at(&folder).args(&["map"]).env("DATABASE_URL", place.database.url()).run();
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    assert_eq!(run.out, map(&folder, &[]).out);
}

#[test]
fn json_has_the_picture_in_it() {
    let folder = folder();
    let found = map(&folder, &["--format", "json", "--style", "dot"]).json();
    assert_eq!((&found["version"], &found["style"], &found["file"]), (&1.into(), &"dot".into(), &().into()));
    assert_eq!(found["map"], map(&folder, &["--style", "dot"]).out);
    assert!(found["summary"].as_str().unwrap().contains("2 tenant"), "{found}");
}
