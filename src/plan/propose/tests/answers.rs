//! Whose the rows of each table are.

use super::*;

/// Companies, invoices and customers, which belong to them, and what else a test adds.
fn erp(more: &[(&str, &str)]) -> Proposal {
    propose(&erp_catalog(more), &Hints::default(), &Facts::default())
}

fn erp_catalog(more: &[(&str, &str)]) -> Catalog {
    let base = [
        ("company", "id! name:text"),
        ("customer", "id! company_id!>company"),
        ("invoice", "id! company_id!>company customer_id!>customer"),
        ("product", "id! company_id!>company"),
    ];
    catalog(&[&base[..], more].concat())
}

#[track_caller]
fn is(more: &[(&str, &str)], table: &str, expected: &str) {
    assert_eq!(classes(&erp(more))[table], expected);
}

#[test]
fn a_table_with_the_column_is_the_tenants() {
    is(&[], "invoice", "tenant: company_id is not null");
    assert_eq!(erp(&[]).relations[&qualified("invoice")].choice, Choice::Default("tenant"));
    is(&[], "company", "tenant: the tenants' own table: a row is a tenant");
    assert_eq!(erp(&[]).relations[&qualified("company")].column, Some(ident("id")));
}

#[test]
fn tenants_above_one_another_may_be_a_tree() {
    let mut catalog = erp_catalog(&[]);
    let company = catalog.relations.get_mut(&qualified("company")).unwrap();
    add(company, "company", "parent_id>company");
    let proposal = propose(&catalog, &Hints::default(), &Facts::default());
    let reason = "the tenants' own table: a row is a tenant; parent_id puts one above another: class tree with [tree] \
                  lets the upper see the lower";
    assert_eq!(classes(&proposal)["company"], format!("tenant: {reason}"));
}

#[test]
fn the_rows_say_whether_a_column_that_may_be_null_is() {
    let catalog = erp_catalog(&[("tag", "id! company_id>company")]);
    let tag = |null: Option<bool>| {
        let facts = Facts { null_tenants: null.map(|null| (qualified("tag"), null)).into_iter().collect() };
        let proposal = propose(&catalog, &Hints::default(), &facts);
        (classes(&proposal)["tag"].clone(), proposal.is_settled())
    };
    assert!(
        tag(None).0.starts_with("NullTenants: company_id may be NULL, and the rows were not looked into")
    );
    assert!(tag(Some(true)).0.starts_with("NullTenants: company_id is NULL in some rows"));
    assert!(tag(Some(false)).0.starts_with("tenant: company_id may be NULL, but every row has one"));
}

#[test]
fn a_child_takes_the_shortest_way_that_every_row_goes() {
    is(&[("line", "id! invoice_id!>invoice")], "line", "child via invoice: by invoice_id to invoice");
    let deep = [("line", "id! invoice_id!>invoice"), ("discount", "id! line_id!>line")];
    is(&deep, "discount", "child via line: by line_id to line, on to invoice");
    // The shorter one of those that may be NULL is none.
    let nullable =
        [("line", "id! invoice_id!>invoice"), ("discount", "id! line_id!>line product_id>product")];
    is(&nullable, "discount", "child via line: by line_id to line, on to invoice");
    let beside = [("line", "id! invoice_id!>invoice product_id>product")];
    is(&beside, "line", "child via invoice: by invoice_id to invoice");
    // To itself is nowhere.
    is(&[("mood", "id! parent_id!>mood")], "mood", "Alone: no row has to refer to another table");
    let itself = [("line", "id! invoice_id!>invoice parent_id!>line")];
    is(&itself, "line", "child via invoice: by invoice_id to invoice");
    // Who wrote a row says nothing of whose it is.
    let written = [("users", "id! company_id!>company"), ("country", "id! created_by!>users")];
    is(&written, "country", "Alone: no row has to refer to another table");
}

