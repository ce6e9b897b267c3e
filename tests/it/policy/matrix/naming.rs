//! Names as people write them.

use tenantry::{Ident, QualifiedName};

/// How everything in a database is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Naming {
    Plain,
    /// Capitals, blanks, quotes.
    Quoted,
    /// As long as a name can be.
    Long,
    /// What psql and arrays and patterns give a meaning to.
    Signs,
}

impl Naming {
    pub(super) fn name(self, base: &str) -> String {
        match self {
            Self::Plain => base.to_owned(),
            Self::Quoted => format!("The \"{base}\" of O'Brien"),
            Self::Long => format!("{base}{}", "X".repeat(63 - base.len())),
            Self::Signs => format!(":'{base}' \\ {{%}}, $$ ö; --"),
        }
    }

    /// The name as it stands in SQL.
    pub(super) fn quoted(self, base: &str) -> String {
        Ident::new(self.name(base)).unwrap().to_string()
    }

    pub(super) fn table(self, schema: &str, table: &str) -> QualifiedName {
        QualifiedName::new(Ident::new(self.name(schema)).unwrap(), Ident::new(self.name(table)).unwrap())
    }
}
