//! What a migration says in comments to whoever runs it: `-- tenantry: each-tenant`.

use crate::lex::{self, Kind};

/// Everything that a file says to its runner.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Directives {
    /// `no-transaction`: each statement is run by itself.
    pub(crate) no_transaction: bool,
    /// `each-tenant`: it is run once for each tenant, with the tenant bound.
    pub(crate) each_tenant: bool,
    /// `system "reason"`: its data statements are run across tenants, and why.
    pub(crate) system: Option<String>,
    /// `allow-zero-rows "reason"`: a data statement may change no row, and why.
    pub(crate) allow_zero_rows: Option<String>,
    /// What is wrong with what it says, each with its line, the first being 1.
    pub(crate) flaws: Vec<(usize, String)>,
}

/// The words that are known, those for the rules among them.
const KNOWN: [&str; 6] =
    ["no-transaction", "each-tenant", "system", "allow-zero-rows", "allow", "allow-file"];

/// Reads what a file says to its runner. Literals and bodies of functions say nothing.
pub(crate) fn directives(text: &str) -> Directives {
    let mut found = Directives::default();
    // Most files say nothing, and need not be read once more.
    if !text.contains("tenantry:") {
        return found;
    }
    let mut at = 0;
    while let Some(token) = lex::token(text, at) {
        at = token.end;
        if token.kind != Kind::Comment {
            continue;
        }
        let comment = token.of(text).trim_start_matches("--").trim_start_matches("/*").trim_end_matches("*/");
        let Some(said) = comment.trim().strip_prefix("tenantry:") else { continue };
        if let Err(flaw) = found.take(said.trim()) {
            let line = text.get(..token.start).unwrap_or_default().matches('\n').count() + 1;
            found.flaws.push((line, flaw));
        }
    }
    found
}

impl Directives {
    fn take(&mut self, said: &str) -> Result<(), String> {
        let (word, rest) = said.split_once(char::is_whitespace).unwrap_or((said, ""));
        let reason = || {
            let inner = rest.trim().strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
            let reason = inner.map(str::trim).filter(|reason| !reason.is_empty());
            reason
                .map(str::to_owned)
                .ok_or_else(|| format!("{word} gives no reason; write {word} \"reason\""))
        };
        match word {
            "system" => self.system = Some(reason()?),
            "allow-zero-rows" => self.allow_zero_rows = Some(reason()?),
            "each-tenant" | "no-transaction" if !rest.trim().is_empty() => {
                return Err(format!("{word} stands alone; what follows it here means nothing"));
            }
            "each-tenant" => self.each_tenant = true,
            "no-transaction" => self.no_transaction = true,
            "allow" | "allow-file" => {}
            _ => {
                return Err(format!(
                    "{word:?} says nothing to a runner; expected one of {}",
                    KNOWN.join(", ")
                ));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::directives;

    #[test]
    fn a_file_says_how_it_is_run() {
        let found =
            directives("/* tenantry: each-tenant */ select 1;\n--tenantry:   allow-zero-rows \"new\"\n");
        assert!(found.each_tenant && !found.no_transaction && found.flaws.is_empty());
        assert_eq!(found.allow_zero_rows.as_deref(), Some("new"));
        let found = directives("-- tenantry: system \"all of them\"\n-- tenantry: no-transaction");
        assert!(found.no_transaction && !found.each_tenant && found.flaws.is_empty());
        assert_eq!(found.system.as_deref(), Some("all of them"));
    }

    #[test]
    fn what_is_no_comment_says_nothing() {
        for text in [
            "select '-- tenantry: each-tenant';",
            "do $$ -- tenantry: each-tenant\n$$;",
            "-- about tenantry: each-tenant",
        ] {
            assert_eq!(directives(text), super::Directives::default(), "{text}");
        }
    }

    #[test]
    fn what_is_not_understood_is_said_with_its_line() {
        for (text, line, what) in [
            ("\n-- tenantry: each-tenants", 2, "says nothing to a runner"),
            ("-- tenantry: system", 1, "system gives no reason"),
            ("-- tenantry: system \"\"", 1, "system gives no reason"),
            ("-- tenantry: system all", 1, "system gives no reason"),
            ("select 1; -- tenantry: each-tenant now", 1, "stands alone"),
        ] {
            let found = directives(text);
            let [(at, flaw)] = &found.flaws[..] else { panic!("{text}: {found:?}") };
            assert!(*at == line && flaw.contains(what), "{text}: {found:?}");
            assert!(!found.each_tenant && found.system.is_none());
        }
    }
}
