//! What the guard finds out about a role.

use tracing::warn;

/// One row of `sql/pool/guard.sql`.
pub(super) struct Finding {
    pub(super) what: String,
    /// The role that the finding is about: the connected one, or one that it can become.
    pub(super) role: String,
    pub(super) object: Option<String>,
}

impl Finding {
    /// Whether policies bind the role all the same.
    pub(super) fn is_remark(&self) -> bool {
        matches!(self.what.as_str(), "forced owner" | "all data")
    }

    pub(super) fn tell(&self, role: &str) {
        let Self { what, role: of, object } = self;
        if what == "all data" {
            warn!(role, of, "the pool's role reaches every table that no policy guards");
        } else {
            let table = object.as_deref().unwrap_or_default();
            warn!(
                role,
                owner = of,
                table,
                "the pool's role can take policies away, since it owns tables under FORCE"
            );
        }
    }
}
