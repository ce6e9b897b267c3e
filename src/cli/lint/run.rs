//! Runs a file as its runner does.

use std::cell::RefCell;

use tokio_postgres::Client;
use tokio_postgres::error::{DbError, ErrorPosition, SqlState};

use super::granted::makes;
use super::place::{Place, told};
use crate::catalog::replay::{Located, Source, directives, tokens, units};
use crate::cli::failure::Failure;
use crate::ident::Ident;
use crate::migrate::SealKeys;
use crate::migrate::binder::Binder;
use crate::policy::Tenancy;
use crate::policy::manifest::Manifest;
use crate::policy::render::{Vars, render};
use crate::rule::at as place_at;
use crate::seal::SealKey;
use crate::tenant::TenantType;

/// Who runs files, and for whom.
pub(super) struct Runner<'a> {
    pub(super) role: &'a Ident,
    /// What binds a tenant, and the one that is bound in a file that is run for each.
    pub(super) tenancy: &'a Tenancy,
    pub(super) tenant: &'static str,
    /// One that the database knows once it has keys.
    pub(super) key: &'a SealKey,
    /// Where the statement stands that is running.
    pub(super) at: &'a RefCell<Option<String>>,
}

/// A tenant that there is not.
pub(super) fn tenant(manifest: &Manifest) -> &'static str {
    match manifest.tenancy.tenant_type() {
        TenantType::Uuid => "00000000-0000-0000-0000-000000000001",
        _ => "1",
    }
}

impl Runner<'_> {
    /// Runs a file in a session of its own.
    pub(super) async fn file(&self, source: &Source, place: &Place) -> Result<(), Failure> {
        let mut client = self.session(source, place).await?;
        for unit in units(source) {
            if unit.is_one_transaction {
                self.own(&client, "BEGIN").await?;
            }
            for statement in unit.statements {
                *self.at.borrow_mut() = Some(format!("{}:{}", statement.file(), statement.line()));
                match meta(&statement) {
                    // Whoever runs the files has to be there before they make it.
                    None if makes(statement.text(), self.role) => {}
                    None => self.statement(&client, &statement).await?,
                    Some("c" | "connect") => client = self.session(source, place).await?,
                    Some(command) => {
                        let at = place_at(&statement, 0);
                        let line = format!("{}:{}:{}: \\{command} is for psql", at.file, at.line, at.column);
                        return Err(Failure::usage(line)
                            .help("lint --server runs SQL alone; name the files one after the other, and leave out what psql does"));
                    }
                }
            }
            if unit.is_one_transaction {
                self.own(&client, "COMMIT").await.map_err(|failure| Failure {
                    line: format!("{}: the file cannot be committed", source.name()),
                    ..failure
                })?;
            }
        }
        *self.at.borrow_mut() = None;
        Ok(())
    }

    async fn session(&self, source: &Source, place: &Place) -> Result<Client, Failure> {
        let client = place.session().await?;
        if *self.role != place.role {
            let sql = render(
                include_str!("../../../sql/lint/become.sql"),
                &Vars::default().name("role", self.role),
            )?;
            self.own(&client, &sql).await?;
        }
        if directives(source.text()).each_tenant {
            self.bind(&client, place).await?;
        }
        Ok(client)
    }

    /// Binds the tenant as the database takes it now. What verifies seals there is given a key.
    async fn bind(&self, client: &Client, place: &Place) -> Result<(), Failure> {
        let binder = Binder::of(client, self.tenancy, Some(self.key)).await?;
        if binder.seals() {
            SealKeys::new(&place.admin, self.tenancy).add(self.key).await?;
        }
        let (setting, value) = (self.tenancy.setting_name().as_str(), binder.value(self.tenant));
        let bound = client.query(include_str!("../../../sql/lint/bind.sql"), &[&setting, &value]).await;
        bound.map(drop).map_err(|error| told("no tenant can be bound", &error))
    }

    async fn own(&self, client: &Client, sql: &str) -> Result<(), Failure> {
        client.batch_execute(sql).await.map_err(|error| told("the session cannot be prepared", &error))
    }

    async fn statement(&self, client: &Client, statement: &Located) -> Result<(), Failure> {
        let sent = match Copy::of(statement) {
            Some(Copy::In) => copy_in(client, statement).await,
            Some(Copy::Out) => copy_out(client, statement).await,
            None => client.batch_execute(statement.text()).await,
        };
        sent.map_err(|error| refused(statement, &error))
    }
}

