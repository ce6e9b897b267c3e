//! PL/pgSQL, as far as it tells what a block does to a schema.

use super::super::cursor::{Cursor, Inner, Name, Parsed};
use super::super::lex;
use super::super::statement::Statement;
use super::calls::calls;
use super::condition::{Exists, exists};
use super::session::Session;

/// What is said of a block that is not followed.
pub(crate) const DO: &str = "a DO block runs code that is not followed";

/// How deep blocks may stand in one another.
const DEEPEST: usize = 50;

/// A block: what it does, and what it does about errors.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Block {
    pub(crate) steps: Vec<Step>,
    /// The conditions that are caught, in lower case, each time with what is done then.
    pub(crate) handlers: Vec<(Vec<String>, Vec<Step>)>,
}

/// A statement of a block.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Step {
    /// Reads or changes rows, computes or says something, with the functions that it calls.
    Inert(Vec<Name>),
    /// `RETURN`, `EXIT` and `CONTINUE`: what follows is not always done.
    Leave(Vec<Name>),
    /// Raises an error.
    Raise,
    /// A statement of SQL that does more.
    Sql(Box<Statement>),
    /// Conditions, each with what is done if it is the first one that holds, and what is done if none does.
    If(Vec<(Condition, Vec<Step>)>, Vec<Step>),
    /// What is done any number of times.
    Loop(Vec<Step>),
    Block(Block),
    /// Code that is known only when it runs.
    Unknown,
}

/// A condition: the functions that it calls, and what it asks if that can be told.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Condition {
    pub(crate) calls: Option<Vec<Name>>,
    pub(crate) exists: Option<Exists>,
}

/// What follows `DO`, if it is PL/pgSQL that can be read.
pub(crate) fn do_block(cursor: &mut Cursor<'_>) -> Parsed<Block> {
    let mut text = None;
    while !cursor.is_at_end() {
        if cursor.take("language") {
            if !super::options::value(cursor)?.eq_ignore_ascii_case("plpgsql") {
                return Err("another language".to_owned());
            }
        } else {
            text = Some(cursor.string()?);
        }
    }
    body(&text.unwrap_or_default())
}

/// The body of a function in PL/pgSQL.
pub(crate) fn body(text: &str) -> Parsed<Block> {
    let tokens = lex::tokens(text);
    let mut cursor = Cursor::new(text, &tokens);
    let found = block(&mut cursor, 0)?;
    cursor.end()?;
    Ok(found)
}

fn block(cursor: &mut Cursor<'_>, depth: usize) -> Parsed<Block> {
    if depth > DEEPEST {
        return Err("the blocks are too deep".to_owned());
    }
    let start = *cursor;
    while !cursor.is_at_end() && !cursor.is("begin") {
        cursor.any();
    }
    let mut found = Block { steps: vec![inert(cursor.since(&start))], handlers: Vec::new() };
    cursor.expect("begin")?;
    found.steps.extend(steps(cursor, depth)?);
    if cursor.take("exception") {
        while cursor.take("when") {
            let conditions = cursor.until(&["then"])?.words().into_iter().map(str::to_ascii_lowercase);
            let conditions = conditions.filter(|word| word != "or").collect();
            cursor.expect("then")?;
            found.handlers.push((conditions, steps(cursor, depth)?));
        }
    }
    end(cursor, "end")?;
    Ok(found)
}

/// `END` with what stands behind it, up to the semicolon.
fn end(cursor: &mut Cursor<'_>, phrase: &str) -> Parsed<()> {
    cursor.expect(phrase)?;
    if !cursor.is(";") && !cursor.is_at_end() {
        cursor.ident()?;
    }
    if cursor.take(";") || cursor.is_at_end() { Ok(()) } else { Err(cursor.unexpected(";")) }
}

fn steps(cursor: &mut Cursor<'_>, depth: usize) -> Parsed<Vec<Step>> {
    let mut found = Vec::new();
    while !cursor.is_one_of(&["end", "else", "elsif", "elseif", "when", "exception"]) {
        if cursor.is_at_end() {
            return Err(cursor.unexpected("END"));
        }
        found.extend(step(cursor, depth)?);
    }
    Ok(found)
}

fn step(cursor: &mut Cursor<'_>, depth: usize) -> Parsed<Vec<Step>> {
    if cursor.take("<<") {
        cursor.ident()?;
        cursor.expect(">>")?;
    }
    if cursor.is_one_of(&["declare", "begin"]) {
        return Ok(vec![Step::Block(block(cursor, depth + 1)?)]);
    }
    if cursor.take("if") {
        return conditional(cursor, depth);
    }
    if cursor.take("case") {
        return case(cursor, depth);
    }
    if cursor.is_one_of(&["loop", "while", "for", "foreach"]) {
        let start = *cursor;
        while !cursor.is_at_end() && !cursor.is_one_of(&["loop", ";"]) {
            cursor.any();
        }
        let head = inert(cursor.since(&start));
        cursor.expect("loop")?;
        let repeated = nested(cursor, depth)?;
        end(cursor, "end loop")?;
        return Ok(vec![head, Step::Loop(repeated)]);
    }
    let statement = cursor.until(&[";"])?;
    cursor.expect(";")?;
    Ok(vec![leaf(statement)])
}

/// Steps one level deeper.
fn nested(cursor: &mut Cursor<'_>, depth: usize) -> Parsed<Vec<Step>> {
    if depth > DEEPEST {
        return Err("the blocks are too deep".to_owned());
    }
    steps(cursor, depth + 1)
}

