//! Code, by its tokens: the body of a function, a file with what its DO blocks do, or dynamic SQL in either.
//!
//! Nothing here understands PL/pgSQL. Literals and comments are never taken for code, but for those that `EXECUTE` runs, and
//! the time is linear in the length of the text.

pub(in crate::rule) mod own;
pub(in crate::rule) mod sentence;
pub(in crate::rule) mod undone;

use crate::catalog::replay::{Kind, Located};
use crate::catalog::{Function, Object, Signature};
use crate::rule::code::sentence::{Sentence, UNKNOWN, Word};
use crate::rule::finding::{Finding, Findings};
use crate::rule::record::Severity;

/// How deep dynamic SQL may stand in dynamic SQL.
const DEEPEST: usize = 4;

/// How many statements of one file are looked into, of those that may matter. No file that a person wrote has as many.
const MOST_STATEMENTS: usize = 200_000;

/// One of these stands in whatever the rules on code look for.
const MATTERING: [&str; 15] = [
    "advisory",
    "close",
    "currval",
    "deallocate",
    "drop",
    "execute",
    "hold",
    "lastval",
    "listen",
    "lo_",
    "notify",
    "prepare",
    "discard",
    "set",
    "temp",
];

/// Whether a statement of a file can be of account to a rule on code, so that its words are worth their room.
fn may_matter(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    MATTERING.iter().any(|word| text.contains(word))
}

/// Code that runs as a whole, statement by statement.
pub(in crate::rule) struct Code<'a> {
    pub(in crate::rule) of: Of<'a>,
    pub(in crate::rule) sentences: Vec<Sentence>,
}

/// What the code is.
#[derive(Clone, Copy)]
pub(in crate::rule) enum Of<'a> {
    Function(&'a Signature, &'a Function),
    /// The statements of a file, and whether `pg_dump` has written it.
    File {
        is_dump: bool,
    },
}

/// Which language some code is in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Language {
    Sql,
    Procedural,
}

impl<'a> Code<'a> {
    /// The body of a function, if it is in a language that is looked into.
    pub(in crate::rule) fn of_function(signature: &'a Signature, function: &'a Function) -> Option<Self> {
        if function.extension.is_some() {
            return None;
        }
        let sentences = body(&function.body, &function.language)?;
        Some(Self { of: Of::Function(signature, function), sentences })
    }

    /// The statements of one file, each with its place among all, and those of its DO blocks behind them.
    pub(in crate::rule) fn of_file(statements: &'a [Located], from: usize) -> Self {
        let mut sentences = Vec::new();
        // What runs within another statement is read with that, or with the function that it stands in.
        let own = statements.iter().enumerate().filter(|(_, located)| located.runs_within().is_none());
        let mattering = own.filter(|(_, located)| may_matter(located.text()));
        for (at, located) in mattering.take(MOST_STATEMENTS) {
            sentences.extend(
                of_statement(located.text())
                    .into_iter()
                    .map(|sentence| Sentence { statement: Some(from + at), ..sentence }),
            );
        }
        let mut head = statements.iter().take(1).flat_map(|first| first.source().text().lines().take(20));
        let is_dump = head.any(|line| line == "-- PostgreSQL database dump");
        Self { of: Of::File { is_dump }, sentences }
    }

    /// The function, unless it is a file.
    pub(in crate::rule) fn function(&self) -> Option<(&'a Signature, &'a Function)> {
        match self.of {
            Of::Function(signature, function) => Some((signature, function)),
            Of::File { .. } => None,
        }
    }

    /// Whether it is a file that `pg_dump` has written.
    pub(in crate::rule) fn is_dump(&self) -> bool {
        matches!(self.of, Of::File { is_dump: true })
    }

    /// How much something matters that a session keeps: little in a file, whose session ends with it.
    pub(in crate::rule) fn graded(&self, severity: Severity) -> Severity {
        if self.function().is_some() { severity } else { Severity::Low }
    }

    /// What people call it.
    pub(in crate::rule) fn plain(&self) -> String {
        match self.of {
            Of::Function(signature, _) => signature.name.plain(),
            Of::File { .. } => "the statement".to_owned(),
        }
    }

    /// Adds a finding about one of its statements. The message goes on from its name.
    pub(in crate::rule) fn tell<'f>(
        &self,
        found: &'f mut Findings,
        sentence: &Sentence,
        message: impl std::fmt::Display,
    ) -> &'f mut Finding {
        let object = match self.of {
            Of::Function(signature, _) => Object::Function(signature.clone()),
            Of::File { .. } => Object::Database,
        };
        let finding = found.add(object, format!("{} {message}", self.plain()));
        if let Some(statement) = sentence.statement {
            finding.statement(statement);
        }
        finding
    }
}

/// What a statement of a file does: itself, and what stands in it if it is a DO block.
pub(in crate::rule) fn of_statement(text: &str) -> Vec<Sentence> {
    let own = Sentence::of(text);
    // What a routine does is told of the routine.
    if ["create function", "create procedure", "create or replace function", "create or replace procedure"]
        .iter()
        .any(|phrase| own.starts(phrase))
    {
        return Vec::new();
    }
    let mut found = Vec::new();
    if let Some((block, language)) = block(&own) {
        found.extend(body(block, language).unwrap_or_default());
    }
    found.insert(0, own);
    found
}

