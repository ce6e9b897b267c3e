//! TLS, as libpq's `sslmode` and its companions ask for it.
//!
//! See [SSL Support](https://www.postgresql.org/docs/current/libpq-ssl.html).

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio_postgres_rustls::MakeRustlsConnect;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};

use super::verify::{Roots, Verifier};
use super::{Environment, SSL_MODES, Settings, SslMode, Unfit};

impl SslMode {
    /// That of the settings.
    #[cfg_attr(not(feature = "cli"), allow(dead_code))]
    pub(crate) fn of(settings: &Settings) -> Result<Self, Unfit> {
        let system = settings.get("sslrootcert") == Some("system");
        let default = if system { Self::VerifyFull } else { Self::Prefer };
        let mode = settings.one_of("sslmode", SSL_MODES, default)?;
        if system && mode != Self::VerifyFull {
            let (named, root) = (settings.named("sslmode"), settings.named("sslrootcert"));
            return Err(Unfit::new(format!("{named} is too weak for {root}, system"))
                .help("anybody can have a certificate of a public authority; use verify-full"));
        }
        Ok(mode)
    }
}

/// What opens the TLS session of a connection.
pub(crate) fn connector(
    mode: SslMode,
    settings: &Settings,
    environment: &Environment,
) -> Result<MakeRustlsConnect, Unfit> {
    let provider = Arc::new(default_provider());
    let roots = roots(mode, settings, environment)?;
    let crl = Files { settings, environment }.find("sslcrl", "root.crl").filter(|_| roots.is_some());
    let crls = crl.map(|file| file.all::<CertificateRevocationListDer<'_>>()).transpose()?;
    let verifier = Verifier::new(mode, roots, crls.unwrap_or_default(), &provider)?;
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&versions(settings)?)
        .map_err(|error| Unfit::new("TLS cannot be set up").cause(error.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    let mut config = match own_certificate(settings, environment)? {
        Some((chain, key)) => config.with_client_auth_cert(chain, key).map_err(|error| {
            Unfit::new(format!("{} and its key do not go together", settings.named("sslcert")))
                .cause(error.to_string())
        })?,
        None => config.with_no_client_auth(),
    };
    config.enable_sni = settings.one_of("sslsni", &[("1", true), ("0", false)], true)?;
    config.alpn_protocols = vec![b"postgresql".to_vec()];
    Ok(MakeRustlsConnect::new(config))
}

/// The authorities to trust, if any.
fn roots(mode: SslMode, settings: &Settings, environment: &Environment) -> Result<Option<Roots>, Unfit> {
    if settings.get("sslrootcert") == Some("system") {
        return system_roots().map(Some);
    }
    let Some(file) = (Files { settings, environment }).find("sslrootcert", "root.crt") else {
        if mode.verifies() {
            let named = settings.named("sslmode");
            return Err(Unfit::new(format!("{named} verifies, and no authority is named to trust"))
                .help("name its certificate with sslrootcert or in ~/.postgresql/root.crt, or trust the operating system's with sslrootcert=system"));
        }
        return Ok(None);
    };
    let certificates = file.all::<CertificateDer<'_>>()?;
    let mut store = RootCertStore::empty();
    for certificate in &certificates {
        store.add(certificate.clone()).map_err(|error| {
            Unfit::new(format!("{} is not a certificate of an authority", file.path.display()))
                .cause(error.to_string())
        })?;
    }
    Ok(Some(Roots { store, certificates }))
}

fn system_roots() -> Result<Roots, Unfit> {
    let found = rustls_native_certs::load_native_certs();
    let mut store = RootCertStore::empty();
    // Of some hundred, a few are of a kind that is not understood.
    let (added, _) = store.add_parsable_certificates(found.certs.clone());
    if added == 0 {
        let failure = Unfit::new("the operating system has no certificates of authorities");
        let failure = found.errors.iter().fold(failure, |failure, error| failure.cause(error.to_string()));
        return Err(failure.help("install them, mostly as ca-certificates, or name a file with sslrootcert"));
    }
    Ok(Roots { store, certificates: found.certs })
}

fn versions(settings: &Settings) -> Result<Vec<&'static SupportedProtocolVersion>, Unfit> {
    // The number is the minor version; older ones than 1.2 are not spoken.
    const VERSIONS: &[(&str, u8)] = &[("TLSv1", 0), ("TLSv1.1", 1), ("TLSv1.2", 2), ("TLSv1.3", 3)];
    let oldest = settings.one_of("ssl_min_protocol_version", VERSIONS, 2)?;
    let newest = settings.one_of("ssl_max_protocol_version", VERSIONS, 3)?;
    match (oldest.max(2), newest) {
        (2, 2) => Ok(vec![&TLS12]),
        (3, 3) => Ok(vec![&TLS13]),
        (2, 3) => Ok(vec![&TLS13, &TLS12]),
        _ => Err(Unfit::new(format!(
            "{} leaves no version of TLS; expected TLSv1.2 or TLSv1.3",
            settings.named("ssl_max_protocol_version")
        ))),
    }
}

type Identity = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

/// The certificate by which this side shows who it is.
fn own_certificate(settings: &Settings, environment: &Environment) -> Result<Option<Identity>, Unfit> {
    let files = Files { settings, environment };
    let Some(certificate) = files.find("sslcert", "postgresql.crt") else { return Ok(None) };
    let chain = certificate.all()?;
    let Some(key) = files.find("sslkey", "postgresql.key") else {
        return Err(Unfit::new(format!("{} has no key", certificate.path.display()))
            .help("name it with sslkey, or in ~/.postgresql/postgresql.key"));
    };
    key.is_private()?;
    let key = PrivateKeyDer::from_pem_slice(&key.bytes()?).map_err(|error| {
        Unfit::new(format!("{} is not a private key", key.path.display()))
            .cause(error.to_string())
            .help("expected one in PEM that is not encrypted")
    })?;
    Ok(Some((chain, key)))
}

/// Where the files are.
struct Files<'a> {
    settings: &'a Settings,
    environment: &'a Environment,
}

