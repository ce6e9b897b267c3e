//! The errors of PostgreSQL that let statements past row-level security, and what has mended each.

/// An error with a number of its own.
#[derive(Debug)]
pub(super) struct Cve {
    pub(super) name: &'static str,
    /// What it lets happen.
    pub(super) effect: &'static str,
    /// The first version without it of each major version that is known to have had it, as `server_version_num` says it.
    pub(super) fixed: &'static [u32],
}

/// The oldest major version that is still mended. Its last release is that of November 2026.
pub(super) const OLDEST_SUPPORTED: u32 = 14;

/// The releases of August and November 2026.
const AUGUST_2026: &[u32] = &[180_006, 170_011, 160_015, 150_019, 140_024];
const NOVEMBER_2026: &[u32] = &[180_007, 170_012, 160_016, 150_020, 140_025];
const NOVEMBER_2024: &[u32] = &[170_001, 160_005, 150_009, 140_014, 130_017, 120_021];
const MAY_2023: &[u32] = &[150_003, 140_008, 130_011, 120_015, 110_020];

/// The latest first.
pub(super) const ALL: &[Cve] = &[
    Cve {
        name: "CVE-2026-120154",
        effect: "the condition of an upsert sees rows that policies hide",
        fixed: NOVEMBER_2026,
    },
    Cve {
        name: "CVE-2026-116327",
        effect: "a leaky function in a CASE runs before the policy",
        // Of the other major versions nothing is known.
        fixed: &[150_020],
    },
    Cve {
        name: "CVE-2026-116311",
        effect: "DROP OWNED BY takes a role out of restrictive policies on tables of others",
        fixed: NOVEMBER_2026,
    },
    Cve {
        name: "CVE-2026-16237",
        effect: "an upsert through a view changes rows that are not in it",
        fixed: NOVEMBER_2026,
    },
    Cve {
        name: "CVE-2026-14666",
        effect: "prepared plans outlive a revoked membership or BYPASSRLS",
        fixed: AUGUST_2026,
    },
    Cve {
        name: "CVE-2026-6471",
        effect: "a role with REPLICATION loads any output plugin",
        fixed: AUGUST_2026,
    },
    Cve {
        name: "CVE-2025-8713",
        effect: "statistics of partitions and children show values of hidden rows",
        fixed: &[170_006, 160_010, 150_014, 140_019, 130_022],
    },
    Cve {
        name: "CVE-2024-10978",
        effect: "SET ROLE and SET SESSION AUTHORIZATION go back to the wrong role",
        fixed: NOVEMBER_2024,
    },
    Cve {
        name: "CVE-2024-10976",
        effect: "a cached plan keeps the policies of another role below subqueries and views",
        fixed: NOVEMBER_2024,
    },
    Cve {
        name: "CVE-2024-4317",
        effect: "pg_stats_ext shows values of others, until a script of the release has been run",
        fixed: &[160_003, 150_007, 140_012],
    },
    Cve {
        name: "CVE-2023-39418",
        effect: "MERGE ignores the policies for UPDATE and SELECT",
        fixed: &[150_004],
    },
    Cve {
        name: "CVE-2023-2455",
        effect: "an inlined function keeps the policies of another role",
        fixed: MAY_2023,
    },
    Cve { name: "CVE-2023-2454", effect: "CREATE SCHEMA undoes a pinned search_path", fixed: MAY_2023 },
    Cve {
        name: "CVE-2019-10208",
        effect: "a temporary type takes over a call within a SECURITY DEFINER function",
        fixed: &[110_005, 100_010, 90_615, 90_519, 90_424],
    },
    Cve {
        name: "CVE-2019-10130",
        effect: "leaky operators read the common values of hidden rows from the statistics",
        fixed: &[110_003, 100_008, 90_613, 90_517],
    },
    Cve {
        name: "CVE-2018-10925",
        effect: "an upsert through a view skips checks of rights",
        fixed: &[100_005, 90_610, 90_514],
    },
    Cve {
        name: "CVE-2017-15099",
        effect: "an upsert skips the policies for SELECT",
        fixed: &[100_001, 90_606, 90_510],
    },
    Cve {
        name: "CVE-2016-2193",
        effect: "a cached plan keeps the row-level security of another role",
        fixed: &[90_502],
    },
];