#[test]
fn among_ways_as_short_what_a_row_is_part_of_counts() {
    let named = "child via invoice: by invoice_id to invoice, after which it is named";
    is(&[("invoice_line", "id! invoice_id!>invoice product_id!>product")], "invoice_line", named);
    let deleted = "child via invoice: by invoice_id to invoice, with which it is deleted";
    is(&[("position", "id! invoice_id!>invoice* product_id!>product")], "position", deleted);
    let key = "child via product: by id to product, which is its key";
    is(&[("service", "id!>product invoice_id!>invoice")], "service", key);
    let question = "SeveralWays: by invoice_id to invoice, or by product_id to product";
    is(&[("position", "id! invoice_id!>invoice product_id!>product")], "position", question);
    is(&[("position", "id! invoice_id!>invoice* product_id!>product*")], "position", question);
    // Signs that contradict each other.
    is(&[("invoice_line", "id! invoice_id!>invoice product_id!>product*")], "invoice_line", question);
    let proposal = erp(&[("transfer", "id! from_id!>product to_id!>product")]);
    let Choice::Undecided { between, .. } = &proposal.relations[&qualified("transfer")].choice else {
        panic!()
    };
    let ways: Vec<String> = between
        .iter()
        .map(|of| match &of.class {
            Class::Child { via } => via_text(via),
            _ => panic!("{of:?}"),
        })
        .collect();
    assert_eq!(ways, ["transfer_from_id_fkey", "transfer_to_id_fkey"]);
}

#[test]
fn of_ways_as_short_the_one_with_fewer_columns_is_taken() {
    let mut catalog = erp_catalog(&[("position", "id! a! b! c!")]);
    let position = catalog.relations.get_mut(&qualified("position")).unwrap();
    refer(position, "one", &["a", "b"], "invoice", ReferentialAction::NoAction);
    refer(position, "two", &["c"], "product", ReferentialAction::NoAction);
    let proposal = propose(&catalog, &Hints::default(), &Facts::default());
    assert_eq!(classes(&proposal)["position"], "child via product: by c to product, by the fewest columns");
}

#[test]
fn a_way_is_named_so_that_it_is_read_as_meant() {
    let mut catalog = erp_catalog(&[("position", "id! a! b!")]);
    let position = catalog.relations.get_mut(&qualified("position")).unwrap();
    // Named after a table that it does not refer to.
    refer(position, "invoice", &["b"], "position", ReferentialAction::NoAction);
    refer(position, "position_a_fkey", &["a"], "invoice", ReferentialAction::NoAction);
    let proposal = propose(&catalog, &Hints::default(), &Facts::default());
    assert_eq!(classes(&proposal)["position"], "child via public.invoice: by a to invoice");
}

#[test]
fn a_sure_way_is_better_than_a_shorter_one() {
    // Rows of tag may be everybody's, and then those that refer to them would be.
    let more = [
        ("tag", "id! company_id>company"),
        ("line", "id! invoice_id!>invoice"),
        ("line_tag", "id! line_id!>line tag_id!>tag"),
        ("tag_text", "id! tag_id!>tag"),
    ];
    is(&more, "line_tag", "child via line: by line_id to line, on to invoice");
    is(&more, "tag_text", "child via tag: by tag_id to tag, whose rows may be without a tenant");
}

#[test]
fn ways_that_not_every_row_goes_are_a_question() {
    is(&[("note", "id! invoice_id>invoice")], "note", "NullableWays: invoice_id may be NULL");
    let further = [("note", "id! invoice_id>invoice"), ("reply", "id! note_id!>note")];
    is(&further, "reply", "NullableWays: note_id leads on by columns that may be NULL");
}

#[test]
fn reference_data_is_a_question() {
    let mut catalog =
        erp_catalog(&[("currency", "id!"), ("rate", "id! currency_id!>currency"), ("mood", "id!")]);
    let invoice = catalog.relations.get_mut(&qualified("invoice")).unwrap();
    add(invoice, "invoice", "currency_id!>currency");
    let proposal = propose(&catalog, &Hints::default(), &Facts::default());
    let classes = classes(&proposal);
    assert_eq!(classes["currency"], "Reference: 1 table of tenants refers to it");
    assert_eq!(classes["rate"], "Part: every row refers to currency");
    assert_eq!(classes["mood"], "Alone: no row has to refer to another table");
}

