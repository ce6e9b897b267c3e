//! PL/pgSQL, value by value and bound by bound.

use std::collections::BTreeMap;

use super::super::located::Located;
use super::super::{Options, Replayed, Source, replay};
use super::interpreter::MOST_STEPS;

fn replayed(sql: &str) -> Replayed {
    replay(&[Source::new("a.sql", sql)], &Options::default())
}

/// The names of the tables that a script leaves, and what was not followed.
fn tables(sql: &str) -> (Vec<String>, Vec<String>) {
    let replayed = replayed(sql);
    let names = replayed.catalog.relations.keys().map(|name| name.name().as_str().to_owned());
    (names.collect(), replayed.opaque.iter().map(ToString::to_string).collect())
}

/// What an expression gives, as the name of a table that is made by it.
fn value(expression: &str) -> String {
    let sql = format!(
        "DO $do$ DECLARE v text := ({expression})::text; BEGIN EXECUTE format('CREATE TABLE %I ()', coalesce(v, 'NULL')); END $do$;"
    );
    let (tables, opaque) = tables(&sql);
    match &tables[..] {
        [only] => only.clone(),
        _ => format!("? {}", opaque.join(" ")).chars().take(1).collect(),
    }
}

#[test]
fn expressions_give_what_the_server_gives() {
    for (expression, expected) in [
        ("'a' || 1 || 'b'", "a1b"),
        ("'a' || NULL", "NULL"),
        ("concat('a', NULL, 2)", "a2"),
        ("concat_ws('-', 'a', NULL, 'b')", "a-b"),
        ("format('%s %I %L %% %s', 'a', 'B c', 'it''s', NULL)", "a \"B c\" 'it''s' % "),
        ("format('%2$s%1$s%s', 'a', 'b')", "bab"),
        ("quote_ident('select')", "\"select\""),
        ("quote_literal('o''k')", "'o''k'"),
        ("upper(left('abc', 2)) || right('abc', 1)", "ABc"),
        ("replace('a-b-c', '-', '_')", "a_b_c"),
        ("split_part('a.b', '.', 2)", "b"),
        ("substr('abcd', 2, 2)", "bc"),
        ("array_to_string(ARRAY['a', 'b'] || 'c'::text, ',')", "a,b,c"),
        ("(ARRAY['a', 'b'])[2]", "b"),
        ("array_length(string_to_array('a,b', ','), 1)", "2"),
        ("array_upper('{a,b,c}', 1) || '-' || array_lower(ARRAY['a'], 1)", "3-1"),
        ("array_length('{}'::text[], 1)", "NULL"),
        ("cardinality('{}'::text[])", "0"),
        ("array_position(ARRAY['a', 'b', NULL], 'b')", "2"),
        ("array_position(ARRAY['a', 'b'], 'c')", "NULL"),
        ("array_to_string(array_remove(ARRAY['a', 'b', 'a'], 'a'), ',')", "b"),
        ("array_to_string(array_prepend('a', ARRAY['b']) || array_append(NULL, 'c'), ',')", "a,b,c"),
        ("(('{a,\"b c\"}')::text[])[2]", "b c"),
        ("ltrim('xxay', 'x') || rtrim('ay ') || btrim('xax', 'x')", "ayaya"),
        ("translate('a-b.c', '-.', '_')", "a_bc"),
        ("reverse('abc')", "cba"),
        ("(SELECT string_agg(x, '+') FROM unnest(ARRAY['a', 'b']) AS x)", "a+b"),
        ("(SELECT count(*) FROM (VALUES (1), (2)) AS v (n) WHERE n > 1)", "1"),
        ("(WITH w AS (SELECT 'a' AS x UNION ALL SELECT 'b') SELECT string_agg(x, '') FROM w)", "ab"),
        ("CASE 2 WHEN 1 THEN 'a' WHEN 2 THEN 'b' END", "b"),
        ("CASE WHEN 'crm_a' LIKE 'crm\\_%' THEN 'yes' ELSE 'no' END", "yes"),
        ("coalesce(NULL, nullif('a', 'a'), 'c')", "c"),
        ("'b' = ANY (ARRAY['a', 'b'])", "true"),
        ("'a' NOT IN ('b', 'c') AND 1 + 2 * 3 = 7", "true"),
        ("(1 BETWEEN 0 AND 2) IS TRUE", "true"),
        ("NULL IS DISTINCT FROM 1", "true"),
        ("'public'::regnamespace", "public"),
        ("current_schema()", "public"),
        ("ARRAY(SELECT generate_series(1, 3)) = ARRAY[1, 2, 3]", "true"),
        // What only the server knows.
        ("now()", "?"),
        ("'a' || random()", "?"),
        ("(SELECT a FROM t)", "?"),
        ("(SELECT x FROM unnest(ARRAY['a', 'b']) AS x ORDER BY 1 LIMIT 1)", "?"),
        ("md5('a')", "?"),
    ] {
        assert_eq!(value(expression), expected, "{expression}");
    }
}

