//! What an expression reads: settings, functions and relations.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use sqlparser::ast::{Expr, Function as Call, FunctionArguments, ObjectName, Query, Visitor};

use super::Judge;
use super::eval::{arguments, literal};
use super::routine::{Routine, names_columns};
use super::scope::{in_public, qualified};
use crate::catalog::{Function, Signature, visit};
use crate::ident::QualifiedName;

/// What an expression reads.
#[derive(Debug, Default)]
pub(in crate::rule) struct Uses<'a> {
    /// The settings that it reads itself.
    pub(in crate::rule) reads: Vec<Read>,
    /// The functions of the catalog that it calls.
    pub(in crate::rule) calls: Vec<Called<'a>>,
    /// The relations that its subselects read.
    pub(in crate::rule) relations: BTreeSet<QualifiedName>,
    /// Whether there is a subselect in it, and be it one that reads none.
    pub(in crate::rule) queries: bool,
}

/// A setting that is read.
#[derive(Debug)]
pub(in crate::rule) struct Read {
    /// Its name, as it is written.
    pub(in crate::rule) name: String,
    /// Whether it raises an error where the setting was never set.
    pub(in crate::rule) strict: bool,
    /// Whether it is read for each row.
    pub(in crate::rule) per_row: bool,
}

/// A function that is called.
#[derive(Debug)]
pub(in crate::rule) struct Called<'a> {
    pub(in crate::rule) signature: &'a Signature,
    pub(in crate::rule) function: &'a Function,
    pub(in crate::rule) routine: Routine,
    /// Whether it is called for each row, though nothing of the row is given to it.
    pub(in crate::rule) per_row: bool,
}

impl Uses<'_> {
    /// The settings that it reads, itself or by what it calls, in lower case.
    pub(in crate::rule) fn settings(&self) -> BTreeSet<String> {
        let own = self.reads.iter().map(|read| read.name.to_ascii_lowercase());
        own.chain(self.calls.iter().flat_map(|call| call.routine.settings.iter().cloned())).collect()
    }
}

struct Collect<'c, 'j, 'a> {
    judge: &'c Judge<'j, 'a>,
    uses: Uses<'a>,
    depth: usize,
}

impl Visitor for Collect<'_, '_, '_> {
    type Break = ();

    fn pre_visit_query(&mut self, _: &Query) -> ControlFlow<()> {
        self.uses.queries = true;
        self.depth += 1;
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &Query) -> ControlFlow<()> {
        self.depth -= 1;
        ControlFlow::Continue(())
    }

    fn pre_visit_relation(&mut self, name: &ObjectName) -> ControlFlow<()> {
        self.uses.relations.extend(qualified(name).or_else(|| in_public(name, self.judge.catalog())));
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        if let Expr::Function(call) = expr {
            self.call(call);
        }
        ControlFlow::Continue(())
    }
}

impl Collect<'_, '_, '_> {
    fn call(&mut self, call: &Call) {
        let arguments = arguments(call);
        let per_row = self.depth == 0;
        if call.name.to_string() == "current_setting" {
            if let Some(name) = arguments.first().and_then(|name| literal(name)) {
                let strict = arguments.len() < 2;
                self.uses.reads.push(Read { name: name.to_owned(), strict, per_row });
            }
            return;
        }
        let of_row = matches!(call.args, FunctionArguments::Subquery(_))
            || arguments.iter().any(|of| names_columns(of));
        for (signature, function) in self.judge.called(call, arguments.len()) {
            let routine = self.judge.routine(signature, function);
            self.uses.calls.push(Called { signature, function, routine, per_row: per_row && !of_row });
        }
    }
}

impl<'a> Judge<'_, 'a> {
    pub(super) fn uses(&self, tree: &Expr) -> Uses<'a> {
        let mut collect = Collect { judge: self, uses: Uses::default(), depth: 0 };
        let _ = visit(tree, &mut collect);
        collect.uses
    }
}

/// Sees every part of an expression, each with how many queries stand around it.
pub(in crate::rule) fn walk(tree: &Expr, see: &mut dyn FnMut(&Expr, usize)) {
    struct Walk<'w> {
        depth: usize,
        see: &'w mut dyn FnMut(&Expr, usize),
    }

    impl Visitor for Walk<'_> {
        type Break = ();

        fn pre_visit_query(&mut self, _: &Query) -> ControlFlow<()> {
            self.depth += 1;
            ControlFlow::Continue(())
        }

        fn post_visit_query(&mut self, _: &Query) -> ControlFlow<()> {
            self.depth -= 1;
            ControlFlow::Continue(())
        }

        fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
            (self.see)(expr, self.depth);
            ControlFlow::Continue(())
        }
    }

    let _ = visit(tree, &mut Walk { depth: 0, see });
}

/// Whether an expression names a column of the table whose policy it is.
pub(in crate::rule) fn names_column(tree: &Expr, table: &QualifiedName, column: &str) -> bool {
    let mut names = false;
    walk(tree, &mut |expr, depth| names |= is_column(expr, depth, table, column));
    names
}

/// Whether an expression is a column of the table whose policy it stands in. Within a query a column says whose it is.
pub(in crate::rule) fn is_column(expr: &Expr, depth: usize, table: &QualifiedName, column: &str) -> bool {
    match expr {
        Expr::Nested(inner) => is_column(inner, depth, table, column),
        Expr::Identifier(name) => depth == 0 && name.value == column,
        Expr::CompoundIdentifier(parts) => match &parts[..] {
            [.., relation, name] => relation.value == table.name().as_str() && name.value == column,
            _ => false,
        },
        _ => false,
    }
}
