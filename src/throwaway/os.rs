//! Which operating system this is, for advice that can be pasted into a shell.

/// An operating system, by who packages PostgreSQL for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Os {
    Debian,
    Fedora,
    Arch,
    Alpine,
    Suse,
    Mac,
    Other,
}

impl Os {
    /// Reads the text of `/etc/os-release`: first what the system is, then what it is like.
    pub(crate) fn from_release(text: &str) -> Self {
        let value = |key: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
            line.unwrap_or_default().trim_matches(['"', '\''])
        };
        let name = |word: &str| match word {
            "debian" | "ubuntu" => Some(Self::Debian),
            "fedora" | "rhel" | "centos" | "rocky" | "almalinux" => Some(Self::Fedora),
            "arch" => Some(Self::Arch),
            "alpine" => Some(Self::Alpine),
            "opensuse" | "suse" | "sles" => Some(Self::Suse),
            _ => None,
        };
        let like = value("ID_LIKE").split_whitespace();
        std::iter::once(value("ID")).chain(like).find_map(name).unwrap_or(Self::Other)
    }

    /// How to get the server's binaries.
    pub(crate) fn install(self) -> &'static str {
        match self {
            Self::Debian => "apt-get install -y postgresql",
            Self::Fedora => "dnf install -y postgresql-server",
            Self::Arch => "pacman -S postgresql",
            Self::Alpine => "apk add postgresql",
            Self::Suse => "zypper install -y postgresql-server",
            Self::Mac => "brew install postgresql@17",
            Self::Other => "export TENANTRY_PG_BIN=/path/to/the/folder/with/initdb/and/postgres",
        }
    }

    /// How to get a Docker engine.
    pub(crate) fn docker(self) -> &'static str {
        match self {
            Self::Debian => "apt-get install -y docker.io",
            Self::Fedora => "dnf install -y moby-engine && systemctl start docker",
            Self::Arch => "pacman -S docker && systemctl start docker",
            Self::Alpine => "apk add docker && rc-service docker start",
            Self::Suse => "zypper install -y docker && systemctl start docker",
            Self::Mac => "brew install --cask docker && open -a Docker",
            Self::Other => "docker info",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Os;

    #[test]
    fn a_derived_system_counts_as_what_it_is_like() {
        for (text, os) in [
            ("PRETTY_NAME=\"Debian GNU/Linux 12\"\nID=debian\n", Os::Debian),
            ("ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n", Os::Debian),
            ("ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\n", Os::Fedora),
            ("ID=manjaro\nID_LIKE=arch\n", Os::Arch),
            ("ID=alpine\n", Os::Alpine),
            ("ID=\"opensuse-leap\"\nID_LIKE=\"suse opensuse\"\n", Os::Suse),
            ("ID=nixos\n", Os::Other),
            ("", Os::Other),
        ] {
            assert_eq!(Os::from_release(text), os, "{text}");
        }
    }
}
