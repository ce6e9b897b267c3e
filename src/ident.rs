//! Names and literals as PostgreSQL writes them. This is the only place in the crate that quotes.

#[cfg(all(test, feature = "lint"))]
pub(crate) mod counted;
mod setting;

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use crate::error::{Error, Result};

pub use setting::SettingName;

/// The longest name PostgreSQL keeps, in bytes: `NAMEDATALEN - 1`.
///
/// A longer name is cut off by the server, so two different names could meet in one object.
/// See [Identifiers and Key Words](https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS).
pub(crate) const MAX_NAME_BYTES: usize = 63;

/// One SQL name (a column, a role, a schema), kept exactly as the catalog spells it.
///
/// `Display` writes it quoted, so it can stand in SQL text as it is.
///
/// ```
/// use tenantry::Ident;
///
/// # fn main() -> tenantry::Result<()> {
/// assert_eq!(Ident::new("tenant_id")?.to_string(), r#""tenant_id""#);
/// assert_eq!(Ident::new(r#"odd "name""#)?.to_string(), r#""odd ""name""""#);
/// assert!(Ident::new("").is_err());
/// # Ok(())
/// # }
/// ```
#[cfg_attr(not(all(test, feature = "lint")), derive(Clone, PartialEq, Eq, Hash))]
pub struct Ident(Arc<str>);

impl Ord for Ident {
    fn cmp(&self, other: &Self) -> Ordering {
        // The schema of most tables is one name, not just the same.
        if Arc::ptr_eq(&self.0, &other.0) { Ordering::Equal } else { self.0.cmp(&other.0) }
    }
}

impl PartialOrd for Ident {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ident {
    /// Takes a name as the catalog spells it: case matters and no quotes are written.
    ///
    /// # Errors
    ///
    /// The name is empty, longer than 63 bytes, or holds a NUL character.
    pub fn new(name: impl Into<String>) -> Result<Self> {
        let name = name.into();
        if name.is_empty() {
            return Err(Error::config("a name is empty; give the name as the catalog spells it"));
        }
        if name.len() > MAX_NAME_BYTES {
            return Err(Error::config(format!(
                "name {name:?} is {} bytes long; PostgreSQL keeps only the first {MAX_NAME_BYTES}",
                name.len()
            )));
        }
        if name.contains('\0') {
            return Err(Error::config(format!("name {name:?} holds a NUL character")));
        }
        Ok(Self(name.into()))
    }

    /// A name that the crate itself chose, which fits as it is.
    pub(crate) fn known(name: &'static str) -> Self {
        debug_assert!(!name.is_empty() && name.len() <= MAX_NAME_BYTES);
        Self(name.into())
    }

    /// Joins names into one with `_`, cut to what PostgreSQL keeps.
    ///
    /// A name that has to be cut ends in a hash of the whole, so that two long names stay different.
    pub(crate) fn joined(parts: &[&str]) -> Self {
        let whole = parts.join("_");
        if whole.len() <= MAX_NAME_BYTES {
            return Self(whole.into());
        }
        let suffix = format!("_{:08x}", fnv1a(whole.as_bytes()));
        let mut end = MAX_NAME_BYTES - suffix.len();
        while !whole.is_char_boundary(end) {
            end -= 1;
        }
        Self(format!("{}{suffix}", &whole[..end]).into())
    }

    /// The name as the server writes it back: quoted only where it has to be.
    #[cfg(feature = "lint")]
    pub(crate) fn bare(&self) -> Cow<'_, str> {
        let starts = |c: char| c.is_ascii_lowercase() || c == '_';
        let plain = self.0.starts_with(starts) && self.0.chars().all(|c| starts(c) || c.is_ascii_digit());
        if plain && KEYWORDS.binary_search(&&*self.0).is_err() {
            Cow::Borrowed(&self.0)
        } else {
            Cow::Owned(self.to_string())
        }
    }

    /// The name without quotes.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name for people: in quotes only where SQL would read it as another one without them.
    #[must_use]
    pub fn plain(&self) -> String {
        let first = |c: char| c.is_ascii_lowercase() || c == '_';
        let rest = |c: char| first(c) || c.is_ascii_digit() || c == '$';
        if self.0.starts_with(first) && self.0.chars().all(rest) {
            self.0.to_string()
        } else {
            self.to_string()
        }
    }
}

