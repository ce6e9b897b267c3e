//! `notify-payload`

use std::collections::BTreeSet;

use crate::catalog::replay::Kind;
use crate::catalog::{Object, Part};
use crate::ident::Ident;
use crate::rule::code::Code;
use crate::rule::code::sentence::{Sentence, Word, literal};
use crate::rule::finding::Findings;
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::{Subject, Table};

pub(super) const RULE: Rule = Rule {
    code: "notify-payload",
    severity: Severity::High,
    finds: "a trigger on a table of tenants sends rows by NOTIFY",
    why: "A channel belongs to the whole database and asks for no privilege: every session that listens gets the rows of all tenants.",
    fix: "Send a constant, and let each listener read what has changed under its own policies.",
    bad: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
CREATE FUNCTION tell_invoice() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('invoice', row_to_json(NEW)::text);
    RETURN NULL;
END
$$;
CREATE TRIGGER tell AFTER INSERT ON invoice FOR EACH ROW EXECUTE FUNCTION tell_invoice();",
    good: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
CREATE FUNCTION wake_worker() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO invoice_outbox (invoice_id, tenant_id) VALUES (NEW.id, NEW.tenant_id);
    RETURN NULL;
END
$$;
CREATE TABLE invoice_outbox (invoice_id bigint, tenant_id uuid NOT NULL);
CREATE TRIGGER wake AFTER INSERT ON invoice FOR EACH ROW EXECUTE FUNCTION wake_worker();",
    manual: "https://www.postgresql.org/docs/current/sql-notify.html",
    check: Check::Model(check),
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    for table in subject.governed().filter(|table| table.place.holds_tenants()) {
        for (name, trigger) in table.relation.triggers.iter().filter(|(_, trigger)| !trigger.inherited) {
            let mut named = subject.functions_named(trigger.function.name().as_str()).iter();
            let called = named.find(|signature| signature.name == trigger.function);
            let Some((signature, function)) =
                called.and_then(|called| subject.catalog.functions.get_key_value(*called))
            else {
                continue;
            };
            let Some(code) = Code::of_function(signature, function) else { continue };
            let sent = code.sentences.iter().filter_map(|sentence| payload(sentence, &code, &table)).max();
            let Some(payload) = sent else { continue };
            let (what, severity) = match payload {
                Payload::Constant => ("something that is no row", Severity::Low),
                Payload::Keys => ("keys of rows", Severity::Medium),
                Payload::Rows => ("rows", Severity::High),
            };
            let (of, by) = (table.name.plain(), signature.name.plain());
            let message =
                format!("trigger {} of {of} calls {by}, which sends {what} by NOTIFY", name.plain());
            found
                .add(Object::Part(Part::Trigger, table.name.clone(), name.clone()), message)
                .severity(severity);
        }
    }
}

/// What is sent, the worst last.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Payload {
    Constant,
    Keys,
    Rows,
}

/// What a statement sends, if it sends something.
fn payload(sentence: &Sentence, code: &Code<'_>, table: &Table<'_, '_>) -> Option<Payload> {
    if sentence.starts("notify") {
        let unknown =
            sentence.words.iter().any(|word| word.text.contains(crate::rule::code::sentence::UNKNOWN));
        return Some(if unknown { of_variable(code) } else { Payload::Constant });
    }
    let calls = sentence.calls();
    let call = calls.iter().find(|call| call.name.name.as_str() == "pg_notify")?;
    let [_, payload] = call.arguments[..] else { return Some(Payload::Constant) };
    let constant = literal(payload).is_some()
        || payload.iter().all(|word| word.kind != Kind::Word || word.text.starts_with("tg_"));
    Some(if constant {
        Payload::Constant
    } else if mentions_row(payload) {
        if only_keys(payload, table) { Payload::Keys } else { Payload::Rows }
    } else {
        of_variable(code)
    })
}

/// What a variable holds is not followed: rows, if the function looks at any.
fn of_variable(code: &Code<'_>) -> Payload {
    let looks = |sentence: &Sentence| !sentence.starts("return") && mentions_row(&sentence.words);
    if code.sentences.iter().any(looks) { Payload::Rows } else { Payload::Constant }
}

fn is_row(word: &Word) -> bool {
    word.is("new") || word.is("old")
}

fn mentions_row(words: &[Word]) -> bool {
    words.iter().any(is_row)
}

/// Whether nothing but the primary key and the tenant of a row is named.
fn only_keys(words: &[Word], table: &Table<'_, '_>) -> bool {
    let mut keys: BTreeSet<&Ident> = table.relation.primary_key().unwrap_or_default().iter().collect();
    keys.extend(table.tenant_column().map(|column| &column.name));
    let is_key = |word: &Word| keys.iter().any(|key| key.as_str() == word.text);
    words.iter().enumerate().filter(|(_, word)| is_row(word)).all(|(at, _)| match words.get(at + 1..at + 3) {
        Some([dot, column]) => dot.is(".") && is_key(column),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use crate::rule::trial::severities;

    #[test]
    fn what_is_sent_decides() {
        for (body, expected) in [
            ("PERFORM pg_notify('c', NEW.total::text);", &["high"][..]),
            ("PERFORM pg_notify('c', NEW.id::text || NEW.tenant_id);", &["medium"]),
            ("payload := row_to_json(NEW); PERFORM pg_notify('c', payload);", &["high"]),
            ("EXECUTE 'NOTIFY c, ' || quote_literal(NEW.total);", &["high"]),
            ("PERFORM pg_notify('c', TG_TABLE_NAME);", &["low"]),
            ("PERFORM pg_notify('c', 'changed'); RETURN NEW;", &["low"]),
            ("PERFORM pg_notify('c', now()::text); RETURN NEW;", &["low"]),
            ("NOTIFY c;", &["low"]),
            ("RAISE NOTICE '%', NEW;", &[]),
        ] {
            let example = format!(
                "CREATE TABLE t (id int PRIMARY KEY, tenant_id uuid, total int);
                 CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $f$
                 DECLARE payload text; BEGIN {body} RETURN NULL; END $f$;
                 CREATE TRIGGER g AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();"
            );
            assert_eq!(severities(super::RULE.code, &example), expected, "{body}");
        }
    }
}
