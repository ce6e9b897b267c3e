//! Which roles there are, and what the app role keeps.

use super::*;
use crate::catalog::{DML, Grant, Grantee, Membership};

fn erp() -> Catalog {
    catalog(&[
        ("company", "id!"),
        ("invoice", "id! company_id!>company"),
        ("line", "id! invoice_id!>invoice"),
    ])
}

fn add_role(catalog: &mut Catalog, name: &str, role: Role) {
    catalog.roles.insert(ident(name), role);
}

fn grant(catalog: &mut Catalog, role: &str, table: &str, privileges: &[Privilege]) {
    let relation = catalog.relations.get_mut(&qualified(table)).unwrap();
    relation.grants.extend(privileges.iter().map(|privilege| Grant {
        grantee: Grantee::Role(ident(role)),
        privilege: *privilege,
        column: None,
        grant_option: false,
    }));
}

fn login() -> Role {
    Role { login: true, inherit: true, ..Role::default() }
}

/// With an owner, an app role, one for reports, one with BYPASSRLS, and a member of the owner.
fn peopled() -> Catalog {
    let mut catalog = erp();
    add_role(&mut catalog, "owner", Role::default());
    add_role(&mut catalog, "app", login());
    add_role(&mut catalog, "reports", login());
    add_role(&mut catalog, "batch", Role { bypass_rls: true, ..login() });
    add_role(&mut catalog, "deploy", login());
    let member = |member: &str, role: &str| Membership {
        member: ident(member),
        role: ident(role),
        admin: false,
        inherit: true,
        set: true,
    };
    catalog.memberships.insert(member("deploy", "owner"));
    grant(&mut catalog, "reports", "line", &DML);
    for table in ["company", "invoice", "line"] {
        grant(&mut catalog, "app", table, &DML);
        grant(&mut catalog, "reports", table, &[Privilege::Select]);
    }
    catalog
}

fn of(catalog: &Catalog, hints: &Hints) -> Proposal {
    propose(catalog, hints, &Facts::default())
}

#[test]
fn roles_that_plainly_are_are_found() {
    let roles = of(&peopled(), &Hints::default()).roles;
    let names = [&roles.app, &roles.owner, &roles.migrator, &roles.system]
        .map(|role| format!("{}: {}", role.name.as_ref().map_or("-", Ident::as_str), role.reason));
    assert_eq!(
        names,
        [
            "app: writes 3 of 3 tables",
            "owner: owns 3 tables",
            "deploy: is a member of owner",
            "batch: has BYPASSRLS"
        ]
    );
    assert!(of(&peopled(), &Hints::default()).is_settled());
}

#[test]
fn roles_that_could_be_are_a_question() {
    let mut catalog = peopled();
    add_role(&mut catalog, "app2", login());
    for table in ["company", "invoice"] {
        grant(&mut catalog, "app2", table, &DML);
    }
    let proposal = of(&catalog, &Hints::default());
    assert_eq!(proposal.roles.app.name, None);
    let problems: Vec<&str> = proposal.problems.iter().map(|of| of.what.as_str()).collect();
    assert_eq!(
        problems,
        ["name the role that services log in as with --app: app and app2 write most tables"]
    );
    let hints = Hints { app: Some(ident("app2")), ..Hints::default() };
    assert_eq!(of(&catalog, &hints).problems, []);
}

#[test]
fn an_owner_is_no_app_role() {
    let mut catalog = erp();
    add_role(&mut catalog, "owner", login());
    let hints = Hints { app: Some(ident("owner")), ..Hints::default() };
    let proposal = of(&catalog, &hints);
    assert_eq!(proposal.problems.len(), 1, "{:?}", proposal.problems);
    assert!(proposal.problems[0].what.starts_with("role owner owns the tables and can drop their policies"));
    add_role(&mut catalog, "root", Role { superuser: true, ..login() });
    let hints = Hints { app: Some(ident("root")), ..Hints::default() };
    assert!(of(&catalog, &hints).problems[0].what.starts_with("role root is a superuser"));
    let alone = of(&catalog, &Hints::default()).problems[0].what.clone();
    assert!(
        alone.ends_with("no role but owner writes most tables, and it owns them: an owner can drop policies"),
        "{alone}"
    );
}

#[test]
fn the_app_role_gets_no_more_than_it_has() {
    let mut catalog = peopled();
    let line = catalog.relations.get_mut(&qualified("line")).unwrap();
    line.grants.retain(|grant| grant.privilege != Privilege::Delete && grant.privilege != Privilege::Update);
    let invoice = catalog.relations.get_mut(&qualified("invoice")).unwrap();
    invoice.grants.clear();
    let grants = |catalog: &Catalog, hints: &Hints| {
        let found = of(catalog, hints);
        let tables = ["company", "invoice", "line"];
        tables.map(|table| found.relations[&qualified(table)].grants.clone())
    };
    let app = Hints { app: Some(ident("app")), ..Hints::default() };
    let line = BTreeSet::from([Privilege::Select, Privilege::Insert]);
    assert_eq!(grants(&catalog, &app), [None, Some(BTreeSet::new()), Some(line)]);
    // One that is new has got nothing yet, and one that is to be made has not either.
    add_role(&mut catalog, "new", login());
    for name in ["new", "to_be_made"] {
        let new = Hints { app: Some(ident(name)), ..Hints::default() };
        assert_eq!(grants(&catalog, &new), [None, None, None]);
    }
}
