//! Statements that change nothing that the model shows. Their words are read all the same: what is no statement of PostgreSQL's
//! is said rather than passed over.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::super::cursor::{Cursor, Parsed};
use super::form::{self, form};
use crate::lex::Kind;

/// Their forms. What stands before `:` tells that it is one.
const FORMS: [&str; 91] = [
    "analyze : [ verbose ] [ PARENS ] [ RELS ]",
    "analyse : [ verbose ] [ PARENS ] [ RELS ]",
    "vacuum : [ PARENS ] { full | freeze | verbose | analyze | analyse } [ RELS ]",
    "cluster : [ verbose ] [ PARENS ] [ NAME [ using WORD | on NAME ] ]",
    "reindex : [ PARENS ] ( index | table | schema | database | system ) [ concurrently ] [ NAME ]",
    "checkpoint : [ PARENS ]",
    "listen : WORD",
    "unlisten : ( * | WORD )",
    "notify : WORD [ , TEXT ]",
    "lock : [ table ] RELS [ in ( access share | access exclusive | row share | row exclusive | share update exclusive | \
     share row exclusive | share | exclusive ) mode ] [ nowait ]",
    "deallocate : [ prepare ] WORD",
    "declare : WORD { binary | insensitive | asensitive | no scroll | scroll } cursor [ ( with | without ) hold ] for REST",
    "fetch : MOVED",
    "move : MOVED",
    "close : WORD",
    "discard : ( plans | sequences | temporary | temp )",
    "show : ( time zone | transaction isolation level | session authorization | WORD { . WORD } )",
    "load : TEXT",
    "refresh materialized view : [ concurrently ] NAME [ with [ no ] data ]",
    "security label : [ for ( TEXT | WORD ) ] on OBJECT is ( TEXT | null )",
    "comment on : OBJECT is ( TEXT | null )",
    "set constraints : LIST ( deferred | immediate )",
    "set transaction : ( snapshot TEXT | MODES )",
    "set session characteristics : as transaction MODES",
    "set xml option : ( document | content )",
    "alter system : ( set SETTING | reset NAME )",
    "begin : [ work | transaction ] MODES",
    "start transaction : MODES",
    "commit prepared : TEXT",
    "rollback prepared : TEXT",
    "prepare transaction : TEXT",
    "commit : [ work | transaction ] [ and [ no ] chain ]",
    "end : [ work | transaction ] [ and [ no ] chain ]",
    "rollback : [ work | transaction ] [ and [ no ] chain | to [ savepoint ] WORD ]",
    "abort : [ work | transaction ] [ and [ no ] chain ]",
    "create access method : WORD type ( table | index ) handler NAME",
    "create cast : '(' TYPE as TYPE ')' ( with function ROUTINE | without function | with inout ) [ as ( assignment | implicit ) ]",
    "create collation : [ if not exists ] NAME ( from NAME | PARENS )",
    "create conversion : NAME for TEXT to TEXT from NAME",
    "create default conversion : NAME for TEXT to TEXT from NAME",
    "create database : WORD [ with ] { connection limit [ = ] VALUE | WORD [ = ] VALUE }",
    "create foreign data wrapper : WORD WRAPPER",
    "create language : WORD LANGUAGE",
    "create procedural language : WORD LANGUAGE",
    "create trusted : [ procedural ] language WORD LANGUAGE",
    "create or replace ( procedural | language | trusted ) : [ procedural ] [ language ] WORD LANGUAGE",
    "create operator class : NAME [ default ] for type TYPE using WORD [ family NAME ] as CLASS",
    "create operator family : NAME using WORD",
    "create operator : OPERATOR PARENS",
    "create server : [ if not exists ] WORD [ type TEXT ] [ version TEXT ] foreign data wrapper WORD OPTIONS",
    "create statistics : ( [ if not exists ] NAME [ PARENS ] on | [ PARENS ] on ) ... from REST",
    "create subscription : WORD connection TEXT publication LIST [ with PARENS ]",
    "create tablespace : WORD [ owner WORD ] location TEXT [ with PARENS ]",
    "create text search SEARCH : NAME PARENS",
    "create transform : for TYPE language WORD PARENS",
    "create user mapping : [ if not exists ] for MAPPED OPTIONS",
    "alter collation : NAME ( refresh version | CHANGE )",
    "alter conversion : NAME CHANGE",
    "alter foreign data wrapper : WORD ( CHANGE | WRAPPER )",
    "alter language : WORD CHANGE",
    "alter procedural language : WORD CHANGE",
    "alter large object : NUMBER owner to WORD",
    "alter operator class : NAME using WORD CHANGE",
    "alter operator family : NAME using WORD ( CHANGE | add CLASS | drop FAMILY )",
    "alter operator : OPERATOR PARENS ( CHANGE | set PARENS )",
    "alter server : WORD ( CHANGE | [ version VALUE ] OPTIONS )",
    "alter statistics : [ if exists ] NAME ( CHANGE | set statistics VALUE )",
    "alter subscription : WORD ( CHANGE | connection TEXT | ( set | add | drop ) publication LIST [ with PARENS ] | \
     refresh publication [ with PARENS ] | refresh sequences | enable | disable | set PARENS | skip PARENS )",
    "alter tablespace : WORD ( CHANGE | set PARENS | reset PARENS )",
    "alter text search SEARCH : NAME ( CHANGE | PARENS | ( add | alter | drop ) mapping REST )",
    "alter user mapping : for MAPPED OPTIONS",
    "alter table all in tablespace : MOVE_ALL",
    "alter index all in tablespace : MOVE_ALL",
    "alter materialized view all in tablespace : MOVE_ALL",
    "drop access method : [ if exists ] LIST FALL",
    "drop cast : [ if exists ] '(' TYPE as TYPE ')' FALL",
    "drop collation : [ if exists ] LIST FALL",
    "drop conversion : [ if exists ] LIST FALL",
    "drop database : [ if exists ] WORD [ [ with ] PARENS ]",
    "drop foreign data wrapper : [ if exists ] LIST FALL",
    "drop language : [ if exists ] LIST FALL",
    "drop procedural language : [ if exists ] LIST FALL",
    "drop operator ( class | family ) : [ if exists ] NAME using WORD FALL",
    "drop operator : [ if exists ] OPERATOR PARENS { , OPERATOR PARENS } FALL",
    "drop server : [ if exists ] LIST FALL",
    "drop statistics : [ if exists ] LIST FALL",
    "drop subscription : [ if exists ] WORD FALL",
    "drop tablespace : [ if exists ] WORD",
    "drop text search SEARCH : [ if exists ] LIST FALL",
    "drop transform : [ if exists ] for TYPE language WORD FALL",
    "drop user mapping : [ if exists ] for MAPPED",
];

