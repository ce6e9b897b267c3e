//! An expression, compared by what it says.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use sqlparser::ast;
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer};

use super::normal;
use crate::ident::Ident;
use crate::ident::QualifiedName;

/// A SQL expression, as its author or the server wrote it.
///
/// Two expressions are equal when they are the same tree, however they are spelt: the server writes back what it has
/// parsed, with parentheses, casts of literals and names of columns that nobody wrote.
#[derive(Clone)]
pub struct Expr(Arc<Spelt>);

/// Both spellings, behind one pointer: most columns have no expression, and there are many columns. It is shared, since tables are
/// copied before they are changed.
struct Spelt {
    text: Box<str>,
    /// The tree in one spelling of many, or the text where it is not understood.
    normal: Box<str>,
}

impl Expr {
    /// Takes the text of an expression.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        let normal = parse(&text).map_or_else(|_| words(&text), |tree| normal::form(tree).to_string());
        Self::spelt(text, normal)
    }

    /// Takes the text of an expression and the tree that it means where it stands.
    pub(crate) fn with_tree(text: impl Into<String>, tree: ast::Expr) -> Self {
        Self::spelt(text.into(), normal::form(tree).to_string())
    }

    /// Takes a tree, and writes it.
    pub(crate) fn of_tree(tree: ast::Expr) -> Self {
        let normal = normal::form(tree).to_string();
        Self::spelt(normal.clone(), normal)
    }

    fn spelt(text: String, normal: String) -> Self {
        Self(Arc::new(Spelt { text: text.into(), normal: normal.into() }))
    }

    /// The text, which SQL takes as it is.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0.text
    }

    /// The sequence that it takes the next value of, if that is all it does.
    pub(crate) fn sequence(&self) -> Option<QualifiedName> {
        let ast::Expr::Function(call) = self.tree()? else { return None };
        let ast::FunctionArguments::List(arguments) = call.args else { return None };
        let is_nextval = call.name.0.last()?.as_ident()?.value == "nextval";
        let [ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(argument))] = &arguments.args[..] else {
            return None;
        };
        let mut argument = argument;
        while let ast::Expr::Cast { expr, .. } | ast::Expr::Nested(expr) = argument {
            argument = expr;
        }
        let ast::Expr::Value(value) = argument else { return None };
        let ast::Value::SingleQuotedString(name) = &value.value else { return None };
        QualifiedName::parse(name).ok().filter(|_| is_nextval)
    }

    /// The one spelling of all that say the same.
    pub(crate) fn normal(&self) -> &str {
        &self.0.normal
    }

    /// The tree, unless the text is not understood.
    pub(crate) fn tree(&self) -> Option<ast::Expr> {
        parse(&self.0.text).ok()
    }

    /// The column that it is, if it is nothing but a column, with a collation or without.
    pub(crate) fn column(&self) -> Option<Ident> {
        let mut tree = self.normal_tree()?;
        loop {
            match tree {
                ast::Expr::Nested(inner) | ast::Expr::Collate { expr: inner, .. } => tree = *inner,
                ast::Expr::Identifier(column) => return Ident::new(column.value).ok(),
                _ => return None,
            }
        }
    }

    /// The tree in the one spelling, in which each name is what it means, unless the text is not understood.
    pub(crate) fn normal_tree(&self) -> Option<ast::Expr> {
        parse(&self.0.normal).ok()
    }
}

/// How deep parentheses may stand in each other: nobody writes deeper, and it takes a parser long.
const DEEPEST: usize = 40;

/// How many operators may follow each other: each makes the tree one deeper, and a tree takes its depth in stack.
const LONGEST: usize = 400;

fn is_too_deep(tokens: &[TokenWithSpan]) -> bool {
    let mut operators = vec![0_usize];
    for token in tokens {
        match &token.token {
            Token::LParen | Token::LBracket => operators.push(0),
            Token::RParen | Token::RBracket if operators.len() > 1 => drop(operators.pop()),
            Token::Comma => {
                if let Some(count) = operators.last_mut() {
                    *count = 0;
                }
            }
            Token::Word(word) if word.keyword == Keyword::NoKeyword => {}
            Token::Number(..) | Token::SingleQuotedString(_) | Token::Period | Token::Whitespace(_) => {}
            _ => {
                if let Some(count) = operators.last_mut() {
                    *count += 1;
                }
            }
        }
        if operators.len() > DEEPEST || operators.last().is_some_and(|count| *count > LONGEST) {
            return true;
        }
    }
    false
}

