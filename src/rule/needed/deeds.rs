//! What some code does to relations and sequences, and what it calls, as far as its text leaves no doubt.

use std::collections::BTreeSet;

use crate::catalog::Privilege;
use crate::catalog::replay::{Kind, Name};
use crate::rule::code::sentence::{Sentence, Use, literal};
use crate::rule::needed::path::Path;

/// What code does.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Deeds {
    /// The relations that it names, each with a privilege that this takes.
    pub(super) relations: Vec<(Name, Privilege)>,
    /// The columns that rows are inserted with, where they are listed.
    pub(super) inserts: Vec<(Name, Option<Vec<String>>)>,
    /// The words of an UPDATE of every row that read a column if there is one of that name.
    pub(super) read_if_column: Vec<(Name, Vec<String>)>,
    /// The functions that it calls, each with the number of arguments.
    pub(super) calls: Vec<(Name, usize)>,
    /// The sequences that it names.
    pub(super) sequences: Vec<(Name, Privilege)>,
}

/// Statements that do nothing to rows, or nothing that can be granted by itself.
const APART: [&str; 27] = [
    "alter",
    "analyze",
    "close",
    "comment",
    "copy",
    "create",
    "deallocate",
    "discard",
    "do",
    "drop",
    "fetch",
    "get",
    "grant",
    "import",
    "listen",
    "lock",
    "move",
    "notify",
    "prepare",
    "raise",
    "refresh",
    "reset",
    "revoke",
    "security",
    "set",
    "truncate",
    "vacuum",
];

/// Behind these `FROM` names no table.
const WITH_FROM: [&str; 4] = ["extract", "overlay", "substring", "trim"];

impl Deeds {
    pub(super) fn of(sentences: &[Sentence]) -> Self {
        let mut deeds = Self::default();
        let mut merging: Option<Name> = None;
        for sentence in sentences {
            // PL/pgSQL is cut behind THEN, so what MERGE does stands by itself.
            if let Some(target) = merging.take_if(|_| !sentence.starts("do nothing")) {
                let verb = merged(sentence, 0);
                deeds.relations.extend(verb.map(|verb| (target.clone(), verb)));
                merging = verb.map(|_| target);
            }
            let target = deeds.add(sentence);
            merging = target.or(merging);
        }
        // What the code makes itself is not what is called so elsewhere.
        let made = made(sentences);
        let other = |name: &Name| name.schema.is_some() || !made.contains(name.name.as_str());
        deeds.relations.retain(|(name, _)| other(name));
        deeds.inserts.retain(|(name, _)| other(name));
        deeds.read_if_column.retain(|(name, _)| other(name));
        deeds
    }

    /// Whether anything that they name is there.
    pub(super) fn reach(&self, path: &Path<'_>) -> bool {
        let Self { relations, inserts, read_if_column, calls, sequences } = self;
        let named = relations.iter().map(|(name, _)| name).chain(inserts.iter().map(|(name, _)| name));
        let named = named.chain(read_if_column.iter().map(|(name, _)| name));
        let mut named = named.chain(sequences.iter().map(|(name, _)| name));
        named.any(|name| path.relation(name).is_some())
            || calls.iter().any(|(name, arguments)| path.function(name, *arguments).is_some())
    }

