//! What of a pool's work is seen from outside: spans, metrics, the warning for what is slow, the trace that reaches the server.

mod metrics;
mod prometheus;
mod slow;
mod spans;
mod trace;