/// The body of a DO block and its language.
pub(in crate::rule) fn block(sentence: &Sentence) -> Option<(&str, &str)> {
    let text = sentence.words.iter().find(|word| word.kind == Kind::Text && sentence.starts("do"))?;
    let mut pairs = sentence.words.windows(2);
    let language = pairs.find_map(|pair| match pair {
        [word, name] if word.is("language") => Some(name.text.as_str()),
        _ => None,
    });
    // `LANGUAGE 'plpgsql'` before the body would be taken for it.
    let body = if language == Some(text.text.as_str()) {
        sentence.words.iter().rfind(|word| word.kind == Kind::Text)?
    } else {
        text
    };
    Some((&body.text, language.unwrap_or("plpgsql")))
}

/// The statements of a body, if it is in a language that is looked into.
fn body(text: &str, language: &str) -> Option<Vec<Sentence>> {
    let language = match language.to_ascii_lowercase().as_str() {
        "sql" => Language::Sql,
        "plpgsql" => Language::Procedural,
        _ => return None,
    };
    let mut found = Vec::new();
    cut(words(text), language, 0, &mut found);
    Some(found)
}

fn words(text: &str) -> Vec<Word> {
    Sentence::of(text).words
}

/// Cuts code at its semicolons, and in PL/pgSQL where a block or a branch begins.
fn cut(words: Vec<Word>, language: Language, depth: usize, found: &mut Vec<Sentence>) {
    let mut now = Vec::new();
    let mut cases = 0_usize;
    for word in words {
        let procedural = language == Language::Procedural || word.is("begin") || word.is("atomic");
        if word.is(";") {
            cases = 0;
            end(&mut now, language, depth, found);
            continue;
        }
        if word.is("case") && !now.is_empty() {
            cases += 1;
        } else if word.is("end") {
            cases = cases.saturating_sub(1);
        }
        let opens = ["begin", "atomic", "then", "else", "loop"].iter().any(|opens| word.is(opens));
        if opens && procedural && cases == 0 && !now.last().is_some_and(|last: &Word| last.is("end")) {
            end(&mut now, language, depth, found);
        } else if !(now.is_empty() && is_label(&word)) {
            now.push(word);
        }
    }
    end(&mut now, language, depth, found);
}

/// `<<label>>` before a block.
fn is_label(word: &Word) -> bool {
    word.is("<<") || word.is(">>")
}

fn end(now: &mut Vec<Word>, language: Language, depth: usize, found: &mut Vec<Sentence>) {
    let words = std::mem::take(now);
    if words.is_empty() {
        return;
    }
    let dynamic = if language == Language::Procedural { dynamic(&words) } else { None };
    found.push(Sentence { words, statement: None });
    if let Some(text) = dynamic.filter(|_| depth < DEEPEST) {
        cut(self::words(&text), Language::Sql, depth + 1, found);
    }
}

/// The SQL that `EXECUTE` runs, as far as literals say it.
fn dynamic(words: &[Word]) -> Option<String> {
    let from = words.iter().position(|word| word.is("execute"))? + 1;
    let rest = words.get(from..)?;
    if rest.first()?.is("function") || rest.first()?.is("procedure") {
        return None;
    }
    let ends = |word: &Word| word.is("into") || word.is("using") || word.is("loop");
    let rest = rest.get(..rest.iter().position(ends).unwrap_or(rest.len()))?;
    if let [call, _, template, arguments @ ..] = rest
        && call.is("format")
        && template.kind == Kind::Text
    {
        return Some(formatted(&template.text, arguments));
    }
    let mut text = String::new();
    for word in rest {
        match word.kind {
            Kind::Text => text.push_str(&word.text),
            Kind::Word | Kind::Quoted | Kind::Parameter if !text.ends_with(UNKNOWN) => text.push_str(UNKNOWN),
            _ => {}
        }
    }
    Some(text)
}

/// What `format` gives, with what is not a literal left unknown.
fn formatted(template: &str, arguments: &[Word]) -> String {
    let mut literals = arguments.split(|word| word.is(",")).skip(1).map(|argument| match argument {
        [one] | [one, ..] if one.kind == Kind::Text && argument.len() <= 2 => Some(one.text.as_str()),
        _ => None,
    });
    let mut text = String::new();
    let mut parts = template.split('%');
    text.push_str(parts.next().unwrap_or_default());
    while let Some(part) = parts.next() {
        match part.chars().next() {
            Some('I' | 'L' | 's') => {
                text.push_str(literals.next().flatten().unwrap_or(UNKNOWN));
                text.push_str(part.get(1..).unwrap_or_default());
            }
            // A percent sign that stands for itself.
            None => {
                text.push('%');
                text.push_str(parts.next().unwrap_or_default());
            }
            Some(_) => {
                text.push_str(UNKNOWN);
                text.push_str(part.trim_start_matches(|c: char| c.is_ascii_digit() || "$-ILs*".contains(c)));
            }
        }
    }
    text
}

#[cfg(test)]
mod tests;