struct PemFile {
    path: PathBuf,
}

impl Files<'_> {
    /// The file that a parameter names, or that of the user's own folder, if it is there.
    fn find(&self, name: &str, default: &str) -> Option<PemFile> {
        let own = || {
            let path = self.environment.in_home(Path::new(".postgresql").join(default));
            path.filter(|path| path.exists())
        };
        self.settings.get(name).map(PathBuf::from).or_else(own).map(|path| PemFile { path })
    }
}

impl PemFile {
    fn bytes(&self) -> Result<Vec<u8>, Unfit> {
        fs::read(&self.path).map_err(|error| {
            Unfit::new(format!("{} cannot be read", self.path.display())).cause(error.to_string())
        })
    }

    fn all<T: PemObject>(&self) -> Result<Vec<T>, Unfit> {
        let found: Result<Vec<T>, pem::Error> = T::pem_slice_iter(&self.bytes()?).collect();
        match found {
            Ok(found) if !found.is_empty() => Ok(found),
            Ok(_) => Err(Unfit::new(format!("{} holds nothing in PEM", self.path.display()))),
            Err(error) => {
                Err(Unfit::new(format!("{} is not PEM", self.path.display())).cause(error.to_string()))
            }
        }
    }

    /// Refuses a key that others can read, as libpq does. Root's own may be readable by a group.
    fn is_private(&self) -> Result<(), Unfit> {
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            if let Ok(metadata) = fs::metadata(&self.path) {
                let allowed = if metadata.uid() == 0 { 0o640 } else { 0o600 };
                if metadata.mode() & 0o777 & !allowed != 0 {
                    let path = self.path.display();
                    return Err(Unfit::new(format!("others than its owner can read {path}"))
                        .help(format!("run chmod 600 {path}")));
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Environment, Settings, SslMode, connector, versions};

    fn settings(url: &str) -> Settings {
        let pairs = crate::conninfo::parse(url, "--database-url").unwrap();
        Settings::gather("--database-url", pairs, &Environment::of(&[])).unwrap()
    }

    #[test]
    fn the_operating_systems_authorities_are_trusted_with_a_name_only() {
        for (url, mode) in [
            ("", Ok(SslMode::Prefer)),
            ("sslmode=verify-ca", Ok(SslMode::VerifyCa)),
            ("sslrootcert=system", Ok(SslMode::VerifyFull)),
            ("sslrootcert=system sslmode=verify-full", Ok(SslMode::VerifyFull)),
            ("sslrootcert=system sslmode=require", Err("is too weak")),
            ("sslmode=on", Err("is not one of disable, allow, prefer")),
        ] {
            match (SslMode::of(&settings(url)), mode) {
                (Ok(found), Ok(expected)) => assert_eq!(found, expected, "{url}"),
                (Err(failure), Err(why)) => assert!(failure.line.contains(why), "{url}: {failure:?}"),
                (found, _) => panic!("{url}: {found:?}"),
            }
        }
    }

    #[test]
    fn a_file_that_is_named_has_to_be_there() {
        let environment = Environment::of(&[]).home(std::path::Path::new("/nowhere"));
        for (url, why) in [
            ("sslmode=verify-full", "no authority is named"),
            ("sslmode=require sslrootcert=/nowhere/root.crt", "/nowhere/root.crt cannot be read"),
            ("sslmode=require sslcert=/nowhere/my.crt", "/nowhere/my.crt cannot be read"),
            ("sslmode=require sslrootcert=/dev/null", "/dev/null holds nothing"),
        ] {
            let settings = settings(url);
            let mode = SslMode::of(&settings).unwrap();
            let failure = connector(mode, &settings, &environment).err().unwrap();
            assert!(failure.line.contains(why), "{url}: {failure:?}");
        }
        assert!(connector(SslMode::Require, &settings(""), &environment).is_ok());
    }

    #[test]
    fn the_versions_of_tls_are_those_between_two() {
        for (url, count) in [
            ("", Some(2)),
            ("ssl_min_protocol_version=TLSv1", Some(2)),
            ("ssl_min_protocol_version=TLSv1.3", Some(1)),
            ("ssl_max_protocol_version=TLSv1.2", Some(1)),
            ("ssl_max_protocol_version=TLSv1.1", None),
            ("ssl_min_protocol_version=TLSv1.3 ssl_max_protocol_version=TLSv1.2", None),
        ] {
            assert_eq!(versions(&settings(url)).ok().map(|found| found.len()), count, "{url}");
        }
    }
}