#[test]
fn what_a_table_of_the_files_holds_is_not_known() {
    let sql = "CREATE TABLE t (a int); CREATE SCHEMA s; CREATE TABLE s.pg_roles (rolname text);";
    for condition in [
        "EXISTS (SELECT FROM t)",
        "(SELECT count(*) FROM t) = 0",
        "EXISTS (SELECT FROM s.pg_roles WHERE rolname = 'a')",
        "EXISTS (SELECT FROM pg_stat_activity)",
        "EXISTS (SELECT FROM pg_class c LEFT JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.oid IS NULL)",
        "EXISTS (SELECT FROM pg_class WHERE reltuples > 5 AND relname = 't')",
        "EXISTS (SELECT FROM pg_roles)",
    ] {
        let (_, opaque) =
            tables(&format!("{sql} DO $$ BEGIN IF {condition} THEN DROP TABLE t; END IF; END $$;"));
        assert!(
            opaque.len() == 1 && opaque[0].contains("known only when it runs"),
            "{condition}: {opaque:?}"
        );
    }
}

#[test]
fn what_a_statement_stands_in_is_told() {
    let sql = "CREATE FUNCTION f(name text) RETURNS void LANGUAGE plpgsql AS $$\nBEGIN EXECUTE format('CREATE TABLE %I ()', name); END $$;
SELECT f('a');
DO $$
BEGIN
    -- é
    PERFORM f('b'); CREATE TABLE é (id int);
    IF true THEN EXECUTE 'CREATE TABLE d ()'; END IF;
END $$;";
    let replayed = replayed(sql);
    let inner: Vec<(usize, usize, &str, &str)> = replayed
        .statements
        .iter()
        .filter(|statement| statement.runs_within().is_some())
        .map(|of| (of.line(), of.column(), of.written(), of.text()))
        .collect();
    assert_eq!(
        inner,
        [
            (3, 1, "SELECT f('a')", "CREATE TABLE a ()"),
            (7, 5, "PERFORM f('b')", "CREATE TABLE b ()"),
            (7, 21, "CREATE TABLE é (id int)", "CREATE TABLE é (id int)"),
            (8, 18, "EXECUTE 'CREATE TABLE d ()'", "CREATE TABLE d ()"),
        ]
    );
    let whole: Vec<&str> = replayed.statements.iter().filter_map(|of| of.text().split(' ').next()).collect();
    assert_eq!(whole, ["CREATE", "SELECT", "CREATE", "DO", "CREATE", "CREATE", "CREATE"]);
}

