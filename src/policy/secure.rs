//! Secures a set of tables.

use std::collections::BTreeSet;

use super::model::Tenancy;
use super::render::Vars;
use super::roles::Roles;
use super::script::Script;
use super::tenant_table::TenantTable;
use crate::error::{Error, Result};
use crate::ident::{Ident, QualifiedName};

/// The script that lets each tenant reach its own rows of the tables, and no other's.
///
/// For each table: the tenant column is NOT NULL and has the tenant of the transaction as its default, an index leads
/// with it, unique indexes and foreign keys include it; ENABLE and FORCE; a permissive policy for the app role and the
/// owner; a restrictive one with the same predicate for PUBLIC, which holds even if somebody adds a permissive policy;
/// SELECT, INSERT, UPDATE and DELETE for the app role and the system role, and no other privilege.
///
/// The owner is in the permissive policy so that a migration reaches the rows of a tenant once it has bound one. Without
/// a tenant it gets what everybody gets; in the place of a policy it would get an `UPDATE 0`.
///
/// Run it as the owner of the tables, a member of it, or a superuser; after [`Bootstrap`](super::Bootstrap), unless
/// [`Missing::Empty`](super::Missing::Empty) is chosen. It locks the tables with ACCESS EXCLUSIVE for as long as it runs, validates
/// NOT NULL and foreign keys and builds indexes: on a large table that takes time in which nobody else gets to it.
///
/// Foreign keys are validated while the owner sees all rows, which is why the tables of a set are taken together: under
/// FORCE [the server would look at those rows alone that the policies
/// show](https://www.postgresql.org/docs/current/ddl-rowsecurity.html) and find any key valid.
///
/// # Errors
///
/// A table is named twice, or a foreign key replaces itself.
pub fn secure(tenancy: &Tenancy, roles: &Roles, tables: &[TenantTable]) -> Result<Script> {
    check(tables)?;
    let tenant_column_of = |name: &QualifiedName| -> &Ident {
        let in_the_set = tables.iter().find(|table| table.name() == name);
        in_the_set.map_or(tenancy.tenant_column(), |table| table.tenant_column(tenancy))
    };
    let mut script = Script::new()?;
    if tenancy.calls_a_function() {
        let vars =
            Vars::default().name("support", tenancy.support()).text("type", tenancy.tenant_type().sql());
        script.push("check the bootstrap", include_str!("../../sql/policy/context.sql"), &vars)?;
    }
    for table in tables {
        table.unforce(&mut script)?;
    }
    for table in tables {
        table.columns(&mut script, tenancy)?;
    }
    for table in tables {
        table.references(&mut script, tenancy, tenant_column_of)?;
    }
    for table in tables {
        table.policies(&mut script, tenancy, roles)?;
    }
    let schemas: BTreeSet<&Ident> =
        tables.iter().flat_map(TenantTable::relations).map(QualifiedName::schema).collect();
    for schema in schemas {
        let vars = Vars::default().name("schema", schema).sql("writers", roles.writers());
        script.push(
            format!("grant usage on schema {schema}"),
            include_str!("../../sql/policy/schema.sql"),
            &vars,
        )?;
    }
    for table in tables {
        table.grants(&mut script, roles)?;
    }
    Ok(script)
}

fn check(tables: &[TenantTable]) -> Result<()> {
    let mut seen = BTreeSet::new();
    for table in tables {
        let name = table.name();
        if !seen.insert(name) {
            return Err(Error::config(format!("table {name} is named twice; say all of it in one place")));
        }
        for key in table.foreign_keys() {
            let constraint = key.constraint(name.name());
            if key.replaced() == Some(&constraint) {
                return Err(Error::config(format!(
                    "foreign key {constraint} of {name} replaces itself; leave replaces out once the old key is gone"
                )));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::secure;
    use crate::policy::{ForeignKey, Roles, Tenancy, TenantTable};

    #[test]
    fn a_table_is_secured_once() {
        let roles = Roles::new("o", "a").unwrap();
        let table = TenantTable::new("erp.invoice").unwrap();
        assert!(secure(&Tenancy::default(), &roles, &[table.clone(), table]).is_err());
    }

    #[test]
    fn a_foreign_key_does_not_replace_itself() {
        let roles = Roles::new("o", "a").unwrap();
        let key = ForeignKey::new(["c"], "erp.customer", ["id"]).unwrap();
        let table = |replaced: &str| {
            TenantTable::new("erp.invoice").unwrap().foreign_key(key.clone().replaces(replaced).unwrap())
        };
        assert!(secure(&Tenancy::default(), &roles, &[table("invoice_c_tenant_fkey")]).is_err());
        assert!(secure(&Tenancy::default(), &roles, &[table("invoice_c_fkey")]).is_ok());
    }
}
