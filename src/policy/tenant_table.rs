//! The table that carries the tenant in a column of its own.

use super::foreign_key::ForeignKey;
use super::model::Tenancy;
use super::privileges;
use super::render::Vars;
use super::roles::Roles;
use super::script::Script;
use super::shapes::{Shape, TenantColumn};
use crate::error::Result;
use crate::ident::{Ident, QualifiedName};

macro_rules! file {
    ($name:literal) => {
        include_str!(concat!("../../sql/policy/tenant_column/", $name, ".sql"))
    };
}

/// A table with a tenant column, and what belongs to it.
///
/// The column exists and is filled. [`secure`](crate::policy::secure) makes it NOT NULL, gives it the tenant of the
/// transaction as its default, and sees to it that an index leads with it.
#[derive(Clone, Debug)]
pub struct TenantTable {
    name: QualifiedName,
    column: Option<Ident>,
    unique: Vec<Vec<Ident>>,
    foreign_keys: Vec<ForeignKey>,
    partitions: Vec<QualifiedName>,
    views: Vec<QualifiedName>,
    sequences: Vec<QualifiedName>,
}

impl TenantTable {
    /// A table, named `schema.table`, a part in double quotes where it holds a dot.
    ///
    /// # Errors
    ///
    /// The text is not of that form, or a name is not one that PostgreSQL keeps.
    pub fn new(name: &str) -> Result<Self> {
        Ok(Self {
            name: QualifiedName::parse(name)?,
            column: None,
            unique: Vec::new(),
            foreign_keys: Vec::new(),
            partitions: Vec::new(),
            views: Vec::new(),
            sequences: Vec::new(),
        })
    }

    /// The tenant column of this table. Default: the tenancy's.
    ///
    /// # Errors
    ///
    /// The name is not one that PostgreSQL keeps.
    pub fn column(mut self, name: impl Into<String>) -> Result<Self> {
        self.column = Some(Ident::new(name)?);
        Ok(self)
    }