#[test]
fn functions_are_told_of_where_what_they_stand_in_is_not_understood() {
    let unknown = "SELECT x FROM ROWS FROM (protect_all('t')) AS t(x)";
    let function = |returns: &str, language: &str, body: &str| {
        format!(
            "CREATE FUNCTION f() RETURNS {returns} LANGUAGE {language} AS $f$ {body} $f$; DO $$ BEGIN PERFORM f(); END $$;"
        )
    };
    let block = |body: &str| format!("DO $$ DECLARE c refcursor; v int; BEGIN {body} END $$;");
    for sql in [
        function("int", "plpgsql", &format!("BEGIN RETURN ({unknown}); END")),
        function("SETOF int", "plpgsql", &format!("BEGIN RETURN QUERY {unknown}; END")),
        function("SETOF int", "plpgsql", "BEGIN RETURN NEXT protect_all('t'); END"),
        function("int", "sql", unknown),
        format!("SELECT x FROM ROWS FROM (f()) AS t(x);{}", function("int", "sql", unknown)),
        block(&format!("PERFORM ({unknown});")),
        block(&format!("v := ({unknown});")),
        block(&format!("SELECT ({unknown}) INTO v;")),
        block(&format!("IF ({unknown}) THEN NULL; END IF;")),
        block(&format!("FOR v IN {unknown} LOOP NULL; END LOOP;")),
        block(&format!("FOR v IN EXECUTE $q$ {unknown} $q$ LOOP NULL; END LOOP;")),
        block("FOR v IN EXECUTE format('SELECT protect_all(%L)', now()) LOOP NULL; END LOOP;"),
        block(&format!("EXECUTE $q$ {unknown} $q$;")),
        block(&format!("OPEN c FOR {unknown};")),
        block("RAISE NOTICE '%', protect_all('t');"),
    ] {
        let (_, opaque) = tables(&sql);
        assert!(opaque.iter().any(|why| why.contains("protect_all")), "{sql}: {opaque:?}");
    }
}

#[test]
fn what_a_cursor_gives_is_known_as_far_as_its_query_is() {
    let block = |declared: &str, body: &str| {
        format!(
            "CREATE TABLE t (a text); CREATE TABLE u (a text);
            DO $$ DECLARE {declared}; d refcursor; x text; y text; BEGIN {body} END $$;"
        )
    };
    let known = "c CURSOR FOR SELECT unnest(ARRAY['t', 'u']) AS a";
    let unknown = "c CURSOR FOR SELECT a FROM t";
    let drop = "EXECUTE format('DROP TABLE %I', x);";
    for (declared, body) in [
        (unknown, format!("FOR r IN c LOOP x := r.a; {drop} END LOOP;")),
        (unknown, format!("OPEN c; FETCH c INTO x; {drop}")),
        (unknown, "OPEN c; FETCH c INTO x; IF FOUND THEN DROP TABLE t; END IF;".to_owned()),
        (known, format!("OPEN c; FETCH LAST FROM c INTO x; {drop}")),
        (known, format!("OPEN c; MOVE FORWARD ALL FROM c; FETCH c INTO x; {drop}")),
        (known, format!("OPEN c; d := c; FETCH d INTO y; FETCH c INTO x; {drop}")),
        (known, format!("OPEN c; IF random() > 0.5 THEN FETCH c INTO x; END IF; FETCH c INTO x; {drop}")),
        (known, format!("OPEN c; FOR r IN SELECT FROM t LOOP MOVE c; END LOOP; FETCH c INTO x; {drop}")),
        (known, format!("OPEN c; x := c::text; {drop}")),
        (known, format!("OPEN d FOR EXECUTE 'SELECT ' || now(); FETCH d INTO x; {drop}")),
    ] {
        let (tables, opaque) = tables(&block(declared, &body));
        assert_eq!((tables.join(" "), opaque.len()), ("t u".to_owned(), 1), "{body}: {opaque:?}");
    }
    for (declared, body) in [
        ("c CURSOR FOR SELECT protect_all('t') AS a", "FOR r IN c LOOP NULL; END LOOP;"),
        ("c CURSOR (n text) FOR SELECT n AS a", "FOR r IN c(protect_all('t')) LOOP NULL; END LOOP;"),
        ("c CURSOR FOR SELECT protect_all('t') AS a", "OPEN c;"),
    ] {
        let (_, opaque) = tables(&block(declared, body));
        assert!(opaque.len() == 1 && opaque[0].contains("protect_all"), "{body}: {opaque:?}");
    }
    // What another block declares by the same name is another cursor.
    let body = format!(
        "DECLARE c CURSOR FOR SELECT 'u' AS a; BEGIN FOR r IN c LOOP x := r.a; {drop} END LOOP; END;
        OPEN c; FETCH c INTO x; {drop}"
    );
    assert_eq!(tables(&block(known, &body)), (Vec::new(), Vec::new()));
}

