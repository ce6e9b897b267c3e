//! What must not compile: each way around the tenant that the types close.

/// Law 1: there is no way to the raw client, and nothing outlives its transaction.
#[test]
fn the_ways_around_the_tenant_do_not_compile() {
    trybuild::TestCases::new().compile_fail("tests/it/ui/*.rs");
}
