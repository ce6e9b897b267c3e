//! Reads PL/pgSQL.

mod cursors;
mod leaf;

use super::super::cursor::{Cursor, Inner, Parsed};
use super::super::lines::Lines;
use super::super::parse::calls::calls;
use super::super::parse::options;
use super::block::{Block, Body, Code, Head, Kind, Opens, Start, Step, Variable};
use super::into;
use crate::ident::Ident;
use crate::lex;
use cursors::Declared;

/// How deep statements may stand in one another.
const DEEPEST: usize = 50;

/// What ends a list of statements.
const ENDS: [&str; 6] = ["end", "else", "elsif", "elseif", "when", "exception"];

/// What follows `DO`, if it is PL/pgSQL that can be read.
pub(crate) fn do_block(cursor: &mut Cursor<'_>) -> Parsed<Body> {
    let mut found = None;
    while !cursor.is_at_end() {
        if cursor.take("language") {
            if !options::value(cursor)?.eq_ignore_ascii_case("plpgsql") {
                return Err("another language".to_owned());
            }
        } else {
            let (start, written) = (cursor.place(), cursor.peek());
            found = Some((cursor.string()?, start, written));
        }
    }
    let Some((text, start, written)) = found else { return Err(cursor.unexpected("a body")) };
    let mut body = body(&text)?;
    let opening = written.find('$').and_then(|at| written.get(at + 1..)?.find('$'));
    body.at = opening.filter(|_| written.starts_with('$')).map(|length| start + length + 2);
    Ok(body)
}

/// A body in PL/pgSQL.
pub(crate) fn body(text: &str) -> Parsed<Body> {
    let tokens = lex::tokens(text);
    let mut reader = Reader {
        cursor: Cursor::new(text, &tokens),
        lines: Lines::of(text),
        depth: 0,
        declared: Declared::default(),
    };
    // What stands before the block, such as #variable_conflict.
    while !reader.cursor.is_at_end() && !reader.cursor.is_one_of(&["declare", "begin", "<<"]) {
        reader.cursor.any();
    }
    let label = reader.label()?;
    let block = reader.block(label)?;
    reader.cursor.end()?;
    Ok(Body { text: text.into(), block, at: None })
}

struct Reader<'a> {
    cursor: Cursor<'a>,
    lines: Lines<'a>,
    depth: usize,
    declared: Declared,
}