#[test]
fn what_a_loop_collects_is_known_unless_it_takes_long() {
    let block = |body: &str| {
        format!(
            "DO $$ DECLARE x text := ''; n int := 0; c CURSOR FOR SELECT unnest(ARRAY['a', 'b']) AS a; y text;
            BEGIN {body} EXECUTE format('CREATE TABLE %I ()', x); END $$;"
        )
    };
    for (body, made) in [
        ("FOR r IN c LOOP x := x || r.a; END LOOP;", "ab"),
        ("FOR i IN 1..3 LOOP FOR j IN 1..2 LOOP x := x || i || j; END LOOP; END LOOP;", "111221223132"),
        ("WHILE n < 3 LOOP n := n + 1; x := x || n; END LOOP;", "123"),
        ("OPEN c; LOOP FETCH c INTO y; EXIT WHEN NOT FOUND; x := x || y; END LOOP;", "ab"),
        ("FOR i IN 1..3 LOOP IF i = 2 THEN x := 'two'; EXIT; END IF; END LOOP;", "two"),
        ("FOR i IN 1..2000 LOOP x := i; END LOOP;", ""),
        ("FOR i IN 1..2000 LOOP FOR j IN 1..2000 LOOP x := i; END LOOP; END LOOP;", ""),
        ("LOOP x := 'a'; END LOOP;", ""),
    ] {
        let (tables, opaque) = tables(&block(body));
        assert_eq!(tables.join(" "), made, "{body}: {opaque:?}");
        assert_eq!(opaque.len(), usize::from(made.is_empty()), "{body}: {opaque:?}");
        assert!(opaque.iter().all(|why| why.contains("known only when it runs")), "{body}: {opaque:?}");
    }
}

#[test]
fn an_error_that_is_caught_leaves_variables_as_they_are() {
    let block = |body: &str| {
        format!(
            "CREATE TABLE t (a text); DO $$ DECLARE x text := 'a'; c refcursor; BEGIN {body}
            EXECUTE format('CREATE TABLE %I ()', x); END $$;"
        )
    };
    let fails = "CREATE TABLE undone (); CREATE TABLE t (a text);";
    let caught = "EXCEPTION WHEN duplicate_table THEN";
    for (body, made) in [
        (format!("BEGIN x := 'b'; {fails} x := 'c'; {caught} NULL; END;"), "b t"),
        (format!("BEGIN x := 'b'; {fails} {caught} x := x || 'd'; END;"), "bd t"),
        (format!("BEGIN BEGIN x := 'b'; {fails} {caught} {fails} END; {caught} x := x || 'd'; END;"), "bd t"),
        (format!("BEGIN x := x || 'b'; CREATE TABLE made (); {caught} NULL; END;"), "ab made t"),
        ("BEGIN DELETE FROM t; EXCEPTION WHEN others THEN x := 'b'; END;".to_owned(), "t"),
        (format!("BEGIN OPEN c FOR SELECT 'b'; {fails} {caught} FETCH c INTO x; END;"), "t"),
    ] {
        let (tables, opaque) = tables(&block(&body));
        assert_eq!(tables.join(" "), made, "{body}: {opaque:?}");
        assert_eq!(opaque.is_empty(), made != "t", "{body}: {opaque:?}");
    }
}