thread_local! {
    /// The trees of short texts that have been read: many tables have the same policies, defaults and checks.
    static READ: RefCell<HashMap<Box<str>, ast::Expr>> = RefCell::default();
}

/// How many trees are kept, and of how long texts, in bytes.
const MOST_KEPT: usize = 500;
const LONGEST_KEPT: usize = 500;

/// The tree of a text that is one expression.
pub(crate) fn parse(text: &str) -> Result<ast::Expr, ParserError> {
    if let Some(tree) = READ.with_borrow(|read| read.get(text).cloned()) {
        return Ok(tree);
    }
    let mut parser = parser(text)?;
    let tree = parser.parse_expr()?;
    parser.expect_token(&Token::EOF)?;
    if text.len() <= LONGEST_KEPT {
        READ.with_borrow_mut(|read| {
            if read.len() >= MOST_KEPT {
                read.clear();
            }
            read.insert(text.into(), tree.clone());
        });
    }
    Ok(tree)
}

/// A parser of a text that does not nest too deep.
pub(crate) fn parser(text: &str) -> Result<Parser<'static>, ParserError> {
    let mut tokens = Tokenizer::new(&PostgreSqlDialect {}, text).tokenize_with_location()?;
    if is_too_deep(&tokens) {
        return Err(ParserError::RecursionLimitExceeded);
    }
    trim_both(&mut tokens);
    Ok(Parser::new(&PostgreSqlDialect {}).with_tokens_with_locations(tokens))
}

/// The parser does not know `TRIM(BOTH FROM text)`, which the server writes for `TRIM(text)`.
fn trim_both(tokens: &mut Vec<TokenWithSpan>) {
    let is = |token: Option<&TokenWithSpan>, keyword| matches!(token.map(|token| &token.token), Some(Token::Word(word)) if word.keyword == keyword);
    tokens.retain(|token| !matches!(token.token, Token::Whitespace(_)));
    let both =
        |place: &usize| is(tokens.get(*place), Keyword::BOTH) && is(tokens.get(*place + 1), Keyword::FROM);
    let found: Vec<usize> = (0..tokens.len()).filter(both).collect();
    for place in found.into_iter().rev() {
        tokens.drain(place..place + 2);
    }
}

/// A text that is no tree, without its comments and its white space.
fn words(text: &str) -> String {
    let tokens = Tokenizer::new(&PostgreSqlDialect {}, text).with_unescape(false).tokenize();
    let Ok(tokens) = tokens else { return text.to_owned() };
    let spoken = tokens.iter().filter(|token| !matches!(token, Token::Whitespace(_)));
    spoken.map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

impl PartialEq for Expr {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0.normal == other.0.normal
    }
}

impl Eq for Expr {}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.text)
    }
}

/// Shows what is compared.
impl fmt::Debug for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.normal)
    }
}

#[cfg(test)]
mod tests {
    use super::Expr;