/// The command to psql that a statement is, without its backslash.
fn meta(statement: &Located) -> Option<&str> {
    statement.text().strip_prefix('\\')?.split_whitespace().next()
}

/// Which way rows go over the connection.
#[derive(Clone, Copy)]
enum Copy {
    In,
    Out,
}

impl Copy {
    fn of(statement: &Located) -> Option<Self> {
        let text = statement.text();
        let begins = text.get(..4).is_some_and(|verb| verb.eq_ignore_ascii_case("copy"));
        if !begins {
            return None;
        }
        let tokens = tokens(text);
        let has = |one: &str, next: &str| {
            tokens
                .windows(2)
                .any(|pair| matches!(pair, [a, b] if a.is_word(text, one) && b.is_word(text, next)))
        };
        if has("from", "stdin") {
            Some(Self::In)
        } else if has("to", "stdout") {
            Some(Self::Out)
        } else {
            None
        }
    }
}

async fn copy_in(client: &Client, statement: &Located) -> Result<(), tokio_postgres::Error> {
    use futures_util::SinkExt;

    let sink = client.copy_in::<_, bytes::Bytes>(statement.text()).await?;
    let mut sink = std::pin::pin!(sink);
    sink.send(bytes::Bytes::from(rows(statement).to_owned())).await?;
    sink.finish().await?;
    Ok(())
}

/// The rows that stand behind a COPY in its file, up to a line that holds `\.` alone.
fn rows(statement: &Located) -> &str {
    let text = statement.source().text();
    let rest = text.get(statement.range().end..).unwrap_or_default();
    let Some((_, rest)) = rest.split_once('\n') else { return "" };
    let mut length = 0;
    for line in rest.split_inclusive('\n') {
        if line.trim_end_matches(['\n', '\r']) == "\\." {
            return rest.get(..length).unwrap_or_default();
        }
        length += line.len();
    }
    // Without an end it is whatever else stands in the file, and a runner has no way to send it.
    ""
}

async fn copy_out(client: &Client, statement: &Located) -> Result<(), tokio_postgres::Error> {
    use futures_util::TryStreamExt;

    let stream = client.copy_out(statement.text()).await?;
    let mut stream = std::pin::pin!(stream);
    while stream.try_next().await?.is_some() {}
    Ok(())
}

/// What the server says of a statement that it does not run.
fn refused(statement: &Located, error: &tokio_postgres::Error) -> Failure {
    let db = error.as_db_error();
    let position = match db.and_then(|db| db.position()) {
        Some(ErrorPosition::Original(position)) => usize::try_from(*position).unwrap_or_default(),
        _ => 0,
    };
    let mut at = place_at(statement, position);
    let context = db.and_then(|db| db.where_());
    let within = context.and_then(|context| within(statement, context)).filter(|_| position == 0);
    if let Some(line) = within {
        (at.line, at.column) = (line, 1);
    }
    let line = format!("{}:{}:{}: the server does not run this statement", at.file, at.line, at.column);
    let mut failure = told(line, error);
    failure.causes.extend(context.map(|context| format!("context: {}", context.replace('\n', "; "))));
    let code = db.map(DbError::code);
    let help = if code == Some(&SqlState::ACTIVE_SQL_TRANSACTION) {
        "the file is run as one transaction, as its name says; -- tenantry: no-transaction runs it statement by statement"
    } else if code == Some(&SqlState::UNDEFINED_FILE) || code == Some(&SqlState::FEATURE_NOT_SUPPORTED) {
        "if an extension is missing, name an image that has it, such as --server=postgis/postgis:18-3.6, or the URL of an empty \
         database of a server that has it"
    } else if [
        SqlState::UNDEFINED_TABLE,
        SqlState::INVALID_SCHEMA_NAME,
        SqlState::UNDEFINED_OBJECT,
        SqlState::UNDEFINED_FUNCTION,
    ]
    .iter()
    .any(|missing| code == Some(missing))
    {
        "the files are run on an empty database; name those that make what is missing ahead of these"
    } else {
        return failure;
    };
    failure.help(help)
}

/// The line of the file that a block's context means by a line of its code.
fn within(statement: &Located, context: &str) -> Option<usize> {
    // The last one is the outermost.
    let line = context.lines().rfind(|line| line.contains("inline_code_block line "))?;
    let number = line.split_once("inline_code_block line ")?.1;
    let number: usize = number.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()?;
    let text = statement.text();
    let body = tokens(text).into_iter().find(|token| token.of(text).starts_with('$'))?;
    let before = text.get(..body.start)?.matches('\n').count();
    Some(statement.line() + before + number.saturating_sub(1))
}
