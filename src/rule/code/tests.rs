//! Code, cut and read.

use super::sentence::{Scope, Sentence, Set, Use, literal};
use super::{body, of_statement};

fn texts(sentences: &[Sentence]) -> Vec<String> {
    let text = |sentence: &Sentence| {
        sentence.words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ")
    };
    sentences.iter().map(text).collect()
}

fn plpgsql(text: &str) -> Vec<Sentence> {
    body(text, "plpgsql").unwrap()
}

fn set(name: &str, scope: Scope, value: Option<&str>) -> Set {
    Set { name: name.to_owned(), scope, value: value.map(str::to_owned) }
}

#[test]
fn a_body_is_cut_into_its_statements() {
    for (text, expected) in [
        (
            "BEGIN SET a.b = 1; IF x THEN y; ELSE z; END IF; END",
            vec!["set a . b = 1", "if x", "y", "z", "end if", "end"],
        ),
        (
            "<<outer>> DECLARE r record; BEGIN FOR r IN SELECT 1 LOOP f(r); END LOOP; END;",
            vec!["outer >> declare r record", "for r in select 1", "f ( r )", "end loop", "end"],
        ),
        (
            "BEGIN x := CASE WHEN a THEN f() ELSE g() END; END",
            vec!["x := case when a then f ( ) else g ( ) end", "end"],
        ),
        ("BEGIN -- it's ; \n PERFORM 'a;b' /* ; */; END", vec!["perform a;b", "end"]),
        (
            "BEGIN UPDATE t SET x = 1; RAISE NOTICE 'SET app.x = 1'; END",
            vec!["update t set x = 1", "raise notice SET app.x = 1", "end"],
        ),
    ] {
        assert_eq!(texts(&plpgsql(text)), expected, "{text}");
    }
    let nested = "x := CASE WHEN a THEN CASE WHEN b THEN 1 END ELSE f() END";
    assert_eq!(plpgsql(nested).len(), 1);
    assert!(body("x", "c").is_none());
    let atomic = body("BEGIN ATOMIC SELECT 1 ; SELECT CASE WHEN a THEN 1 END ; END", "sql").unwrap();
    assert_eq!(texts(&atomic), ["select 1", "select case when a then 1 end", "end"]);
}

#[test]
fn what_execute_runs_is_code_as_far_as_literals_say_it() {
    let run = |text: &str| texts(&plpgsql(text)).get(1).cloned();
    assert_eq!(run("EXECUTE 'SET app.x = ' || quote_literal(y)").as_deref(), Some("set app . x = $0"));
    assert_eq!(run("EXECUTE format('SET LOCAL app.x = %L', y)").as_deref(), Some("set local app . x = $0"));
    assert_eq!(
        run("EXECUTE format('SET %I TO %L', 'app.x', y) USING 1").as_deref(),
        Some("set app . x to $0")
    );
    assert_eq!(
        run("EXECUTE format('SELECT ''100%%'' FROM %1$I', y)").as_deref(),
        Some("select 100% from $0")
    );
    assert_eq!(run("EXECUTE $a$ DO $b$ x $b$ $a$").as_deref(), Some("do  x "));
    assert_eq!(run("EXECUTE statement").as_deref(), Some("$0"));
    assert_eq!(run("CREATE TRIGGER t BEFORE INSERT ON t EXECUTE FUNCTION f()"), None);
}

#[test]
fn settings_are_seen_in_every_spelling() {
    let sets = |text: &str| plpgsql(text).iter().flat_map(Sentence::sets).collect::<Vec<_>>();
    for (text, expected) in [
        ("SET app.tenant_id = 'a'", set("app.tenant_id", Scope::Session, Some("a"))),
        ("set session App.Tenant_Id to a", set("app.tenant_id", Scope::Session, Some("a"))),
        ("SET LOCAL \"app.tenant_id\" TO DEFAULT", set("app.tenant_id", Scope::Transaction, Some(""))),
        ("RESET app.tenant_id", set("app.tenant_id", Scope::Session, Some(""))),
        ("PERFORM set_config('app.x', y::text, false)", set("app.x", Scope::Session, None)),
        ("x := pg_catalog.set_config('app.x'::text, '', true)", set("app.x", Scope::Transaction, Some(""))),
        ("SELECT f(set_config('app.x', 'a', z))", set("app.x", Scope::Unknown, Some("a"))),
        ("SET ROLE erp_app", set("role", Scope::Session, Some("erp_app"))),
        ("SET LOCAL ROLE NONE", set("role", Scope::Transaction, Some(""))),
        ("SET SESSION AUTHORIZATION 'a'", set("session authorization", Scope::Session, Some("a"))),
        ("SET search_path TO a, b", set("search_path", Scope::Session, None)),
        ("EXECUTE 'SET app.x = ''' || y || ''''", set("app.x", Scope::Session, None)),
    ] {
        assert_eq!(sets(text), [expected], "{text}");
    }
    for none in [
        "UPDATE t SET role = 1",
        "SET CONSTRAINTS ALL DEFERRED",
        "SET TRANSACTION READ ONLY",
        "RAISE NOTICE 'set_config(''app.x'', ''a'', false)'",
        "PERFORM my.set_config('app.x', 'a', false)",
        "PERFORM set_config(name, 'a', false)",
    ] {
        assert_eq!(sets(none), [], "{none}");
    }
}

