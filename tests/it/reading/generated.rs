//! Code that was generated for the driver, as clorinde and cornucopia do, runs on what is bound to a tenant.
//!
//! Such code is generic over a client trait of its own and names the driver by `tokio_postgres`. A crate of that name with the
//! few types that it uses, here a module, stands in the driver's place; the raw client stays where it is. What clorinde 2.0 writes
//! runs so: its crate has `tokio-postgres` by path and the feature `wasm-async`, for which the crate has a feature `js`.

use tenantry::{Statements, TenantPool};

use crate::support::erp::{Erp, open_accounts, tenant};

/// What takes the place of the driver.
mod tokio_postgres {
    use std::error::Error as StdError;
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use bytes::BytesMut;
    use futures_util::Stream;
    use tenantry::Statements;
    use tenantry::types::{BorrowToSql, FromSql, IsNull, ToSql, Type, to_sql_checked};

    pub use tenantry::{Statement, ToStatement, types};

    pub type Result<T, E = Error> = std::result::Result<T, E>;

    /// Nothing becomes one by itself: generated code leaves it to `?` to know which error it makes.
    #[derive(Debug)]
    pub struct Error(pub tenantry::Error);

    pub struct Row(tenantry::Row);

    impl Row {
        pub fn try_get<'r, T: FromSql<'r>>(&'r self, at: usize) -> Result<T> {
            self.0.try_get(at).map_err(|error| Error(error.into()))
        }
    }

    /// A scope or a transaction, for code that takes either.
    pub struct Transaction<'a>(pub &'a Statements);

    impl Transaction<'_> {
        pub async fn prepare(&self, query: &str) -> Result<Statement> {
            self.0.prepare(query).await.map_err(Error)
        }

        pub async fn execute<T: ?Sized + ToStatement>(
            &self,
            statement: &T,
            params: &[&(dyn ToSql + Sync)],
        ) -> Result<u64> {
            self.0.execute(statement, params).await.map_err(Error)
        }

        pub async fn query_opt<T: ?Sized + ToStatement>(
            &self,
            statement: &T,
            params: &[&(dyn ToSql + Sync)],
        ) -> Result<Option<Row>> {
            let row = self.0.query_opt(statement, params).await.map_err(Error)?;
            Ok(row.map(Row))
        }

        /// Such code hands over parameters that stay on their thread, so they are converted first.
        pub async fn query_raw<T, I>(&self, statement: &T, params: I) -> Result<RowStream>
        where
            T: ?Sized + ToStatement,
            I: IntoIterator,
            I::Item: BorrowToSql,
        {
            let statement = self.0.prepare(statement.sql()).await.map_err(Error)?;
            let params: Vec<Converted> = params
                .into_iter()
                .zip(statement.params())
                .map(|(param, ty)| Converted::new(param.borrow_to_sql(), ty))
                .collect();
            let params: Vec<_> = params.iter().map(|param| param as &(dyn ToSql + Sync)).collect();
            let rows = self.0.query(&statement, &params).await.map_err(Error)?;
            Ok(RowStream(rows.into_iter()))
        }
    }

    /// A parameter as the server takes it.
    #[derive(Debug)]
    struct Converted(Result<Option<BytesMut>, String>);

    impl Converted {
        fn new(param: &dyn ToSql, ty: &Type) -> Self {
            let mut bytes = BytesMut::new();
            Self(match param.to_sql_checked(ty, &mut bytes) {
                Ok(IsNull::Yes) => Ok(None),
                Ok(IsNull::No) => Ok(Some(bytes)),
                Err(error) => Err(error.to_string()),
            })
        }
    }

    impl ToSql for Converted {
        fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
            let Some(bytes) = self.0.as_ref().map_err(Clone::clone)? else { return Ok(IsNull::Yes) };
            out.extend_from_slice(bytes);
            Ok(IsNull::No)
        }

        fn accepts(_: &Type) -> bool {
            true
        }

        to_sql_checked!();
    }

    /// The rows, which borrow no transaction.
    pub struct RowStream(std::vec::IntoIter<tenantry::Row>);

    impl Stream for RowStream {
        type Item = Result<Row>;

        fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
            Poll::Ready(self.0.next().map(|row| Ok(Row(row))))
        }
    }
}

/// Of the shape that such generators write.
mod client {
    use super::tokio_postgres::types::{BorrowToSql, ToSql};
    use super::tokio_postgres::{Error, Row, RowStream, Statement, ToStatement, Transaction};

    pub trait GenericClient: Send + Sync {
        fn prepare(&self, query: &str) -> impl Future<Output = Result<Statement, Error>> + Send;
        fn execute<T>(
            &self,
            query: &T,
            params: &[&(dyn ToSql + Sync)],
        ) -> impl Future<Output = Result<u64, Error>> + Send
        where
            T: ?Sized + ToStatement + Sync + Send;
        fn query_opt<T>(
            &self,
            query: &T,
            params: &[&(dyn ToSql + Sync)],
        ) -> impl Future<Output = Result<Option<Row>, Error>> + Send
        where
            T: ?Sized + ToStatement + Sync + Send;
        fn query_raw<T, I>(
            &self,
            query: &T,
            params: I,
        ) -> impl Future<Output = Result<RowStream, Error>> + Send
        where
            T: ?Sized + ToStatement + Sync + Send,
            I: IntoIterator + Sync + Send,
            I::IntoIter: ExactSizeIterator,
            I::Item: BorrowToSql;
    }