#[test]
fn a_circle_that_leads_to_no_tenant_is_reported() {
    let circle = [("a", "id! b_id!>b"), ("b", "id! c_id!>c"), ("c", "id! a_id!>a"), ("d", "id! a_id!>a")];
    is(&circle, "b", "Circle: it refers in a circle: b → c → a → b");
    is(&circle, "d", "Part: every row refers to a");
    // One that does is no question.
    let leads = [("a", "id! b_id!>b"), ("b", "id! a_id!>a invoice_id!>invoice")];
    is(&leads, "a", "child via b: by b_id to b, on to invoice");
}

#[test]
fn the_tenants_key_by_another_name_is_the_tenants() {
    is(
        &[("contract", "id! organisation_id!>company")],
        "contract",
        "tenant: its organisation_id refers to the tenants' own table",
    );
    is(&[("contract", "id! seller_id!>company")], "contract", "tenant: by seller_id to company");
    let proposal = erp(&[("contract", "id! seller_id!>company")]);
    assert_eq!(proposal.relations[&qualified("contract")].column, Some(ident("seller_id")));
    let two = "SeveralColumns: by buyer_id to company, or by seller_id to company";
    is(&[("contract", "id! seller_id!>company buyer_id!>company")], "contract", two);
}

#[test]
fn a_column_of_that_name_can_be_something_else() {
    let other = "OtherColumn: its company_id is of type text, and that of tenants is bigint";
    is(&[("import", "id! company_id:text!")], "import", other);
    let elsewhere = "OtherColumn: its company_id refers to register, and that of tenants to company";
    is(&[("register", "id!"), ("import", "id! company_id!>register")], "import", elsewhere);
}

#[test]
fn a_ledger_is_known_by_its_name_and_its_columns() {
    let columns = "version! name:text applied_on:text checksum:text";
    is(
        &[("refinery_schema_history", columns)],
        "refinery_schema_history",
        "exempt: migration ledger of refinery",
    );
    let other = "Alone: no row has to refer to another table";
    is(&[("refinery_schema_history", "version!")], "refinery_schema_history", other);
    is(&[("other_schema_history", columns)], "other_schema_history", other);
}

#[test]
fn members_are_pointed_out() {
    let more = [("users", "id! name:text"), ("member", "id! company_id!>company user_id!>users role:text")];
    let reason = "tenant: says which of users belong to which tenant, as a [membership] can use it";
    is(&more, "member", reason);
    is(&more, "users", "Users: its rows are users, and member says which tenants they belong to");
    let text = erp(&more).to_toml();
    let section = "# [membership]\n# table = \"public.member\"\n# user = \"user_id\"\n# tenant = \"company_id\"\n# type = \"bigint\"\n";
    assert!(text.contains(section), "{text}");
    let section = section.replace("# ", "");
    Manifest::parse(&settled(&text).replace("[tables]", &format!("{section}\n[tables]"))).unwrap();
}

/// That a row was written by a user makes the user no member, and to show the users to every tenant is not the first answer.
#[test]
fn who_wrote_a_row_is_no_member() {
    let more = [("users", "id! email:text"), ("memo", "id! company_id!>company created_by!>users text:text")];
    is(&more, "memo", "tenant: company_id is not null");
    is(&more, "users", "Users: its rows are users, and nothing says which tenants they belong to");
    let proposal = erp(&more);
    assert_eq!(proposal.membership, None);
    let users = &proposal.relations[&qualified("users")];
    let Choice::Undecided { between, .. } = &users.choice else { panic!("{users:?}") };
    let classes: Vec<&str> = between.iter().map(|answer| answer.class.name()).collect();
    assert_eq!(classes, ["deny", "tenant", "exempt", "shared"]);
}

