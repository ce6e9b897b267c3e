//! Columns of every kind, whatever their names.

use std::error::Error;

use bytes::BytesMut;
use tenantry::types::{Format, IsNull, ToSql, Type, to_sql_checked};
use tenantry::{TenantPool, from_row};

use super::Value;
use crate::support::erp::{Erp, tenant};

const TABLES: &str = r#"
create schema "Odd.schema";
create type erp.mood as enum ('glad', 'it''s');
create domain erp.amount as bigint check (value >= 0);
create type erp.pair as (a bigint, b text);
create table "Odd.schema"."odd "":columns"" $1" (
    tenant_id uuid not null default tenantry.tenant_id(),
    "select" bigint primary key,
    ":arrays, ""x""" text,
    mood erp.mood,
    amount erp.amount,
    numbers bigint[],
    name varchar(5),
    flag "char",
    made text generated always as ('made ' || "select") stored
);
alter table "Odd.schema"."odd "":columns"" $1" enable row level security;
alter table "Odd.schema"."odd "":columns"" $1" force row level security;
create policy own on "Odd.schema"."odd "":columns"" $1" to tenantry_it_app
    using (tenant_id = (select tenantry.tenant_id()));
grant usage on schema "Odd.schema", erp to tenantry_it_app;
grant select, insert, delete on "Odd.schema"."odd "":columns"" $1" to tenantry_it_app;
"#;

const TABLE: &str = r#""Odd.schema"."odd "":columns"" $1""#;

async fn pool(erp: &Erp) -> TenantPool {
    erp.admin().await.batch_execute(TABLES).await.unwrap();
    erp.pool(1).await
}

from_row! {
    #[derive(Debug, PartialEq)]
    struct Odd {
        select: i64,
        arrays: String = r#":arrays, "x""#,
        mood: Option<String>,
        amount: Option<i64>,
        name: String,
        made: String,
    }
}

/// A label of an enum that this crate's users have a type for.
#[derive(Debug)]
struct Mood(&'static str);

impl ToSql for Mood {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        out.extend_from_slice(self.0.as_bytes());
        Ok(IsNull::No)
    }

    fn accepts(ty: &Type) -> bool {
        ty.name() == "mood"
    }

    to_sql_checked!();
}

/// A number in its textual form, which no array takes.
#[derive(Debug)]
struct Written(&'static str);

impl ToSql for Written {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        out.extend_from_slice(self.0.as_bytes());
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        Format::Text
    }

    to_sql_checked!();
}

