//! What `--server` asks for.

#[cfg(unix)]
use crate::throwaway::Wanted;

/// Which server is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Server {
    /// A throwaway one, whichever is there.
    Any,
    /// A throwaway one of this major version.
    Major(u32),
    /// A throwaway one in this image of Docker's.
    Image(String),
    /// An empty database on one that is there.
    Url(String),
}

/// The oldest that the library supports.
const OLDEST: u32 = 14;

impl Server {
    /// The throwaway server that is asked for.
    #[cfg(unix)]
    pub(super) fn wanted(&self) -> Wanted {
        match self {
            Self::Major(major) => Wanted::Major(*major),
            Self::Image(image) => Wanted::Image(image.clone()),
            Self::Any | Self::Url(_) => Wanted::Any,
        }
    }

    /// Reads the value of an argument for throwaway servers alone.
    pub(super) fn parse_throwaway(text: &str) -> Result<Self, String> {
        match Self::parse(text) {
            Ok(Self::Url(_)) | Err(_) if text.contains("://") => {
                Err("expected a major version such as 18, or an image such as postgis/postgis:18-3.6"
                    .to_owned())
            }
            parsed => parsed,
        }
    }

    /// Reads the value of the argument.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let expected = "expected a major version such as 18, an image such as postgis/postgis:18-3.6, or the URL of an empty \
            database";
        if text.is_empty() {
            return Ok(Self::Any);
        }
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Ok(Self::Url(text.to_owned()));
        }
        if let Ok(major) = text.parse() {
            return if major < OLDEST {
                Err(format!("version {major} is not supported; expected {OLDEST} or newer"))
            } else {
                Ok(Self::Major(major))
            };
        }
        // A minor version is nobody's package and nobody's folder, but there is an image of it.
        if text.split('.').all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit())) {
            return Err(format!(
                "{text:?} is a minor version; expected a major version such as 18, or an image such as postgres:{text}"
            ));
        }
        let is_image =
            text.contains([':', '/']) && !text.contains("://") && !text.contains(char::is_whitespace);
        if is_image && !text.starts_with('-') {
            return Ok(Self::Image(text.to_owned()));
        }
        Err(expected.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::Server;

    #[test]
    fn a_version_an_image_and_a_url_are_told_apart() {
        for (text, server) in [
            ("", Server::Any),
            ("18", Server::Major(18)),
            ("postgres:18", Server::Image("postgres:18".to_owned())),
            ("elsewhere:5000/pg", Server::Image("elsewhere:5000/pg".to_owned())),
            ("postgresql://me@db/x", Server::Url("postgresql://me@db/x".to_owned())),
            ("postgres://me@db/x", Server::Url("postgres://me@db/x".to_owned())),
        ] {
            assert_eq!(Server::parse(text), Ok(server), "{text}");
        }
        for (text, wrong) in [
            ("9", "14 or newer"),
            ("18.1", "a minor version"),
            ("mysql://x", "expected a major version"),
            ("local", "expected a major version"),
            ("-x:y", "expected a major version"),
        ] {
            assert!(Server::parse(text).unwrap_err().contains(wrong), "{text}");
        }
        assert_eq!(Server::parse_throwaway("18"), Ok(Server::Major(18)));
        let refused = Server::parse_throwaway("postgresql://me:hush@db/x").unwrap_err();
        assert!(refused.contains("expected a major version") && !refused.contains("hush"), "{refused}");
    }
}
