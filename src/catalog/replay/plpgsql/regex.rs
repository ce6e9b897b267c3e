//! Regular expressions as far as migrations use them to choose tables by their names.

/// Whether a text matches; nothing where the pattern says more than is understood here: plain characters, `.`, `.*`, the two ends, and
/// alternatives.
pub(super) fn is_match(text: &str, pattern: &str) -> Option<bool> {
    let (pattern, from_start) = match pattern.strip_prefix('^') {
        Some(rest) => (rest, true),
        None => (pattern, false),
    };
    let (pattern, to_end) = match pattern.strip_suffix('$') {
        Some(rest) => (rest, true),
        None => (pattern, false),
    };
    let inner = pattern.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
    let alternatives: Vec<&str> = match inner {
        Some(inner) => inner.split('|').collect(),
        // Without parentheses the ends would belong to the first and the last one alone.
        None if pattern.contains('|') && (from_start || to_end) => return None,
        None => pattern.split('|').collect(),
    };
    let mut found = false;
    for alternative in alternatives {
        found |= is_like(text, &like(alternative)?, from_start, to_end);
    }
    Some(found)
}

fn is_like(text: &str, pattern: &str, from_start: bool, to_end: bool) -> bool {
    let before = if from_start { "" } else { "%" };
    let after = if to_end { "" } else { "%" };
    super::value::like(text, &format!("{before}{pattern}{after}"))
}

/// The same as a pattern of LIKE.
fn like(pattern: &str) -> Option<String> {
    let mut like = String::new();
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '.' if chars.peek() == Some(&'*') => {
                chars.next();
                like.push('%');
            }
            '.' => like.push('_'),
            '_' => like.push_str("\\_"),
            c if c.is_alphanumeric() || matches!(c, ' ' | '-') => like.push(c),
            _ => return None,
        }
        if matches!(chars.peek(), Some('*' | '+' | '?' | '{')) {
            return None;
        }
    }
    Some(like)
}

#[cfg(test)]
mod tests {
    use super::is_match;

    #[test]
    fn a_pattern_is_as_the_server_takes_it() {
        for (text, pattern, expected) in [
            ("invoice_line", "^invoice", Some(true)),
            ("old_invoice", "^invoice", Some(false)),
            ("old_invoice", "invoice$", Some(true)),
            ("old_invoices", "invoice$", Some(false)),
            ("old_invoices", "invoice", Some(true)),
            ("invoicexline", "invoice_line", Some(false)),
            ("invoicexline", "invoice.line", Some(true)),
            ("invoice", "^(invoice|customer)$", Some(true)),
            ("invoices", "^(invoice|customer)$", Some(false)),
            ("a_b", "^a.*b$", Some(true)),
            ("x", "a|x", Some(true)),
            ("x", "^a|x$", None),
            ("x", "x+", None),
            ("x", "[a-z]", None),
            ("x", "(a", None),
            ("x", "\\d", None),
        ] {
            assert_eq!(is_match(text, pattern), expected, "{text} ~ {pattern}");
        }
    }
}