/// The keywords that the server quotes where they are names, in alphabetical order: those of PostgreSQL 14 to 18, but for
/// the ones of JSON, which only some of these servers quote.
#[cfg(feature = "lint")]
#[rustfmt::skip]
const KEYWORDS: &[&str] = &[
    "all", "analyse", "analyze", "and", "any", "array", "as", "asc", "asymmetric", "authorization",
    "between", "bigint", "binary", "bit", "boolean", "both", "case", "cast", "char", "character",
    "check", "coalesce", "collate", "collation", "column", "concurrently", "constraint", "create",
    "cross", "current_catalog", "current_date", "current_role", "current_schema", "current_time",
    "current_timestamp", "current_user", "dec", "decimal", "default", "deferrable", "desc", "distinct",
    "do", "else", "end", "except", "exists", "extract", "false", "fetch", "float", "for", "foreign",
    "freeze", "from", "full", "grant", "greatest", "group", "grouping", "having", "ilike", "in",
    "initially", "inner", "inout", "int", "integer", "intersect", "interval", "into", "is", "isnull",
    "join", 
    "lateral", "leading",
    "least", "left", "like", "limit", "localtime", "localtimestamp", "merge_action", "national",
    "natural", "nchar", "none", "normalize", "not", "notnull", "null", "nullif", "numeric", "offset",
    "on", "only", "or", "order", "out", "outer", "overlaps", "overlay", "placing", "position",
    "precision", "primary", "real", "references", "returning", "right", "row", "select", "session_user",
    "setof", "similar", "smallint", "some", "substring", "symmetric", "system_user", "table",
    "tablesample", "then", "time", "timestamp", "to", "trailing", "treat", "trim", "true", "union",
    "unique", "user", "using", "values", "varchar", "variadic", "verbose", "when", "where", "window",
    "with", "xmlattributes", "xmlconcat", "xmlelement", "xmlexists", "xmlforest", "xmlnamespaces",
    "xmlparse", "xmlpi", "xmlroot", "xmlserialize", "xmltable",
];

/// FNV-1a, 32 bits: a hash that stays the same in every release, since names in databases depend on it.
fn fnv1a(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

impl fmt::Display for Ident {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.replace('"', "\"\""))
    }
}

impl fmt::Debug for Ident {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl TryFrom<&str> for Ident {
    type Error = Error;

    fn try_from(name: &str) -> Result<Self> {
        Self::new(name)
    }
}

/// The name of a relation or function with its schema, `"public"."invoice"`.
///
/// The schema is always written: what a bare name means depends on `search_path`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QualifiedName {
    schema: Ident,
    name: Ident,
}

impl QualifiedName {
    /// A name in a schema.
    #[must_use]
    pub fn new(schema: Ident, name: Ident) -> Self {
        Self { schema, name }
    }

    /// Reads `schema.name`, each part as the catalog spells it or in double quotes.
    ///
    /// ```
    /// use tenantry::QualifiedName;
    ///
    /// # fn main() -> tenantry::Result<()> {
    /// let plain = QualifiedName::parse("erp.invoice")?;
    /// assert_eq!(plain.to_string(), r#""erp"."invoice""#);
    /// let quoted = QualifiedName::parse(r#"erp."Odd.Name""#)?;
    /// assert_eq!(quoted.name().as_str(), "Odd.Name");
    /// assert!(QualifiedName::parse("invoice").is_err());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// The text is not two names joined by one dot, or a name is not one that PostgreSQL keeps.
    pub fn parse(text: &str) -> Result<Self> {
        let wrong = || {
            Error::config(format!(
                "{text:?} is not a qualified name; expected schema.name, with double quotes around a part that holds a dot"
            ))
        };
        let (schema, rest) = read_part(text).ok_or_else(wrong)?;
        let (name, rest) = read_part(rest.strip_prefix('.').ok_or_else(wrong)?).ok_or_else(wrong)?;
        if !rest.is_empty() {
            return Err(wrong());
        }
        Ok(Self::new(Ident::new(schema)?, Ident::new(name)?))
    }

    /// The name as the server writes it back: quoted only where it has to be.
    #[cfg(feature = "lint")]
    pub(crate) fn bare(&self) -> String {
        format!("{}.{}", self.schema.bare(), self.name.bare())
    }

    /// The schema.
    #[must_use]
    pub fn schema(&self) -> &Ident {
        &self.schema
    }

    /// The name inside the schema.
    #[must_use]
    pub fn name(&self) -> &Ident {
        &self.name
    }

    /// The name for people: `public.invoice`, with quotes where they are needed.
    #[must_use]
    pub fn plain(&self) -> String {
        format!("{}.{}", self.schema.plain(), self.name.plain())
    }
}

/// Reads `name` or `schema.name`, each part as the catalog spells it or in double quotes, and quotes it. Without a schema it
/// is found by `search_path`, as in any statement.
pub(crate) fn relation(text: &str) -> Result<String> {
    let unqualified = read_part(text).filter(|(_, rest)| rest.is_empty());
    match unqualified {
        Some((name, _)) => Ident::new(name).map(|name| name.to_string()),
        None => QualifiedName::parse(text).map(|name| name.to_string()),
    }
}

