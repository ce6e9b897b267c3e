use super::{Place, Trace, Way, judge, judge_copy};

const CARRIER: &str = "app.tenant_id";

/// A statement, in a scope and in a transaction.
fn judged(sql: &str) -> [Result<Trace, String>; 2] {
    [Place::Scope, Place::Transaction(CARRIER)].map(|place| {
        judge(sql, place).map_err(|error| {
            assert!(error.is_usage());
            let line = error.to_string();
            assert!(line.contains(" cannot be run as a statement here; "), "{line}");
            line
        })
    })
}

/// Words of the advice, and what is refused with it.
const REFUSED: &[(&str, &[&str])] = &[
    (
        "begin, commit, rollback or savepoint",
        &[
            "commit",
            "  COMMIT AND CHAIN",
            ";commit",
            "/* a /* b */ */ rollback",
            "-- x\nend",
            "-- x\rabort",
            "\u{b}begin",
            "start transaction",
            "(commit",
            "savepoint x",
            "release x",
            "rollback to x",
            "prepare transaction 'x'",
            "PREPARE/**/TRANSACTION 'x'",
        ],
    ),
    (
        "Statements::prepare",
        &[
            "prepare p as select 1",
            "execute p",
            "deallocate all",
            "explain execute s1",
            "explain (analyze) execute s1",
        ],
    ),
    ("whose cursors end with the transaction", &["declare c cursor with hold for select 1"]),
    ("ends with it anyway", &["discard all", "Discard/**/temp"]),
    ("ends with the transaction", &["reset all", "reset role"]),
    ("a connection of your own, made with tokio_postgres", &["listen x", "UNLISTEN *"]),
    ("session_preload_libraries", &["load 'x'"]),
    ("TransactionBlock::copy_in or copy_out", &["copy t from stdin", "/* */ Copy t to stdout"]),
    (
        "use SET LOCAL in a transaction, or TenantContext::set",
        &[
            "SET app.tenant_id = 'b'",
            "set session app.tenant_id to 'b'",
            "set\"app\".\"tenant_id\" = 'b'",
            "set U&\"app\\002etenant_id\" = 'b'",
            "set time zone 'UTC'",
            // Names of settings of the session's.
            "set local.tenant_id = 'b'",
            "set local . tenant_id = 'b'",
            "set LOCAL/**/./**/tenant_id to 'b'",
            "set local = 1",
            "set local to 1",
            "set \"local\" app.tenant_id = 'b'",
            "set constraints.x = 1",
            "set transaction.x to 1",
            "set session.x to 1",
            "set",
        ],
    ),
    (
        "build a pool for the other role",
        &[
            "set role postgres",
            "set role to postgres",
            "set session authorization postgres",
            "set/**/session/**/authorization postgres",
            "set local role postgres",
            "SET LOCAL Role TO postgres",
            "set local role = postgres",
            "set local role none",
            "set local \"role\" = postgres",
            "set local \"ROLE\" = postgres",
            "set local/* */session -- x\n authorization postgres",
            "set local session_authorization = postgres",
            "set local \"session_authorization\" to postgres",
        ],
    ),
    (
        "TenantContext::isolation_level, read_only or deferrable",
        &[
            "set transaction isolation level serializable",
            "set transaction read only",
            "set local transaction read only",
            "set session characteristics as transaction read only",
            "set local session characteristics as transaction read only",
        ],
    ),
    (
        "or as a migration",
        &[
            "vacuum",
            "VACUUM (analyze) t",
            "create database x",
            "drop database x",
            "create tablespace x location '/x'",
            "drop tablespace x",
            "alter system set work_mem = '1MB'",
            "create index concurrently on t (x)",
            "create unique index concurrently i on t (x)",
            "drop index concurrently i",
            "reindex table concurrently t",
            "reindex (concurrently) table t",
            "reindex (concurrently true, verbose) index i",
            "reindex schema s",
            "reindex database d",
            "alter table t detach partition p concurrently",
        ],
    ),
    (
        "let a migration do it",
        &[
            "alter role erp_app set app.tenant_id = 'b'",
            "ALTER USER erp_app SET search_path TO x",
            "alter role all set x.y = 1",
            "alter role current_user in database d set x.y = 1",
            "alter role r reset all",
            "alter database d set x.y = 1",
            "alter/**/database \"d\" reset x.y",
            "alter role set set x.y = 1",
        ],
    ),
];

/// However they are written, and wherever they run.
#[test]
fn transaction_and_session_control_are_refused() {
    for (advice, statements) in REFUSED {
        for sql in *statements {
            for judged in judged(sql) {
                let line = judged.expect_err(sql);
                assert!(line.contains(advice), "{sql}: {line}");
            }
        }
    }
}

