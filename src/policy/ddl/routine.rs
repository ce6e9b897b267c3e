//! Functions, whole.

use super::{called, list_of};
use crate::catalog::{Argument, Function, Parallel, Signature, Volatility};
use crate::error::Result;
use crate::ident::{SettingName, dollar_quoted, literal};
use crate::policy::render::{Vars, render};

/// Makes a function, or puts it in the place of one with the same arguments and columns. `rows` is how many rows the planner is
/// to expect.
pub(crate) fn create_function(
    signature: &Signature,
    function: &Function,
    replace: bool,
    rows: Option<u32>,
) -> Result<String> {
    let of_table = |argument: &&Argument| argument.mode == "TABLE";
    let (columns, arguments): (Vec<&Argument>, Vec<&Argument>) =
        function.arguments.iter().partition(of_table);
    let returns = match (&columns[..], &function.returns) {
        ([_, ..], _) => format!("TABLE ({})", list_of(&columns, |column| argument(column, ""))),
        ([], Some(returns)) => returns.clone(),
        ([], None) => "void".to_owned(),
    };
    let arguments = list_of(&arguments, |of| argument(of, if of.mode == "IN" { "" } else { of.mode }));
    let vars = Vars::default()
        .sql("create", if replace { "CREATE OR REPLACE" } else { "CREATE" })
        .sql("function", format!("{}({arguments})", signature.name))
        .sql("returns", returns)
        .sql("language", function.language.clone())
        .sql("attributes", attributes(function, rows))
        .sql("body", body(function));
    render(include_str!("../../../sql/ddl/create_function.sql"), &vars)
}

pub(crate) fn drop_function(function: &Signature) -> Result<String> {
    let vars = Vars::default().sql("function", called(function));
    render(include_str!("../../../sql/ddl/drop_function.sql"), &vars)
}

/// Says what a function is.
pub(crate) fn comment_function(function: &Signature, comment: Option<&str>) -> Result<String> {
    let comment = comment.map_or_else(|| "NULL".to_owned(), literal);
    let vars = Vars::default().sql("function", called(function)).sql("comment", comment);
    render(include_str!("../../../sql/ddl/comment_function.sql"), &vars)
}

fn argument(of: &Argument, mode: &str) -> String {
    let name = of.name.as_ref().map(ToString::to_string);
    let words = [Some(mode.to_owned()), name, Some(of.data_type.clone())];
    let words: Vec<String> = words.into_iter().flatten().filter(|word| !word.is_empty()).collect();
    words.join(" ")
}

/// Those that are not as `CREATE FUNCTION` has them by itself.
fn attributes(function: &Function, rows: Option<u32>) -> String {
    let volatility = match function.volatility {
        Volatility::Immutable => Some("IMMUTABLE"),
        Volatility::Stable => Some("STABLE"),
        Volatility::Volatile => None,
    };
    let parallel = match function.parallel {
        Parallel::Safe => Some("PARALLEL SAFE"),
        Parallel::Restricted => Some("PARALLEL RESTRICTED"),
        Parallel::Unsafe => None,
    };
    let flags = [
        volatility,
        function.strict.then_some("STRICT"),
        function.leakproof.then_some("LEAKPROOF"),
        parallel,
        function.security_definer.then_some("SECURITY DEFINER"),
    ];
    let settings = function.settings.iter().map(|(name, value)| setting(name, value));
    let rows = rows.map(|rows| format!("ROWS {rows}"));
    let all = flags.into_iter().flatten().map(str::to_owned).chain(rows).chain(settings);
    all.flat_map(|attribute| ["\n    ".to_owned(), attribute]).collect()
}

/// A setting. A list of schemas is written as it is, for in quotes it would be the name of one.
fn setting(name: &str, value: &str) -> String {
    let written = SettingName::new(name).map_or_else(|_| name.to_owned(), |custom| custom.quoted());
    let value = if name == "search_path" && !value.is_empty() { value.to_owned() } else { literal(value) };
    format!("SET {written} = {value}")
}

fn body(function: &Function) -> String {
    if function.is_in_standard_sql() {
        function.body.trim_start().to_owned()
    } else {
        format!("AS {}", dollar_quoted(&function.body))
    }
}