/// Reads one part of a dotted name and returns it, unquoted, with what follows it.
fn read_part(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find('.').unwrap_or(text.len());
        let (part, rest) = text.split_at(end);
        return (!part.contains('"')).then_some((Cow::Borrowed(part), rest));
    };
    let mut part = String::new();
    let mut rest = quoted;
    loop {
        let (before, after) = rest.split_once('"')?;
        part.push_str(before);
        match after.strip_prefix('"') {
            Some(more) => {
                part.push('"');
                rest = more;
            }
            None => return Some((Cow::Owned(part), after)),
        }
    }
}

impl fmt::Display for QualifiedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.schema, self.name)
    }
}

impl fmt::Debug for QualifiedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl TryFrom<&str> for QualifiedName {
    type Error = Error;

    fn try_from(text: &str) -> Result<Self> {
        Self::parse(text)
    }
}

/// Writes a text as a string literal that reads the same whatever `standard_conforming_strings` says.
pub(crate) fn literal(text: &str) -> String {
    let quoted = text.replace('\'', "''");
    if quoted.contains('\\') {
        format!(" E'{}'", quoted.replace('\\', "\\\\"))
    } else {
        format!("'{quoted}'")
    }
}

/// Writes the body of a function or of DO between dollars, so that what is quoted in it stays as it is.
pub(crate) fn dollar_quoted(text: &str) -> String {
    let tags = ["$$".to_owned(), "$body$".to_owned()];
    let more = (1_u32..).map(|number| format!("$body_{number}$"));
    // A text that ends in a part of its tag would go on into it.
    let is_free = |tag: &String| !format!("{text}$").contains(tag.as_str());
    let tag = tags.into_iter().chain(more).find(is_free).unwrap_or_default();
    format!("{tag}{text}{tag}")
}

/// Writes names as the text of a PostgreSQL array, `{"tenant_id","id"}`, without the quotes of a literal.
pub(crate) fn array_text(names: &[&Ident]) -> String {
    let elements: Vec<String> = names
        .iter()
        .map(|name| format!("\"{}\"", name.as_str().replace('\\', "\\\\").replace('"', "\\\"")))
        .collect();
    format!("{{{}}}", elements.join(","))
}

#[cfg(test)]
mod tests {
    use super::{Ident, MAX_NAME_BYTES, QualifiedName, array_text, literal};

    #[test]
    fn a_joined_name_never_outgrows_what_the_server_keeps() {
        let long = "x".repeat(60);
        let one = Ident::joined(&[&long, "tenant", "policy"]);
        let two = Ident::joined(&[&long, "tenant", "floor"]);
        assert_eq!(one.as_str().len(), MAX_NAME_BYTES);
        assert_ne!(one, two);
        assert!(Ident::joined(&["é".repeat(40).as_str(), "x"]).as_str().len() <= MAX_NAME_BYTES);
        assert_eq!(Ident::joined(&["invoice", "tenant"]).as_str(), "invoice_tenant");
    }

    #[cfg(feature = "lint")]
    #[test]
    fn names_are_quoted_where_the_server_quotes_them() {
        assert!(super::KEYWORDS.is_sorted());
        let bare = |name: &str| Ident::new(name).unwrap().bare().into_owned();
        assert_eq!(bare("tenant_id2"), "tenant_id2");
        for quoted in ["user", "Odd", "a b", "2a", "a$b", "é"] {
            assert_eq!(bare(quoted), format!("\"{quoted}\""));
        }
    }

    #[test]
    fn qualified_names_are_read_strictly() {
        for wrong in ["", "a", "a.", ".a", "a.b.c", "\"a.b", "a\"b.c", "\"a\"b.c"] {
            assert!(QualifiedName::parse(wrong).is_err(), "{wrong:?} was taken");
        }
        let odd = QualifiedName::parse("\"a\"\"b\".\"c.d\"").unwrap();
        assert_eq!(odd.schema().as_str(), "a\"b");
        assert_eq!(odd.name().as_str(), "c.d");
    }

    #[test]
    fn array_elements_cannot_be_left() {
        let odd = Ident::new(r#"a"},\b"#).unwrap();
        assert_eq!(array_text(&[&Ident::known("tenant_id"), &odd]), r#"{"tenant_id","a\"},\\b"}"#);
        assert_eq!(array_text(&[]), "{}");
    }

    #[cfg(feature = "lint")]
    #[test]
    fn bodies_cannot_be_left() {
        use super::dollar_quoted;
        assert_eq!(dollar_quoted("it's"), "$$it's$$");
        assert_eq!(dollar_quoted("a$"), "$body$a$$body$");
        assert_eq!(dollar_quoted("$$ $body$ $body_1$"), "$body_2$$$ $body$ $body_1$$body_2$");
        assert_eq!(dollar_quoted("$$ $body"), "$body_1$$$ $body$body_1$");
    }

    #[test]
    fn literals_cannot_be_left() {
        assert_eq!(literal("it's"), "'it''s'");
        assert_eq!(literal(r"a\'b"), r" E'a\\''b'");
    }
}