/// What the rest of other statements says that the model does not show, by what is read of them.
const DOMAIN: &str = "{ collate NAME | [ constraint WORD ] ( not null [ no inherit ] | null | \
     check PARENS [ no inherit ] [ not valid ] | enforced | not enforced | DEFAULT ) }";
const CHANGE_OF_TYPE: &str = "( add value [ if not exists ] TEXT [ ( before | after ) TEXT ] | rename value TEXT to TEXT | set PARENS )";
const CHANGE_OF_DOMAIN: &str = "( set default REST | drop default | set not null | drop not null | \
    add [ constraint WORD ] ( check PARENS | not null ) [ no inherit ] [ not valid ] | drop constraint [ if exists ] WORD FALL | \
    rename constraint WORD to WORD | validate constraint WORD )";
const CHANGE_OF_DATABASE: &str = "( CHANGE | set tablespace WORD | refresh collation version | \
    [ with ] { connection limit VALUE | WORD VALUE } )";

/// The rest of a statement that the model shows only in part.
#[derive(Clone, Copy, Debug)]
pub(super) enum Rest {
    CreateDomain,
    AlterType,
    AlterDomain,
    AlterDatabase,
    /// `ALTER EXTENSION … UPDATE`.
    Update,
    /// `ALTER EXTENSION … ADD` and `DROP`.
    Member,
    /// Options in parentheses.
    Options,
}

/// Reads the rest of a statement.
pub(super) fn rest(cursor: &mut Cursor<'_>, of: Rest) -> Parsed<()> {
    form(
        cursor,
        match of {
            Rest::CreateDomain => DOMAIN,
            Rest::AlterType => CHANGE_OF_TYPE,
            Rest::AlterDomain => CHANGE_OF_DOMAIN,
            Rest::AlterDatabase => CHANGE_OF_DATABASE,
            Rest::Update => "[ to VALUE ]",
            Rest::Member => "( add | drop ) OBJECT",
            Rest::Options => "PARENS",
        },
    )
}

/// A form, cut at its colon.
struct Form {
    head: &'static str,
    /// The words of its head, where that is more than keywords.
    varied: Option<Vec<&'static str>>,
    rest: Vec<&'static str>,
}

/// The forms by the words that they begin with.
static BY_WORD: LazyLock<BTreeMap<&str, Vec<Form>>> = LazyLock::new(|| {
    let mut by_word: BTreeMap<&str, Vec<Form>> = BTreeMap::new();
    for (head, rest) in FORMS.iter().filter_map(|whole| whole.split_once(" : ")) {
        let is_plain = head.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b' ');
        let form = Form { head, varied: (!is_plain).then(|| form::cut(head)), rest: form::cut(rest) };
        let first = head.split_once(' ').map_or(head, |(first, _)| first);
        by_word.entry(first).or_default().push(form);
    }
    by_word
});

/// The forms that begin like the statement, each with the place behind its head.
fn begun<'a>(cursor: &Cursor<'a>) -> impl Iterator<Item = (&'static Form, Cursor<'a>)> {
    let start = *cursor;
    let first = start.peek().to_ascii_lowercase();
    let forms = BY_WORD.get(first.as_str()).filter(|_| start.kind() == Some(Kind::Word));
    forms.into_iter().flatten().filter_map(move |form| {
        let mut ahead = start;
        let is_it = match &form.varied {
            Some(words) => form::words(&mut ahead, words).is_ok(),
            None => ahead.take(form.head),
        };
        is_it.then_some((form, ahead))
    })
}

/// Whether a statement is one of these, whatever follows its first words.
pub(crate) fn is_passed(text: &str) -> bool {
    let tokens = crate::lex::tokens(text);
    begun(&Cursor::new(text, &tokens)).next().is_some()
}

/// Reads a statement that changes nothing that the model shows, if it is one.
pub(super) fn passed(cursor: &Cursor<'_>) -> Option<Parsed<()>> {
    let mut why: Option<(Cursor<'_>, String)> = None;
    for (form, mut ahead) in begun(cursor) {
        match form::words(&mut ahead, &form.rest).and_then(|()| ahead.end()) {
            Ok(()) => return Some(Ok(())),
            Err(reason) if why.as_ref().is_none_or(|(furthest, _)| ahead.is_behind(furthest)) => {
                why = Some((ahead, reason));
            }
            Err(_) => {}
        }
    }
    why.map(|(_, reason)| Err(reason))
}
