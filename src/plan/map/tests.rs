use super::*;
use crate::plan::sample::{add, catalog, ident, odd, qualified};
use crate::policy::manifest::Manifest;

pub(super) mod form;

const HEAD: &str =
    "[tenancy]\ncolumn = \"company_id\"\ntype = \"bigint\"\n[roles]\napp = \"app\"\n[tables]\n";

fn manifest(tables: &str) -> Manifest {
    Manifest::parse(&format!("{HEAD}{tables}")).unwrap()
}

/// Companies, customers and invoices, which belong to them, and lines of invoices.
fn erp() -> Catalog {
    let mut catalog = catalog(&[
        ("company", "id! parent_id>company"),
        ("currency", "id!"),
        ("customer", "id! company_id!>company"),
        ("invoice", "id! company_id!>company customer_id!>customer currency_id!>currency"),
        ("line", "id! invoice_id!>invoice customer_id>customer currency_id>currency"),
        ("mood", "id!"),
        ("ledger", "version!"),
        ("note", "id! company_id!>customer line_id!>line"),
    ]);
    let invoice = catalog.relations.get_mut(&qualified("invoice")).unwrap();
    // A foreign key that takes the tenant along.
    let mut whole = invoice.foreign_keys[&ident("invoice_customer_id_fkey")].clone();
    whole.columns = vec![ident("company_id"), ident("customer_id")];
    whole.referenced_columns = vec![ident("company_id"), ident("id")];
    invoice.foreign_keys.insert(ident("whole"), whole);
    catalog
}

const TABLES: &str = "\"public.company\" = { class = \"tenant\", column = \"id\" }\n\
    \"public.currency\" = { class = \"shared\" }\n\
    \"public.line\" = { class = \"child\", via = \"invoice\" }\n\
    \"public.ledger\" = { class = \"exempt\", reason = \"of migrations\" }\n";

fn secure(catalog: &mut Catalog) {
    for relation in catalog.relations.values_mut() {
        relation.row_security = true;
        relation.force_row_security = true;
    }
}

#[test]
fn a_foreign_key_without_the_tenant_can_cross() {
    let (manifest, catalog) = (manifest(TABLES), erp());
    let drawn = map(&manifest, &catalog);
    let kinds: BTreeMap<&str, link::Kind> =
        drawn.links.iter().map(|link| (link.name.as_str(), link.kind)).collect();
    let expected = [
        ("company_parent_id_fkey", link::Kind::Crossing),
        ("customer_company_id_fkey", link::Kind::Plain),
        ("invoice_company_id_fkey", link::Kind::Plain),
        ("invoice_currency_id_fkey", link::Kind::Plain),
        ("invoice_customer_id_fkey", link::Kind::Crossing),
        ("line_currency_id_fkey", link::Kind::Plain),
        ("line_customer_id_fkey", link::Kind::Crossing),
        ("line_invoice_id_fkey", link::Kind::Way),
        // Its tenant column refers to what is no tenant, and a line has none of its own to compare.
        ("note_company_id_fkey", link::Kind::Crossing),
        ("note_line_id_fkey", link::Kind::Crossing),
        ("whole", link::Kind::Plain),
    ];
    assert_eq!(kinds, BTreeMap::from(expected));
    // Tenants above one another are meant to refer to one another.
    let tables = TABLES.replace("class = \"tenant\", column = \"id\"", "class = \"tree\", column = \"id\"");
    let head = HEAD.replace("[roles]", "[roles]\nsystem = \"erp_system\"");
    let manifest = Manifest::parse(&format!("{head}{tables}[tree]\ntable = \"public.company\"\n")).unwrap();
    let drawn = map(&manifest, &catalog);
    assert_eq!(drawn.links.iter().filter(|link| link.crosses()).count(), 4);
}

/// What is open in the picture, by name.
fn open_ones<'a>(map: &Map<'a>) -> BTreeMap<&'a str, String> {
    let open = |node: &Node<'a>| Some((node.name.name().as_str(), node.open.clone()?));
    map.nodes.iter().filter_map(open).collect()
}

#[test]
fn what_no_policy_governs_stands_out() {
    let (manifest, mut catalog) = (manifest(TABLES), erp());
    secure(&mut catalog);
    catalog.relations.get_mut(&qualified("invoice")).unwrap().row_security = false;
    catalog.relations.get_mut(&qualified("customer")).unwrap().force_row_security = false;
    let map = map(&manifest, &catalog);
    let open = open_ones(&map);
    assert_eq!(open["invoice"], "row-level security is off");
    assert_eq!(open["customer"], "row-level security does not bind the owner");
    assert_eq!(open["ledger"], "no policy governs it");
    assert!(
        open["mood"].starts_with("public.mood has no column company_id and no class"),
        "{}",
        open["mood"]
    );
    assert_eq!(open.len(), 4);
    let class = map.nodes.iter().find(|node| node.name.name().as_str() == "mood").unwrap().class;
    assert_eq!(class, Class::Unclassified);
    let summary = "1 unclassified · 4 tenant · 1 child · 1 shared · 1 exempt · 4 open · 11 foreign keys · 5 that can cross tenants";
    assert_eq!(map.summary(), summary);
}

#[test]
fn partitions_are_part_of_their_table() {
    let (manifest, mut catalog) = (manifest(TABLES), erp());
    secure(&mut catalog);
    let parent = qualified("invoice");
    for number in 0..3 {
        let mut partition = catalog.relations[&parent].clone();
        partition.partition_of =
            Some(crate::catalog::PartitionOf { parent: parent.clone(), bound: "DEFAULT".to_owned() });
        partition.foreign_keys.values_mut().for_each(|key| key.inherited = true);
        partition.row_security = number > 0;
        catalog.relations.insert(qualified(&format!("invoice_{number}")), partition);
    }
    // One that refers to a partition refers to the table.
    add(catalog.relations.get_mut(&qualified("line")).unwrap(), "line", "first_id>invoice_0");
    let map = map(&manifest, &catalog);
    let node = map.nodes.iter().find(|node| *node.name == parent).unwrap();
    assert_eq!(node.partitions, 3);
    assert_eq!(node.open.as_deref(), Some("row-level security is off in partitions"));
    assert_eq!(map.nodes.len(), erp().relations.len());
    let first = map.links.iter().find(|link| link.name.as_str() == "line_first_id_fkey").unwrap();
    assert_eq!(*map.nodes[first.to].name, parent);
    assert!(map.svg().contains(">+3</text>"));
}

#[test]
fn a_view_with_its_owners_rights_is_open() {
    let (manifest, mut catalog) = (manifest(TABLES), erp());
    secure(&mut catalog);
    let mut view = Relation::new(RelationKind::View, ident("owner"));
    view.view = Some(crate::catalog::View { reads: BTreeSet::from([qualified("invoice")]) });
    catalog.relations.insert(qualified("safe_view"), view.clone());
    view.options.insert("security_invoker".to_owned(), "true".to_owned());
    let safe = catalog.relations.insert(qualified("safe_view"), view).unwrap();
    catalog.relations.insert(qualified("open_view"), safe);
    let map = map(&manifest, &catalog);
    let open = open_ones(&map);
    assert_eq!(open["open_view"], "it reads with its owner's rights");
    assert!(!open.contains_key("safe_view"));
}
