//! The steps as a script for psql.

use super::world::{A, BY_COMPANY, World, same_told};

/// The statements of a script as psql cuts them, without its own commands.
pub(super) fn statements(script: &str) -> Vec<String> {
    let mut found = vec![String::new()];
    let mut rest = script;
    while let Some(first) = rest.chars().next() {
        let end = |closing: &str, from: usize| {
            rest[from..].find(closing).map_or(rest.len(), |at| from + at + closing.len())
        };
        let tag = rest.strip_prefix('$').and_then(|after| after.find('$')).map(|at| &rest[..at + 2]);
        // $1 is a parameter.
        let is_tag = |tag: &&str| {
            let name = tag.trim_matches('$');
            name.chars().all(|c| c.is_alphanumeric() || c == '_')
                && !name.starts_with(|c: char| c.is_numeric())
        };
        let tag = tag.filter(is_tag);
        let length = match (first, tag) {
            ('$', Some(tag)) => end(tag, tag.len()),
            ('\'', _) => end("'", 1),
            ('"', _) => end("\"", 1),
            ('-', _) if rest.starts_with("--") => end("\n", 0),
            ('\\', _) => end("\n", 0),
            _ => first.len_utf8(),
        };
        let (piece, after) = rest.split_at(length);
        rest = after;
        match first {
            ';' => found.push(String::new()),
            '\\' => assert_eq!(piece, "\\set ON_ERROR_STOP on\n"),
            '-' if piece.starts_with("--") => {}
            _ => found.last_mut().unwrap().push_str(piece),
        }
    }
    found.retain(|statement| !statement.trim().is_empty());
    found
}

/// What a DBA runs who has read it first comes to what the tool does, batch by batch.
#[tokio::test]
async fn a_dry_run_is_a_script_that_leads_to_the_schema_and_the_rows_of_the_adoption() {
    let tenant: &[&str] = &["customer", "--children", "--tenant", A];
    for args in [BY_COMPANY, tenant] {
        let mut world = World::new().await;
        let run = world.adopted(&[args, &["--dry-run", "--batch", "50"]].concat());
        assert_eq!(run.err, "", "{run:#?}");
        world.adopted(args);
        let mut next = world.beside().await;
        next.sql(&next.first()).await;
        let statements = statements(&run.out);
        assert!(statements.len() > 40, "{statements:#?}");
        for statement in statements {
            next.sql(&statement).await;
        }
        next.sql("RESET ALL").await;
        same_told(&next.told().await, &world.told().await);
    }
}

/// A table that was there with a column, triggers of its own, and no key to walk along.
#[tokio::test]
async fn batches_fire_what_the_tool_fires_and_end_at_the_last_block() {
    let world = World::new().await;
    let triggers = format!(
        "CREATE TABLE erp.heard (path text);
         GRANT INSERT ON erp.heard TO PUBLIC;
         CREATE FUNCTION erp.hear() RETURNS trigger LANGUAGE plpgsql AS $$
             BEGIN
                 INSERT INTO heard SELECT current_setting('search_path') FROM company LIMIT 1;
                 RETURN new;
             END $$;
         CREATE CONSTRAINT TRIGGER late AFTER UPDATE ON erp.note INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION erp.hear();
         ALTER ROLE {} SET search_path = erp, public",
        world.app
    );
    world.sql(&triggers).await;
    for (args, runs) in [(&["--dry-run", "--batch", "100"][..], true), (&["--out", "-"], false)] {
        let run = world.adopted(&[BY_COMPANY, args].concat());
        let next = world.beside().await;
        next.sql(&next.first()).await;
        next.sql(&triggers).await;
        let database = tenantry::Ident::new(next.database.name()).unwrap();
        next.sql(&format!("ALTER DATABASE {database} SET search_path = erp, public")).await;
        // The session of one who has it set.
        let client = next.database.connect().await.unwrap();
        let all = if runs { statements(&run.out) } else { vec![run.out.clone()] };
        for statement in all {
            client.batch_execute(&statement).await.unwrap_or_else(|error| panic!("{statement}: {error:?}"));
        }
        assert_eq!(next.wrong_rows().await, 0);
        assert_eq!(
            next.count("SELECT count(*) FROM erp.heard WHERE path = 'erp, public'").await,
            600,
            "{args:?}"
        );
    }
}