/// A plan would refuse the tenants' own table by a key that does not compare with the tenant column.
#[test]
fn a_key_of_another_type_is_to_be_settled() {
    let tables =
        [("company", "id!"), ("box", "id! company_id:integer!>company"), ("lid", "id! company_id:integer!")];
    let proposal = proposal(&tables);
    assert_eq!(classes(&proposal)["company"], "OwnKey: its id is of type bigint, and company_id is integer");
    let manifest = Manifest::parse(&settled(&proposal.to_toml())).unwrap();
    crate::plan::plan(&manifest, &catalog(&tables)).unwrap_or_else(|problems| panic!("{problems:#?}"));
}

#[test]
fn the_setting_is_the_one_that_policies_compare_with_the_tenant_column() {
    use crate::catalog::replay::{Options, Source, replay};

    let found = |sql: &str| {
        let tables = "create table a (id int primary key, company_id int not null, user_id int);
            create table b (id int primary key, company_id int not null);";
        let catalog = replay(&[Source::new("1.sql", format!("{tables}{sql}"))], &Options::default()).catalog;
        let proposal = propose(&catalog, &Hints::default(), &Facts::default());
        let problem = proposal.problems.iter().find(|problem| problem.what.contains("--setting"));
        (proposal.setting.map(|setting| setting.to_string()), problem.map(|problem| problem.what.clone()))
    };
    let of_tenant = "create policy p on a using (company_id = current_setting('my.company', true)::int);";
    let of_user = "create policy q on a using (user_id = current_setting('my.user', true)::int);";
    let mine = (Some("my.company".to_owned()), None);
    assert_eq!(found(""), (None, None));
    assert_eq!(found(of_tenant), mine);
    assert_eq!(found(&format!("{of_tenant}{of_user}")), mine);
    // A function may read it, whose name stands in the policy.
    let function = "create function my_company() returns int language sql stable
        as $$ select nullif(current_setting('my.company', true), '')::int $$;
        create policy p on b using (company_id = my_company());";
    assert_eq!(found(&format!("{function}{of_user}")), mine);
    let (setting, problem) = found(&format!("{of_tenant}{}", of_user.replace("user_id =", "company_id =")));
    assert_eq!(setting, None);
    assert!(problem.unwrap().starts_with("policies read several settings (my.company, my.user)"));
}

#[test]
fn what_is_no_table_goes_with_what_it_reads() {
    let mut catalog = erp_catalog(&[("currency", "id!")]);
    let mut view = |name: &str, kind: RelationKind, reads: &[&str]| {
        let mut relation = Relation::new(kind, ident("owner"));
        relation.view = Some(crate::catalog::View { reads: reads.iter().map(|of| qualified(of)).collect() });
        catalog.relations.insert(qualified(name), relation);
    };
    view("open_invoice", RelationKind::View, &["invoice"]);
    view("open_count", RelationKind::MaterializedView, &["open_invoice"]);
    view("currencies", RelationKind::View, &["currency"]);
    catalog.relations.insert(qualified("remote"), Relation::new(RelationKind::ForeignTable, ident("owner")));
    let said = |version: u32| {
        let mut catalog = catalog.clone();
        catalog.server_version = Some(version);
        let proposal = propose(&catalog, &Hints::default(), &Facts::default());
        ["open_invoice", "open_count", "currencies", "remote"].map(|name| classes(&proposal)[name].clone())
    };
    assert_eq!(
        said(150_000),
        [
            "view: reads invoice with its owner's rights; the plan has it read with those of its reader",
            "NoPolicy: a materialized view over invoice takes no policy and holds every tenant's rows",
            "view: reads currency, which is undecided, and goes with it",
            "NoPolicy: a foreign table takes no policy",
        ]
    );
    assert!(said(140_000)[0].starts_with("NoPolicy: a view over invoice reads with its owner's rights"));
}