#[test]
fn the_setting_that_carries_the_tenant_is_refused_however_it_is_written() {
    for sql in [
        "set local app.tenant_id = 'b'",
        "SET LOCAL app.tenant_id TO 'b'",
        "set local App.TENANT_id to default",
        "set/**/local/**/app/**/./**/tenant_id/**/=/**/'b'",
        "set local -- x\n app.tenant_id = 'b'",
        "set local \"app\".tenant_id = 'b'",
        "set local app.\"tenant_id\" = 'b'",
        "set local \"APP\".\"Tenant_Id\" = 'b'",
        "set local \"app.tenant_id\" = 'b'",
        "set local\"app.tenant_id\"='b'",
        ";(set local app.tenant_id = 'b'",
    ] {
        let [scope, transaction] = judged(sql);
        assert!(scope.expect_err(sql).contains("run it in a transaction, or bind"), "{sql}");
        assert!(transaction.expect_err(sql).contains("this setting carries the tenant"), "{sql}");
    }
    let long = "x".repeat(64);
    for sql in [
        "set local U&\"app\\002etenant_id\" = 'b'",
        "set local u&\"app!002etenant_id\" uescape '!' = 'b'",
        "set local app.U&\"tenant\\005fid\" = 'b'",
        &format!("set local app.{long} = 'b'"),
    ] {
        let [_, transaction] = judged(sql);
        assert!(transaction.expect_err(sql).contains("write it plainly"), "{sql}");
    }
}

/// They would end with themselves.
#[test]
fn what_does_nothing_on_its_own_is_taken_in_a_transaction_only() {
    for sql in [
        "SET LOCAL work_mem = '1MB'",
        "set local app.tenant = 'b'",
        "set local session.x = 'b'",
        "set local local.x = 'b'",
        "set local time zone 'UTC'",
        "set local app.\"tenant_id\"\"\" = 'b'",
        "set constraints all deferred",
        "lock table t",
    ] {
        let [scope, transaction] = judged(sql);
        assert!(scope.expect_err(sql).contains("do nothing"), "{sql}");
        assert_eq!(transaction, Ok(Trace::None), "{sql}");
    }
}

#[test]
fn data_statements_leave_nothing_behind() {
    for sql in [
        "select 1",
        "(select 1)",
        "with x as (select 1) table x",
        "insert into t values (1)",
        "insert into t select 1",
        "merge into t using s on true when matched then do nothing",
        "with x as (insert into t values (1) returning *) select * from x",
        "",
        "-- only a comment",
        "/* open",
        "explain select 1",
        "explain (select 1)",
        "explain ((select 1))",
        "explain analyze verbose insert into t values (1)",
        "explain (analyze, costs off) with x as (insert into t values (1)) select 1",
        "notify x",
    ] {
        assert_eq!(judged(sql), [Ok(Trace::None), Ok(Trace::None)], "{sql:?}");
    }
}

#[test]
fn what_may_leave_an_object_in_the_session_is_noticed() {
    for sql in [
        "create temp table t (x int)",
        "create index on t (x)",
        "drop table t",
        "alter table t add x int",
        "alter role erp_app password 'set'",
        "alter user mapping for x server y options (set a 'b')",
        "do $$ begin end $$",
        "call p()",
        "select 1 into temp t",
        "(with x as (select 1) select * into temp t from x)",
        "explain analyze create temp table t as select 1",
        "explain (analyze) create temp table t as select 1",
        "EXPLAIN ANALYSE VERBOSE CREATE TEMP TABLE t AS SELECT 1",
        "explain /* */ (analyze, format json) /* */ select 1 into temp t",
        "explain analyze select 1 into temp t",
        "explain (select 1 into temp t)",
        "explain (analyze) (select 1 into temp t)",
        "explain analyze declare c cursor for select 1",
        "explain ( analyze /* ) */ ) create temp table t as select 1",
    ] {
        assert_eq!(judged(sql), [Ok(Trace::Session), Ok(Trace::Session)], "{sql:?}");
    }
}

#[test]
fn only_a_copy_whose_data_travel_is_one() {
    let copies = [
        ("copy t from stdin", Way::In),
        ("Copy s.t (a, \"to\") FROM/**/STDIN with (format csv)", Way::In),
        ("copy s.to from stdin", Way::In),
        ("copy binary t from stdin", Way::In),
        ("copy t from stdout", Way::In),
        ("copy t to stdout", Way::Out),
        (" (/* */ copy t to stdin", Way::Out),
        ("copy (select 'x from y' from z) to stdout", Way::Out),
        ("copy (insert into t values (1) returning *) to stdout", Way::Out),
        (r"copy (select '\' from z) to stdout", Way::Out),
    ];
    for (sql, way) in copies {
        let other = if way == Way::In { Way::Out } else { Way::In };
        judge_copy(sql, way).unwrap();
        if !sql.contains('\\') {
            assert!(judge_copy(sql, other).unwrap_err().to_string().contains("its data"), "{sql}");
        }
    }
    for way in [Way::In, Way::Out] {
        for sql in [
            "insert into t values (1)",
            "select 1",
            "",
            "commit",
            "copyright",
            "with x as (select 1) select 1",
        ] {
            assert!(judge_copy(sql, way).unwrap_err().to_string().contains("use query or execute"), "{sql}");
        }
        for sql in [
            "copy t from '/etc/passwd'",
            "copy t to '/tmp/x'",
            "copy t from program 'ls'",
            "copy (select 1) to program 'cat'",
            "copy t to E'/tmp/x'",
            "copy t to $$/tmp/x$$",
        ] {
            assert!(judge_copy(sql, way).unwrap_err().to_string().contains("around all policies"), "{sql}");
        }
    }
}
