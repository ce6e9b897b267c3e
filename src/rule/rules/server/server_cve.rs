//! `server-cve`

use super::cves::{ALL, Cve, OLDEST_SUPPORTED};
use crate::catalog::Object;
use crate::rule::finding::Findings;
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Subject;

pub(super) const RULE: Rule = Rule {
    code: "server-cve",
    severity: Severity::High,
    finds: "the server has known errors that let statements past row-level security",
    why: "Policies hold only as far as the server keeps to them. Each of these errors has shown or changed hidden rows, and \
          how to use it is public.",
    fix: "Install the latest minor release of the major version, or go to a major version that is still mended.",
    bad: "-- PostgreSQL 15.18",
    good: "-- PostgreSQL 15.20",
    manual: "https://www.postgresql.org/support/security/",
    check: Check::Server(check),
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    let Some(version) = subject.catalog.server_version.filter(|version| *version > 0) else { return };
    let missing: Vec<(&Cve, u32)> = ALL.iter().filter_map(|cve| Some((cve, lacked(cve, version)?))).collect();
    let old = major(version) < OLDEST_SUPPORTED * 100;
    let mut parts = Vec::new();
    if old {
        parts.push(format!("is mended no more; upgrade to {OLDEST_SUPPORTED} or later"));
    }
    if let Some(fixed) = missing.iter().map(|(_, fixed)| *fixed).max() {
        let errors: Vec<String> =
            missing.iter().map(|(cve, _)| format!("{} ({})", cve.name, cve.effect)).collect();
        let upgrade = if old { String::new() } else { format!("; upgrade to {}", plain(fixed)) };
        parts.push(format!("lacks the fixes of {}{upgrade}", errors.join(", ")));
    }
    if !parts.is_empty() {
        found.add(
            Object::Database,
            format!("the server is PostgreSQL {}, which {}", plain(version), parts.join(", and ")),
        );
    }
}

/// The version that mends an error that a server of this one has.
fn lacked(cve: &Cve, version: u32) -> Option<u32> {
    cve.fixed.iter().copied().find(|fixed| major(*fixed) == major(version) && version < *fixed)
}

/// The major version, of which there were two numbers before PostgreSQL 10, in hundredths: 1500 or 906.
fn major(version: u32) -> u32 {
    version / 100
}

/// A version as people write it.
fn plain(version: u32) -> String {
    let (first, minor) = (version / 10_000, version % 10_000);
    if first >= 10 { format!("{first}.{minor}") } else { format!("{first}.{}.{}", minor / 100, minor % 100) }
}

#[cfg(test)]
mod tests {
    use super::{ALL, lacked};
    use crate::rule::trial::said_of_server;

    fn on(version: u32) -> Vec<String> {
        said_of_server("server-cve", "SELECT 1;", |catalog| catalog.server_version = Some(version))
    }

    #[test]
    fn what_a_version_lacks_is_told_at_once_with_what_mends_it_all() {
        let found = on(150_018);
        let [message] = &found[..] else { panic!("{found:?}") };
        let start = "high: the server is PostgreSQL 15.18, which lacks the fixes of CVE-2026-120154 (the condition of an upsert sees";
        assert!(message.starts_with(start) && message.ends_with("; upgrade to 15.20"), "{message}");
        let named = |name: &&str| message.contains(*name);
        let lacked =
            ["CVE-2026-120154", "CVE-2026-116327", "CVE-2026-116311", "CVE-2026-16237", "CVE-2026-14666"];
        assert!(lacked.iter().all(named) && named(&"CVE-2026-6471") && !named(&"CVE-2025-8713"));
        assert!(on(150_020).is_empty() && on(180_007).is_empty() && on(190_000).is_empty());
        // What is not known of a major version is not said of it.
        assert!(!on(170_000)[0].contains("CVE-2026-116327") && !on(170_000)[0].contains("CVE-2023"));
    }

    #[test]
    fn old_ones_are_no_longer_mended() {
        let found = on(130_023);
        assert_eq!(
            found,
            ["high: the server is PostgreSQL 13.23, which is mended no more; upgrade to 14 or later"]
        );
        let found = on(90_612);
        let start = "high: the server is PostgreSQL 9.6.12, which is mended no more; upgrade to 14 or later, and lacks the fixes of \
                     CVE-2019-10208 (";
        assert!(found[0].starts_with(start) && !found[0].contains("CVE-2018"), "{found:?}");
    }

    #[test]
    fn each_is_lacked_just_before_it_is_mended() {
        for cve in ALL {
            for fixed in cve.fixed {
                assert_eq!((lacked(cve, fixed - 1), lacked(cve, *fixed)), (Some(*fixed), None), "{cve:?}");
            }
        }
    }
}