    /// Adds what a statement does, and says what it merges into.
    fn add(&mut self, sentence: &Sentence) -> Option<Name> {
        for call in sentence.calls() {
            self.draw(&call.name, call.arguments.first().and_then(|name| literal(name)));
            self.calls.push((call.name, call.arguments.len()));
        }
        if APART.iter().any(|word| sentence.starts(word)) {
            return None;
        }
        let closing = sentence.closing();
        let own = own_names(sentence, &closing);
        let end = sentence.words.iter().position(|word| word.is("execute")).unwrap_or(sentence.words.len());
        let mut merging = None;
        let mut found = Deeds::default();
        let mut open: Vec<usize> = Vec::new();
        for at in 0..end {
            let word = &sentence.words[at];
            if word.is("(") {
                open.push(at);
            } else if word.is(")") {
                open.pop();
            }
            let span = Span { sentence, closing: &closing, from: at, end };
            let name = |from: usize| named(sentence, from);
            if sentence.is_at(at, "insert into") {
                let Some((name, next)) = name(at + 2) else { continue };
                found.insert(&span, name, next);
            } else if word.is("update") && !follows(sentence, at, &["for", "do", "key", "then"]) {
                let Some((name, next)) = name(at + 1) else { continue };
                if (next..next + 4).any(|at| sentence.is_at(at, "set")) {
                    found.update(&span, name);
                }
            } else if sentence.is_at(at, "delete from") {
                let Some((name, _)) = name(at + 2) else { continue };
                if span.says("where") || span.says("using") || span.says("returning") {
                    found.relations.push((name.clone(), Privilege::Select));
                }
                found.relations.push((name, Privilege::Delete));
            } else if sentence.is_at(at, "merge into") {
                let Some((name, _)) = name(at + 2) else { continue };
                found.relations.push((name.clone(), Privilege::Select));
                let verbs = (at..end).filter(|at| sentence.is_at(*at, "then"));
                let verbs = verbs.filter_map(|at| merged(sentence, at + 1));
                found.relations.extend(verbs.map(|verb| (name.clone(), verb)));
                merging = Some(name);
            } else if (word.is("from")
                && !follows(sentence, at, &["delete", "distinct"])
                && !is_argument(sentence, &open))
                || word.is("join")
                || word.is("using")
            {
                found.read(&span, at + 1);
            }
        }
        let other = |name: &Name| name.schema.is_some() || !own.contains(name.name.as_str());
        found.relations.retain(|(name, _)| other(name));
        self.relations.append(&mut found.relations);
        self.inserts.append(&mut found.inserts);
        self.read_if_column.append(&mut found.read_if_column);
        merging
    }

    fn insert(&mut self, span: &Span<'_>, name: Name, next: usize) {
        let sentence = span.sentence;
        let listed = sentence.is_at(next, "(")
            && !["select", "with", "values", "table"].iter().any(|word| sentence.is_at(next + 1, word));
        let columns = span.closing.get(next).copied().flatten().filter(|_| listed).map(|end| {
            let words = sentence.words.get(next + 1..end).unwrap_or_default();
            words.iter().filter(|word| word.is_name()).map(|word| word.text.clone()).collect()
        });
        let updates = span.says("do update");
        if updates {
            self.relations.push((name.clone(), Privilege::Update));
        }
        if updates || span.says("on conflict (") || span.says("on conflict on") || span.says("returning") {
            self.relations.push((name.clone(), Privilege::Select));
        }
        self.relations.push((name.clone(), Privilege::Insert));
        self.inserts.push((name, columns));
    }

    fn update(&mut self, span: &Span<'_>, name: Name) {
        self.relations.push((name.clone(), Privilege::Update));
        if span.says("where") || span.says("returning") || span.says("from") {
            self.relations.push((name, Privilege::Select));
            return;
        }
        let words = span.sentence.words.get(span.from..span.end).unwrap_or_default();
        let read = words.windows(3).filter_map(|of| match of {
            [before, word, after] if word.is_name() && !before.is(".") => {
                (!after.is("=") && !after.is(".") && !after.is("(")).then(|| word.text.clone())
            }
            _ => None,
        });
        let last = words.last().filter(|word| word.is_name()).map(|word| word.text.clone());
        self.read_if_column.push((name, read.skip(1).chain(last).collect()));
    }

    /// Adds what a list of tables names that are read, and locked perhaps.
    fn read(&mut self, span: &Span<'_>, from: usize) {
        let mut listed = Vec::new();
        span.sentence.listed(from, Use::Reads, &mut listed);
        let locks =
            ["for update", "for no key update", "for share", "for key share"].iter().any(|of| span.says(of));
        if let ([(_, name)], true) = (&listed[..], locks && !span.says("join")) {
            self.relations.push((name.clone(), Privilege::Update));
        }
        self.relations.extend(listed.into_iter().map(|(_, name)| (name, Privilege::Select)));
    }