    impl GenericClient for Transaction<'_> {
        async fn prepare(&self, query: &str) -> Result<Statement, Error> {
            Transaction::prepare(self, query).await
        }

        async fn execute<T>(&self, query: &T, params: &[&(dyn ToSql + Sync)]) -> Result<u64, Error>
        where
            T: ?Sized + ToStatement + Sync + Send,
        {
            Transaction::execute(self, query, params).await
        }

        async fn query_opt<T>(&self, query: &T, params: &[&(dyn ToSql + Sync)]) -> Result<Option<Row>, Error>
        where
            T: ?Sized + ToStatement + Sync + Send,
        {
            Transaction::query_opt(self, query, params).await
        }

        async fn query_raw<T, I>(&self, query: &T, params: I) -> Result<RowStream, Error>
        where
            T: ?Sized + ToStatement + Sync + Send,
            I: IntoIterator + Sync + Send,
            I::IntoIter: ExactSizeIterator,
            I::Item: BorrowToSql,
        {
            Transaction::query_raw(self, query, params).await
        }
    }
}

/// Statements as such generators write them: prepared or not, with parameters of any number.
mod queries {
    use futures_util::{StreamExt, TryStreamExt};

    use super::client::GenericClient;
    use super::tokio_postgres::types::ToSql;
    use super::tokio_postgres::{Error, Row, Statement};

    pub struct Tags(pub Option<Statement>);

    impl Tags {
        const SQL: &str = "select tag from erp.account where id >= $1 and id < $2 order by id";

        pub async fn prepare<C: GenericClient>(mut self, client: &C) -> Result<Self, Error> {
            self.0 = Some(client.prepare(Self::SQL).await?);
            Ok(self)
        }

        pub async fn all<C: GenericClient>(
            &self,
            client: &C,
            from: i64,
            to: i64,
        ) -> Result<Vec<String>, Error> {
            let params: [&(dyn ToSql + Sync); 2] = [&from, &to];
            let params = params.iter().map(|param| *param as &dyn ToSql);
            let rows = match &self.0 {
                Some(statement) => client.query_raw(statement, params).await?,
                None => client.query_raw(Self::SQL, params).await?,
            };
            rows.map(|row| row?.try_get(0)).try_collect().await
        }

        #[expect(clippy::needless_question_mark, reason = "it is written so, and has to know what `?` makes")]
        pub async fn first<C: GenericClient>(&self, client: &C) -> Result<Option<String>, Error> {
            let extractor: fn(&Row) -> Result<String, Error> = |row| Ok(row.try_get(0)?);
            let row = client.query_opt(Self::SQL, &[&0_i64, &2_i64]).await?;
            Ok(row
                .map(|row| {
                    let extracted = extractor(&row)?;
                    Ok(extracted)
                })
                .transpose()?)
        }
    }

    pub async fn rename<C: GenericClient>(client: &C, id: i64, tag: Option<&str>) -> Result<u64, Error> {
        client.execute("update erp.account set tag = $1 where id = $2", &[&tag, &id]).await
    }
}

async fn runs(db: &Statements, pool: &TenantPool) {
    let client = tokio_postgres::Transaction(db);
    let tags = queries::Tags(None);
    let own = tenant(1).as_setting();
    assert_eq!(tags.all(&client, 1, 3).await.unwrap(), [own.clone(), own.clone()]);
    assert_eq!(queries::rename(&client, 2, Some("two")).await.unwrap(), 1);
    let tags = tags.prepare(&client).await.unwrap();
    assert_eq!(tags.all(&client, 1, 3).await.unwrap(), [own.clone(), "two".to_owned()]);
    assert_eq!(tags.first(&client).await.unwrap(), Some(own.clone()));
    let theirs = pool.tenant(tenant(2));
    assert!(tags.all(&tokio_postgres::Transaction(&theirs), 1, 3).await.unwrap().is_empty());
    assert_eq!(queries::rename(&client, 2, Some(&own)).await.unwrap(), 1);
    let denied = queries::rename(&client, 2, None).await.unwrap_err();
    assert_eq!(denied.0.code().unwrap().code(), "23502", "{denied:?}");
}

#[tokio::test]
async fn generated_code_runs_in_a_scope_and_in_a_transaction() {
    let erp = Erp::new().await;
    let pool = erp.pool(2).await;
    open_accounts(&pool, &tenant(1), 1, 2).await;
    let scope = pool.tenant(tenant(1));
    runs(&scope, &pool).await;
    let tx = scope.begin();
    runs(&tx, &pool).await;
    tx.rollback().await.unwrap();
}
