//! A session, and as whom it acts.

use std::borrow::Cow;

use futures_util::TryStreamExt;
use futures_util::future::{join, join_all, join4, join5};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, SimpleQueryMessage};

use super::attempt::Reads;
pub(crate) use super::patience::Patience;
use super::seals::Seals;
use crate::error::{Error, Result};
use crate::ident::Ident;
use crate::migrate::login::Login;
use crate::policy::Roles;
use crate::policy::render::{Vars, render};
use crate::policy::scan::statements;

/// A session whose statements run as the app role, or as the one who makes rows.
pub(crate) struct Seat {
    client: Client,
    /// The SQL by which the session becomes the app role for a while; empty where it is that one.
    app: String,
    /// The SQL by which it becomes who makes rows; none where the app role makes its own.
    seeder: Option<String>,
    /// Who has logged in.
    login: String,
    superuser: bool,
    /// The app role's name.
    app_role: String,
    seals: Option<Seals>,
}

/// What a query of one row has shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    /// How many rows there are, and a number that stands for what is in them.
    Rows { count: String, content: String },
    /// It was refused.
    Refused(Answer),
}

/// What a statement came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// How many rows it returned, changed, or counted.
    Rows(u64),
    /// The server refused it.
    Error {
        /// The SQLSTATE.
        code: SqlState,
        message: String,
        /// The constraint that it names.
        constraint: Option<String>,
    },
}

/// What is made of a session before a statement.
#[derive(Clone, Debug, Default)]
pub(crate) struct Binding {
    /// The settings that are made, each with its value.
    pub(crate) settings: Vec<(String, String)>,
    /// Whether the values are bound as they are, where tenants are sealed.
    pub(crate) bare: bool,
    /// Who else than the app role it acts as.
    pub(crate) role: Option<Ident>,
}

impl Seat {
    /// A session that is logged in as the app role.
    pub(crate) fn of_app(client: Client, roles: &Roles) -> Self {
        let login = roles.app_role().as_str().to_owned();
        let app_role = login.clone();
        Self { client, app: String::new(), seeder: None, login, superuser: false, app_role, seals: None }
    }

    /// A session whose login can act as the app role and as one that makes rows of all tenants.
    pub(crate) async fn of_seeder(client: Client, roles: &Roles, server_version: u32) -> Result<Self> {
        let login = Login::read(&client, roles, server_version).await?;
        let name = login.name().to_owned();
        let (app_role, seals) = (roles.app_role().as_str().to_owned(), None);
        let local = |role| {
            let vars = Vars::default().sql("local", "LOCAL").name("role", role);
            render(include_str!("../../sql/migrate/become.sql"), &vars)
        };
        if login.is_superuser() {
            let vars = Vars::default().name("role", roles.app_role());
            let app = render(include_str!("../../sql/prove/become_session.sql"), &vars)?;
            let seeder = Some(String::new());
            return Ok(Self { client, app, seeder, login: name, superuser: true, app_role, seals });
        }
        let app = login.for_app(roles)?.map(local).transpose()?.unwrap_or_default();
        let seeder = login.for_system(roles)?.map(local).transpose()?.unwrap_or_default();
        Ok(Self { client, app, seeder: Some(seeder), login: name, superuser: false, app_role, seals })
    }

    /// Binds sealed tenants, where there is a key.
    pub(crate) fn sealing(self, seals: Option<&Seals>) -> Self {
        Self { seals: seals.cloned(), ..self }
    }

    pub(crate) fn seals(&self) -> Option<&Seals> {
        self.seals.as_ref()
    }

    /// Whom the server takes for the session's user while it acts so: only a superuser's session can be another's.
    pub(crate) fn session_user<'s>(&'s self, role: Option<&'s Ident>) -> &'s str {
        if self.superuser { role.map_or(self.app_role.as_str(), Ident::as_str) } else { &self.login }
    }

    /// A value as a setting has to carry it while the session acts so.
    pub(crate) fn value(&self, setting: &str, value: &str, role: Option<&Ident>) -> Result<String> {
        match &self.seals {
            Some(seals) => seals.value(setting, value, self.session_user(role)),
            None => Ok(value.to_owned()),
        }
    }

    /// The SQL of what is bound, for whom the server takes for the session's user.
    fn bind(&self, binding: &Binding, user: &str) -> Result<String> {
        let mut sql = String::from("SELECT 1");
        for (setting, value) in &binding.settings {
            let value = match self.seals.as_ref().filter(|_| !binding.bare) {
                Some(seals) => seals.value(setting, value, user)?,
                None => value.clone(),
            };
            let vars = Vars::default().text("setting", setting.as_str()).text("value", value);
            sql += &render(", pg_catalog.set_config(:'setting', :'value', true)", &vars)?;
        }
        Ok(sql)
    }

