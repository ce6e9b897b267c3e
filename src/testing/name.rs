//! Names of test databases: `tenantry_test_<pid>_<token>_<n>`.
//!
//! The token tells apart processes with one id on two machines, or one after the other, that use one server.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use super::error::Result;
use crate::ident::Ident;
use crate::throwaway;

const PREFIX: &str = "tenantry_test";

/// The number that this process is known by.
pub(super) fn token() -> Result<u32> {
    static TOKEN: OnceLock<Result<u32>> = OnceLock::new();
    TOKEN.get_or_init(|| Ok(u32::from_ne_bytes(throwaway::bytes()?))).clone()
}

/// A name that no other database has. What it is for is only for people to read.
pub(super) fn next(purpose: Option<&str>) -> Result<Ident> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed).to_string();
    let (pid, token) = (std::process::id().to_string(), format!("{:08x}", token()?));
    let mut parts = vec![PREFIX, &pid, &token, &number];
    parts.extend(purpose);
    Ok(Ident::joined(&parts))
}

/// The token in a name, if it is the name of a test database.
pub(super) fn token_in(name: &str) -> Option<u32> {
    let mut parts = name.strip_prefix(PREFIX)?.strip_prefix('_')?.split('_');
    let _pid: u32 = parts.next()?.parse().ok()?;
    let token = parts.next().filter(|token| token.len() == 8)?;
    let _number: u32 = parts.next()?.parse().ok()?;
    u32::from_str_radix(token, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::{next, token, token_in};

    #[test]
    fn a_name_tells_whose_it_is() {
        let (one, two) = (next(None).unwrap(), next(Some("erp")).unwrap());
        assert_ne!(one.as_str(), two.as_str());
        assert!(two.as_str().ends_with("_erp"));
        for name in [one, two] {
            assert_eq!(token_in(name.as_str()), Some(token().unwrap()));
        }
        for other in ["postgres", "tenantry_test", "tenantry_test_1_2_3", "tenantry_test_x_00000001_1"] {
            assert_eq!(token_in(other), None, "{other}");
        }
    }
}
