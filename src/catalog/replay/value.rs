//! What names and literals say.

use std::iter::Peekable;
use std::str::Chars;

use crate::ident::{Ident, MAX_NAME_BYTES};
use crate::lex::{Kind, Token};

/// The name that a token says, cut to what the server keeps.
pub(crate) fn ident(token: Token, text: &str) -> Option<Ident> {
    let written = token.of(text);
    let name = match token.kind {
        Kind::Word => written.to_ascii_lowercase(),
        Kind::Quoted => match written.strip_prefix('"') {
            Some(rest) => rest.strip_suffix('"')?.replace("\"\"", "\""),
            None => unicode(written.get(3..)?.strip_suffix('"')?, '"')?,
        },
        _ => return None,
    };
    cut(name)
}

/// A name of which the server keeps the first 63 bytes.
pub(super) fn cut(name: String) -> Option<Ident> {
    let mut name = name;
    let mut end = name.len().min(MAX_NAME_BYTES);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    name.truncate(end);
    Ident::new(name).ok()
}

/// The text that a literal says.
pub(crate) fn string(token: Token, text: &str) -> Option<String> {
    let written = token.of(text);
    if written.starts_with('$') {
        let opening = written.get(..written.get(1..)?.find('$')? + 2)?;
        return written.strip_prefix(opening)?.strip_suffix(opening).map(str::to_owned);
    }
    let (prefix, _) = written.split_once('\'')?;
    let mut said = String::new();
    for part in parts(written.get(prefix.len()..)?, prefix.eq_ignore_ascii_case("e"))? {
        match prefix {
            "e" | "E" => said.push_str(&escaped(part)?),
            "u&" | "U&" => said.push_str(&unicode(part, '\'')?),
            // The bits that these say are of no use to anybody here.
            "b" | "B" | "x" | "X" => return None,
            _ => said.push_str(&part.replace("''", "'")),
        }
    }
    Some(said)
}

/// The parts of a literal that is continued on further lines, each without its quotes.
fn parts(text: &str, backslashes: bool) -> Option<Vec<&str>> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(after) = rest.trim_start().strip_prefix('\'') {
        let mut end = 0;
        loop {
            match after.get(end..)?.chars().next()? {
                '\\' if backslashes => end += 1 + after.get(end + 1..)?.chars().next()?.len_utf8(),
                '\'' if after.get(end + 1..)?.starts_with('\'') => end += 2,
                '\'' => break,
                other => end += other.len_utf8(),
            }
        }
        found.push(after.get(..end)?);
        rest = after.get(end + 1..)?;
    }
    Some(found)
}

/// What an `E''` literal says.
fn escaped(written: &str) -> Option<String> {
    let mut said = Vec::new();
    let mut rest = written.chars().peekable();
    while let Some(c) = rest.next() {
        if c == '\'' {
            rest.next();
        }
        if c != '\\' {
            push(&mut said, c);
            continue;
        }
        match rest.next()? {
            'b' => said.push(8),
            'f' => said.push(12),
            'n' => said.push(b'\n'),
            'r' => said.push(b'\r'),
            't' => said.push(b'\t'),
            'x' => said.push(u8::try_from(code(&mut rest, None, 16, 2)?).ok()?),
            'u' => push(&mut said, char::from_u32(code(&mut rest, None, 16, 4)?)?),
            'U' => push(&mut said, char::from_u32(code(&mut rest, None, 16, 8)?)?),
            digit @ '0'..='7' => said.push(u8::try_from(code(&mut rest, Some(digit), 8, 3)? & 0xff).ok()?),
            other => push(&mut said, other),
        }
    }
    String::from_utf8(said).ok()
}

fn push(said: &mut Vec<u8>, c: char) {
    said.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
}

/// The number that at most so many digits say.
fn code(rest: &mut Peekable<Chars<'_>>, first: Option<char>, radix: u32, most: usize) -> Option<u32> {
    let mut digits = String::from_iter(first);
    while digits.len() < most
        && let Some(digit) = rest.next_if(|c| c.is_digit(radix))
    {
        digits.push(digit);
    }
    u32::from_str_radix(&digits, radix).ok()
}

/// What a `U&` literal or name says, with the escape character that it has unless `UESCAPE` says another.
fn unicode(written: &str, quote: char) -> Option<String> {
    let mut said = String::new();
    let mut rest = written;
    while let Some(c) = rest.chars().next() {
        rest = rest.get(c.len_utf8()..)?;
        if c == quote {
            rest = rest.get(1..)?;
        }
        if c != '\\' {
            said.push(c);
        } else if let Some(after) = rest.strip_prefix('\\') {
            said.push('\\');
            rest = after;
        } else {
            let (digits, after) = match rest.strip_prefix('+') {
                Some(long) => (long.get(..6)?, long.get(6..)?),
                None => (rest.get(..4)?, rest.get(4..)?),
            };
            said.push(char::from_u32(u32::from_str_radix(digits, 16).ok()?)?);
            rest = after;
        }
    }
    Some(said)
}

#[cfg(test)]
mod tests {
    use super::{ident, string};
    use crate::lex;

    fn said(text: &str) -> Option<String> {
        string(lex::token(text, 0)?, text)
    }

    #[test]
    fn literals_say_what_the_server_reads() {
        for (written, read) in [
            ("'it''s'", "it's"),
            ("'a\\nb'", "a\\nb"),
            ("E'a\\nb\\'c\\\\ \\x41\\u00e9\\101 '''", "a\nb'c\\ AéA '"),
            ("$$it's$$", "it's"),
            ("$x$a$$b$x$", "a$$b"),
            ("'a'\n   'b'", "ab"),
            ("U&'d\\0061t\\+000061\\\\'", "data\\"),
            ("''", ""),
            ("n'a'", "a"),
        ] {
            assert_eq!(said(written).as_deref(), Some(read), "{written}");
        }
        assert_eq!(said("E'\\xff'"), None);
    }

    #[test]
    fn names_are_folded_and_cut() {
        let name =
            |text: &str| ident(lex::token(text, 0).unwrap(), text).map(|name| name.as_str().to_owned());
        assert_eq!(name("Tenant_ID").as_deref(), Some("tenant_id"));
        assert_eq!(name("\"Odd \"\"Name\"").as_deref(), Some("Odd \"Name"));
        assert_eq!(name("U&\"d\\0061ta\"").as_deref(), Some("data"));
        assert_eq!(name("\"\""), None);
        assert_eq!(name(&"é".repeat(40)).map(|name| name.len()), Some(62));
    }
}
