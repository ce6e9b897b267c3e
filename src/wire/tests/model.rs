//! A server that follows the protocol and puts into each answer whose it is.
//!
//! It knows these statements, where `7` is whoever asks: `BEGIN`, `context $1`, `COMMIT`; `echo 7`,
//! `rows 7` and `echo $1`, which answer with the number and the context; `missing 7`, `fail 7`,
//! `midway 7` and `deferred 7`, which fail at Parse, at Execute, behind a row and at Sync; and `copy`
//! `in`, `out`, `refused`, `trigger` and `bad`.

use std::collections::HashMap;

use bytes::{Buf, BytesMut};

use super::super::statements::StatementMode;
use super::frames::{Frames, param, text, word};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Block {
    None,
    Open,
    Failed,
}

pub(super) struct Model {
    mode: StatementMode,
    frames: Frames,
    statements: HashMap<String, String>,
    /// The text of the statement that is bound, and its parameter.
    portal: (String, String),
    block: Block,
    context: String,
    /// What fails at Sync.
    deferred: Option<String>,
    skipping: bool,
    /// Which copy takes data.
    copying: Option<String>,
    /// What is sent, message by message.
    out: Vec<Vec<u8>>,
}

impl Model {
    pub(super) fn new(mode: StatementMode) -> Self {
        Self {
            mode,
            frames: Frames::default(),
            statements: HashMap::new(),
            portal: Default::default(),
            block: Block::None,
            context: String::new(),
            deferred: None,
            skipping: false,
            copying: None,
            out: Vec::new(),
        }
    }

    pub(super) fn hear(&mut self, bytes: &[u8]) {
        self.frames.put(bytes);
    }

    /// The answer to the next message, or `None` when there is none.
    pub(super) fn answer(&mut self) -> Option<Vec<Vec<u8>>> {
        let (tag, mut body) = self.frames.next()?;
        match tag {
            b'S' if self.copying.is_some() => {}
            b'S' => self.sync(),
            b'd' if self.copying.as_deref() == Some("copy bad") => self.fail("22P02"),
            b'c' if self.copying.take().is_some() => self.say("C:COPY_1"),
            b'f' if self.copying.is_some() => self.fail("57014"),
            b'd' | b'c' | b'f' | b'X' => {}
            _ if self.copying.is_some() => panic!("a message of type {tag} among the data of a copy"),
            b'Q' => {
                let sql = text(&mut body);
                self.run(&sql, "");
                self.skipping = false;
                self.sync();
            }
            _ if self.skipping => {}
            b'C' => {
                body.advance(1);
                self.statements.remove(&text(&mut body));
                self.say("3");
            }
            _ if self.block == Block::Failed => self.fail("25P02"),
            _ => self.extended(tag, &mut body),
        }
        Some(std::mem::take(&mut self.out))
    }

    fn extended(&mut self, tag: u8, body: &mut BytesMut) {
        match tag {
            b'P' => {
                let (name, sql) = (self.name(body), text(body));
                if let Some(id) = sql.strip_prefix("missing ") {
                    return self.fail(&code('X', id));
                }
                assert!(name.is_empty() || !self.statements.contains_key(&name), "{name} is parsed twice");
                self.statements.insert(name, sql);
                self.say("1");
            }
            b'B' => {
                let (portal, name) = (self.name(body), self.name(body));
                assert_eq!(portal, "");
                let Some(sql) = self.statements.get(&name) else { return self.fail("26000") };
                let formats = body.get_u16();
                body.advance(2 * usize::from(formats));
                let count = body.get_u16();
                self.portal = (sql.clone(), if count == 0 { String::new() } else { param(body) });
                self.say("2");
            }
            b'D' => {
                if body.get_u8() == b'P' {
                    let columns = self.portal.0.contains("copy");
                    return self.say(if columns { "n" } else { "T:x" });
                }
                let name = self.name(body);
                let Some(sql) = self.statements.get(&name) else { return self.fail("26000") };
                let (params, columns) = (sql.contains("$1"), sql.contains("copy"));
                self.say(if params { "t:25" } else { "t" });
                self.say(if columns { "n" } else { "T:x" });
            }
            b'E' => {
                let (sql, param) = std::mem::take(&mut self.portal);
                self.run(&sql, &param);
            }
            _ => panic!("a message of type {tag}"),
        }
    }

    fn run(&mut self, sql: &str, param: &str) {
        let (verb, rest) = sql.split_once(' ').unwrap_or((sql, ""));
        let id = if rest == "$1" { param } else { rest };
        let row = format!("D:{id}@{}", self.context);
        match verb {
            "COMMIT" => {
                self.block = Block::None;
                self.say("C:COMMIT");
            }
            _ if self.block == Block::Failed => self.fail("25P02"),
            "BEGIN" if rest.is_empty() => {
                self.block = Block::Open;
                self.say("C:BEGIN");
            }
            "BEGIN" => self.fail(&code('P', rest)),
            "context" if param.starts_with("bad") => self.fail(&code('P', param)),
            "context" => {
                param.clone_into(&mut self.context);
                self.say(&format!("D:{param}"));
                self.say("C:SELECT_1");
            }
            "echo" | "deferred" => {
                if verb == "deferred" && self.block == Block::None {
                    self.deferred = Some(code('X', id));
                }
                self.say(&row);
                self.say("C:SELECT_1");
            }
            "rows" => {
                (0..3).for_each(|_| self.say(&row));
                self.say("C:SELECT_3");
            }
            "fail" => self.fail(&code('X', id)),
            "midway" => {
                self.say(&row);
                self.fail(&code('X', id));
            }
            "copy" => self.copy(sql, rest),
            _ => panic!("no statement {sql}"),
        }
    }

    fn copy(&mut self, sql: &str, what: &str) {
        match what {
            "refused" => self.fail("42501"),
            "out" => {
                let data = format!("d:@{}", self.context);
                for word in ["H", &data, "c", "C:COPY_1"] {
                    self.say(word);
                }
            }
            "trigger" => {
                self.say("G");
                self.fail("P0001");
            }
            _ => {
                self.copying = Some(sql.to_owned());
                self.say("G");
            }
        }
    }

    fn sync(&mut self) {
        self.skipping = false;
        if let Some(code) = self.deferred.take() {
            self.say(&format!("E:{code}"));
        }
        if self.block == Block::None {
            self.context.clear();
        }
        if self.mode == StatementMode::Unnamed && self.block == Block::None {
            // The next transaction is another server's, which knows of nothing.
            self.statements.clear();
        }
        self.say(match self.block {
            Block::None => "Z",
            Block::Open => "ZT",
            Block::Failed => "ZE",
        });
    }

    fn fail(&mut self, code: &str) {
        self.say(&format!("E:{code}"));
        self.skipping = true;
        self.copying = None;
        self.deferred = None;
        if self.block == Block::Open {
            self.block = Block::Failed;
        }
    }

    fn name(&self, body: &mut BytesMut) -> String {
        let name = text(body);
        assert!(self.mode == StatementMode::Named || name.is_empty(), "{name} is a name");
        name
    }

    fn say(&mut self, said: &str) {
        self.out.push(word(said));
    }
}

/// An SQLSTATE that tells whose error it is.
pub(super) fn code(kind: char, id: &str) -> String {
    let number: String = id.chars().filter(char::is_ascii_digit).collect();
    format!("{kind}{number:0>4}")
}
