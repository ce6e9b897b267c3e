//! A function that crosses tenants cannot be handed a tenant's transaction, nor the other way round.

use tenantry::{SystemScope, SystemTransaction, TenantScope, TenantTransaction};

fn crosses(_: SystemTransaction) {}

fn stays(_: TenantTransaction) {}

fn all(tenant: &TenantScope, system: &SystemScope) {
    crosses(tenant.begin());
    stays(system.begin());
}

fn main() {}
