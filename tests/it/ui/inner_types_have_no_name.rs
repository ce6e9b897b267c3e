//! The connection and what binds it cannot be named.

use tenantry::Binding;
use tenantry::Lease;
use tenantry::Work;

fn main() {}
