//! Policies, as `CREATE POLICY` and `COMMENT ON POLICY` say them.

use std::collections::{BTreeSet, HashMap};

use super::cursor::{Cursor, Name, Parsed};
use super::parse::policy::{comment, created, policy_of};
use super::parse::role::RoleName;
use super::statement::Statement;
use crate::catalog::{Expr, Grantee, Policy};
use crate::error::{Error, Result};
use crate::ident::{Ident, QualifiedName};
use crate::lex::{self, Token};

/// Reads texts of policies. Of thousands of tables most have the same conditions, and each is read once.
#[derive(Default)]
pub(crate) struct Policies {
    conditions: HashMap<String, Expr>,
}

impl Policies {
    /// Reads the policies of a text in which nothing but `CREATE POLICY` and `COMMENT ON POLICY` stands, each table with its
    /// schema.
    ///
    /// # Errors
    ///
    /// The text holds something else, or the comment of a policy that it does not make.
    pub(crate) fn parse(&mut self, sql: &str) -> Result<Vec<(QualifiedName, Ident, Policy)>> {
        let tokens = lex::tokens(sql);
        let is_end = |token: &Token| token.is_symbol(sql, ";");
        let mut policies = Vec::new();
        for statement in tokens.split(is_end).filter(|statement| !statement.is_empty()) {
            read(sql, statement, &mut policies, |text| self.condition(text))
                .map_err(|why| Error::config(format!("a text of policies could not be read: {why}")))?;
        }
        Ok(policies)
    }

    fn condition(&mut self, text: String) -> Expr {
        self.conditions.entry(text).or_insert_with_key(|text| Expr::new(text.as_str())).clone()
    }
}

fn read(
    sql: &str,
    statement: &[Token],
    policies: &mut Vec<(QualifiedName, Ident, Policy)>,
    mut condition: impl FnMut(String) -> Expr,
) -> Parsed<()> {
    let mut cursor = Cursor::new(sql, statement);
    if cursor.take("comment on policy") {
        let Statement::CommentOnPolicy { name, table, comment: said } = comment(&mut cursor)? else {
            return Ok(());
        };
        let table = schema_written(table)?;
        let (.., policy) = policies
            .iter_mut()
            .find(|(of, called, _)| *of == table && *called == name)
            .ok_or_else(|| format!("a comment is on the policy {name} on {table}, which is not made"))?;
        policy.comment = said;
        return Ok(());
    }
    cursor.expect("create policy")?;
    let (name, table) = policy_of(&mut cursor)?;
    let created = created(&mut cursor)?;
    cursor.end()?;
    let mut roles = BTreeSet::new();
    for role in created.roles {
        roles.insert(match role {
            RoleName::Public => Grantee::Public,
            RoleName::Named(name) => Grantee::Role(name),
            RoleName::Current | RoleName::Session => {
                return Err(format!("the policy {name} is for whoever makes it"));
            }
        });
    }
    let policy = Policy {
        permissive: created.permissive,
        command: created.command,
        roles,
        using: created.using.map(&mut condition),
        with_check: created.with_check.map(condition),
        comment: None,
    };
    policies.push((schema_written(table)?, name, policy));
    Ok(())
}

fn schema_written(table: Name) -> Parsed<QualifiedName> {
    let why = format!("the table {table} has no schema");
    table.qualified().ok_or(why)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::Policies;
    use crate::catalog::{Command, Expr, Grantee};
    use crate::ident::Ident;

    #[test]
    fn policies_are_read_with_their_comments() {
        let policies = Policies::default().parse(
            "CREATE POLICY \"invoice_tenant\" ON \"erp\".\"Invoice\" AS RESTRICTIVE FOR UPDATE TO \"erp_app\", other\n\
             USING (\"tenant_id\" = ((SELECT f(')')))) -- not this\n WITH CHECK (true /* ) */);\n\
             create policy p on erp.t;\n\
             COMMENT ON POLICY \"invoice_tenant\" ON \"erp\".\"Invoice\" IS 'it''s ours';",
        )
        .unwrap();
        let [(table, name, first), (_, _, second)] = &policies[..] else { panic!("{policies:?}") };
        assert_eq!((table.to_string(), name.as_str()), ("\"erp\".\"Invoice\"".to_owned(), "invoice_tenant"));
        assert!(!first.permissive);
        assert_eq!(first.command, Command::Update);
        assert_eq!(first.roles, ["erp_app", "other"].map(|role| Grantee::Role(Ident::known(role))).into());
        let text = |expr: &Option<Expr>| expr.as_ref().map(|expr| expr.as_str().to_owned());
        assert_eq!(text(&first.using).as_deref(), Some("\"tenant_id\" = ((SELECT f(')')))"));
        assert_eq!(text(&first.with_check).as_deref(), Some("true"));
        assert_eq!(first.comment.as_deref(), Some("it's ours"));
        assert!(second.permissive && second.using.is_none() && second.comment.is_none());
        assert_eq!(second.roles, BTreeSet::from([Grantee::Public]));
    }

    #[test]
    fn whatever_is_no_policy_is_refused() {
        for (text, why) in [
            ("CREATE POLICY p ON t", "no schema"),
            ("CREATE POLICY p ON s.t USING (a", "closed parenthesis"),
            ("CREATE POLICY p ON s.t TO CURRENT_USER", "whoever makes it"),
            ("CREATE POLICY p ON s.t USING (true) TO a", "end of the statement"),
            ("COMMENT ON POLICY p ON s.t IS 'x'", "which is not made"),
            ("SELECT 1", "CREATE POLICY"),
        ] {
            let error = Policies::default().parse(text).unwrap_err().to_string();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
