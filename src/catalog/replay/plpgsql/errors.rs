//! The conditions of the errors that statements end in.

use super::super::statement::Statement;

/// The condition that a statement fails with, by what is said of it, where that tells.
pub(super) fn condition_of(statement: &Statement, why: &str) -> Option<&'static str> {
    if why.ends_with("already") || why.ends_with("already there") || why.contains(" already ") {
        return duplicate(statement, why);
    }
    let missing = why.ends_with("is not known") || why.ends_with("is not there") || why.contains(" has no ");
    missing.then(|| {
        if why.contains("the relation ") {
            "undefined_table"
        } else if why.contains("the column ") {
            "undefined_column"
        } else if why.contains("function") {
            "undefined_function"
        } else {
            "undefined_object"
        }
    })
}

fn duplicate(statement: &Statement, why: &str) -> Option<&'static str> {
    match statement {
        Statement::CreateType(..)
        | Statement::CreateRole(_)
        | Statement::CreatePolicy(..)
        | Statement::CreateTrigger(_)
        | Statement::CreateExtension(_) => Some("duplicate_object"),
        Statement::CreateTable(_)
        | Statement::CreateTableAs(_)
        | Statement::CreateView(_)
        | Statement::CreateIndex(_)
        | Statement::CreateSequence { .. }
        | Statement::AlterTable(_)
            if why.ends_with("already there") =>
        {
            Some("duplicate_table")
        }
        Statement::CreateSchema(_) => Some("duplicate_schema"),
        Statement::CreateFunction(_) => Some("duplicate_function"),
        Statement::AlterTable(_) if why.contains("has a column") => Some("duplicate_column"),
        Statement::AlterTable(_) if why.contains("has a constraint") => Some("duplicate_object"),
        _ => None,
    }
}