#[test]
fn calls_have_their_arguments() {
    let sentence = &plpgsql("SELECT a.f(1, g('x', (2, 3)), b[4, 5]) FROM h()")[0];
    let calls = sentence.calls();
    let counts: Vec<_> = calls.iter().map(|call| (call.name.to_string(), call.arguments.len())).collect();
    let count = |name: &str| counts.iter().find(|(of, _)| of.contains(name)).map(|(_, count)| *count);
    assert_eq!((count("\"f\""), count("\"g\""), count("\"h\"")), (Some(3), Some(2), Some(0)), "{counts:?}");
    assert_eq!(literal(calls[0].arguments[0]), Some("1"));
    assert_eq!(literal(calls[0].arguments[1]), None);
}

#[test]
fn relations_are_known_by_the_keyword_before_them() {
    let of = |text: &str| {
        let found = of_statement(text);
        found[0]
            .relations()
            .into_iter()
            .map(|(how, name)| (how, name.name.as_str().to_owned()))
            .collect::<Vec<_>>()
    };
    let some = |found: &[(Use, &str)]| {
        found.iter().map(|(how, name)| (*how, (*name).to_owned())).collect::<Vec<_>>()
    };
    for (text, expected) in [
        (
            "UPDATE s.a x SET y = b.z FROM b, ONLY c AS d JOIN e USING (f)",
            some(&[(Use::Changes, "a"), (Use::Reads, "b"), (Use::Reads, "c"), (Use::Reads, "e")]),
        ),
        ("DELETE FROM a USING b", some(&[(Use::Changes, "a"), (Use::Reads, "b")])),
        ("INSERT INTO a (b) SELECT c FROM d, unnest(e)", some(&[(Use::Inserts, "a"), (Use::Reads, "d")])),
        ("INSERT INTO a VALUES (1) ON CONFLICT DO UPDATE SET b = 1", some(&[(Use::Inserts, "a")])),
        ("MERGE INTO a USING b ON c", some(&[(Use::Changes, "a"), (Use::Reads, "b")])),
        ("COPY a (b, c) TO STDOUT", some(&[(Use::Reads, "a")])),
        ("COPY a FROM '/x'", some(&[(Use::Inserts, "a")])),
        ("SELECT a IS DISTINCT FROM b FOR UPDATE", some(&[])),
    ] {
        let found = of(text);
        let named = |wanted: &(Use, String)| found.contains(wanted);
        assert!(expected.iter().all(named), "{text}: {found:?}");
        let others = found.iter().filter(|(_, name)| !["/x"].contains(&name.as_str()));
        assert_eq!(others.count(), expected.len(), "{text}: {found:?}");
    }
}

#[test]
fn a_do_block_is_looked_into_and_a_routine_is_not() {
    let found = of_statement("DO LANGUAGE 'plpgsql' $$ BEGIN EXECUTE 'DROP POLICY a ON b'; END $$");
    assert!(texts(&found).contains(&"drop policy a on b".to_owned()), "{found:?}");
    assert_eq!(of_statement("CREATE OR REPLACE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; END"), []);
}

/// Whatever it is given, it ends soon and does not fail.
#[test]
fn any_text_is_code_of_some_kind() {
    for part in
        ["(", "'", "$$", "case ", "execute format('%", "begin ", "set a.", "f(", "from a, ", "\\", "é", ")"]
    {
        let text = part.repeat(50_000);
        let found = plpgsql(&text);
        for sentence in &found {
            let _ = (sentence.calls(), sentence.sets(), sentence.relations());
        }
    }
}