#[test]
fn what_may_be_left_is_in_doubt_to_its_end() {
    let block =
        |body: &str| format!("CREATE TABLE t (a text); DO $$ DECLARE x text := 'a'; BEGIN {body} END $$;");
    let unknown = "random() > 0.5";
    let make = "EXECUTE format('CREATE TABLE %I ()', x);";
    for (body, made) in [
        (format!("FOR i IN 1..2 LOOP EXIT WHEN {unknown}; x := 'b'; END LOOP; {make}"), "t"),
        (format!("FOR i IN 1..2 LOOP EXIT WHEN {unknown}; {make} END LOOP;"), "t"),
        (format!("FOR i IN 1..2 LOOP EXIT WHEN {unknown}; NULL; END LOOP; {make}"), "a t"),
        (
            format!(
                "<<o>> FOR i IN 1..1 LOOP FOR j IN 1..1 LOOP EXIT o WHEN {unknown}; END LOOP; {make} END LOOP;
                CREATE TABLE z ();"
            ),
            "t z",
        ),
        (format!("<<b>> BEGIN EXIT b WHEN {unknown}; {make} END; CREATE TABLE z ();"), "t z"),
        (format!("<<b>> BEGIN EXIT b WHEN {unknown}; x := 'b'; END; {make}"), "t"),
        (format!("<<b>> BEGIN EXIT b; {make} END; CREATE TABLE z ();"), "t z"),
        (format!("<<b>> BEGIN FOR i IN 1..2 LOOP EXIT b; END LOOP; {make} END; CREATE TABLE z ();"), "t z"),
    ] {
        let (tables, opaque) = tables(&block(&body));
        assert_eq!(tables.join(" "), made, "{body}: {opaque:?}");
        let is_in_doubt = body.contains(unknown) && !made.starts_with('a');
        assert_eq!(opaque.len(), usize::from(is_in_doubt), "{body}: {opaque:?}");
    }
}

const MAKES: &str = "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $f$ BEGIN CREATE TABLE made (a int); RETURN 1; END $f$;
    CREATE FUNCTION g() RETURNS int LANGUAGE plpgsql AS $f$ BEGIN PERFORM 1; RETURN 1; END $f$;
    CREATE FUNCTION h() RETURNS int BEGIN ATOMIC SELECT f(); SELECT CASE WHEN true THEN 1 END; END;
    CREATE FUNCTION k() RETURNS int RETURN g();
    CREATE PROCEDURE p() BEGIN ATOMIC INSERT INTO t VALUES (k()); END;
    CREATE TABLE t (a int);";

#[test]
fn functions_are_run_wherever_a_statement_calls_them() {
    for sql in [
        "SELECT f()",
        "SELECT * FROM f()",
        "SELECT h()",
        "SELECT * FROM public.h() AS x",
        "INSERT INTO t SELECT f()",
        "INSERT INTO t (a) VALUES (f())",
        "CREATE TABLE u AS SELECT f()",
        "CREATE MATERIALIZED VIEW u AS SELECT f() AS a",
        "DO $$ DECLARE r record; BEGIN FOR r IN SELECT * FROM f() LOOP NULL; END LOOP; END $$",
    ] {
        let (tables, opaque) = tables(&format!("{MAKES} {sql};"));
        assert!(tables.contains(&"made".to_owned()) && opaque.is_empty(), "{sql}: {tables:?} {opaque:?}");
    }
    // How often it is called is for the rows to tell, or whether at all.
    for (sql, said) in [
        ("UPDATE t SET a = f()", "what the function \"f\" does is not followed"),
        ("DELETE FROM t WHERE a = h()", "what the function \"h\" does is not followed"),
        ("INSERT INTO t SELECT f() FROM t", "whether this is run is known only when it runs"),
    ] {
        let (tables, opaque) = tables(&format!("{MAKES} {sql};"));
        assert!(!tables.contains(&"made".to_owned()) && opaque.len() == 1, "{sql}: {opaque:?}");
        assert!(opaque[0].ends_with(said), "{opaque:?}");
    }
    for sql in [
        "UPDATE t SET a = g()",
        "INSERT INTO t SELECT k() FROM t",
        "CALL p()",
        "CREATE TABLE u AS SELECT k()",
    ] {
        assert_eq!(tables(&format!("{MAKES} {sql};")).1, [""; 0], "{sql}");
    }
}

fn joined(count: usize, one: &dyn Fn(usize) -> String) -> String {
    (0..count).map(one).collect::<Vec<_>>().concat()
}

