//! One statement of some code, by its tokens: what it calls, what it sets, which relations it names.

use crate::catalog::replay::{Kind, Name, Token, name_of, text_of, token};
use crate::ident::Ident;

/// Stands in dynamic SQL for what is known only when it runs.
pub(in crate::rule) const UNKNOWN: &str = "$0";

/// How many words of a statement are looked at. What is longer lists values.
const MOST_WORDS: usize = 100_000;

/// A token: a keyword or a name in lower case, a quoted name or a literal without its quotes, anything else as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::rule) struct Word {
    pub(in crate::rule) kind: Kind,
    pub(in crate::rule) text: String,
}

impl Word {
    pub(in crate::rule) fn new(token: Token, source: &str) -> Self {
        let written = token.of(source);
        let text = match token.kind {
            Kind::Word => written.to_ascii_lowercase(),
            Kind::Quoted => {
                name_of(token, source).map_or_else(|| written.to_owned(), |name| name.as_str().to_owned())
            }
            Kind::Text => text_of(token, source).unwrap_or_else(|| written.to_owned()),
            _ => written.to_owned(),
        };
        Self { kind: token.kind, text }
    }

    /// Whether it is this keyword or symbol.
    pub(in crate::rule) fn is(&self, word: &str) -> bool {
        matches!(self.kind, Kind::Word | Kind::Symbol | Kind::Operator) && self.text == word
    }

    pub(in crate::rule) fn is_name(&self) -> bool {
        matches!(self.kind, Kind::Word | Kind::Quoted)
    }
}

/// A statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::rule) struct Sentence {
    pub(in crate::rule) words: Vec<Word>,
    /// The statement of the files that it is or stands in.
    pub(in crate::rule) statement: Option<usize>,
}

/// A call of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::rule) struct Call<'a> {
    /// Its name, without the schema if that is the server's own.
    pub(in crate::rule) name: Name,
    pub(in crate::rule) arguments: Vec<&'a [Word]>,
}

/// How long a setting keeps its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::rule) enum Scope {
    Transaction,
    Session,
    /// Whatever an argument says.
    Unknown,
}

/// A setting that is set, by `SET` or by `set_config`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::rule) struct Set {
    /// In lower case; `role` and `session authorization` for these.
    pub(in crate::rule) name: String,
    pub(in crate::rule) scope: Scope,
    /// The value where it is written there; an empty one for what is reset.
    pub(in crate::rule) value: Option<String>,
}

/// What a statement does with a relation that it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::rule) enum Use {
    Reads,
    Changes,
    Inserts,
}

/// What an argument says, if it is one literal and nothing else, with a cast or without.
pub(in crate::rule) fn literal(words: &[Word]) -> Option<&str> {
    let (first, rest) = words.split_first()?;
    let of_kind = matches!(first.kind, Kind::Text | Kind::Number)
        || (first.kind == Kind::Word && matches!(first.text.as_str(), "true" | "false" | "null"));
    let alone = rest.first().is_none_or(|next| next.is("::") && rest.len() == 2);
    (of_kind && alone && !first.text.contains(UNKNOWN)).then_some(first.text.as_str())
}

impl Sentence {
    /// The tokens of a text, whatever it is; of a very long one, those at its head.
    pub(in crate::rule) fn of(text: &str) -> Self {
        let mut at = 0;
        let tokens = std::iter::from_fn(|| {
            let next = token(text, at)?;
            at = next.end;
            Some(next)
        });
        let words = tokens.filter(|token| token.kind != Kind::Comment).take(MOST_WORDS);
        Self { words: words.map(|token| Word::new(token, text)).collect(), statement: None }
    }

    /// Whether these keywords and symbols begin it.
    pub(in crate::rule) fn starts(&self, phrase: &str) -> bool {
        self.is_at(0, phrase)
    }

    /// Whether these keywords and symbols stand somewhere in it.
    pub(in crate::rule) fn says(&self, phrase: &str) -> bool {
        (0..self.words.len()).any(|at| self.is_at(at, phrase))
    }

