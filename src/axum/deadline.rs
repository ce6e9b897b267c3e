//! How long a request may take.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum_core::response::{IntoResponse, Response};
use http::{Request, StatusCode};
use tokio::time::{Instant, timeout_at};
use tower_layer::Layer;
use tower_service::Service;

/// Bounds how long a request takes: a layer for a router. What has not been answered by then is dropped, with what it does on the
/// database, and answered with 504.
///
/// A [`Scoped`](super::Scoped) within it gives each statement as long as the request has left, so that the server ends a statement
/// by itself ahead of that, and its connection lives on (see [`TenantPoolBuilder::timeout`](crate::TenantPoolBuilder::timeout)).
#[derive(Clone, Copy, Debug)]
pub struct Deadline(Duration);

/// A service whose requests are bounded, from [`Deadline`].
#[derive(Clone, Copy, Debug)]
pub struct Deadlined<S> {
    inner: S,
    limit: Duration,
}

/// When a request has to be answered, among its extensions.
#[derive(Clone, Copy, Debug)]
pub(super) struct Until(Instant);

impl Deadline {
    /// From when the request has come.
    #[must_use]
    pub fn within(limit: Duration) -> Self {
        Self(limit)
    }
}

impl Until {
    /// How long there is left; `None` where there is nothing.
    pub(super) fn left(&self) -> Option<Duration> {
        let left = self.0.saturating_duration_since(Instant::now());
        (left >= SHORTEST).then_some(left)
    }
}

/// As short as a limit of the server's can be.
const SHORTEST: Duration = Duration::from_millis(2);

impl<S> Layer<S> for Deadline {
    type Service = Deadlined<S>;

    fn layer(&self, inner: S) -> Deadlined<S> {
        Deadlined { inner, limit: self.0 }
    }
}

impl<S, B> Service<Request<B>> for Deadlined<S>
where
    S: Service<Request<B>, Error = Infallible>,
    S::Response: IntoResponse,
    S::Future: Send + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let end = Instant::now() + self.limit;
        request.extensions_mut().insert(Until(end));
        let answer = self.inner.call(request);
        Box::pin(async move {
            match timeout_at(end, answer).await {
                Ok(answer) => answer.map(IntoResponse::into_response),
                Err(_) => Ok(StatusCode::GATEWAY_TIMEOUT.into_response()),
            }
        })
    }
}