#[test]
fn nothing_runs_for_ever_or_too_deep() {
    let block = |body: String| {
        format!("DO $do$ DECLARE x text := 'a'; l text[] := ARRAY['a']; BEGIN {body} END $do$;")
    };
    let function = |body: &str| {
        format!(
            "CREATE FUNCTION f(n int) RETURNS int LANGUAGE plpgsql AS $f$ BEGIN {body} RETURN 1; END $f$; SELECT f(1);"
        )
    };
    let nested = |open: &str, inner: &str, close: &str, depth| {
        format!("{}{inner}{}", open.repeat(depth), close.repeat(depth))
    };
    let make = "EXECUTE 'CREATE SCHEMA IF NOT EXISTS s';";
    let texts = [
        block(nested("BEGIN ", "NULL;", " END;", 10_000)),
        block(nested("IF true THEN ", "NULL;", " END IF;", 10_000)),
        block(nested("FOR i IN 1..10000 LOOP ", make, " END LOOP;", 45)),
        block(nested("BEGIN ", make, " EXCEPTION WHEN duplicate_table THEN NULL; END;", 45)),
        block(format!("LOOP {make} END LOOP;")),
        block(format!("WHILE true LOOP {make} END LOOP;")),
        block(format!("FOR i IN 1..2000000000 LOOP {make} END LOOP;")),
        block(format!("FOR i IN 1..9000 LOOP x := x || x; l := l || l; l := ARRAY[x, x]; {make} END LOOP;")),
        block(format!("FOR i IN 1..9000 LOOP x := replace(x, 'a', x); x := concat(x, x, x); {make} END LOOP;")),
        block(format!("x := {}'a'; {make}", "'a' || ".repeat(390))),
        block(format!("x := {}'a'{}; {make}", "lower(".repeat(39), ")".repeat(39))),
        block(format!("x := {}", "'a' || ".repeat(700_000))),
        block(make.repeat(150_000)),
        block(format!("IF x = 'b' THEN NULL; {} END IF;", "ELSIF x = 'c' THEN NULL; ".repeat(100_000))),
        block(format!("PERFORM {}1;", joined(60_000, &|n| format!("f{n}() + ")))),
        function(&format!("PERFORM f(n + 1); PERFORM f(n + 2); PERFORM f(n + 3); {make}")),
        function(&nested("IF true THEN ", &format!("{make} PERFORM f(1);"), " END IF;", 45)),
        function(&format!("EXECUTE 'SELECT f(1)'; EXECUTE 'DO $x$ BEGIN PERFORM f(1); END $x$'; {make}")),
        function(&format!("PERFORM {}f(1){}; {make}", "lower(".repeat(35), ")".repeat(35))),
        joined(12, &|n| {
            let calls = joined(12, &|other| format!("PERFORM g{other}();"));
            format!("CREATE FUNCTION g{n}() RETURNS void LANGUAGE plpgsql AS $f$ BEGIN {calls} END $f$; SELECT g{n}();")
        }),
        block("INSERT INTO t SELECT FROM a, b;".repeat(20)).repeat(2_000),
        joined(300, &|n| format!("CREATE TABLE t{n} (id int);"))
            + &block("PERFORM FROM pg_class a, pg_class b, pg_class c, pg_class d WHERE a.reltuples = d.reltuples;".to_owned()),
    ];
    // No more stack than a thread of a test has.
    let run = move || {
        for text in texts {
            let replayed = replayed(&text);
            let mut run: BTreeMap<usize, usize> = BTreeMap::new();
            for within in replayed.statements.iter().filter_map(Located::runs_within) {
                *run.entry(within).or_default() += 1;
            }
            let most = run.into_values().max().unwrap_or_default();
            assert!(most <= MOST_STEPS, "{most} statements are run by one: {text:.200}");
            assert!(replayed.opaque.len() <= 30, "{} in {text:.200}", replayed.opaque.len());
        }
    };
    std::thread::Builder::new().stack_size(2 << 20).spawn(run).unwrap().join().unwrap();
}
