//! Tokens that the sign-in service has signed, and the keys by which they are verified.

use std::path::PathBuf;
use std::sync::{PoisonError, RwLock};
use std::time::{Duration, Instant};

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;
use tracing::warn;
use uuid::Uuid;

/// How often the file is read for keys that it did not have.
const PAUSE: Duration = Duration::from_secs(1);

/// What a verified token says.
#[derive(Clone, Debug, Deserialize)]
pub struct Claims {
    /// The person.
    pub sub: String,
    /// The company for which they have signed in.
    pub company: Option<Uuid>,
    /// Whether they operate the service, for all companies.
    #[serde(default)]
    pub operator: bool,
}

/// Why a token does not count. The answer to the request says no more than 401.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Distrust {
    /// It is no token, or is signed by another algorithm or an unknown key.
    Foreign,
    /// The signature, the issuer or the audience is not the right one.
    Forged,
    Expired,
}

impl Distrust {
    /// For the log.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Foreign => "the token is none, or of an unknown key",
            Self::Forged => "the token's signature, issuer or audience is not the right one",
            Self::Expired => "the token has expired",
        }
    }
}

/// The keys of a JWKS file. A token with a key that is not known has the file read again, so that keys are rotated without a restart.
pub struct Keys {
    file: PathBuf,
    validation: Validation,
    known: RwLock<Known>,
}

struct Known {
    keys: JwkSet,
    read: Instant,
}

impl Keys {
    /// Reads the file.
    ///
    /// # Errors
    ///
    /// It cannot be read, or is no JWKS.
    pub fn read(file: PathBuf, issuer: &str, audience: &str) -> Result<Self, String> {
        let keys = read(&file)?;
        let mut validation = Validation::new(Algorithm::RS256);
        validation.set_issuer(&[issuer]);
        validation.set_audience(&[audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.leeway = 5;
        Ok(Self { file, validation, known: RwLock::new(Known { keys, read: Instant::now() }) })
    }

    pub fn verify(&self, token: &str) -> Result<Claims, Distrust> {
        use jsonwebtoken::errors::ErrorKind;

        let header = decode_header(token).map_err(|_| Distrust::Foreign)?;
        let kid = header.kid.ok_or(Distrust::Foreign)?;
        let key = self.key(&kid).ok_or(Distrust::Foreign)?;
        match decode::<Claims>(token, &key, &self.validation) {
            Ok(data) => Ok(data.claims),
            Err(error) => Err(match error.kind() {
                ErrorKind::ExpiredSignature => Distrust::Expired,
                ErrorKind::InvalidAlgorithm => Distrust::Foreign,
                _ => Distrust::Forged,
            }),
        }
    }

    fn key(&self, kid: &str) -> Option<DecodingKey> {
        {
            let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(key) = known.keys.find(kid) {
                return DecodingKey::from_jwk(key).ok();
            }
            if known.read.elapsed() < PAUSE {
                return None;
            }
        }
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.read = Instant::now();
        match read(&self.file) {
            Ok(keys) => known.keys = keys,
            // Those that are known still count.
            Err(reason) => warn!(%reason, "the keys of the sign-in service cannot be read"),
        }
        known.keys.find(kid).and_then(|key| DecodingKey::from_jwk(key).ok())
    }
}

fn read(file: &PathBuf) -> Result<JwkSet, String> {
    let text = std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    serde_json::from_str(&text).map_err(|error| format!("{} is no JWKS: {error}", file.display()))
}
