//! `nonleakproof-index`

use sqlparser::ast;

use crate::catalog::{Expr, Index, IndexColumn, IndexKey, Object, Part, Signature};
use crate::ident::Ident;
use crate::rule::finding::Findings;
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::{Subject, Table};
use crate::rule::words::list;

pub(super) const RULE: Rule = Rule {
    code: "nonleakproof-index",
    severity: Severity::Medium,
    finds: "an index of a guarded table has keys that no condition can use while policies are asked",
    why: "A condition whose operator or function is not leakproof is evaluated after the policy, so it cannot search an \
          index. PostgreSQL's operators for text, integers, uuid, dates and timestamps are leakproof; those for numeric, \
          enums, arrays, ranges and jsonb are not, and hardly any function is. LIKE is not either, nor is the \
          comparison of a date with a timestamptz such as now(); ^@ and starts_with are.",
    fix: "Search for a prefix with name ^@ 'abc' in place of name LIKE 'abc%', for a numeric by a generated bigint, for an \
          enum by a text, for a date by a date (current_date rather than now()). Drop the key or the index if only services \
          search by it; keep it for order and for roles with BYPASSRLS.",
    bad: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL, tags jsonb NOT NULL, total numeric NOT NULL);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE INDEX invoice_tags ON invoice USING gin (tags);
CREATE INDEX invoice_total ON invoice (tenant_id, total);",
    good: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL, number text NOT NULL, due date NOT NULL);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE INDEX invoice_number ON invoice (tenant_id, number, due);",
    manual: "https://www.postgresql.org/docs/current/rules-privileges.html",
    check: Check::Model(check),
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    for table in subject.tables().filter(|table| table.relation.row_security) {
        for (name, index) in &table.relation.indexes {
            if let Some(message) = useless(subject, &table, name, index) {
                found.add(Object::Part(Part::Index, table.name.clone(), name.clone()), message);
            }
        }
    }
}

/// What is useless of an index, as far as that is certain.
///
/// An index that holds rows to something, or is part of a table's that is looked at itself, is there for other reasons. So is one
/// that is ordered by something else than the tenant: it gives an order, or serves who works across tenants.
fn useless(subject: &Subject<'_>, table: &Table<'_, '_>, name: &Ident, index: &Index) -> Option<String> {
    let holds = index.unique || table.relation.exclusions.contains_key(name);
    if holds || index.inherited || !index.valid {
        return None;
    }
    let plain = name.plain();
    match index.method.as_str() {
        "gin" | "gist" | "spgist" => {
            let leaky: Vec<&IndexKey> =
                index.keys.iter().filter(|key| key.leakproof == Some(false)).collect();
            if leaky.is_empty() {
                return None;
            }
            let (words, count) = (keys(&leaky), index.keys.len());
            Some(if leaky.len() == count {
                format!(
                    "no condition on {words} can use index {plain}, whose operators are not leakproof, while policies are asked"
                )
            } else {
                format!(
                    "no condition on {words} can use its key of index {plain}, whose operators are not leakproof, while policies are asked"
                )
            })
        }
        "btree" => {
            let column = table.tenant_column()?;
            let later = match &index.keys[..] {
                [first, later @ ..] if first.column == IndexColumn::Column(column.name.clone()) => later,
                _ => return None,
            };
            let leaky: Vec<&IndexKey> = later.iter().filter(|key| is_leaky(subject, key)).collect();
            (!leaky.is_empty()).then(|| {
                let words = keys(&leaky);
                format!("index {plain} gives an order by {words} and cannot be searched by it, which is not leakproof, while policies are asked")
            })
        }
        _ => None,
    }
}

fn keys(keys: &[&IndexKey]) -> String {
    list(keys.iter().map(|key| match &key.column {
        IndexColumn::Column(name) => name.plain(),
        IndexColumn::Expr(expression) => expression.as_str().split_whitespace().collect::<Vec<_>>().join(" "),
    }))
}

fn is_leaky(subject: &Subject<'_>, key: &IndexKey) -> bool {
    let computed = match &key.column {
        IndexColumn::Expr(expression) => calls_leaky(subject, expression),
        IndexColumn::Column(_) => false,
    };
    key.leakproof == Some(false) || computed
}

/// Whether an expression is a call of a function, or takes a part of a JSON value: few of these are leakproof.
fn calls_leaky(subject: &Subject<'_>, expression: &Expr) -> bool {
    const LEAKPROOF: [&str; 6] = ["md5", "sha224", "sha256", "sha384", "sha512", "starts_with"];
    let mut tree = expression.normal_tree();
    while let Some(ast::Expr::Nested(inner) | ast::Expr::Collate { expr: inner, .. }) = tree {
        tree = Some(*inner);
    }
    match tree {
        Some(ast::Expr::Function(call)) => {
            let Some(name) = call.name.0.last().and_then(|part| part.as_ident()) else { return false };
            let leakproof = |signature: &&Signature| {
                subject.catalog.functions.get(*signature).is_some_and(|function| function.leakproof)
            };
            let declared = subject.functions_named(&name.value).iter().any(leakproof);
            !declared && !LEAKPROOF.contains(&name.value.to_ascii_lowercase().as_str())
        }
        Some(ast::Expr::BinaryOp { op, .. }) => matches!(
            op,
            ast::BinaryOperator::Arrow
                | ast::BinaryOperator::LongArrow
                | ast::BinaryOperator::HashArrow
                | ast::BinaryOperator::HashLongArrow
        ),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use crate::rule::trial::said;

    const CODE: &str = "nonleakproof-index";
    const TABLE: &str = "CREATE TYPE status AS ENUM ('open');
        CREATE TABLE t (tenant_id uuid, id int, n numeric, s status, j jsonb, r int4range, w text, d date);
        ALTER TABLE t ENABLE ROW LEVEL SECURITY;";

    #[test]
    fn keys_behind_the_tenant_and_searches_in_values_are_told() {
        let sql = format!(
            "{TABLE} CREATE INDEX a ON t (tenant_id, id, n, s); CREATE INDEX b ON t (tenant_id, lower(w));
             CREATE INDEX c ON t USING gist (r); CREATE INDEX d ON t (tenant_id, (j ->> 'x'));"
        );
        let asked = "while policies are asked";
        let expected = [
            format!(
                "medium: index a gives an order by n and s and cannot be searched by it, which is not leakproof, {asked}"
            ),
            format!(
                "medium: index b gives an order by lower(w) and cannot be searched by it, which is not leakproof, {asked}"
            ),
            format!("medium: no condition on r can use index c, whose operators are not leakproof, {asked}"),
        ];
        let found = said(CODE, &sql);
        assert_eq!(found[..3], expected);
        assert!(found.len() == 4 && found[3].starts_with("medium: index d gives an order by"), "{found:?}");
    }

    #[test]
    fn what_is_there_for_other_reasons_is_left_alone() {
        let sql = format!(
            "{TABLE} CREATE INDEX ON t (tenant_id, w, d, id); CREATE UNIQUE INDEX ON t (tenant_id, n);
             CREATE INDEX ON t (s); CREATE INDEX ON t USING brin (n); CREATE INDEX ON t (tenant_id, md5(w));
             CREATE INDEX ON t (tenant_id, (w COLLATE \"C\"));
             ALTER TABLE t ADD CONSTRAINT apart EXCLUDE USING gist (r WITH &&);
             CREATE TABLE u (tenant_id uuid, j jsonb); CREATE INDEX ON u USING gin (j);"
        );
        assert!(said(CODE, &sql).is_empty(), "{:?}", said(CODE, &sql));
    }
}
