use super::{Class, Manifest, Via};
use crate::catalog::Privilege;
use crate::ident::{Ident, QualifiedName};

const LEAST: &str = "[tenancy]\ntype = \"uuid\"\n[roles]\napp = \"erp_app\"\n";

fn entry(text: &str) -> super::Entry {
    let manifest = Manifest::parse(&format!("{LEAST}[tables]\n\"public.t\" = {text}\n")).unwrap();
    manifest.entry(&QualifiedName::parse("public.t").unwrap()).unwrap().clone()
}

/// What is wrong with a manifest, one line each.
fn problems(text: &str) -> Vec<String> {
    Manifest::parse(text).unwrap_err().iter().map(ToString::to_string).collect()
}

/// What is wrong with an entry of a manifest in which all else is right.
fn problem(entry: &str) -> String {
    let found = problems(&format!("{LEAST}[tables]\n\"public.t\" = {entry}\n"));
    assert_eq!(found.len(), 1, "{found:?}");
    found[0].clone()
}

#[test]
fn two_lines_are_enough() {
    let manifest = Manifest::parse(LEAST).unwrap();
    assert_eq!(manifest.tenancy.tenant_column().as_str(), "tenant_id");
    assert_eq!(manifest.tenancy.setting_name().as_str(), "app.tenant_id");
    assert_eq!(manifest.roles.app_role().as_str(), "erp_app");
    assert!(manifest.roles.owner_role().is_none());
    assert!(manifest.schemas.contains(&Ident::known("public")));
}

#[test]
fn each_class_is_read() {
    assert_eq!(entry("{ class = \"tenant\" }").class, Class::Tenant { direct: false });
    assert_eq!(entry("{ class = \"tenant\", direct = true }").class, Class::Tenant { direct: true });
    assert_eq!(
        entry("{ class = \"child\", via = \"invoice\" }").class,
        Class::Child { via: Via::Name(Ident::known("invoice")) }
    );
    assert_eq!(
        entry("{ class = \"child\", via = \"erp.invoice\" }").class,
        Class::Child { via: Via::Table(QualifiedName::parse("erp.invoice").unwrap()) }
    );
    assert_eq!(entry("{ class = \"shared\" }").class, Class::Shared);
    assert_eq!(entry("{ class = \"deny\" }").class, Class::Deny);
    assert_eq!(
        entry("{ class = \"exempt\", reason = \"ledger\" }").class,
        Class::Exempt { reason: "ledger".to_owned() }
    );
    let granted = entry("{ class = \"tenant\", column = \"Company\", grants = [\"select\", \"INSERT\"] }");
    assert_eq!(granted.column, Some(Ident::known("Company")));
    assert_eq!(granted.grants, Some([Privilege::Select, Privilege::Insert].into()));
    assert_eq!(granted.line, 6);
}

#[test]
fn what_is_wrong_is_said_with_its_line() {
    for (wrong, said) in [
        ("{ clas = \"tenant\" }", "line 6: public.t lacks class; it has no default"),
        ("{ class = \"tenat\" }", "line 6: public.t is of class \"tenat\"; did you mean \"tenant\"?"),
        (
            "{ class = \"tenant\", colum = \"x\" }",
            "line 6: public.t has no field \"colum\"; did you mean \"column\"?",
        ),
        (
            "{ class = \"tenant\", reason = \"x\" }",
            "line 6: public.t has no field \"reason\"; known are class, column, grants, unique, direct",
        ),
        ("{ class = \"child\" }", "line 6: public.t lacks via; it has no default"),
        ("{ class = \"exempt\" }", "line 6: public.t lacks reason; it has no default"),
        (
            "{ class = \"exempt\", reason = \" \" }",
            "line 6: the reason of public.t is empty; say why it is exempt",
        ),
        ("{ class = \"tenant\", direct = \"yes\" }", "line 6: direct of public.t is not true or false"),
        ("\"tenant\"", "line 6: public.t is not a table; write \"public.t\" = { class = \"…\" }"),
        (
            "{ class = \"tenant\", grants = [\"truncate\"] }",
            "line 6: grants has \"truncate\"; expected select, insert, update or delete, which policies govern",
        ),
        (
            "{ class = \"tenant\", unique = \"a\" }",
            "line 6: unique of public.t is not a list of texts, such as [\"public\"]",
        ),
        (
            "{ class = \"tenant\", unique = [\"a,\"] }",
            "line 6: a name is empty; give the name as the catalog spells it",
        ),
        ("{ class = \"tree\" }", "line 6: public.t is of class tree, which needs a section [tree]"),
        (
            "{ class = \"membership\" }",
            "line 6: public.t is of class membership, which needs a section [membership]",
        ),
    ] {
        assert_eq!(problem(wrong), said);
    }
}

