//! The user who runs a local server: `initdb` and `postgres` refuse to run as root.

use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::error::{Result, Trouble};

/// Whoever runs the server in place of root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ServerUser {
    pub(crate) name: String,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

impl ServerUser {
    /// The user to become, or none when this process does not run as root.
    pub(crate) fn instead_of_root() -> Result<Option<Self>> {
        let id = Command::new("id")
            .arg("-u")
            .output()
            .map_err(|source| Trouble::io("command id does not run", source))?;
        if id.stdout.trim_ascii() != b"0" {
            return Ok(None);
        }
        let passwd = fs::read_to_string("/etc/passwd")
            .map_err(|source| Trouble::io("/etc/passwd cannot be read", source))?;
        Self::choose(&passwd).map(Some).ok_or_else(|| {
            Trouble::config(
                "initdb refuses root, and /etc/passwd has neither user postgres nor user nobody; run as another user",
            )
        })
    }

    /// `postgres`, or else `nobody`, from the text of `/etc/passwd`.
    fn choose(passwd: &str) -> Option<Self> {
        let entry = |wanted: &str| {
            passwd.lines().find_map(|line| {
                let mut fields = line.split(':');
                let name = fields.next().filter(|name| *name == wanted)?;
                let (uid, gid) = (fields.nth(1)?, fields.next()?);
                Some(Self { name: name.to_owned(), uid: id(uid)?, gid: id(gid)? })
            })
        };
        entry("postgres").or_else(|| entry("nobody")).filter(|user| user.uid != 0)
    }

    /// Whether this user can get to a file or folder, going by the permissions of the owner and of others.
    pub(crate) fn can_reach(&self, path: &Path) -> bool {
        path.ancestors()
            .filter(|part| !part.as_os_str().is_empty())
            .all(|part| fs::metadata(part).is_ok_and(|metadata| self.may(&metadata, 0o1)))
    }

    /// The folder for temporary files, or `/tmp` when that one is closed to this user.
    pub(crate) fn temporary_folder(&self) -> PathBuf {
        let usual = std::env::temp_dir();
        let open =
            self.can_reach(&usual) && fs::metadata(&usual).is_ok_and(|metadata| self.may(&metadata, 0o3));
        if open { usual } else { PathBuf::from("/tmp") }
    }

    fn may(&self, metadata: &Metadata, bits: u32) -> bool {
        let shift = if metadata.uid() == self.uid { 6 } else { 0 };
        metadata.mode() >> shift & bits == bits
    }
}

/// macOS writes the id of `nobody` as -2.
fn id(text: &str) -> Option<u32> {
    text.parse().ok().or_else(|| text.parse().ok().map(i32::cast_unsigned))
}

#[cfg(test)]
mod tests {
    use super::ServerUser;

    #[test]
    fn postgres_comes_before_nobody() {
        let both =
            "root:x:0:0::/root:/bin/sh\nnobody:x:65534:65533::/:/bin/false\npostgres:x:101:104::/:/bin/sh\n";
        let user = ServerUser::choose(both).unwrap();
        assert_eq!((user.name.as_str(), user.uid, user.gid), ("postgres", 101, 104));
        let one = ServerUser::choose("nobody:*:-2:-2::/:/usr/bin/false").unwrap();
        assert_eq!((one.uid, one.gid), (u32::MAX - 1, u32::MAX - 1));
        assert_eq!(ServerUser::choose("root:x:0:0::/root:/bin/sh"), None);
    }

    #[test]
    fn a_closed_folder_above_makes_a_file_unreachable() {
        use std::os::unix::fs::PermissionsExt;

        let outer = std::env::temp_dir().join(format!("tenantry-reach-{}", std::process::id()));
        let inner = outer.join("inner");
        std::fs::create_dir_all(&inner).unwrap();
        let stranger = ServerUser { name: "stranger".to_owned(), uid: u32::MAX - 7, gid: u32::MAX - 7 };
        let reach = |mode| {
            std::fs::set_permissions(&outer, std::fs::Permissions::from_mode(mode)).unwrap();
            stranger.can_reach(&inner)
        };
        let (open, closed) = (reach(0o755), reach(0o700));
        std::fs::remove_dir_all(&outer).unwrap();
        assert!(open && !closed);
    }
}
