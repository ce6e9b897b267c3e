//! Messages as scripts write them: those of the server as a word each, those of the client as a line each.
//!
//! A word is the type's byte and, behind a colon, what is in it, with `_` for each space:
//! `2 D:7 C:SELECT_1 Z`.

use std::collections::HashMap;

use bytes::{Buf, BufMut, BytesMut};

/// The bytes of one word.
pub(super) fn word(word: &str) -> Vec<u8> {
    let (tag, text) = word.split_once(':').unwrap_or((word, ""));
    let text = text.replace('_', " ");
    let mut body = BytesMut::new();
    let tag = match tag {
        "1" | "2" | "3" | "n" | "I" | "s" | "c" => tag.as_bytes()[0],
        "Z" | "ZT" | "ZE" => {
            body.put_u8(*tag.as_bytes().get(1).unwrap_or(&b'I'));
            b'Z'
        }
        "C" => {
            cstr(&text, &mut body);
            b'C'
        }
        "D" => {
            body.put_u16(1);
            body.put_u32(u32::try_from(text.len()).unwrap());
            body.put_slice(text.as_bytes());
            b'D'
        }
        // A column by its name, and its type where that is not text.
        "T" => {
            let (name, type_oid) = text.split_once('=').unwrap_or((&text, "25"));
            body.put_u16(1);
            cstr(name, &mut body);
            body.put_u32(0);
            body.put_u16(0);
            body.put_u32(type_oid.parse().unwrap());
            body.put_i16(-1);
            body.put_i32(-1);
            body.put_u16(0);
            b'T'
        }
        "t" => {
            let types: Vec<u32> = text.split(',').filter_map(|oid| oid.parse().ok()).collect();
            body.put_u16(u16::try_from(types.len()).unwrap());
            for oid in types {
                body.put_u32(oid);
            }
            b't'
        }
        "E" => report("ERROR", &text, "no", b'E', &mut body),
        "F" => report("FATAL", &text, "no", b'E', &mut body),
        "N" => report("WARNING", "01000", &text, b'N', &mut body),
        "S" => {
            let (name, value) = text.split_once('=').unwrap();
            cstr(name, &mut body);
            cstr(value, &mut body);
            b'S'
        }
        "A" => {
            body.put_u32(1);
            cstr("channel", &mut body);
            cstr(&text, &mut body);
            b'A'
        }
        "G" | "H" => {
            body.put_slice(&[0, 0, 0]);
            tag.as_bytes()[0]
        }
        "d" => {
            body.put_slice(text.as_bytes());
            b'd'
        }
        "R" => {
            body.put_u32(0);
            b'R'
        }
        "K" => {
            body.put_u64(1);
            b'K'
        }
        // Bytes as they are, in hexadecimal.
        "x" => {
            let hex = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
            return (0..text.len()).step_by(2).map(hex).collect();
        }
        _ => panic!("no message {tag}"),
    };
    frame(tag, &body)
}

pub(super) fn words(words: &str) -> Vec<u8> {
    words.split_whitespace().flat_map(word).collect()
}

pub(super) fn frame(tag: u8, body: &[u8]) -> Vec<u8> {
    let mut frame = vec![tag];
    frame.put_u32(u32::try_from(body.len() + 4).unwrap());
    frame.put_slice(body);
    frame
}

fn cstr(text: &str, body: &mut BytesMut) {
    body.put_slice(text.as_bytes());
    body.put_u8(0);
}

fn report(severity: &str, code: &str, message: &str, tag: u8, body: &mut BytesMut) -> u8 {
    for (kind, text) in [(b'S', severity), (b'V', severity), (b'C', code), (b'M', message)] {
        body.put_u8(kind);
        cstr(text, body);
    }
    body.put_u8(0);
    tag
}

/// Reads what the client sends.
#[derive(Debug, Default)]
pub(super) struct Frames {
    bytes: BytesMut,
    /// The driver numbers its statements through all connections; scripts number those of their own.
    names: HashMap<String, String>,
}

impl Frames {
    pub(super) fn put(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The next message: its type and its body.
    pub(super) fn next(&mut self) -> Option<(u8, BytesMut)> {
        let length = self.bytes.get(1..5)?.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte));
        if self.bytes.len() < 1 + length {
            return None;
        }
        let mut message = self.bytes.split_to(1 + length);
        let tag = message[0];
        message.advance(5);
        Some((tag, message))
    }

    /// The next message, as a script writes it.
    pub(super) fn next_line(&mut self) -> Option<String> {
        let (tag, mut body) = self.next()?;
        let body = &mut body;
        Some(match tag {
            b'P' => {
                let (name, sql) = (self.name(body), text(body));
                let types: Vec<String> = (0..body.get_u16()).map(|_| body.get_u32().to_string()).collect();
                format!("Parse {name} {sql} [{}]", types.join(" "))
            }
            b'B' => {
                let (portal, name) = (self.name(body), self.name(body));
                let formats: Vec<String> = (0..body.get_u16()).map(|_| body.get_u16().to_string()).collect();
                let params: Vec<String> = (0..body.get_u16()).map(|_| param(body)).collect();
                let results: Vec<String> = (0..body.get_u16()).map(|_| body.get_u16().to_string()).collect();
                assert!(body.is_empty());
                format!(
                    "Bind {portal} {name} [{}] ({}) [{}]",
                    formats.join(" "),
                    params.join(", "),
                    results.join(" ")
                )
            }
            b'D' | b'C' => {
                let what = if tag == b'D' { "Describe" } else { "Close" };
                format!("{what} {} {}", char::from(body.get_u8()), self.name(body))
            }
            b'E' => format!("Execute {} {}", self.name(body), body.get_u32()),
            b'S' => "Sync".to_owned(),
            b'Q' => format!("Query {}", text(body)),
            b'd' => format!("CopyData {}", String::from_utf8_lossy(body).trim_end()),
            b'c' => "CopyDone".to_owned(),
            b'f' => "CopyFail".to_owned(),
            b'X' => "Terminate".to_owned(),
            _ => panic!("the client sent a message of type {tag}"),
        })
    }

    fn name(&mut self, body: &mut BytesMut) -> String {
        let name = text(body);
        let numbered = name.strip_prefix('s').is_some_and(|number| number.parse::<u64>().is_ok());
        if name.is_empty() {
            return "-".to_owned();
        }
        let count = self.names.len();
        if numbered { self.names.entry(name).or_insert_with(|| format!("s{count}")).clone() } else { name }
    }
}

pub(super) fn text(body: &mut BytesMut) -> String {
    let end = body.iter().position(|byte| *byte == 0).unwrap();
    let text = String::from_utf8(body.split_to(end).to_vec()).unwrap();
    body.advance(1);
    text
}

pub(super) fn param(body: &mut BytesMut) -> String {
    let length = usize::try_from(body.get_u32()).unwrap();
    String::from_utf8_lossy(&body.split_to(length)).into_owned()
}