#[test]
fn everything_wrong_is_said_at_once() {
    let found = problems(
        "[tenancy]\ntype = \"uid\"\ncolum = \"x\"\n[rolls]\napp = \"a\"\n[schemas]\ninclude = \"x\"\n",
    );
    assert_eq!(
        found,
        [
            "the file lacks [roles]; it names at least app, the role that services log in as",
            "line 2: type is \"uid\"; expected one of uuid, bigint, integer, text",
            "line 3: [tenancy] has no field \"colum\"; did you mean \"column\"?",
            "line 4: the file has no field \"rolls\"; did you mean \"roles\"?",
            "line 7: include of [schemas] is not a list of texts, such as [\"public\"]",
        ]
    );
}

#[test]
fn what_is_not_toml_is_said_with_its_line() {
    let found = problems("[tenancy]\ntype = uuid\n");
    assert_eq!(found.len(), 1);
    assert!(found[0].starts_with("line 2: this is not TOML: "), "{found:?}");
}

#[test]
fn one_role_has_one_purpose() {
    let found = problems("[tenancy]\ntype = \"uuid\"\n[roles]\napp = \"a\"\nowner = \"a\"\n");
    assert!(found[0].contains("is given two purposes"), "{found:?}");
}

#[test]
fn what_needs_another_role_says_so() {
    let found = problems(&format!("{LEAST}migrator = \"m\"\n[tree]\ntable = \"public.company\"\n"));
    assert_eq!(
        found,
        [
            "[tree] needs system in [roles]: what reads the tree of tenants runs as that role",
            "migrator in [roles] needs owner there: it is a member of that role",
        ]
    );
}

#[test]
fn accesses_are_recorded_of_a_system_role_alone() {
    let with = |more: &str| format!("{LEAST}{more}");
    let found = problems(&with("[system]\nrecord = true\n"));
    assert_eq!(
        found,
        ["line 6: record in [system] needs system in [roles]: it is that role's accesses that are recorded"]
    );
    for (more, recorded) in [
        ("[system]\nrecord = false\n", false),
        ("system = \"s\"\n[system]\nrecord = true\n", true),
        ("system = \"s\"\n", false),
    ] {
        let tenancy = Manifest::parse(&with(more)).unwrap().tenancy;
        assert_eq!(tenancy.system_access().is_some(), recorded, "{more}");
    }
    let found = problems(&with("[system]\nrecords = true\n"));
    assert_eq!(found, ["line 6: [system] has no field \"records\"; did you mean \"record\"?"]);
}

#[test]
fn a_name_of_a_table_has_its_schema() {
    let found = problems(&format!("{LEAST}[tables]\ninvoice = {{ class = \"deny\" }}\n"));
    assert!(found[0].starts_with("line 6: \"invoice\" is not a qualified name"), "{found:?}");
}

#[test]
fn who_runs_the_migrations_decides_how_files_are_followed() {
    for (more, role, assumed) in [
        ("", "postgres", true),
        ("owner = \"o\"\n", "o", true),
        ("owner = \"o\"\n[migrations]\nrole = \"m\"\n", "m", false),
    ] {
        let options = Manifest::parse(&format!("{LEAST}{more}")).unwrap().replay_options();
        assert_eq!((options.role.as_str(), options.role_is_assumed), (role, assumed), "{more}");
    }
    let manifest =
        Manifest::parse(&format!("{LEAST}[migrations]\nrole = \"m\"\nbypass_rls = true\n")).unwrap();
    assert!(
        manifest.bypasses(&Ident::known("m")).is_some() && manifest.bypasses(&Ident::known("n")).is_none()
    );
}