#[tokio::test]
async fn columns_of_every_kind_take_their_values() {
    let erp = Erp::new().await;
    let pool = pool(&erp).await;
    let scope = pool.tenant(tenant(1));
    let none: Option<i64> = None;
    let columns = ["select", r#":arrays, "x""#, "mood", "amount", "name", "flag"];
    let rows: [[Value<'_>; 6]; 3] = [
        [&1_i64, &"{a,\"b", &Mood("glad"), &5_i64, &"abcde", &7_i8],
        [&2_i64, &"NULL", &Mood("it's"), &none, &"", &0_i8],
        [&3_i64, &"", &none.map(|_| Mood("glad")), &0_i64, &"e", &none.map(|_| 1_i8)],
    ];
    assert_eq!(scope.insert_many(TABLE, columns, rows).await.unwrap(), 3);
    let told = format!(
        r#"select "select", ":arrays, ""x""", mood::text, amount::bigint, name, made from {TABLE} order by 1"#
    );
    let found: Vec<Odd> = scope.query_as(&told, &[]).await.unwrap();
    let row = |id: i64, text: &str, mood: Option<&str>, amount, name: &str| Odd {
        select: id,
        arrays: text.to_owned(),
        mood: mood.map(str::to_owned),
        amount,
        name: name.to_owned(),
        made: format!("made {id}"),
    };
    assert_eq!(
        found,
        [
            row(1, "{a,\"b", Some("glad"), Some(5), "abcde"),
            row(2, "NULL", Some("it's"), None, ""),
            row(3, "", None, Some(0), "e"),
        ]
    );
    // A table whose columns all have one type, and one row of them.
    let negative: [[Value<'_>; 2]; 1] = [[&4_i64, &-1_i64]];
    let error = scope.insert_many(TABLE, ["select", "amount"], negative).await.unwrap_err();
    assert_eq!(error.code().unwrap().code(), "23514", "{error}");
    let long: [[Value<'_>; 2]; 1] = [[&4_i64, &"abcdef"]];
    let error = scope.insert_many(TABLE, ["select", "name"], long).await.unwrap_err();
    assert_eq!(error.code().unwrap().code(), "22001", "{error}");
}

/// `unnest` takes arrays of arrays apart, so these travel one by one, in as many chunks as the protocol's parameters ask for.
#[tokio::test]
async fn arrays_stay_arrays() {
    let erp = Erp::new().await;
    let pool = pool(&erp).await;
    let scope = pool.tenant(tenant(1));
    let rows: Vec<(i64, Option<Vec<i64>>)> =
        (0..40_000).map(|id| (id, (id % 3 != 0).then(|| (0..id % 4).collect()))).collect();
    let into = scope.insert_into(TABLE, ["select", "numbers"]).chunk_size(1_000_000);
    let inserted = into.rows(rows.iter().map(|(id, numbers)| [id as Value<'_>, numbers])).await.unwrap();
    assert_eq!(inserted, 40_000);
    let sql = format!(r#"select "select", numbers from {TABLE} order by 1"#);
    let found: Vec<(i64, Option<Vec<i64>>)> = scope.query_as(&sql, &[]).await.unwrap();
    assert!(found == rows);
}

/// What converts to text alone is no element of an array of the binary form.
#[tokio::test]
async fn values_in_their_textual_form_are_taken() {
    let erp = Erp::new().await;
    let pool = pool(&erp).await;
    let scope = pool.tenant(tenant(1));
    let rows: [[Value<'_>; 2]; 4] =
        [[&1_i64, &"a"], [&Written("22"), &"b"], [&3_i64, &Written("c")], [&4_i64, &"d"]];
    let into = scope.insert_into(TABLE, ["select", "name"]).chunk_size(2);
    assert_eq!(into.rows(rows).await.unwrap(), 4);
    let sql = format!(r#"select "select", name from {TABLE} order by 1"#);
    let found: Vec<(i64, String)> = scope.query_as(&sql, &[]).await.unwrap();
    let found: Vec<(i64, &str)> = found.iter().map(|(id, name)| (*id, &**name)).collect();
    assert_eq!(found, [(1, "a"), (3, "c"), (4, "d"), (22, "b")]);
}

/// Columns change their types under a service that goes on.
#[tokio::test]
async fn a_type_that_has_changed_is_asked_for_anew() {
    let erp = Erp::new().await;
    let pool = pool(&erp).await;
    let scope = pool.tenant(tenant(1));
    let insert = async |id: i64, value: Value<'_>, columns: [&str; 2]| {
        scope.insert_many(TABLE, columns, [[&id as Value<'_>, value]]).await
    };
    insert(1, &"a", ["select", "name"]).await.unwrap();
    let admin = erp.admin().await;
    let alter = async |what: &str| admin.batch_execute(&format!("alter table {TABLE} {what}")).await.unwrap();
    // The value shows it, before anything is sent.
    alter("alter column name type bigint using 1").await;
    insert(2, &7_i64, ["select", "name"]).await.unwrap();
    // The server shows it: no cast leads from the one to the other.
    alter("alter column name type uuid using gen_random_uuid()").await;
    assert!(insert(3, &7_i64, ["select", "name"]).await.unwrap_err().is_usage());
    // A type that is gone.
    insert(4, &Mood("glad"), ["select", "mood"]).await.unwrap();
    alter("alter column mood type text").await;
    admin.batch_execute("drop type erp.mood").await.unwrap();
    insert(5, &"sad", ["select", "mood"]).await.unwrap();
    // And a new one of the same name.
    admin.batch_execute("create type erp.mood as enum ('sad')").await.unwrap();
    alter("alter column mood type erp.mood using 'sad'").await;
    insert(6, &Mood("sad"), ["select", "mood"]).await.unwrap();
    let count = scope.query_scalar::<i64>(&format!("select count(*) from {TABLE}"), &[]).await.unwrap();
    assert_eq!(count, 5);
}