    /// Adds the sequence that a call of one of the server's functions is for.
    fn draw(&mut self, function: &Name, argument: Option<&str>) {
        let privilege = match function.name.as_str() {
            "nextval" | "currval" if function.schema.is_none() => Privilege::Usage,
            "setval" if function.schema.is_none() => Privilege::Update,
            _ => return,
        };
        self.sequences.extend(argument.and_then(written).map(|name| (name, privilege)));
    }
}

/// From a place in a statement to its end, or to that of the parentheses that it stands in.
struct Span<'s> {
    sentence: &'s Sentence,
    closing: &'s [Option<usize>],
    from: usize,
    end: usize,
}

impl Span<'_> {
    /// Whether these words follow, and not within further parentheses.
    fn says(&self, phrase: &str) -> bool {
        let mut at = self.from + 1;
        while at < self.end && !self.sentence.is_at(at, ")") {
            if self.sentence.is_at(at, phrase) {
                return true;
            }
            at = self.closing.get(at).copied().flatten().unwrap_or(at) + 1;
        }
        false
    }
}

/// A name in a text, such as that of a sequence.
pub(super) fn written(text: &str) -> Option<Name> {
    let sentence = Sentence::of(text);
    named(&sentence, 0).filter(|(_, end)| *end == sentence.words.len()).map(|(name, _)| name)
}

/// The name that begins at a place, behind ONLY perhaps, and where it ends.
fn named(sentence: &Sentence, from: usize) -> Option<(Name, usize)> {
    let from = from + usize::from(sentence.is_at(from, "only"));
    let end = from + if sentence.is_at(from + 1, ".") { 3 } else { 1 };
    let is_name = sentence.words.get(from)?.is_name() && sentence.words.get(end - 1)?.is_name();
    Some((sentence.name_before(end).filter(|_| is_name)?, end))
}

fn follows(sentence: &Sentence, at: usize, words: &[&str]) -> bool {
    at.checked_sub(1).is_some_and(|before| words.iter().any(|word| sentence.is_at(before, word)))
}

/// Whether a place is within the arguments of a function that is written with `FROM`.
fn is_argument(sentence: &Sentence, open: &[usize]) -> bool {
    let Some(open) = open.last() else { return false };
    follows(sentence, *open, &WITH_FROM) && !sentence.is_at(open + 1, "select")
}

/// What MERGE does to its target, as it says behind THEN.
fn merged(sentence: &Sentence, at: usize) -> Option<Privilege> {
    if sentence.is_at(at, "update set") {
        Some(Privilege::Update)
    } else if sentence.is_at(at, "insert") && !sentence.is_at(at, "insert into") {
        Some(Privilege::Insert)
    } else if sentence.is_at(at, "delete") && !sentence.is_at(at, "delete from") {
        Some(Privilege::Delete)
    } else {
        None
    }
}

/// The names that a statement gives to its own queries, by `WITH`.
fn own_names<'s>(sentence: &'s Sentence, closing: &[Option<usize>]) -> BTreeSet<&'s str> {
    let mut found = BTreeSet::new();
    if !sentence.says("with") {
        return found;
    }
    for at in 1..sentence.words.len() {
        let opens = ["as (", "as materialized (", "as not materialized ("];
        if !opens.iter().any(|phrase| sentence.is_at(at, phrase)) {
            continue;
        }
        // Its columns may stand between.
        let before = if sentence.is_at(at - 1, ")") {
            closing.iter().position(|end| *end == Some(at - 1)).and_then(|open| open.checked_sub(1))
        } else {
            Some(at - 1)
        };
        found.extend(before.and_then(|at| sentence.words.get(at)).map(|word| word.text.as_str()));
    }
    found
}