    /// Makes the columns unique within a tenant, by an index on the tenant column and them, so that a foreign key can
    /// point at them. Without any columns: one row per tenant. An index that does the same is taken as it is.
    ///
    /// A unique index without the tenant column stays; it tells a tenant which values others use.
    ///
    /// # Errors
    ///
    /// A name is not one that PostgreSQL keeps.
    pub fn unique<'a>(mut self, columns: impl IntoIterator<Item = &'a str>) -> Result<Self> {
        self.unique.push(columns.into_iter().map(Ident::new).collect::<Result<_>>()?);
        Ok(self)
    }

    /// Adds a foreign key that includes the tenant.
    #[must_use]
    pub fn foreign_key(mut self, key: ForeignKey) -> Self {
        self.foreign_keys.push(key);
        self
    }

    /// Names a partition. It gets ENABLE and FORCE without a policy, and loses the grants of the app role's and
    /// PUBLIC's: rows are reached through the table, since a partition does not inherit its policies.
    ///
    /// # Errors
    ///
    /// The text is not of the form `schema.table`.
    pub fn partition(mut self, name: &str) -> Result<Self> {
        self.partitions.push(QualifiedName::parse(name)?);
        Ok(self)
    }

    /// Names a view over the table. It gets `security_invoker`, without which it would read with its owner's rights,
    /// and `security_barrier`, and the app role may read it. Needs PostgreSQL 15; on 14 the script fails and says so.
    ///
    /// `CREATE OR REPLACE VIEW` without these options takes them away again.
    ///
    /// # Errors
    ///
    /// The text is not of the form `schema.view`.
    pub fn view(mut self, name: &str) -> Result<Self> {
        self.views.push(QualifiedName::parse(name)?);
        Ok(self)
    }

    /// Names a sequence that the table's defaults call, so that those who insert may advance it. An identity column
    /// needs none.
    ///
    /// # Errors
    ///
    /// The text is not of the form `schema.sequence`.
    pub fn sequence(mut self, name: &str) -> Result<Self> {
        self.sequences.push(QualifiedName::parse(name)?);
        Ok(self)
    }

    pub(super) fn name(&self) -> &QualifiedName {
        &self.name
    }

    pub(super) fn tenant_column<'a>(&'a self, tenancy: &'a Tenancy) -> &'a Ident {
        self.column.as_ref().unwrap_or(tenancy.tenant_column())
    }

    pub(super) fn foreign_keys(&self) -> &[ForeignKey] {
        &self.foreign_keys
    }

    /// Everything that a role has to reach the schema of.
    pub(super) fn relations(&self) -> impl Iterator<Item = &QualifiedName> {
        std::iter::once(&self.name).chain(&self.views).chain(&self.sequences)
    }

    /// Lets the owner see all rows until the end of the transaction, or until [`Self::policies`].
    pub(super) fn unforce(&self, script: &mut Script) -> Result<()> {
        for table in std::iter::once(&self.name).chain(&self.partitions) {
            script.push(what("no force", table), file!("unforce"), &on(table))?;
        }
        Ok(())
    }

    pub(super) fn columns(&self, script: &mut Script, tenancy: &Tenancy) -> Result<()> {
        let column = self.tenant_column(tenancy);
        let vars = on(&self.name).name("column", column).sql("context", tenancy.context()?);
        script.push(what("tenant column", &self.name), file!("column"), &vars)?;
        for unique in &self.unique {
            let columns: Vec<&Ident> = std::iter::once(column).chain(unique).collect();
            let index = self.index_name(&columns, "key");
            let vars = on(&self.name).name("index", &index).names("columns", &columns);
            script.push(what("unique index", &self.name), file!("unique"), &vars)?;
        }
        if self.unique.is_empty() {
            let index = self.index_name(&[column], "idx");
            let vars = on(&self.name).name("index", &index).name("column", column);
            script.push(what("index", &self.name), file!("index"), &vars)?;
        }
        Ok(())
    }

    /// `tenant_column_of` gives the tenant column of a referenced table.
    pub(super) fn references<'a>(
        &'a self,
        script: &mut Script,
        tenancy: &'a Tenancy,
        tenant_column_of: impl Fn(&QualifiedName) -> &'a Ident,
    ) -> Result<()> {
        for key in &self.foreign_keys {
            if let Some(replaced) = key.replaced() {
                let vars = on(&self.name).name("constraint", replaced);
                script.push(what("replaced foreign key", &self.name), file!("replaced"), &vars)?;
            }
            let constraint = key.constraint(self.name.name());
            let vars = on(&self.name).name("constraint", &constraint);
            let vars = key.vars(vars, self.tenant_column(tenancy), tenant_column_of(key.references()));
            script.push(what("foreign key", &self.name), file!("foreign_key"), &vars)?;
        }
        Ok(())
    }

    pub(super) fn policies(&self, script: &mut Script, tenancy: &Tenancy, roles: &Roles) -> Result<()> {
        let column = TenantColumn::named(self.tenant_column(tenancy).as_str())?;
        Shape::Tenant(column).push(script, &self.name, tenancy, roles)?;
        for partition in &self.partitions {
            let vars = on(partition).name("app", roles.app_role());
            script.push(what("partition", partition), file!("partition"), &vars)?;
        }
        Ok(())
    }

    pub(super) fn grants(&self, script: &mut Script, roles: &Roles) -> Result<()> {
        let writers = || roles.writers();
        privileges::push(script, &self.name, roles, privileges::READ_AND_WRITE)?;
        for sequence in &self.sequences {
            let vars = Vars::default()
                .name("schema", sequence.schema())
                .name("sequence", sequence.name())
                .sql("writers", writers());
            script.push(what("sequence", sequence), file!("sequence"), &vars)?;
        }
        for view in &self.views {
            let vars = Vars::default()
                .name("schema", view.schema())
                .name("view", view.name())
                .sql("writers", writers());
            script.push(what("view", view), file!("view"), &vars)?;
        }
        Ok(())
    }

    fn index_name(&self, columns: &[&Ident], suffix: &str) -> Ident {
        let columns = columns.iter().map(|column| column.as_str());
        let parts: Vec<&str> =
            std::iter::once(self.name.name().as_str()).chain(columns).chain([suffix]).collect();
        Ident::joined(&parts)
    }
}

fn what(part: &str, relation: &QualifiedName) -> String {
    format!("secure {relation}: {part}")
}

fn on(table: &QualifiedName) -> Vars<'_> {
    Vars::default().name("schema", table.schema()).name("table", table.name())
}