impl Reader<'_> {
    /// `<<label>>`.
    fn label(&mut self) -> Parsed<Option<Ident>> {
        if !self.cursor.take("<<") {
            return Ok(None);
        }
        let label = self.cursor.ident()?;
        self.cursor.expect(">>")?;
        Ok(Some(label))
    }

    fn block(&mut self, label: Option<Ident>) -> Parsed<Block> {
        let mut found = Block { label, ..Block::default() };
        let outside = self.declared.len();
        if self.cursor.take("declare") {
            while !self.cursor.is("begin") {
                if self.cursor.is_at_end() {
                    return Err(self.cursor.unexpected("BEGIN"));
                }
                if !self.cursor.take("declare") {
                    found.variables.push(self.variable()?);
                }
            }
        }
        self.cursor.expect("begin")?;
        found.steps = self.steps()?;
        if self.cursor.take("exception") {
            while self.cursor.take("when") {
                let caught = self.cursor.until(&["then"])?;
                let conditions = caught.words().into_iter().map(str::to_ascii_lowercase);
                let conditions = conditions.filter(|word| word != "or" && word != "sqlstate");
                let conditions = conditions.map(|word| word.trim_matches('\'').to_owned()).collect();
                self.cursor.expect("then")?;
                found.handlers.push((conditions, self.steps()?));
            }
        }
        self.declared.forget(outside);
        self.end("end")?;
        Ok(found)
    }

    /// `name [CONSTANT] type [NOT NULL] [:= expression]`.
    fn variable(&mut self) -> Parsed<Variable> {
        let name = self.cursor.ident()?;
        if self.cursor.take("alias for") {
            let alias = self.cursor.peek().to_ascii_lowercase();
            self.cursor.any();
            self.cursor.expect(";")?;
            return Ok(Variable { name, is_record: false, value: Start::Alias(alias) });
        }
        let declared = self.cursor.until(&[";"])?;
        self.cursor.expect(";")?;
        let mut declared = declared.cursor();
        if self.declared.add(&name, &mut declared)? {
            return Ok(Variable { name, is_record: false, value: Start::Unknown });
        }
        let data_type = declared.until(&[":=", "=", "default"])?.words();
        let is_record = match &data_type[..] {
            [only] => only.eq_ignore_ascii_case("record"),
            [.., sign, last] => *sign == "%" && last.eq_ignore_ascii_case("rowtype"),
            [] => false,
        };
        let value = if declared.take_one_of(&[":=", "=", "default"]).is_some() {
            Start::Code(code(declared.rest()))
        } else {
            Start::Null
        };
        Ok(Variable { name, is_record, value })
    }

    /// `END` with what stands behind it, up to the semicolon.
    fn end(&mut self, phrase: &str) -> Parsed<()> {
        self.cursor.expect(phrase)?;
        if !self.cursor.is(";") && !self.cursor.is_at_end() {
            self.cursor.ident()?;
        }
        let ended = self.cursor.take(";") || self.cursor.is_at_end();
        if ended { Ok(()) } else { Err(self.cursor.unexpected(";")) }
    }

    /// Statements, one level deeper.
    fn steps(&mut self) -> Parsed<Vec<Step>> {
        if self.depth > DEEPEST {
            return Err("its statements stand too deep in one another".to_owned());
        }
        self.depth += 1;
        let mut found = Vec::new();
        while !self.cursor.is_one_of(&ENDS) {
            if self.cursor.is_at_end() {
                return Err(self.cursor.unexpected("END"));
            }
            found.push(self.step()?);
        }
        self.depth -= 1;
        Ok(found)
    }

    fn step(&mut self) -> Parsed<Step> {
        let label = self.label()?;
        let start = self.cursor.place();
        let position = self.lines.position(start);
        let kind = self.kind(label)?;
        Ok(Step { at: start..self.cursor.last_end().max(start), position, kind })
    }

    fn kind(&mut self, label: Option<Ident>) -> Parsed<Kind> {
        if self.cursor.is_one_of(&["declare", "begin"]) {
            return Ok(Kind::Block(self.block(label)?));
        }
        if self.cursor.take("if") {
            return self.conditional();
        }
        if self.cursor.take("case") {
            return self.case();
        }
        if self.cursor.is_one_of(&["loop", "while", "for", "foreach"]) {
            let head = self.head()?;
            self.cursor.expect("loop")?;
            let steps = self.steps()?;
            self.end("end loop")?;
            return Ok(Kind::Loop { label, head, steps });
        }
        let statement = self.cursor.until(&[";"])?;
        // What is said of a statement ends before its semicolon.
        let kind = leaf::leaf(statement, &self.declared)?;
        self.cursor.expect(";")?;
        Ok(kind)
    }

    fn conditional(&mut self) -> Parsed<Kind> {
        let mut arms = Vec::new();
        loop {
            let asked = code(self.cursor.until(&["then"])?);
            self.cursor.expect("then")?;
            arms.push((asked, self.steps()?));
            if self.cursor.take_one_of(&["elsif", "elseif"]).is_none() {
                break;
            }
        }
        let otherwise = if self.cursor.take("else") { self.steps()? } else { Vec::new() };
        self.end("end if")?;
        Ok(Kind::If { subject: None, arms, otherwise })
    }

    fn case(&mut self) -> Parsed<Kind> {
        let subject = if self.cursor.is("when") { None } else { Some(code(self.cursor.until(&["when"])?)) };
        let mut arms = Vec::new();
        while self.cursor.take("when") {
            let asked = code(self.cursor.until(&["then"])?);
            self.cursor.expect("then")?;
            arms.push((asked, self.steps()?));
        }
        let otherwise = if self.cursor.take("else") { self.steps()? } else { Vec::new() };
        self.end("end case")?;
        Ok(Kind::If { subject, arms, otherwise })
    }

    /// What stands before `LOOP`.
    fn head(&mut self) -> Parsed<Head> {
        if self.cursor.is("loop") {
            return Ok(Head::Always);
        }
        if self.cursor.take("while") {
            return Ok(Head::While(code(self.cursor.until(&["loop"])?)));
        }
        let each = self.cursor.take("foreach");
        if !each {
            self.cursor.expect("for")?;
        }
        let targets = self.cursor.list(into::target)?;
        if each {
            if self.cursor.take("slice") {
                self.cursor.any();
            }
            self.cursor.expect("in array")?;
            return Ok(Head::Each { targets, array: code(self.cursor.until(&["loop"])?) });
        }
        self.cursor.expect("in")?;
        if self.cursor.take("execute") {
            let text = code(self.cursor.until(&["using", "loop"])?);
            let using = if self.cursor.take("using") { self.list(&["loop"])? } else { Vec::new() };
            return Ok(Head::Rows { targets, declares: false, opens: Opens::Execute { text, using } });
        }
        if let Some((_, opens)) = cursors::declared(&mut self.cursor, &self.declared, "loop")? {
            return Ok(Head::Rows { targets, declares: true, opens });
        }
        let reverse = self.cursor.take("reverse");
        let first = code(self.cursor.until(&["..", "loop"])?);
        let rows = |targets, query| Head::Rows { targets, declares: false, opens: Opens::of(query) };
        let [variable] = &targets[..] else { return Ok(rows(targets, first)) };
        if !self.cursor.take("..") {
            return Ok(rows(targets, first));
        }
        let to = code(self.cursor.until(&["by", "loop"])?);
        let by = if self.cursor.take("by") { Some(code(self.cursor.until(&["loop"])?)) } else { None };
        Ok(Head::Count { variable: variable.clone(), reverse, from: first, to, by })
    }

    fn list(&mut self, ends: &[&str]) -> Parsed<Vec<Code>> {
        codes(&mut self.cursor, ends)
    }
}

