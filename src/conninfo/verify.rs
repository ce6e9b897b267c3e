//! Whether a server's certificate is taken.

use std::sync::Arc;

use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::client::{WebPkiServerVerifier, verify_server_name};
use tokio_rustls::rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
};
use tokio_rustls::rustls::pki_types::{CertificateDer, CertificateRevocationListDer, ServerName, UnixTime};
use tokio_rustls::rustls::server::ParsedCertificate;
use tokio_rustls::rustls::{CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

use super::{SslMode, Unfit};

/// The authorities that are trusted.
pub(super) struct Roots {
    pub(super) store: RootCertStore,
    pub(super) certificates: Vec<CertificateDer<'static>>,
}

/// Verifies as much as `sslmode` asks for.
#[derive(Debug)]
pub(super) struct Verifier {
    algorithms: WebPkiSupportedAlgorithms,
    /// None trusts every certificate: the connection is safe from who listens, not from who takes the server's place.
    chain: Option<Chain>,
    name: bool,
}

#[derive(Debug)]
struct Chain {
    verifier: Arc<WebPkiServerVerifier>,
    roots: Vec<CertificateDer<'static>>,
}

impl Verifier {
    /// Where authorities are known, they are heeded in every mode, as libpq does it.
    pub(super) fn new(
        mode: SslMode,
        roots: Option<Roots>,
        crls: Vec<CertificateRevocationListDer<'static>>,
        provider: &Arc<CryptoProvider>,
    ) -> Result<Self, Unfit> {
        let chain = |roots: Roots| {
            let verifier =
                WebPkiServerVerifier::builder_with_provider(Arc::new(roots.store), Arc::clone(provider))
                    .with_crls(crls)
                    .build()
                    .map_err(|error| {
                        Unfit::new("certificates cannot be verified").cause(error.to_string())
                    })?;
            Ok::<_, Unfit>(Chain { verifier, roots: roots.certificates })
        };
        Ok(Self {
            algorithms: provider.signature_verification_algorithms,
            chain: roots.map(chain).transpose()?,
            name: mode == SslMode::VerifyFull,
        })
    }
}

impl Chain {
    fn verify(
        &self,
        certificate: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<(), Error> {
        match self.verifier.verify_server_cert(certificate, between, name, &[], now) {
            // The name is looked at last, after everything else was found in order, and by the caller.
            Ok(_)
            | Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(()),
            // A server whose certificate is the very one that is trusted: `openssl req -x509` makes such, and marks them
            // as an authority's, which a server's must not be here. That it has not run out was found before that.
            Err(Error::InvalidCertificate(CertificateError::Other(_))) if self.is_root(certificate) => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn is_root(&self, certificate: &CertificateDer<'_>) -> bool {
        self.roots.iter().any(|root| root.as_ref() == certificate.as_ref())
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        _ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if let Some(chain) = &self.chain {
            chain.verify(certificate, between, name, now)?;
        }
        if self.name {
            verify_server_name(&ParsedCertificate::try_from(certificate)?, name)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
    use tokio_rustls::rustls::RootCertStore;
    use tokio_rustls::rustls::client::danger::ServerCertVerifier;
    use tokio_rustls::rustls::crypto::ring::default_provider;
    use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};

    use super::{Roots, SslMode, Verifier};

    fn params(name: &str) -> CertificateParams {
        let mut params = CertificateParams::new(["db.example".to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params
    }

    fn authority(name: &str) -> CertificateParams {
        let mut params = params(name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params
    }

    fn trusts(
        mode: SslMode,
        root: Option<&CertificateDer<'static>>,
        shown: &CertificateDer<'_>,
        name: &str,
    ) -> bool {
        let roots = root.map(|root| {
            let mut store = RootCertStore::empty();
            store.add(root.clone()).unwrap();
            Roots { store, certificates: vec![root.clone()] }
        });
        let verifier = Verifier::new(mode, roots, Vec::new(), &Arc::new(default_provider())).unwrap();
        let name = ServerName::try_from(name.to_owned()).unwrap();
        verifier.verify_server_cert(shown, &[], &name, &[], UnixTime::now()).is_ok()
    }

    #[test]
    fn as_much_is_verified_as_the_mode_asks_for() {
        use SslMode::{Require, VerifyCa, VerifyFull};

        let key = || KeyPair::generate().unwrap();
        let ours = CertifiedIssuer::self_signed(authority("ours"), key()).unwrap();
        let other = CertifiedIssuer::self_signed(authority("other"), key()).unwrap();
        let signed = params("db").signed_by(&key(), &ours).unwrap();
        let mut expired = params("old");
        (expired.not_before, expired.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2021, 1, 1));
        let expired = expired.signed_by(&key(), &ours).unwrap();
        let mut old_root = authority("old root");
        (old_root.not_before, old_root.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2021, 1, 1));
        let old_root = old_root.self_signed(&key()).unwrap();
        let (ours, other) = (ours.der(), other.der());
        for (mode, root, shown, name, trusted) in [
            (Require, None, signed.der(), "db.example", true),
            (Require, None, expired.der(), "elsewhere.example", true),
            (Require, Some(ours), signed.der(), "elsewhere.example", true),
            (Require, Some(other), signed.der(), "db.example", false),
            (VerifyCa, Some(ours), signed.der(), "elsewhere.example", true),
            (VerifyCa, Some(other), signed.der(), "db.example", false),
            (VerifyCa, Some(ours), expired.der(), "db.example", false),
            (VerifyFull, Some(ours), signed.der(), "db.example", true),
            (VerifyFull, Some(ours), signed.der(), "elsewhere.example", false),
            // The certificate that the server has is the one that is trusted.
            (VerifyFull, Some(ours), ours, "db.example", true),
            (VerifyFull, Some(ours), ours, "elsewhere.example", false),
            (VerifyFull, Some(ours), other, "db.example", false),
            (VerifyCa, Some(old_root.der()), old_root.der(), "db.example", false),
        ] {
            assert_eq!(trusts(mode, root, shown, name), trusted, "{mode:?} {name}");
        }
    }
}
