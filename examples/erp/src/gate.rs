//! Who may come in: a verified token, of a member of a company that is not suspended.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::{Request, State};
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tenantry::axum::Rejection;
use tenantry::{Heard, Result, TenantContext, TenantPool, from_row};
use tracing::warn;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::answer::{Answer, Problem};
use crate::log::Refused;
use crate::token::{Claims, Keys};

/// How long it is known who is a member, unless somebody says that it has changed.
const KNOWN_FOR: Duration = Duration::from_secs(30);

/// How many members are known at a time.
const MOST: usize = 100_000;

/// The channel on which changes to companies and their members are told.
pub const CHANGED: &str = "company_changed";

/// A member of a company, for whom a request is.
#[derive(Clone, Debug)]
pub struct Member {
    pub company: Uuid,
    pub subject: String,
    pub role: Role,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    Reader,
    Accountant,
    Owner,
}

impl Role {
    /// As the database has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Reader => "reader",
            Self::Accountant => "accountant",
            Self::Owner => "owner",
        }
    }

    fn of(name: &str) -> Option<Self> {
        [Self::Reader, Self::Accountant, Self::Owner].into_iter().find(|role| role.name() == name)
    }
}

impl Member {
    /// What their statements run as.
    pub fn context(&self) -> Option<TenantContext> {
        TenantContext::new(self.company).set("app.user", &*self.subject).ok()
    }

    /// Refuses what takes a higher role.
    pub fn needs(&self, role: Role) -> Answer<()> {
        if self.role >= role { Ok(()) } else { Err(Problem::NotAllowed) }
    }
}

/// What is known of members.
pub struct Gate {
    pool: TenantPool,
    keys: Keys,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    standings: HashMap<(Uuid, String), Standing>,
    /// How often something was forgotten, by which what was looked up before that is told from what was looked up after it.
    changes: u64,
}

#[derive(Clone, Copy)]
struct Standing {
    role: Option<Role>,
    since: Instant,
}

from_row! {
    struct Found {
        is_suspended: bool,
        role: Option<String>,
    }
}

impl Gate {
    pub fn new(pool: TenantPool, keys: Keys) -> Self {
        Self { pool, keys, known: Mutex::default() }
    }

    /// What the token of a request says.
    fn claims(&self, headers: &HeaderMap) -> Result<Claims, Refused> {
        let mut tokens = headers.get_all(AUTHORIZATION).into_iter();
        let token = match (tokens.next(), tokens.next()) {
            (Some(token), None) => token.to_str().ok().and_then(|token| token.strip_prefix("Bearer ")),
            _ => None,
        };
        let Some(token) = token else { return Err(Refused(Rejection::Unauthenticated, "no token")) };
        self.keys.verify(token).map_err(|distrust| Refused(Rejection::Unauthenticated, distrust.reason()))
    }

    /// Whom a request is for.
    async fn admit(&self, headers: &HeaderMap) -> Result<Member, Response> {
        let Claims { sub, company, .. } = self.claims(headers).map_err(IntoResponse::into_response)?;
        let Some(company) = company else {
            return Err(Refused(Rejection::Forbidden, "the token is for no company").into_response());
        };
        let role = self.role(company, &sub).await.map_err(IntoResponse::into_response)?;
        match role {
            Some(role) => Ok(Member { company, subject: sub, role }),
            None => {
                Err(Refused(Rejection::Forbidden, "no member, or the company is suspended").into_response())
            }
        }
    }

    async fn role(&self, company: Uuid, subject: &str) -> Result<Option<Role>> {
        let key = (company, subject.to_owned());
        let changes = {
            let known = self.known();
            match known.standings.get(&key) {
                Some(standing) if standing.since.elapsed() < KNOWN_FOR => return Ok(standing.role),
                _ => known.changes,
            }
        };
        let since = Instant::now();
        let context = TenantContext::new(company).read_only();
        let found: Option<Found> = self
            .pool
            .tenant(context)
            .query_as_opt(
                "SELECT suspended_at IS NOT NULL AS is_suspended, member.role
                 FROM company LEFT JOIN member ON member.subject = $1",
                &[&subject],
            )
            .await?;
        let role =
            found.filter(|found| !found.is_suspended).and_then(|found| Role::of(found.role.as_deref()?));
        let mut known = self.known();
        // What has changed meanwhile may be what was found.
        if known.changes == changes {
            if known.standings.len() >= MOST {
                known.standings.clear();
            }
            known.standings.insert(key, Standing { role, since });
        }
        Ok(role)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets what is known of a company, or of all.
    pub fn forget(&self, company: Option<Uuid>) {
        let mut known = self.known();
        known.changes += 1;
        match company {
            Some(company) => known.standings.retain(|(of, _), _| *of != company),
            None => known.standings.clear(),
        }
    }

    /// Forgets what is known of a company as soon as somebody changes it, until the pool is closed.
    pub async fn listen(self: Arc<Self>) {
        let mut listener = match self.pool.listen(&[CHANGED]).await {
            Ok(listener) => listener,
            Err(reason) => return warn!(%reason, "nobody tells of changes; members are known for 30 s"),
        };
        while let Ok(heard) = listener.next().await {
            self.forget(match heard {
                Heard::Notification { payload, .. } => payload.parse().ok(),
                // Some may have been missed.
                _ => None,
            });
        }
    }
}

/// Lets members in, for the routes behind it.
pub async fn members_only(State(gate): State<Arc<Gate>>, mut request: Request, next: Next) -> Response {
    match gate.admit(request.headers()).await {
        Ok(member) => {
            request.extensions_mut().insert(member);
            next.run(request).await
        }
        Err(answer) => answer,
    }
}

/// Lets those in who operate the service.
pub async fn operators_only(State(gate): State<Arc<Gate>>, request: Request, next: Next) -> Response {
    match gate.claims(request.headers()) {
        Ok(claims) if claims.operator => next.run(request).await,
        Ok(_) => Refused(Rejection::Forbidden, "no operator").into_response(),
        Err(refused) => refused.into_response(),
    }
}

/// For a gateway that asks before it passes a request on: 200 with the company in a header, or the answer to the request.
#[utoipa::path(get, path = "/verify", responses((status = 200, headers(("x-tenant-id" = Uuid)))))]
pub async fn verify(State(gate): State<Arc<Gate>>, headers: HeaderMap) -> Response {
    match gate.admit(&headers).await {
        Ok(member) => match HeaderValue::from_str(&member.company.to_string()) {
            Ok(company) => (StatusCode::OK, [("x-tenant-id", company)]).into_response(),
            Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        },
        Err(answer) => answer,
    }
}