    #[test]
    fn what_the_server_writes_back_equals_what_was_written() {
        for (written, server) in [
            (
                "tenant_id = (SELECT tenantry.tenant_id())",
                "(tenant_id = ( SELECT tenantry.tenant_id() AS tenant_id))",
            ),
            (
                "\"tenant_id\" = (select nullif(pg_catalog.current_setting('app.tenant_id', true), '')::uuid)",
                "(tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS \"nullif\"))",
            ),
            ("cast(a as int4) > -1", "((a)::integer > '-1'::integer)"),
            ("a in (1, 2)", "(a = ANY (ARRAY[1, 2]))"),
            ("a not in (1, 2)", "(a <> ALL (ARRAY[1, 2]))"),
            ("a between 1 and 2", "((a >= 1) AND (a <= 2))"),
            ("a or b and c", "(a OR (b AND c))"),
            ("a like 'x%'", "(a ~~ 'x%'::text)"),
            (
                "a = any (array(select d.b::text from c.d))",
                "(a = ANY (ARRAY( SELECT (d.b)::text AS b\n   FROM c.d)))",
            ),
            ("a is not distinct from b", "(NOT (a IS DISTINCT FROM b))"),
            ("a not between 1 and 2", "((a < 1) OR (a > 2))"),
            ("a in (1)", "(a = 1)"),
            ("a in (b, 1, 2)", "((a = ANY (ARRAY[1, 2])) OR (a = b))"),
            ("a not in (select d.b from c.d)", "(NOT (a IN ( SELECT d.b\n   FROM c.d)))"),
            ("trim(a) = date '2020-01-01'", "(TRIM(BOTH FROM a) = '2020-01-01'::date)"),
            ("a > interval '90 minutes'", "(a > '01:30:00'::interval)"),
            ("(a, b) = (1, $$x$$)", "((a = 1) AND (b = 'x'::text))"),
            ("case when a then 1 end = 1", "(\nCASE\n    WHEN a THEN 1\n    ELSE NULL::integer\nEND = 1)"),
            ("left(a, 1) = substring(a, 1)", "(\"left\"(a, 1) = \"substring\"(a, 1))"),
            ("Current_User = a", "(CURRENT_USER = a)"),
            (r"a = E'x\\y''z'", r"(a = 'x\y''z'::text)"),
            (
                "exists (select 1 from erp.p as p where p.id = c.p_id)",
                "(EXISTS ( SELECT 1\n   FROM erp.p p\n  WHERE (p.id = c.p_id)))",
            ),
            (
                "a = ANY (ARRAY(SELECT m.t FROM erp.m AS m WHERE m.u = (SELECT f())))",
                "(a = ANY (ARRAY( SELECT m.t\n   FROM erp.m\n  WHERE (m.u = ( SELECT f() AS f)))))",
            ),
        ] {
            assert_eq!(Expr::new(written), Expr::new(server));
        }
    }

    #[test]
    fn the_one_spelling_can_be_read_again() {
        for text in
            ["a = ANY (ARRAY(SELECT b FROM c))", "current_user = \"array\"(a)", "a IN (1, 2) OR NOT b"]
        {
            let expr = Expr::new(text);
            let again = expr.normal_tree().expect(text);
            assert_eq!(expr, Expr::of_tree(again));
        }
    }

    #[test]
    fn a_text_that_has_been_read_is_only_itself() {
        for pass in 0..2 {
            let one = Expr::new("a = 'X' or \"B\" = 1");
            for other in ["a = 'x' or \"b\" = 1", "a = 'X' or \"b\" = 1", "a = 'X'  or \"B\" = 2"] {
                assert_ne!(one, Expr::new(other), "{pass}: {other}");
            }
            assert_eq!(one.tree(), Expr::new("a = 'X' or \"B\" = 1").tree());
        }
        // However many there are.
        for number in 0..2 * super::MOST_KEPT {
            assert_eq!(Expr::new(format!("a = {number}")).as_str(), format!("a = {number}"));
        }
        super::READ.with_borrow(|read| assert!(read.len() <= super::MOST_KEPT));
    }

    #[test]
    fn what_means_something_else_differs() {
        for (one, other) in [
            ("a and (b or c)", "a and b or c"),
            ("tenant_id::text = 'x'", "tenant_id = 'x'"),
            ("\"A\" = 1", "a = 1"),
            ("f(a)", "g.f(a)"),
            ("a = b", "a <> b"),
            ("'5'::bigint", "5"),
            ("a / '5'::numeric", "a / 5"),
            ("\"current_user\" = a", "current_user = a"),
            ("a = ANY ((SELECT b)::int[])", "a = ANY (SELECT b)"),
            (
                "EXISTS (SELECT 1 FROM (SELECT a AS x, b AS y FROM u) s WHERE s.x = 1)",
                "EXISTS (SELECT 1 FROM (SELECT a AS y, b AS x FROM u) s WHERE s.x = 1)",
            ),
            ("a in (1, b)", "a in (1, c)"),
            ("(a, b) = (1, 2)", "(a, b) = (2, 1)"),
            ("interval '1 hour' > a", "interval '1 day' > a"),
            ("not a = b or c", "not (a = b or c)"),
        ] {
            assert_ne!(Expr::new(one), Expr::new(other));
        }
    }
}