/// Expressions divided by commas.
fn codes(cursor: &mut Cursor<'_>, ends: &[&str]) -> Parsed<Vec<Code>> {
    let stops: Vec<&str> = [","].iter().chain(ends).copied().collect();
    cursor.list(|cursor| cursor.until(&stops).map(code))
}

pub(super) fn code(inner: Inner<'_>) -> Code {
    Code { at: inner.range(), calls: calls(inner) }
}

#[cfg(test)]
mod tests {
    use super::super::block::Kind;
    use super::body;

    #[test]
    fn blocks_are_read_to_their_ends() {
        let text = "#variable_conflict use_column\n<<a>> declare x int := 1; y alias for $1; c cursor for select 1;
                    begin if x = 1 then null; elsif y then begin perform 1; end; else x := case when y then 1 else 2 end;
                    end if; for r in select 1 loop raise notice 'x'; end loop; case x when 1 then return; else null; end case;
                    alter table t add a int; execute format('drop table %I', x) using 1, f(2); raise sqlstate 'TN001';
                    select 1 into strict x from t; foreach x in array array['a'] loop exit when x; end loop; get diagnostics n = row_count;
                    <<l>> for i in reverse 3 .. 1 by 2 loop continue l; end loop l; r.a := 2;
                    exception when duplicate_object or sqlstate '42710' then raise; end a;";
        let body = body(text).unwrap();
        let kinds: Vec<&str> = body
            .block
            .steps
            .iter()
            .map(|step| match step.kind {
                Kind::Nothing(_) => "nothing",
                Kind::Forget(..) => "forget",
                Kind::Assign(..) => "assign",
                Kind::Open(..) => "open",
                Kind::Fetch { .. } => "fetch",
                Kind::Perform(_) => "perform",
                Kind::Sql { .. } => "sql",
                Kind::Execute { .. } => "execute",
                Kind::Raise(..) => "raise",
                Kind::Return(_) | Kind::ReturnRows(_) => "return",
                Kind::Leave(_) => "leave",
                Kind::If { .. } => "if",
                Kind::Loop { .. } => "loop",
                Kind::Block(_) => "block",
            })
            .collect();
        assert_eq!(
            kinds,
            ["if", "loop", "if", "sql", "execute", "raise", "sql", "loop", "forget", "loop", "assign"]
        );
        assert_eq!(body.block.variables.len(), 3);
        let (conditions, steps) = &body.block.handlers[0];
        assert_eq!((conditions.join(" "), steps.len()), ("duplicate_object 42710".to_owned(), 1));
        let written = |at: usize| &text[body.block.steps[at].at.clone()];
        assert_eq!((written(3), body.block.steps[3].position), ("alter table t add a int;", (5, 21)));
    }

    #[test]
    fn what_is_no_block_is_refused() {
        for text in ["", "begin", "begin null; end; x", "begin if x then null; end;", "x"] {
            assert!(body(text).is_err(), "{text}");
        }
        let deep = format!("{}null;{}", "begin ".repeat(10_000), "end;".repeat(10_000));
        assert!(body(&deep).is_err());
    }
}