    fn unbind(&self, binding: &Binding) -> Result<String> {
        let settings = binding.settings.iter().map(|(setting, _)| (setting.clone(), String::new())).collect();
        self.bind(&Binding { settings, ..Binding::default() }, &self.login)
    }

    /// The SQL by which it acts as somebody else for a while.
    fn becoming(&self, binding: &Binding) -> Result<Cow<'_, str>> {
        match &binding.role {
            Some(role) => acting_as(role).map(Cow::Owned),
            None => Ok(Cow::Borrowed(&self.app)),
        }
    }

    /// Runs statements of a proof's own as whoever has logged in. What they do stays until the rollback.
    pub(crate) async fn prepare(&self, sql: &str) -> Result<()> {
        for statement in statements(sql) {
            self.run("the preparation of an attempt", statement).await?;
        }
        Ok(())
    }

    /// Runs statements that may be refused, and says by what.
    pub(crate) async fn weaken(&self, sql: &str) -> Result<std::result::Result<(), String>> {
        for statement in statements(sql) {
            if let Err(error) = self.client.simple_query(statement).await {
                return answer(error).map(|answer| Err(answer.to_string()));
            }
        }
        Ok(Ok(()))
    }

    pub(crate) fn is_superusers(&self) -> bool {
        self.superuser
    }

    /// Fails unless it is a superuser's.
    pub(crate) fn demand_superuser(&self) -> Result<()> {
        if self.superuser {
            return Ok(());
        }
        Err(Error::lacks_role(format!(
            "role {:?} cannot weaken a schema to try the proof; log in as a superuser",
            self.login
        )))
    }

    /// Whether somebody else than the app role makes rows.
    pub(crate) fn has_seeder(&self) -> bool {
        self.seeder.is_some()
    }

    pub(crate) fn login(&self) -> &str {
        &self.login
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    pub(crate) fn client_mut(&mut self) -> &mut Client {
        &mut self.client
    }

    /// Limits how long the session waits for a lock, in whatever it does.
    pub(crate) async fn wait_for_locks(&self, patience: Patience) -> Result<()> {
        let sql = render(
            include_str!("../../sql/prove/lock_timeout.sql"),
            &Vars::default().sql("lock_timeout", patience.lock.as_millis().to_string()),
        )?;
        self.run("the limit of the session", &sql).await
    }

    /// Opens a transaction that will be rolled back.
    pub(crate) async fn begin(&self, patience: Patience) -> Result<()> {
        let sql = render(
            include_str!("../../sql/prove/begin.sql"),
            &Vars::default()
                .sql("statement_timeout", patience.statement.as_millis().to_string())
                .sql("lock_timeout", patience.lock.as_millis().to_string()),
        )?;
        for statement in statements(&sql) {
            self.run("the begin of the proof", statement).await?;
        }
        Ok(())
    }

    /// Ends the transaction, and leaves nothing of it.
    pub(crate) async fn rollback(&self) -> Result<()> {
        self.run("the rollback of the proof", "ROLLBACK").await?;
        // No transaction holds these.
        self.run("the end of prepared statements", "DEALLOCATE ALL").await
    }

    pub(crate) async fn run(&self, what: &'static str, sql: &str) -> Result<()> {
        self.client.batch_execute(sql).await.map_err(|source| Error::script(what, source))
    }

    /// Tries a statement as the app role, and takes back what it did.
    pub(crate) async fn attempt(&self, binding: &Binding, sql: &str, reads: Reads) -> Result<Answer> {
        if reads == Reads::Copied {
            return self.copied(binding, sql).await;
        }
        let tried = self.tried(binding, sql).await?;
        Ok(tried.map_or_else(|answer| answer, |messages| Answer::Rows(reads.count(&messages))))
    }

    /// What a query of one row shows to the app role.
    pub(crate) async fn show(&self, binding: &Binding, sql: &str) -> Result<Shown> {
        let messages = match self.tried(binding, sql).await? {
            Ok(messages) => messages,
            Err(answer) => return Ok(Shown::Refused(answer)),
        };
        let row = messages.iter().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        });
        let text =
            |at| row.filter(|row| at < row.len()).and_then(|row| row.get(at)).unwrap_or_default().to_owned();
        Ok(Shown::Rows { count: text(0), content: text(1) })
    }

    async fn tried(
        &self,
        binding: &Binding,
        sql: &str,
    ) -> Result<std::result::Result<Vec<SimpleQueryMessage>, Answer>> {
        let (bind, becoming) =
            (self.bind(binding, self.session_user(binding.role.as_ref()))?, self.becoming(binding)?);
        let texts = statements(sql);
        let (last, before) = texts.split_last().unwrap_or((&sql, &[]));
        // All are sent before the first is answered; after one that fails the server skips to the rollback.
        let ((opened, became, bound, before, answered), closed) = join(
            join5(
                self.client.simple_query(SAVEPOINT),
                self.become_(&becoming),
                self.client.simple_query(&bind),
                join_all(before.iter().map(|sql| self.client.simple_query(sql))),
                self.client.simple_query(last),
            ),
            self.client.simple_query(BACK),
        )
        .await;
        let failed = |source| Error::script("an attempt", source);
        for ours in [opened.map(drop), became, bound.map(drop), closed.map(drop)] {
            ours.map_err(failed)?;
        }
        let error = before.into_iter().find_map(std::result::Result::err);
        match error.map_or(answered, Err) {
            Ok(messages) => Ok(Ok(messages)),
            Err(error) => answer(error).map(Err),
        }
    }

    /// Becomes somebody else until the savepoint is rolled back to.
    async fn become_(&self, sql: &str) -> std::result::Result<(), tokio_postgres::Error> {
        if sql.is_empty() { Ok(()) } else { self.client.simple_query(sql).await.map(drop) }
    }

    async fn copied(&self, binding: &Binding, sql: &str) -> Result<Answer> {
        let failed = |source| Error::script("an attempt", source);
        self.client.simple_query(SAVEPOINT).await.map_err(failed)?;
        self.become_(&self.becoming(binding)?).await.map_err(failed)?;
        let bind = self.bind(binding, self.session_user(binding.role.as_ref()))?;
        self.client.simple_query(&bind).await.map_err(failed)?;
        let lines = async {
            let mut stream = std::pin::pin!(self.client.copy_out(sql).await?);
            let mut lines = 0;
            while let Some(piece) = stream.try_next().await? {
                lines += piece.split(|byte| *byte == b'\n').skip(1).map(|_| 1).sum::<u64>();
            }
            Ok(lines)
        };
        let lines: std::result::Result<u64, tokio_postgres::Error> = lines.await;
        self.client.simple_query(BACK).await.map_err(failed)?;
        match lines {
            Ok(lines) => Ok(Answer::Rows(lines)),
            Err(error) => answer(error),
        }
    }

    /// Runs a statement as the one who makes rows, and returns the first row that it returns.
    /// What it did stays, unless it failed.
    pub(crate) async fn seed(&self, binding: &Binding, sql: &str) -> Result<Seeded> {
        let (bind, unbind) = (self.bind(binding, &self.login)?, self.unbind(binding)?);
        let failed = |source| Error::script("the making of a row", source);
        let (opened, became, bound, answered) = join4(
            self.client.simple_query(SAVEPOINT),
            self.become_(self.seeder.as_deref().unwrap_or_default()),
            self.client.simple_query(&bind),
            self.client.simple_query(sql),
        )
        .await;
        for ours in [opened.map(drop), became, bound.map(drop)] {
            ours.map_err(failed)?;
        }
        let messages = match answered {
            Ok(messages) => messages,
            Err(error) => {
                self.client.simple_query(BACK).await.map_err(failed)?;
                return answer(error).map(Seeded::Refused);
            }
        };
        let oneself = render(
            include_str!("../../sql/migrate/become_oneself.sql"),
            &Vars::default().sql("local", "LOCAL"),
        )?;
        for after in [RELEASE, &oneself, &unbind] {
            self.client.simple_query(after).await.map_err(failed)?;
        }
        let row = messages.into_iter().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => {
                Some((0..row.len()).map(|at| row.get(at).map(str::to_owned)).collect())
            }
            _ => None,
        });
        Ok(Seeded::Row(row.unwrap_or_default()))
    }
}