fn conditional(cursor: &mut Cursor<'_>, depth: usize) -> Parsed<Vec<Step>> {
    let mut arms = Vec::new();
    loop {
        let asked = cursor.until(&["then"])?;
        cursor.expect("then")?;
        let condition = Condition { calls: calls(asked), exists: exists(&mut asked.cursor()) };
        arms.push((condition, nested(cursor, depth)?));
        if cursor.take_one_of(&["elsif", "elseif"]).is_none() {
            break;
        }
    }
    let otherwise = if cursor.take("else") { nested(cursor, depth)? } else { Vec::new() };
    end(cursor, "end if")?;
    Ok(vec![Step::If(arms, otherwise)])
}

fn case(cursor: &mut Cursor<'_>, depth: usize) -> Parsed<Vec<Step>> {
    let mut found = Vec::new();
    if !cursor.is("when") {
        found.push(inert(cursor.until(&["when"])?));
    }
    let mut arms = Vec::new();
    while cursor.take("when") {
        let condition = Condition { calls: calls(cursor.until(&["then"])?), exists: None };
        cursor.expect("then")?;
        arms.push((condition, nested(cursor, depth)?));
    }
    let otherwise = if cursor.take("else") { nested(cursor, depth)? } else { Vec::new() };
    end(cursor, "end case")?;
    found.push(Step::If(arms, otherwise));
    Ok(found)
}

fn inert(code: Inner<'_>) -> Step {
    calls(code).map_or(Step::Unknown, Step::Inert)
}

/// A statement that has none within it.
fn leaf(code: Inner<'_>) -> Step {
    let mut cursor = code.cursor();
    if cursor.take("raise") {
        let says = cursor.is_one_of(&["debug", "log", "info", "notice", "warning"]);
        return if says { inert(code) } else { Step::Raise };
    }
    if cursor.is_one_of(&["return next", "return query"]) {
        return inert(code);
    }
    if cursor.is_one_of(&["return", "exit", "continue"]) {
        return calls(code).map_or(Step::Unknown, Step::Leave);
    }
    let own = ["null", "perform", "get", "assert", "open", "fetch", "move", "close"];
    if cursor.is_one_of(&own) || is_assignment(cursor) {
        return inert(code);
    }
    if cursor.take("execute") {
        // A text that is all there is no code that is made up when it runs.
        let text = cursor.string().ok().filter(|_| cursor.is_at_end());
        return text.map_or(Step::Unknown, |text| sql(&text));
    }
    statement(code)
}

/// A statement of SQL that is given as a text.
fn sql(text: &str) -> Step {
    let mut pieces = super::super::split::split(text);
    match (pieces.next(), pieces.next()) {
        (Some(piece), None) if !piece.is_open && !piece.is_cut => {
            statement(Cursor::new(text, &piece.tokens).rest())
        }
        _ => Step::Unknown,
    }
}

/// A statement of SQL.
pub(crate) fn statement(code: Inner<'_>) -> Step {
    use Session::{Authorization, ResetAll, Role, Set};
    match super::statement(code.cursor()) {
        Ok(Statement::Select(_) | Statement::Change { .. } | Statement::Nothing) => inert(code),
        // What ends a transaction within a block is not looked into, nor what holds until it ends, wherever that is.
        Ok(Statement::Session(told)) => match told {
            Set { local: false, .. }
            | Role { local: false, .. }
            | Authorization { local: false, .. }
            | ResetAll => Step::Sql(Box::new(Statement::Session(told))),
            _ => Step::Unknown,
        },
        Ok(Statement::Opaque(_) | Statement::Do(_)) | Err(_) => Step::Unknown,
        Ok(statement) => Step::Sql(Box::new(statement)),
    }
}

fn is_assignment(cursor: Cursor<'_>) -> bool {
    let mut cursor = cursor;
    if cursor.name().is_err() {
        return false;
    }
    while cursor.take("[") {
        if cursor.until(&[]).is_err() || !cursor.take("]") {
            return false;
        }
    }
    cursor.is_one_of(&[":=", "="])
}

#[cfg(test)]
mod tests {
    use super::{Step, body};

    #[test]
    fn blocks_are_read_to_their_ends() {
        let text = "<<a>> declare x int := 1; begin if x = 1 then null; elsif y then begin perform 1; end; \
                    else x := case when y then 1 else 2 end; end if; for r in select 1 loop raise notice 'x'; \
                    end loop; case x when 1 then return; else null; end case; alter table t add a int; \
                    execute 'drop table t'; execute format('drop table %I', x); \
                    execute 'drop table ' || x; \
                    exception when duplicate_object or others then raise; end a;";
        let block = body(text).unwrap();
        let kinds: Vec<&str> = block
            .steps
            .iter()
            .map(|step| match step {
                Step::Inert(_) => "inert",
                Step::Leave(_) => "leave",
                Step::Raise => "raise",
                Step::Sql(_) => "sql",
                Step::If(..) => "if",
                Step::Loop(_) => "loop",
                Step::Block(_) => "block",
                Step::Unknown => "unknown",
            })
            .collect();
        assert_eq!(
            kinds,
            ["inert", "if", "inert", "loop", "inert", "if", "sql", "sql", "unknown", "unknown"]
        );
        assert_eq!(
            block.handlers,
            [(vec!["duplicate_object".to_owned(), "others".to_owned()], vec![Step::Raise])]
        );
    }
}
