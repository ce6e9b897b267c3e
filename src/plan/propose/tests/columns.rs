//! Which column is the tenants'.

use super::*;

fn found(tables: &[(&str, &str)]) -> Result<String, String> {
    let proposal = proposal(tables);
    match &proposal.column {
        Some(column) => {
            let own = column.own.as_ref().map_or_else(String::new, |(table, key)| {
                format!(" of {}.{}", table.name().plain(), key.plain())
            });
            Ok(format!("{} {}{own}", column.name.plain(), column.tenant_type.sql()))
        }
        None => Err(proposal
            .problems
            .iter()
            .map(|of| of.what.as_str())
            .find(|what| what.contains("--column"))
            .unwrap()
            .to_owned()),
    }
}

#[test]
fn it_is_found_by_its_name_its_spread_and_where_it_refers() {
    let company = ("company", "id! name:text");
    assert_eq!(
        found(&[
            company,
            ("users", "id! login:text!"),
            ("invoice", "id! company_id!>company created_by!>users"),
            ("customer", "id! company_id!>company created_by!>users"),
            ("line", "id! invoice_id!>invoice created_by!>users"),
            ("note", "id! created_by!>users"),
        ]),
        Ok("company_id bigint of company.id".to_owned())
    );
    // Tryton's: many may be NULL, and each table says twice who wrote it.
    assert_eq!(
        found(&[
            ("company_company", "id:integer! create_uid:integer>res_user write_uid:integer>res_user"),
            ("res_user", "id:integer! create_uid:integer>res_user company:integer>company_company"),
            ("sale", "id:integer! create_uid:integer>res_user company:integer!>company_company"),
            ("party", "id:integer! create_uid:integer>res_user"),
            ("uom", "id:integer! create_uid:integer>res_user"),
        ]),
        Ok("company integer of company_company.id".to_owned())
    );
    // Nothing refers to anything.
    assert_eq!(
        found(&[("a", "id! tenantId:uuid!"), ("b", "id! tenantId:uuid!"), ("c", "id!")]),
        Ok("\"tenantId\" uuid".to_owned())
    );
    // A ledger's accounts are no tenants beside the tenants themselves.
    assert_eq!(
        found(&[
            ("tenant", "id:character_varying(20)!"),
            ("account", "id! tenant_id:character_varying(20)!>tenant"),
            ("entry", "id! tenant_id:character_varying(20)!>tenant account_id!>account"),
            ("budget", "id! tenant_id:character_varying(20)! account_id!>account"),
        ]),
        Ok("tenant_id text of tenant.id".to_owned())
    );
}

#[test]
fn two_that_are_near_each_other_are_a_question() {
    let what = found(&[
        ("org", "id!"),
        ("team", "id! org_id!>org"),
        ("a", "id! org_id!>org team_id!>team"),
        ("b", "id! org_id!>org team_id!>team"),
        ("c", "id! team_id!>team"),
    ])
    .unwrap_err();
    let figures = "org_id (bigint) is in 3 of 5 tables, not null in 3, and in 3 refers to public.org; \
                   team_id (bigint) is in 3 of 5 tables, not null in 3, and in 3 refers to public.team";
    assert_eq!(what, format!("2 columns may be the tenants'; name the one that is with --column: {figures}"));
    // Two names for what refers to one table are none.
    let one = found(&[
        ("org", "id!"),
        ("a", "id! org_id!>org"),
        ("b", "id! org_id!>org"),
        ("c", "id! organization_id!>org"),
        ("d", "id! organization_id!>org"),
    ]);
    assert_eq!(one, Ok("org_id bigint of org.id".to_owned()));
}

#[test]
fn what_is_not_plain_is_not_guessed() {
    for tables in [
        // A shop's customers.
        &[
            ("customer", "id!"),
            ("orders", "id! customer_id!>customer"),
            ("product", "id!"),
            ("rating", "id! customer_id>customer"),
        ][..],
        // In all tables, and called what nobody knows.
        &[
            ("praxis", "id!"),
            ("a", "id! praxis_id!>praxis"),
            ("b", "id! praxis_id!>praxis"),
            ("c", "id! praxis_id!>praxis"),
        ],
        &[("a", "id!"), ("b", "id!")],
        &[],
    ] {
        let what = found(tables).unwrap_err();
        assert!(what.starts_with("no column "), "{what}");
        let proposal = proposal(tables);
        assert!(proposal.relations.is_empty() && !proposal.is_settled());
        assert!(Manifest::parse(&settled(&proposal.to_toml())).is_err());
    }
    let numeric = [("a", "id! tenant_id:numeric!"), ("b", "id! tenant_id:numeric!")];
    let problems = proposal(&numeric).problems;
    assert!(
        problems[0].what.starts_with("column tenant_id is of type numeric, which cannot hold"),
        "{problems:?}"
    );
}

#[test]
fn a_hint_is_taken_at_its_word() {
    let catalog = catalog(&[("praxis", "id!"), ("a", "id! praxis_id!>praxis"), ("b", "id! amount:numeric")]);
    let hinted = |name: &str| {
        let hints = Hints { column: Some(ident(name)), app: Some(ident("app")), ..Hints::default() };
        propose(&catalog, &hints, &Facts::default())
    };
    let found = hinted("praxis_id");
    assert_eq!(found.problems, []);
    let column = found.column.unwrap();
    assert_eq!(
        column.reason,
        "as --column says; in 1 of 3 tables, not null in 1, and in 1 refers to public.praxis"
    );
    assert_eq!(column.own, Some((qualified("praxis"), ident("id"))));
    let what = |name: &str| hinted(name).problems.iter().map(ToString::to_string).collect::<String>();
    assert_eq!(what("praxisid"), "no table has a column praxisid; did you mean praxis_id?");
    assert!(what("amount").contains("of type numeric, which cannot hold a tenant"), "{}", what("amount"));
}

#[test]
fn what_the_rows_can_say_is_asked() {
    let catalog = catalog(&[
        ("company", "id!"),
        ("a", "id! company_id>company"),
        ("b", "id! company_id!>company"),
        ("c", "id! company_id>company"),
    ]);
    let asked = nullable_tenant_columns(&catalog, &Hints::default());
    assert_eq!(asked, [(qualified("a"), ident("company_id")), (qualified("c"), ident("company_id"))]);
}
