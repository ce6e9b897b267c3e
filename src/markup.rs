//! Text in XML and HTML, for pages, reports and pictures.

/// The text with what markup would take for its own escaped, and without the characters that XML 1.0 has no place for, in whose
/// stead stands U+FFFD. It can stand in an element as well as in an attribute with double quotes.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // In an attribute a parser would read a space.
            '\t' => out.push_str("&#9;"),
            '\n' => out.push_str("&#10;"),
            '\r' => out.push_str("&#13;"),
            c if is_forbidden(c) => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// Whether [XML 1.0](https://www.w3.org/TR/xml/#charsets) forbids a character, or asks authors to avoid it.
fn is_forbidden(c: char) -> bool {
    c.is_control() || matches!(u32::from(c) & 0xffff, 0xfffe | 0xffff) || matches!(c, '\u{fdd0}'..='\u{fdef}')
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn nothing_is_taken_for_markup() {
        assert_eq!(
            escaped(r#"<a b="c" d='e'>&amp;]]>"#),
            "&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;amp;]]&gt;"
        );
        assert_eq!(escaped("a\tb\r\nc"), "a&#9;b&#13;&#10;c");
        assert_eq!(escaped("größe 表 𝄞"), "größe 表 𝄞");
        for forbidden in ['\0', '\u{1b}', '\u{7f}', '\u{85}', '\u{fdd0}', '\u{fffe}', '\u{1ffff}'] {
            assert_eq!(escaped(&format!("a{forbidden}b")), "a\u{fffd}b", "{forbidden:?}");
        }
    }
}
