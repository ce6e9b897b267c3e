//! A database with a table of every shape.

use tenantry::policy::{Bootstrap, Membership, Missing, Roles, Tenancy, Tree};
use tenantry::{Ident, TenantType, migrate};

use super::super::{Admin, admin, unique};
use super::naming::Naming;
use super::subject::{COMPANY, Context, MEMBERSHIP, Subject, literal, subjects, tenant, user};

pub(super) struct World {
    pub(super) admin: Admin,
    pub(super) tenant_type: TenantType,
    pub(super) missing: Missing,
    pub(super) naming: Naming,
    pub(super) tenancy: Tenancy,
    pub(super) roles: Roles,
    pub(super) subjects: Vec<Subject>,
    schemas: [String; 2],
    names: [String; 5],
}

/// Who runs a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Role {
    App,
    Owner,
    System,
    /// One that somebody granted everything.
    Other,
    /// One that has nothing but what somebody granted to PUBLIC.
    Public,
}

impl Role {
    pub(super) const ALL: [Self; 5] = [Self::App, Self::Owner, Self::System, Self::Other, Self::Public];
}

impl World {
    pub(super) async fn new(tenant_type: TenantType, missing: Missing, naming: Naming) -> Self {
        let names = ["app", "owner", "system", "other", "guest"].map(|role| naming.name(&unique(role)));
        let [app, owner, system, other, guest] = &names;
        let roles = Roles::new(owner, app).unwrap().system(system).unwrap();

        let name = |base: &str| naming.name(base);
        // The columns of the membership table may be of another type as well.
        let varying = tenant_type == TenantType::Text && missing == Missing::Empty;
        let table = naming.table("erp", MEMBERSHIP).to_string();
        let membership = Membership::new(&table, name("user_id"), name("tenant_id"), tenant_type).unwrap();
        let membership = if varying { membership.user_as_text().tenant_as_text() } else { membership };
        let company = naming.table("erp", COMPANY).to_string();
        let tenancy = Tenancy::new(tenant_type)
            .missing(missing)
            .column(name("tenant_id"))
            .unwrap()
            .support_schema(name("support"))
            .unwrap()
            .tree(Tree::new(&company, name("id"), name("parent_id")).unwrap())
            .membership(membership);

        let mut world = Self {
            admin: admin().await,
            tenant_type,
            missing,
            naming,
            tenancy,
            roles,
            subjects: subjects(naming, tenant_type),
            schemas: ["erp", "crm"].map(|schema| naming.quoted(schema)),
            names: names.clone().map(|name| Ident::new(name).unwrap().to_string()),
        };
        world.run(&world.tables(if varying { "varchar(40)" } else { tenant_type.sql() })).await;
        let script = Bootstrap::new(world.tenancy.clone(), world.roles.clone()).script().unwrap();
        migrate::apply(&mut world.admin, &script).await.unwrap();
        for role in [other, guest] {
            world.run(&format!("CREATE ROLE {}", Ident::new(role).unwrap())).await;
        }
        world.run(&world.ownership()).await;
        for n in 0..world.subjects.len() {
            let subject = &world.subjects[n];
            let script = subject.shape.script(&subject.table, &world.tenancy, &world.roles).unwrap();
            world.run(&format!("SET ROLE {}", world.role(Role::Owner))).await;
            migrate::apply(&mut world.admin, &script).await.unwrap();
            world.run("RESET ROLE").await;
        }
        world
    }

    pub(super) fn role(&self, role: Role) -> &str {
        &self.names[role as usize]
    }

    pub(super) async fn run(&self, sql: &str) {
        self.admin.batch_execute(sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    }

    /// What somebody does who wants a permission error to go away, `TO` whomever.
    pub(super) fn grant_everything(&self, to: &str) -> String {
        let grant = |schema: &String| format!("GRANT ALL ON ALL TABLES IN SCHEMA {schema} TO {to};");
        self.schemas.iter().map(grant).collect()
    }

    /// What somebody does who wants rows to be there.
    pub(super) fn open_everything(&self) -> String {
        let policy = |subject: &Subject| {
            format!("CREATE POLICY everything ON {} USING (true) WITH CHECK (true);", subject.table)
        };
        self.subjects.iter().map(policy).collect::<String>() + &self.grant_everything("PUBLIC")
    }

    fn tables(&self, membership_type: &str) -> String {
        let naming = self.naming;
        let mut sql: String = self.schemas.iter().map(|schema| format!("CREATE SCHEMA {schema};")).collect();
        let (company, membership) = (naming.table("erp", COMPANY), naming.table("erp", MEMBERSHIP));
        for subject in &self.subjects {
            let Subject { label, table, column, values, .. } = subject;
            let column_type = match column {
                // The parents are numbered.
                column if *column == naming.quoted("parent_n") => "int",
                _ if *table == membership => membership_type,
                _ if label.ends_with("varchar") => "varchar(40)",
                _ => self.tenant_type.sql(),
            };
            let n = naming.quoted("n");
            sql += &format!("CREATE TABLE {table} ({column} {column_type}, {n} int PRIMARY KEY, note text);");
            for (at, value) in values.iter().enumerate() {
                sql += &format!("INSERT INTO {table} VALUES ({value}, {});", at + 1);
            }
        }
        let value = |n| literal(&tenant(self.tenant_type, n));
        let (id, n) = (naming.quoted("id"), naming.quoted("n"));
        let parent = naming.quoted("parent_id");
        sql += &format!(
            "ALTER TABLE {company} ADD {parent} {0};
             UPDATE {company} SET {parent} = {1} WHERE {id} = {2};",
            self.tenant_type,
            value(0),
            value(2)
        );
        let tenant_id = naming.quoted("tenant_id");
        sql += &format!("ALTER TABLE {membership} ADD {tenant_id} {membership_type};");
        for at in 0..4 {
            // Nobody's membership is one in A.
            sql +=
                &format!("UPDATE {membership} SET {tenant_id} = {} WHERE {n} = {};", value(at % 3), at + 1);
        }
        sql
    }

    fn ownership(&self) -> String {
        let (owner, other) = (self.role(Role::Owner), self.role(Role::Other));
        let mut sql = String::new();
        for schema in &self.schemas {
            sql +=
                &format!("ALTER SCHEMA {schema} OWNER TO {owner}; GRANT USAGE ON SCHEMA {schema} TO PUBLIC;");
        }
        for subject in &self.subjects {
            sql += &format!("ALTER TABLE {} OWNER TO {owner};", subject.table);
        }
        // Runs a statement, says how many rows it came to or with which SQLSTATE it failed, and takes it back.
        sql += "CREATE SCHEMA probe;
            GRANT USAGE ON SCHEMA probe TO PUBLIC;
            CREATE FUNCTION probe.run(statement text) RETURNS text LANGUAGE plpgsql AS $$
            DECLARE
                rows bigint;
            BEGIN
                EXECUTE statement;
                GET DIAGNOSTICS rows = ROW_COUNT;
                RAISE EXCEPTION USING ERRCODE = 'TN999';
            EXCEPTION
                WHEN SQLSTATE 'TN999' THEN RETURN rows;
                WHEN OTHERS THEN RETURN sqlstate;
            END $$;";
        sql + &self.grant_everything(other)
    }

    /// What is bound to be the n-th of A, B and C.
    pub(super) fn binding(&self, context: Context, n: usize) -> (&'static str, String) {
        match context {
            Context::Tenant => ("app.tenant_id", tenant(self.tenant_type, n)),
            Context::User => ("app.user_id", user(self.tenant_type, n)),
        }
    }
}
