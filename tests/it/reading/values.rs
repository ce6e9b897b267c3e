//! Tuples, structs and single values.

use tenantry::{Error, FromRow, Statements, from_row};

use crate::support::erp::{Erp, open_accounts, tenant};

from_row! {
    /// Documentation, attributes and visibility stay.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Account {
        /// A raw identifier is the column without its mark.
        pub r#type: String,
        pub(crate) id: i64,
        name: Option<String> = "tag",
        labels: Vec<String>,
    }

    #[derive(Debug, PartialEq)]
    struct Nothing {}

    #[derive(Debug, PartialEq)]
    struct Pair {
        first: i64,
        second: i64,
    }
}

const ACCOUNT: &str =
    "select 5 as more, id, 'asset' as type, nullif(tag, 'none') as tag, '{a,b}'::text[] as labels
    from erp.account where id <= $1 order by id";

async fn values(db: &Statements) {
    let accounts: Vec<Account> = db.query_as(ACCOUNT, &[&3_i64]).await.unwrap();
    let account = |id: i64, name: Option<&str>| Account {
        r#type: "asset".to_owned(),
        id,
        name: name.map(str::to_owned),
        labels: vec!["a".to_owned(), "b".to_owned()],
    };
    let tag = tenant(1).as_setting();
    assert_eq!(accounts, [account(1, Some(&tag)), account(2, None), account(3, Some(&tag))]);
    assert_eq!(db.query_as_one::<Account>(ACCOUNT, &[&1_i64]).await.unwrap(), accounts[0]);
    assert_eq!(db.query_as_opt::<Account>(ACCOUNT, &[&0_i64]).await.unwrap(), None);
    assert_eq!(db.query_as_one::<Nothing>("select 1", &[]).await.unwrap(), Nothing {});

    let pairs: Vec<(i64, Option<String>)> =
        db.query_as("select id, nullif(tag, 'none') from erp.account where id = 2", &[]).await.unwrap();
    assert_eq!(pairs, [(2, None)]);
    let statement = db.prepare("select count(*) from erp.account where id > $1").await.unwrap();
    assert_eq!(db.query_scalar::<i64>(&statement, &[&1_i64]).await.unwrap(), 2);
    assert_eq!(db.query_scalar_opt::<i64>("select 7::bigint where false", &[]).await.unwrap(), None);
    assert_eq!(db.query_scalar_opt::<Option<i64>>("select null::bigint", &[]).await.unwrap(), Some(None));
    assert!(db.query_as_one::<Account>(ACCOUNT, &[&3_i64]).await.unwrap_err().is_row_count());
    assert!(db.query_as_opt::<(i32,)>("values (1), (2)", &[]).await.unwrap_err().is_row_count());
    assert!(db.query_scalar::<i64>("select 1::bigint where false", &[]).await.unwrap_err().is_row_count());
}

#[tokio::test]
async fn rows_become_values_in_a_scope_a_transaction_and_a_savepoint() {
    let erp = Erp::new().await;
    let pool = erp.pool(1).await;
    open_accounts(&pool, &tenant(1), 1, 3).await;
    pool.tenant(tenant(1)).execute("update erp.account set tag = 'none' where id = 2", &[]).await.unwrap();
    values(&pool.tenant(tenant(1))).await;
    let mut tx = pool.tenant(tenant(1)).begin();
    values(&tx).await;
    let savepoint = tx.savepoint().await.unwrap();
    values(&savepoint).await;
    savepoint.release().await.unwrap();
    tx.commit().await.unwrap();
}

async fn fails<T: FromRow>(db: &Statements, sql: &str) -> Error {
    db.query_as::<T>(sql, &[]).await.err().expect("it was read")
}

