//! The sign-in service: the key by which it signs tokens, and the file that tells others of it.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use rsa::RsaPrivateKey;
use rsa::pkcs1::{EncodeRsaPrivateKey, LineEnding};
use rsa::traits::PublicKeyParts;
use serde_json::{Value, json};

use super::AnyError;

pub const ISSUER: &str = "https://sign-in.example";
pub const AUDIENCE: &str = "erp";
const KID: &str = "first";

/// How long a token counts, in seconds.
const COUNTS_FOR: u64 = 12 * 60 * 60;

#[derive(Clone)]
pub struct SignIn {
    key: EncodingKey,
    /// The JWKS, for the service.
    pub file: PathBuf,
}

impl SignIn {
    /// Makes a key, and writes of it what others may know.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    pub fn new(folder: &Path) -> Result<Self, AnyError> {
        let key = RsaPrivateKey::new(&mut rsa::rand_core::OsRng, 2048)?;
        let [n, e] = [key.n(), key.e()].map(|number| URL_SAFE_NO_PAD.encode(number.to_bytes_be()));
        let known = json!({ "kty": "RSA", "alg": "RS256", "use": "sig", "kid": KID, "n": n, "e": e });
        let file = folder.join("jwks.json");
        std::fs::write(&file, json!({ "keys": [known] }).to_string())?;
        let pem = key.to_pkcs1_pem(LineEnding::LF)?;
        Ok(Self { key: EncodingKey::from_rsa_pem(pem.as_bytes())?, file })
    }

    /// The token of a person who works for a company.
    ///
    /// # Errors
    ///
    /// It cannot be signed.
    pub fn member(&self, company: &str, subject: &str) -> Result<String, AnyError> {
        self.token(json!({ "sub": subject, "company": company }))
    }

    /// The token of a person who operates the service.
    ///
    /// # Errors
    ///
    /// It cannot be signed.
    pub fn operator(&self) -> Result<String, AnyError> {
        self.token(json!({ "sub": "operator", "operator": true }))
    }

    fn token(&self, mut claims: Value) -> Result<String, AnyError> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        claims["iss"] = ISSUER.into();
        claims["aud"] = AUDIENCE.into();
        claims["exp"] = (now + COUNTS_FOR).into();
        let header = Header { kid: Some(KID.to_owned()), ..Header::new(Algorithm::RS256) };
        Ok(encode(&header, &claims, &self.key)?)
    }
}
