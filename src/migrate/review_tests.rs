//! What is refused before anything runs, case by case.

use super::review;
use crate::catalog::Catalog;
use crate::catalog::replay::{Options, Source, replay};
use crate::ident::{Ident, QualifiedName};
use crate::migrate::Migrations;
use crate::policy::manifest::Manifest;
use crate::rule::example::MANIFEST;

const TABLES: &str = "create table t (tenant_id uuid, a int); create table plain (a int);
    alter table t enable row level security, force row level security;";

fn base() -> Catalog {
    let sources = [Source::new("base.sql", TABLES)];
    replay(&sources, &Options::default()).catalog
}

/// What is refused of a file, each with its line.
fn refused(sql: &str) -> Vec<String> {
    let migrations = Migrations::new([("V1__a.sql", sql)]).unwrap();
    let manifest = Manifest::parse(MANIFEST).unwrap();
    let pending: Vec<_> = migrations.iter().collect();
    match review(&manifest, &base(), &pending, &Ident::known("erp_owner")) {
        Ok(_) => Vec::new(),
        Err(refusals) => refusals.iter().map(|of| format!("{}: {}", of.place.line, of.what)).collect(),
    }
}

/// A file that says something to the runner.
fn said(said: &str, sql: &str) -> String {
    format!("-- tenantry: {said}\n{sql}")
}

#[test]
fn what_would_reach_no_row_is_refused() {
    for sql in [
        "update t set a = 1",
        "create table u (a int);\ninsert into u select a from t",
        "delete from t",
        "insert into t values (null, 1)",
        "do $$ begin update t set a = 1; end $$",
        "alter table plain enable row level security, force row level security;\nupdate plain set a = 1",
    ] {
        let refused = refused(sql);
        assert!(refused.len() == 1 && refused[0].contains("reaches no row of public."), "{sql}: {refused:?}");
        assert_eq!(refused[0].starts_with("2: "), sql.contains('\n'), "{refused:?}");
    }
    assert!(refused(&said("no-transaction", "update t set a = 1"))[0].contains("reaches no row"));
}

#[test]
fn what_says_whose_rows_it_is_about_is_not() {
    let update = "update t set a = 1;";
    for sql in [
        said("each-tenant", update),
        said("system \"all\"", update),
        format!("set local app.tenant_id = 'x'; {update}"),
        format!("alter table t no force row level security; {update}"),
        "update plain set a = 1".to_owned(),
        "create table copy (a int); insert into copy select a from plain; select * from t".to_owned(),
    ] {
        assert_eq!(refused(&sql), [""; 0], "{sql}");
    }
}

#[test]
fn what_the_runner_does_itself_is_refused() {
    let (each, system) = ("each-tenant", "system \"all\"");
    for (sql, why) in [
        ("begin; select 1; commit".to_owned(), "begins and ends the transactions itself"),
        (said("no-transaction", "rollback"), "begins and ends the transactions itself"),
        (said("no-transaction", "discard all"), "the runner's own lock"),
        (said(each, "set role postgres; update t set a = 1"), "each-tenant settles as which role"),
        (said(system, "set session authorization postgres"), "system settles as which role"),
        (said(each, "set local app.tenant_id = 'x'"), "each-tenant settles which tenant"),
        (said(each, "create table u ()"), "is to be done once"),
        (said(each, "alter table t add b int"), "is to be done once"),
        (said(each, "grant select on t to public"), "is to be done once"),
        (said(system, "create table copy as select * from t"), "make it first"),
    ] {
        let refused = refused(&sql);
        assert!(refused.iter().any(|of| of.contains(why)), "{sql}: {refused:?}");
    }
    assert_eq!(refused(&said(each, "set local work_mem = '1GB'; update t set a = 1; analyze t")), [""; 0]);
}

#[test]
fn what_takes_no_transaction_is_refused_in_one() {
    let alone = [
        "create index concurrently i on t (a)",
        "create unique index concurrently i on t (a)",
        "drop index concurrently i",
        "reindex table concurrently t",
        "alter table t detach partition u concurrently",
        "vacuum t",
        "alter system set work_mem = '1GB'",
        "create database d",
    ];
    for sql in alone {
        let refused = refused(sql);
        assert!(refused.iter().any(|of| of.contains("cannot run in a transaction")), "{sql}: {refused:?}");
    }
    for sql in alone {
        let refused = refused(&said("no-transaction", sql));
        assert!(!refused.iter().any(|of| of.contains("cannot run in a transaction")), "{sql}: {refused:?}");
    }
    for sql in ["create index concurrently_i on t (a)", "refresh materialized view concurrently v"] {
        assert!(!refused(sql).iter().any(|of| of.contains("cannot run")), "{sql}");
    }
    assert!(
        refused(&said("no-transaction", "create index concurrently on t (a)"))[0].contains("needs a name")
    );
}

#[test]
fn what_is_for_psql_is_refused() {
    assert_eq!(refused("select 1;\n\\set x 1\nselect 2;").len(), 1);
    assert!(refused("select 1;\n  \\i other.sql\n")[0].starts_with("2: this is a command to psql"));
    assert!(refused("copy plain from stdin;\n1\n\\.\n").iter().any(|of| of.contains("come from psql")));
    assert_eq!(refused("select '\\set', E'\\\\', $$\\i$$; copy plain to '/tmp/x';"), [""; 0]);
}

#[test]
fn a_statement_that_changes_nothing_is_measured_by_the_tables_that_it_is_about() {
    let manifest = Manifest::parse(MANIFEST).unwrap();
    for (sql, expected) in [
        (said("each-tenant", "update t set a = p.a from plain p"), "public.t"),
        (said("system \"x\"", "insert into plain select a from t"), "public.t"),
        (said("system \"x\"", "insert into plain values (1)"), ""),
        (said("each-tenant", "-- tenantry: allow-zero-rows \"new\"\nupdate t set a = 1"), ""),
        ("update plain set a = 1".to_owned(), ""),
    ] {
        let migrations = Migrations::new([("V1__a.sql", sql.as_str())]).unwrap();
        let pending: Vec<_> = migrations.iter().collect();
        let reviewed = review(&manifest, &base(), &pending, &Ident::known("erp_owner")).unwrap();
        let expects: Vec<String> =
            reviewed.migrations[0].statements[0].expects.iter().map(QualifiedName::plain).collect();
        assert_eq!(expects.join(","), expected, "{sql}");
    }
}