/// The tables that code makes itself.
fn made(sentences: &[Sentence]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for sentence in sentences.iter().filter(|sentence| sentence.starts("create")) {
        let Some(at) = sentence.words.iter().position(|word| word.is("table")) else { continue };
        let at = at + if sentence.is_at(at + 1, "if not exists") { 4 } else { 1 };
        let name = sentence.words.get(at).filter(|word| matches!(word.kind, Kind::Word | Kind::Quoted));
        found.extend(name.map(|word| word.text.clone()));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::Deeds;
    use crate::catalog::Privilege;
    use crate::catalog::replay::Name;
    use crate::rule::code::sentence::Sentence;

    /// The privileges that statements take, in order.
    fn takes(statements: &[&str]) -> String {
        let sentences: Vec<Sentence> = statements.iter().map(|text| Sentence::of(text)).collect();
        let one = |(name, privilege): &(Name, Privilege)| {
            let schema = name.schema.as_ref().map(|schema| format!("{}.", schema.as_str()));
            format!("{} {}{}", privilege.sql(), schema.unwrap_or_default(), name.name.as_str())
        };
        let mut found: Vec<String> = Deeds::of(&sentences).relations.iter().map(one).collect();
        found.sort();
        found.dedup();
        found.join(", ")
    }

    #[test]
    fn each_verb_takes_its_own_privilege() {
        for (text, expected) in [
            ("INSERT INTO log (a) VALUES (new.a)", "INSERT log"),
            ("INSERT INTO s.log SELECT * FROM a, b x WHERE true", "INSERT s.log, SELECT a, SELECT b"),
            ("INSERT INTO log VALUES (1) RETURNING id INTO x", "INSERT log, SELECT log"),
            ("INSERT INTO log VALUES (1) ON CONFLICT DO NOTHING", "INSERT log"),
            ("INSERT INTO log VALUES (1) ON CONFLICT (a) DO NOTHING", "INSERT log, SELECT log"),
            (
                "INSERT INTO log VALUES (1) ON CONFLICT (a) DO UPDATE SET b = 1",
                "INSERT log, SELECT log, UPDATE log",
            ),
            ("UPDATE ONLY log SET a = 1", "UPDATE log"),
            ("UPDATE log AS l SET a = 1 WHERE b", "SELECT log, UPDATE log"),
            ("UPDATE log SET a = (SELECT x FROM y WHERE z)", "SELECT y, UPDATE log"),
            ("DELETE FROM log", "DELETE log"),
            ("DELETE FROM log USING a WHERE log.x = a.x", "DELETE log, SELECT a, SELECT log"),
            ("SELECT 1 FROM a FOR NO KEY UPDATE", "SELECT a, UPDATE a"),
            ("if exists ( select from a join b using (c) )", "SELECT a, SELECT b"),
        ] {
            assert_eq!(takes(&[text]), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_table_takes_nothing() {
        for text in [
            "WITH a (x) AS (SELECT 1), b AS MATERIALIZED (SELECT 2) SELECT * FROM a JOIN b ON true",
            "x := extract(epoch FROM day)",
            "IF a IS DISTINCT FROM b",
            "RAISE EXCEPTION 'no' USING message = 'a'",
            "FETCH NEXT FROM c INTO x",
            "SELECT * FROM unnest(a)",
            "CREATE INDEX i ON t USING btree (a)",
            "EXECUTE q USING a",
        ] {
            assert_eq!(takes(&[text]), "", "{text}");
        }
        assert_eq!(takes(&["CREATE TEMP TABLE IF NOT EXISTS t (a int)", "INSERT INTO t SELECT 1"]), "");
    }

    #[test]
    fn merge_is_followed_through_its_branches() {
        let expected = "DELETE a, INSERT a, SELECT a, SELECT b, UPDATE a";
        let whole = "MERGE INTO a USING b ON c WHEN MATCHED AND d THEN DELETE WHEN MATCHED THEN UPDATE SET x = 1 \
                     WHEN NOT MATCHED THEN INSERT VALUES (1)";
        assert_eq!(takes(&[whole]), expected);
        // As PL/pgSQL is cut.
        let cut = [
            "MERGE INTO a USING b ON c WHEN MATCHED AND d",
            "DELETE WHEN MATCHED",
            "UPDATE SET x = 1 WHEN NOT MATCHED",
            "INSERT VALUES (1)",
            "UPDATE z SET x = 1",
        ];
        assert_eq!(takes(&cut), format!("{expected}, UPDATE z"));
    }
}