const RESOLVER: &str = "[resolvers.by_host]\ntable = \"public.host\"\nby = [\"name\", \"lower(mail)\"]\nreturns = [\"tenant_id\"]\n";

#[test]
fn a_resolver_is_read_and_has_a_role() {
    let manifest = Manifest::parse(&format!("{LEAST}{RESOLVER}")).unwrap();
    let resolver = &manifest.resolvers[&Ident::known("by_host")];
    assert_eq!(resolver.table, QualifiedName::parse("public.host").unwrap());
    let by: Vec<String> = resolver.by.iter().map(ToString::to_string).collect();
    assert_eq!((by.as_slice(), resolver.line), (["name".to_owned(), "lower(mail)".to_owned()].as_slice(), 5));
    assert_eq!(resolver.returns, [Ident::known("tenant_id")]);
    assert_eq!(manifest.roles.resolver_role(), Some(&Ident::known("erp_app_resolver")));
    assert!(manifest.bypasses(&Ident::known("erp_app_resolver")).is_some());
    let named = Manifest::parse(&format!("{LEAST}resolver = \"finder\"\n{RESOLVER}")).unwrap();
    assert_eq!(named.roles.resolver_role(), Some(&Ident::known("finder")));
    assert_eq!(Manifest::parse(LEAST).unwrap().roles.resolver_role(), None);
}

#[test]
fn what_is_wrong_with_a_resolver_is_said_with_its_line() {
    let long = "x".repeat(64);
    for (from, to, said) in [
        ("table", "tabel", "line 5: resolver by_host lacks table; it has no default"),
        ("table = \"public.host\"", "table = \"host\"", "line 6: \"host\" is not a qualified name"),
        (
            "by = [\"name\", \"lower(mail)\"]",
            "by = \"name\"",
            "line 7: by of resolver by_host is not a list of texts",
        ),
        (
            "by = [\"name\", \"lower(mail)\"]",
            "by = []",
            "line 7: by of resolver by_host is empty; list what the caller knows",
        ),
        ("by = [\"name\", \"lower(mail)\"]\n", "", "line 5: resolver by_host lacks by; it has no default"),
        ("lower(mail)", "upper(mail)", "line 7: by has \"upper(mail)\"; expected a column, or lower(column)"),
        (
            "lower(mail)",
            "lower(trim(mail))",
            "line 7: by has \"lower(trim(mail))\"; expected a column, or lower(column)",
        ),
        ("lower(mail)", "", "line 7: "),
        (
            "returns = [\"tenant_id\"]",
            "returns = []",
            "line 8: returns of resolver by_host is empty; list what it may learn",
        ),
        ("returns = [\"tenant_id\"]\n", "", "line 5: resolver by_host lacks returns; it has no default"),
        (
            "returns = [\"tenant_id\"]",
            "returns = [\"tenant_id\", \"name\"]",
            "line 5: resolver by_host names column name twice",
        ),
        (
            "returns = [\"tenant_id\"]",
            "returns = [\"tenant_id\"]\nrows = 2",
            "line 9: resolver by_host has no field \"rows\"",
        ),
        (
            "by_host",
            "tenant_id",
            "line 5: resolver tenant_id has the name of a function that policies call; choose another",
        ),
        ("by_host", &long, "line 5: "),
        ("by_host", "\"\"", "line 5: "),
    ] {
        assert!(RESOLVER.contains(from), "{from}");
        let found = problems(&format!("{LEAST}{}", RESOLVER.replacen(from, to, 1)));
        assert!(found.iter().any(|line| line.starts_with(said)), "{to}: {found:?}");
    }
    let found = problems(&format!("{LEAST}resolvers = 5\n"));
    assert!(found[0].contains("[roles] has no field \"resolvers\""), "{found:?}");
    let found = problems(&format!("{LEAST}[resolvers]\nby_host = \"host\"\n"));
    assert_eq!(
        found,
        ["line 6: resolver by_host is not a table; write [resolvers.by_host] on a line of its own"]
    );
    let found = problems(&format!("{LEAST}resolver = \"erp_app\"\n{RESOLVER}"));
    assert!(found[0].contains("is given two purposes"), "{found:?}");
}