/// What the making of a row came to: its columns as text, or why it was refused.
pub(crate) enum Seeded {
    Row(Vec<Option<String>>),
    Refused(Answer),
}

const SAVEPOINT: &str = "SAVEPOINT tenantry_attempt";
const RELEASE: &str = "RELEASE SAVEPOINT tenantry_attempt";
const BACK: &str = "ROLLBACK TO SAVEPOINT tenantry_attempt";

/// The SQL by which a superuser acts as a role.
fn acting_as(role: &Ident) -> Result<String> {
    render(include_str!("../../sql/prove/become_session.sql"), &Vars::default().name("role", role))
}

/// What the server has refused; an error of the connection ends the proof.
fn answer(error: tokio_postgres::Error) -> Result<Answer> {
    match error.as_db_error() {
        Some(db) if !db.severity().eq_ignore_ascii_case("FATAL") => Ok(Answer::Error {
            code: db.code().clone(),
            message: db.message().to_owned(),
            constraint: db.constraint().map(str::to_owned),
        }),
        _ => Err(Error::script("an attempt", error)),
    }
}

impl std::fmt::Display for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Rows { count, .. } => write!(f, "{count} rows"),
            Self::Refused(answer) => answer.fmt(f),
        }
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Rows(1) => f.write_str("1 row"),
            Self::Rows(rows) => write!(f, "{rows} rows"),
            Self::Error { code, message, .. } => write!(f, "{}: {message}", code.code()),
        }
    }
}