    /// Whether these keywords and symbols stand at a place.
    pub(in crate::rule) fn is_at(&self, at: usize, phrase: &str) -> bool {
        // Most words that are looked at begin with another letter.
        let first = |text: &str| text.as_bytes().first().copied();
        if self.words.get(at).is_none_or(|word| first(&word.text) != first(phrase)) {
            return false;
        }
        let mut parts = phrase.split(' ').enumerate();
        parts.all(|(by, part)| self.words.get(at + by).is_some_and(|word| word.is(part)))
    }

    /// The functions that it calls, the outer ones first.
    pub(in crate::rule) fn calls(&self) -> Vec<Call<'_>> {
        let closing = self.closing();
        let mut found = Vec::new();
        for (open, word) in self.words.iter().enumerate() {
            let Some(end) = closing.get(open).copied().flatten() else { continue };
            let Some(name) = self.name_before(open).filter(|_| word.is("(")) else { continue };
            found.push(Call { name, arguments: self.arguments(open + 1, end, &closing) });
        }
        found
    }

    /// Of each parenthesis that opens, where it closes.
    pub(in crate::rule) fn closing(&self) -> Vec<Option<usize>> {
        let mut closing = vec![None; self.words.len()];
        let mut open = Vec::new();
        for (at, word) in self.words.iter().enumerate() {
            if word.is("(") || word.is("[") {
                open.push(at);
            } else if (word.is(")") || word.is("]"))
                && let Some(from) = open.pop()
                && let Some(place) = closing.get_mut(from)
            {
                *place = Some(at);
            }
        }
        closing
    }

    fn arguments(&self, from: usize, end: usize, closing: &[Option<usize>]) -> Vec<&[Word]> {
        let mut found = Vec::new();
        let (mut start, mut at) = (from, from);
        while at < end {
            if self.words.get(at).is_some_and(|word| word.is(",")) {
                found.extend(self.words.get(start..at));
                start = at + 1;
            }
            at = closing.get(at).copied().flatten().unwrap_or(at) + 1;
        }
        if start < end {
            found.extend(self.words.get(start..end));
        }
        found
    }

    /// The name that stands before a place, if one does.
    pub(in crate::rule) fn name_before(&self, place: usize) -> Option<Name> {
        let name = |back: usize| {
            let word = self.words.get(place.checked_sub(back)?)?;
            word.is_name().then(|| Ident::new(word.text.as_str()).ok()).flatten()
        };
        let dotted = place.checked_sub(2).and_then(|at| self.words.get(at)).is_some_and(|word| word.is("."));
        let schema = if dotted { name(3) } else { None };
        let schema = schema.filter(|schema| schema.as_str() != "pg_catalog");
        Some(Name { schema, name: name(1)? })
    }

    /// Whether it calls a function of the server by one of these names.
    pub(in crate::rule) fn calls_one_of(&self, names: &[&str]) -> bool {
        self.speaks_of(names)
            && self
                .calls()
                .iter()
                .any(|call| call.name.schema.is_none() && names.contains(&call.name.name.as_str()))
    }

    /// Whether any of these words stands in it, as whatever.
    fn speaks_of(&self, words: &[&str]) -> bool {
        self.words.iter().any(|word| words.contains(&word.text.as_str()))
    }

    /// The settings that it sets.
    pub(in crate::rule) fn sets(&self) -> Vec<Set> {
        let calls = if self.speaks_of(&["set_config"]) { self.calls() } else { Vec::new() };
        let own = calls.iter().filter(|call| call.name.schema.is_none());
        let mut found: Vec<Set> = own.filter_map(set_config).collect();
        found.extend(self.set());
        found
    }

    /// What `SET` or `RESET` sets, if it is one.
    fn set(&self) -> Option<Set> {
        let reset = self.starts("reset");
        if !reset && !self.starts("set") {
            return None;
        }
        let mut words = self.words.get(1..)?;
        let mut scope = Scope::Session;
        if let Some((first, rest)) = words.split_first()
            && (first.is("local") || (first.is("session") && !rest.first()?.is("authorization")))
        {
            scope = if first.is("local") { Scope::Transaction } else { Scope::Session };
            words = rest;
        }
        if self.starts("set constraints")
            || words.first()?.is("transaction")
            || words.first()?.is("characteristics")
        {
            return None;
        }
        let ends = |word: &&Word| !(word.is("=") || word.is("to") || word.kind == Kind::Text);
        let mut name: Vec<&str> = words.iter().take_while(ends).map(|word| word.text.as_str()).collect();
        let mut values = words.get(name.len()..)?;
        // These take no `TO`.
        for alone in [&["session", "authorization"][..], &["role"], &["time", "zone"]] {
            if name.starts_with(alone) && name.get(alone.len()) != Some(&".") {
                name = alone.to_vec();
                values = words.get(alone.len()..)?;
            }
        }
        let joined = if name.contains(&".") { name.concat() } else { name.join(" ") };
        while values.first().is_some_and(|word| word.is("=") || word.is("to")) {
            values = values.get(1..)?;
        }
        let written = |word: &Word| word.kind != Kind::Parameter && !word.text.contains(UNKNOWN);
        let value = match values {
            _ if reset => Some(String::new()),
            [default] if default.is("default") || default.is("none") => Some(String::new()),
            [one] if written(one) => Some(one.text.clone()),
            _ => None,
        };
        Some(Set { name: joined.to_ascii_lowercase(), scope, value })
    }

    /// The relations that it names, as far as keywords before them tell.
    pub(in crate::rule) fn relations(&self) -> Vec<(Use, Name)> {
        let mut found = Vec::new();
        let word = |at: usize| self.words.get(at);
        let is = |at: Option<usize>, one: &str| at.and_then(word).is_some_and(|word| word.is(one));
        let mut next = 0;
        while next < self.words.len() {
            let at = next;
            next += 1;
            let before = at.checked_sub(1);
            let here = |one: &str| is(Some(at), one);
            let how = if here("from") && is(before, "delete") || here("into") && is(before, "merge") {
                Use::Changes
            } else if here("from") && is(before, "distinct") {
                continue;
            } else if here("update") && !is(before, "for") && !is(before, "do") && !is(before, "key") {
                Use::Changes
            } else if here("into") && is(before, "insert") {
                Use::Inserts
            } else if here("from") || here("join") || here("using") {
                Use::Reads
            } else if here("copy") && at == 0 {
                if self.says("stdin") || !self.says("to") { Use::Inserts } else { Use::Reads }
            } else {
                continue;
            };
            next = self.listed(next, how, &mut found);
        }
        found
    }

    /// Adds the relations of a list with commas that begins at a place, and says where it ends.
    pub(in crate::rule) fn listed(&self, from: usize, how: Use, found: &mut Vec<(Use, Name)>) -> usize {
        let mut at = from;
        let is = |at: usize, one: &str| self.words.get(at).is_some_and(|word| word.is(one));
        loop {
            at += usize::from(is(at, "only") || is(at, "lateral"));
            let dotted = is(at + 1, ".");
            let end = at + if dotted { 3 } else { 1 };
            // Behind FROM it is a function, and behind COPY its columns follow.
            if is(end, "(") && how == Use::Reads && !self.starts("copy")
                || !self.words.get(at).is_some_and(Word::is_name)
            {
                return at;
            }
            found.extend(self.name_before(end).map(|name| (how, name)));
            at = end + usize::from(is(end, "as"));
            at += usize::from(self.words.get(at).is_some_and(Word::is_name));
            if !is(at, ",") {
                return end;
            }
            at += 1;
        }
    }
}

/// What a call of `set_config` sets.
fn set_config(call: &Call<'_>) -> Option<Set> {
    let [name, value, local] = call.arguments[..] else { return None };
    let name = literal(name).filter(|_| call.name.name.as_str() == "set_config")?;
    let scope = match literal(local).map(str::to_ascii_lowercase).as_deref() {
        Some("true" | "t" | "on" | "yes" | "1") => Scope::Transaction,
        Some("false" | "f" | "off" | "no" | "0") => Scope::Session,
        _ => Scope::Unknown,
    };
    let value = literal(value).map(|value| if value == "null" { String::new() } else { value.to_owned() });
    Some(Set { name: name.to_ascii_lowercase(), scope, value })
}
