//! A schema that never knew tenants.

use super::*;
use crate::plan::adopt::{Request, adopt};

const TABLES: [(&str, &str); 7] = [
    ("company", "id! name:text"),
    ("users", "id! email:text"),
    ("customer", "id! created_by!>users"),
    ("product", "id!"),
    ("invoice", "id! customer_id!>customer created_by>users"),
    ("invoice_line", "id! invoice_id!>invoice product_id!>product"),
    ("note", "id! invoice_id>invoice"),
];

fn hinted() -> Hints {
    Hints { column: Some(ident("company_id")), app: Some(ident("erp_app")), ..Hints::default() }
}

fn runs(proposal: &Proposal) -> Vec<String> {
    proposal.adoptions.iter().map(ToString::to_string).collect()
}

#[test]
fn the_column_that_no_table_has_is_named_after_the_table_of_tenants() {
    let proposal = propose(&catalog(&TABLES), &hinted(), &Facts::default());
    let column = proposal.column.as_ref().unwrap();
    assert_eq!(
        (column.tenant_type, column.own.clone()),
        (TenantType::Bigint, Some((qualified("company"), ident("id"))))
    );
    assert_eq!(classes(&proposal)["company"], "tenant: the tenants' own table: a row is a tenant");
    // A word that is no table's name, and a key that can be no tenant's, are told.
    for (tables, column) in [(&TABLES[..], "firm_id"), (&[("company", "id:timestamp!")], "company_id")] {
        let hints = Hints { column: Some(ident(column)), ..hinted() };
        let proposal = propose(&catalog(tables), &hints, &Facts::default());
        let what = format!("no table has a column {column}; ");
        assert!(proposal.problems.iter().any(|of| of.what.starts_with(&what)), "{:?}", proposal.problems);
    }
}

#[test]
fn the_runs_of_adopt_are_in_order() {
    let catalog = catalog(&TABLES);
    let proposal = propose(&catalog, &hinted(), &Facts::default());
    assert_eq!(
        runs(&proposal),
        [
            "tenantry adopt public.customer public.note public.product public.users --tenant ID",
            "tenantry adopt public.invoice --via public.invoice=invoice_customer_id_fkey",
            "tenantry adopt public.invoice_line --via public.invoice_line=invoice_line_invoice_id_fkey",
        ]
    );
    let text = proposal.to_toml();
    for run in runs(&proposal) {
        assert!(text.contains(&format!("\n#   {run}\n")), "{text}");
    }
    assert!(text.contains("#   { class = \"tenant\" }"), "{text}");
    let manifest = Manifest::parse(&text.replace("\"undecided\"", "\"tenant\"")).unwrap();
    let request = Request {
        tables: proposal.adoptions[0].tables.iter().map(QualifiedName::plain).collect(),
        tenant: Some("7".to_owned()),
        ..Request::default()
    };
    adopt(&manifest, &catalog, &request).unwrap_or_else(|problems| panic!("{problems:#?}"));
}

/// Of two keys that every row has, the one to a list for all says nothing of the tenant.
#[test]
fn the_way_leads_past_a_list_for_all() {
    let tables = [
        ("company", "id!"),
        ("a_currency", "id:text! name:text"),
        ("customer", "id! name:text"),
        ("invoice", "id! currency_id:text!>a_currency customer_id!>customer"),
    ];
    let runs = runs(&propose(&catalog(&tables), &hinted(), &Facts::default()));
    let way = "tenantry adopt public.invoice --via public.invoice=invoice_customer_id_fkey";
    assert_eq!(runs.last().map(String::as_str), Some(way), "{runs:?}");
}

#[test]
fn a_circle_is_begun_somewhere_and_every_table_comes_once() {
    let tables = [("company", "id!"), ("a", "id! b_id!>b"), ("b", "id! a_id!>a"), ("c", "id! a_id!>a")];
    let proposal = propose(&catalog(&tables), &hinted(), &Facts::default());
    assert_eq!(runs(&proposal), ["tenantry adopt public.a --tenant ID", "tenantry adopt public.b public.c"]);
}

/// A name that a shell would take apart is quoted.
#[test]
fn a_command_is_what_a_shell_takes() {
    let mut catalog = catalog(&[("company", "id!")]);
    let mut table = Relation::new(RelationKind::Table, ident("owner"));
    add(&mut table, "odd", "id!");
    catalog.relations.insert(QualifiedName::new(ident("public"), ident("it's $odd")), table);
    let proposal = propose(&catalog, &hinted(), &Facts::default());
    assert_eq!(runs(&proposal), [r#"tenantry adopt 'public."it'\''s $odd"' --tenant ID"#]);
}
