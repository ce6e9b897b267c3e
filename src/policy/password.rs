//! Passwords, as the server keeps them.

use std::fmt;

use crate::error::{Error, Result};
use crate::tenant::refuse_nul;

/// The password of a role, as its SCRAM-SHA-256 verifier.
///
/// The plain text is not kept and not sent: a statement that holds one can be read in `pg_stat_activity` and in
/// the server's log. `Debug` shows nothing of it.
///
/// See [Password Authentication](https://www.postgresql.org/docs/current/auth-password.html).
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl Password {
    /// Computes the verifier of a plain text, with a new random salt. That takes some milliseconds.
    ///
    /// # Errors
    ///
    /// The text is empty, which the server takes for no password, or holds a NUL character.
    pub fn new(plain: impl AsRef<str>) -> Result<Self> {
        let plain = plain.as_ref();
        if plain.is_empty() {
            return Err(Error::config("the password is empty; leave it out where the role shall have none"));
        }
        refuse_nul("the password", plain)?;
        Ok(Self(postgres_protocol::password::scram_sha_256(plain.as_bytes())))
    }

    /// Takes a verifier that was computed before, as `pg_authid.rolpassword` holds it.
    ///
    /// # Errors
    ///
    /// The text is not of the form `SCRAM-SHA-256$iterations:salt$stored key:server key`. The server would take it for
    /// a plain text.
    pub fn from_verifier(verifier: impl Into<String>) -> Result<Self> {
        let verifier = verifier.into();
        if is_verifier(&verifier) {
            Ok(Self(verifier))
        } else {
            Err(Error::config(
                "the verifier is not of the form SCRAM-SHA-256$iterations:salt$stored key:server key",
            ))
        }
    }

    pub(super) fn verifier(&self) -> &str {
        &self.0
    }
}

fn is_verifier(text: &str) -> bool {
    // A key is 32 bytes, which are 44 characters in base64.
    let is_base64 =
        |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '='));
    let is_key = |text: &str| text.len() == 44 && is_base64(text);
    let parts = || {
        let (head, keys) = text.strip_prefix("SCRAM-SHA-256$")?.split_once('$')?;
        Some((head.split_once(':')?, keys.split_once(':')?))
    };
    parts().is_some_and(|((iterations, salt), (stored, server))| {
        iterations.parse::<u32>().is_ok_and(|count| count > 0)
            && !salt.is_empty()
            && is_base64(salt)
            && is_key(stored)
            && is_key(server)
    })
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::Password;

    #[test]
    fn only_a_verifier_leaves_the_client() {
        let password = Password::new("correct horse").unwrap();
        assert!(!password.verifier().contains("horse"));
        assert_eq!(Password::from_verifier(password.verifier()).unwrap(), password);
        assert_eq!(format!("{password:?}"), "Password(..)");
    }

    #[test]
    fn what_the_server_would_take_for_a_plain_text_is_refused() {
        assert!(Password::new("").is_err());
        assert!(Password::new("a\0b").is_err());
        let key = "x".repeat(44);
        assert!(Password::from_verifier(format!("SCRAM-SHA-256$4096:c2FsdA==${key}:{key}")).is_ok());
        for wrong in [
            "secret".to_owned(),
            "SCRAM-SHA-256$secret".to_owned(),
            "md5ec30b3ebd4f9fbe4a4ba6f2ee80b1a1f".to_owned(),
            format!("SCRAM-SHA-256$4096:c2FsdA==${key}"),
            format!("SCRAM-SHA-256$4096:c2FsdA==${key}:short"),
        ] {
            assert!(Password::from_verifier(&wrong).is_err(), "{wrong} was taken");
        }
    }
}