/// An error names the column, what was expected and what was found, and no value.
#[tokio::test]
async fn what_does_not_fit_is_told_by_column_and_type_without_the_value() {
    let erp = Erp::new().await;
    let pool = erp.pool(1).await;
    let db = pool.tenant(tenant(1));
    let row = "select 'secret' as type, 1::bigint as id, 'secret' as tag, '{}'::text[] as labels";
    for (error, line) in [
        (
            fails::<Account>(&db, &row.replace("1::bigint", "'secret'")).await,
            r#"column "id" is of the PostgreSQL type text, which does not convert to the Rust type i64; read it as one to which it does, or cast it in the statement"#,
        ),
        (
            fails::<Account>(&db, &row.replace("1::bigint", "null::bigint")).await,
            r#"column "id" is NULL; read it as an Option"#,
        ),
        (
            fails::<Account>(&db, &row.replace("as tag", "as label")).await,
            r#"the row has no column "tag"; it has "type", "id", "label", "labels""#,
        ),
        (
            fails::<(i64, i64)>(&db, "select 1::bigint as a, 'secret' as b").await,
            r#"column 1, counted from 0, "b", is of the PostgreSQL type text, which does not convert to the Rust type i64; read it as one to which it does, or cast it in the statement"#,
        ),
        (
            fails::<(i64,)>(&db, "select 'secret', 2").await,
            "the row has 2 columns; expected 1, one for each value that is read",
        ),
        (fails::<Account>(&db, "select").await, r#"the row has no column "type"; it has none"#),
        (
            fails::<Account>(
                &db,
                "select 1 a, 2 b, 3 c, 4 d, 5 e, 6 f, 7 g, 8 h, 9 i, 10 j, 11 k, 12 l, 13 m, 14 n",
            )
            .await,
            r#"the row has no column "type"; it has "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l" and 2 more"#,
        ),
    ] {
        assert_eq!(error.to_string(), line);
        assert!(!error.is_usage() && !error.is_connection_lost() && error.code().is_none(), "{error}");
    }
}

/// Columns are looked for again where rows of another answer follow, and as the driver looks for them: in whatever case.
#[tokio::test]
async fn rows_of_several_answers_are_read_by_their_own_columns() {
    let erp = Erp::new().await;
    let pool = erp.pool(1).await;
    let db = pool.tenant(tenant(1));
    let mut rows = Vec::new();
    for columns in ["1::bigint as first, 2::bigint as second", r#"4::bigint as second, 3::bigint as "FIRST""#]
    {
        rows.extend(db.query(&*format!("select {columns} from generate_series(1, 2)"), &[]).await.unwrap());
    }
    let pair = |first, second| Pair { first, second };
    assert_eq!(Pair::from_rows(&rows).unwrap(), [pair(1, 2), pair(1, 2), pair(3, 4), pair(3, 4)]);
    assert_eq!(Pair::from_rows(&[]).unwrap(), []);
    rows.extend(db.query("select 5::bigint as first", &[]).await.unwrap());
    let error = Pair::from_rows(&rows).unwrap_err();
    assert_eq!(error.to_string(), r#"the row has no column "second"; it has "first""#);
}

/// Types of others read our rows as they are.
#[tokio::test]
async fn rows_are_those_of_the_driver() {
    trait PostgresFromRow: Sized {
        fn try_from_row(row: &tokio_postgres::Row) -> Result<Self, tokio_postgres::Error>;
    }
    impl PostgresFromRow for i64 {
        fn try_from_row(row: &tokio_postgres::Row) -> Result<Self, tokio_postgres::Error> {
            row.try_get("id")
        }
    }
    async fn all<T: PostgresFromRow>(db: &Statements, sql: &str) -> tenantry::Result<Vec<T>> {
        let rows = db.query(sql, &[]).await?;
        rows.iter().map(|row| Ok(T::try_from_row(row)?)).collect()
    }
    let erp = Erp::new().await;
    let pool = erp.pool(1).await;
    let db = pool.tenant(tenant(1));
    assert_eq!(
        all::<i64>(&db, "values (1::bigint), (2)").await.unwrap_err().to_string(),
        r#"the row has no column "id""#
    );
    assert_eq!(all::<i64>(&db, "select * from (values (1::bigint), (2)) as v (id)").await.unwrap(), [1, 2]);
}
