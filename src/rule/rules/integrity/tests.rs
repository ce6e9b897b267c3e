//! What the examples do not show.

use crate::rule::Severity::{self, Critical, High, Info, Low, Medium};
use crate::rule::example::files;
use crate::rule::lint;
use crate::rule::trial::{check, found, manifest};

const LINE: &str = "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);";

#[test]
fn a_unique_key_includes_the_tenant_in_more_ways_than_one() {
    let shared = "\"public.account\" = { class = \"shared\" }";
    let account = |key: &str| {
        format!("CREATE TABLE account (tenant_id uuid, code text NOT NULL, ref uuid NOT NULL); {key}")
    };
    let index = "public.account.k";
    for (more, sql, expected) in [
        ("", account("CREATE UNIQUE INDEX k ON account (code, tenant_id);"), None),
        ("", account("CREATE UNIQUE INDEX k ON account (lower(code), tenant_id);"), None),
        ("", account("CREATE UNIQUE INDEX k ON account (lower(code));"), Some((Medium, index))),
        ("", account("CREATE UNIQUE INDEX k ON account (code) INCLUDE (tenant_id);"), Some((Medium, index))),
        ("", account("CREATE INDEX k ON account (code);"), None),
        ("", account("CREATE UNIQUE INDEX k ON account (ref);"), Some((Info, index))),
        ("", account("CREATE UNIQUE INDEX k ON account (code) WHERE ref IS NULL;"), Some((Medium, index))),
        (shared, account("CREATE UNIQUE INDEX k ON account (code) WHERE tenant_id IS NULL;"), None),
        (
            shared,
            account("CREATE UNIQUE INDEX k ON account (code) WHERE tenant_id IS NOT NULL;"),
            Some((Medium, index)),
        ),
        (
            shared,
            account(
                "CREATE UNIQUE INDEX k ON account (coalesce(tenant_id, '00000000-0000-0000-0000-000000000000'), code);",
            ),
            None,
        ),
        ("", account("ALTER TABLE account ADD CONSTRAINT k UNIQUE (code);"), Some((Medium, index))),
        (
            "",
            account("CREATE UNIQUE INDEX k ON account (code); CREATE UNIQUE INDEX ON account (tenant_id);"),
            Some((Low, index)),
        ),
        (
            "\"public.account\" = { class = \"exempt\", reason = \"old\" }",
            account("CREATE UNIQUE INDEX k ON account (code);"),
            None,
        ),
    ] {
        check("unique-not-tenant", &[(more, &sql, expected)]);
    }
    // A row that leads to another tenant's is refused before its keys are looked at.
    let child = |key: &str| {
        format!(
            "{LINE}CREATE TABLE invoice_line (invoice_id bigint REFERENCES invoice, position int, sku text, {key});"
        )
    };
    check(
        "unique-not-tenant",
        &[
            ("", &child("UNIQUE (invoice_id, position)"), None),
            ("", &child("CONSTRAINT k UNIQUE (sku)"), Some((Medium, "public.invoice_line.k"))),
        ],
    );
    let entry =
        "CREATE TABLE entry (tenant_id uuid, day date, n int, UNIQUE (day, n)) PARTITION BY RANGE (day);
        CREATE TABLE rest PARTITION OF entry DEFAULT;";
    check("unique-not-tenant", &[("", entry, Some((Medium, "public.entry.entry_day_n_key")))]);
    let own = format!("{}CREATE UNIQUE INDEX k ON rest (n);", entry.replace(", UNIQUE (day, n)", ""));
    check("unique-not-tenant", &[("", &own, Some((Medium, "public.rest.k")))]);
}

#[test]
fn a_key_that_others_refer_to_is_not_replaced() {
    let sql = "CREATE TABLE product (tenant_id uuid NOT NULL, code text CONSTRAINT k UNIQUE);";
    let refers = "CREATE TABLE price (tenant_id uuid NOT NULL, code text REFERENCES product (code));";
    let fix = |sql: &str| {
        let report = lint(&manifest(""), &files(sql));
        let of = |code: &str| report.findings.iter().find(|of| of.rule.code == code).unwrap();
        of("unique-not-tenant").sql.clone()
    };
    assert!(fix(sql).unwrap().contains("UNIQUE (\"tenant_id\", \"code\")"));
    assert_eq!(fix(&format!("{sql}{refers}")), None);
}

#[test]
fn a_primary_key_is_judged_by_what_can_be_guessed() {
    for (key, expected) in [
        ("id uuid PRIMARY KEY, tenant_id uuid", Some(Low)),
        ("id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, tenant_id uuid", Some(Low)),
        ("id int PRIMARY KEY, tenant_id uuid", Some(Low)),
        ("id bigint, day date, tenant_id uuid, PRIMARY KEY (day, id)", Some(Low)),
        ("code varchar(20) PRIMARY KEY, tenant_id uuid", Some(Medium)),
        ("code text, tenant_id uuid, PRIMARY KEY (tenant_id, code)", None),
        ("tenant_id uuid PRIMARY KEY", None),
    ] {
        let sql = format!("CREATE TABLE product ({key});");
        check(
            "pk-not-tenant",
            &[("", &sql, expected.map(|severity| (severity, "public.product.product_pkey")))],
        );
    }
    let currency = "CREATE TABLE currency (code text PRIMARY KEY);";
    check("pk-not-tenant", &[("", currency, None)]);
}

#[test]
fn an_exclusion_compares_the_tenant_with_equals() {
    let booking = |with: &str| {
        format!(
            "CREATE EXTENSION btree_gist;
             CREATE TABLE booking (tenant_id uuid NOT NULL, room uuid, during tsrange, CONSTRAINT e EXCLUDE USING gist ({with}));"
        )
    };
    let object = "public.booking.e";
    for (with, expected) in [
        ("during WITH &&, tenant_id WITH =", None),
        ("during WITH &&, tenant_id WITH <>", Some((Medium, object))),
        ("room WITH =, during WITH &&", Some((Info, object))),
        ("during WITH &&", Some((Medium, object))),
    ] {
        check("exclusion-not-tenant", &[("", &booking(with), expected)]);
    }
}

/// What is found of a foreign key by both rules: they never speak of the same one.
fn keys(more: &str, sql: &str) -> Vec<(Severity, String)> {
    let mut all = found("fk-not-tenant-composite", more, sql);
    all.extend(found("fk-cascade-cross-tenant", more, sql));
    all
}

#[test]
fn a_foreign_key_crosses_where_it_does_not_compare_the_tenants() {
    let parent = "CREATE TABLE customer (id bigint PRIMARY KEY, tenant_id uuid, UNIQUE (tenant_id, id));";
    let child =
        |columns: &str| format!("{parent}CREATE TABLE invoice (tenant_id uuid, c bigint, {columns});");
    let object = "public.invoice.f";
    let shared = "\"public.customer\" = { class = \"shared\" }";
    for (more, columns, expected) in [
        ("", "CONSTRAINT f FOREIGN KEY (c) REFERENCES customer", Some(High)),
        ("", "CONSTRAINT f FOREIGN KEY (c) REFERENCES customer ON DELETE RESTRICT", Some(High)),
        ("", "CONSTRAINT f FOREIGN KEY (c) REFERENCES customer ON DELETE SET NULL", Some(Critical)),
        ("", "CONSTRAINT f FOREIGN KEY (c) REFERENCES customer ON UPDATE CASCADE", Some(Critical)),
        ("", "FOREIGN KEY (tenant_id, c) REFERENCES customer (tenant_id, id) ON DELETE CASCADE", None),
        ("", "FOREIGN KEY (c, tenant_id) REFERENCES customer (id, tenant_id)", None),
        (shared, "CONSTRAINT f FOREIGN KEY (c) REFERENCES customer", Some(Medium)),
        (shared, "CONSTRAINT f FOREIGN KEY (c) REFERENCES customer ON DELETE CASCADE", Some(High)),
        (
            "\"public.invoice\" = { class = \"exempt\", reason = \"old\" }",
            "FOREIGN KEY (c) REFERENCES customer",
            None,
        ),
        (
            "\"public.customer\" = { class = \"exempt\", reason = \"old\" }",
            "FOREIGN KEY (c) REFERENCES customer",
            None,
        ),
        (
            "\"public.customer\" = { class = \"tree\" }\n[tree]\ntable = \"public.customer\"\nid = \"tenant_id\"\nparent = \"tenant_id\"",
            "CONSTRAINT f FOREIGN KEY (c) REFERENCES customer",
            Some(High),
        ),
    ] {
        let expected: Vec<_> = expected.into_iter().map(|severity| (severity, object.to_owned())).collect();
        assert_eq!(keys(more, &child(columns)), expected, "{more} {columns}");
    }
}

#[test]
fn what_is_no_crossing() {
    let company = "CREATE TABLE company (id uuid PRIMARY KEY, parent_id uuid REFERENCES company ON DELETE CASCADE);
        CREATE TABLE invoice (tenant_id uuid REFERENCES company ON DELETE CASCADE, billed_to uuid CONSTRAINT f REFERENCES company);";
    let tree =
        "\"public.company\" = { class = \"tree\", column = \"id\" }\n[tree]\ntable = \"public.company\"";
    assert_eq!(keys(tree, company), [(Low, "public.invoice.f".to_owned())]);

    let currency = "CREATE TABLE currency (code text PRIMARY KEY);
        CREATE TABLE invoice (tenant_id uuid, currency text REFERENCES currency ON UPDATE CASCADE);";
    assert_eq!(keys("", currency), []);

    let lines = format!(
        "{LINE}CREATE TABLE product (id bigint PRIMARY KEY, tenant_id uuid);
         CREATE TABLE invoice_line (
             invoice_id bigint REFERENCES invoice ON DELETE CASCADE,
             position int,
             after int,
             product_id bigint CONSTRAINT f REFERENCES product,
             PRIMARY KEY (invoice_id, position),
             FOREIGN KEY (invoice_id, after) REFERENCES invoice_line
         );"
    );
    assert_eq!(keys("", &lines), [(High, "public.invoice_line.f".to_owned())]);

    let parts = "CREATE TABLE customer (id bigint PRIMARY KEY, tenant_id uuid);
        CREATE TABLE entry (tenant_id uuid, day date, c bigint CONSTRAINT f REFERENCES customer) PARTITION BY RANGE (day);
        CREATE TABLE rest PARTITION OF entry DEFAULT;";
    assert_eq!(keys("", parts), [(High, "public.entry.f".to_owned())]);
}

#[test]
fn a_new_key_is_checked_while_the_owner_sees_all_rows() {
    let sql = "CREATE TABLE customer (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
        CREATE TABLE invoice (tenant_id uuid NOT NULL, c bigint REFERENCES customer ON DELETE SET NULL);
        ALTER TABLE customer ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;";
    let report = lint(&manifest(""), &files(sql));
    let fix = report.findings.iter().find(|of| of.rule.code == "fk-cascade-cross-tenant").unwrap();
    let fix = fix.sql.as_deref().unwrap();
    let place = |text: &str| fix.find(text).unwrap_or_else(|| panic!("{text}: {fix}"));
    assert!(place("CREATE UNIQUE INDEX") < place("\"customer\" NO FORCE"));
    assert!(place("\"customer\" NO FORCE") < place("ON DELETE SET NULL (\"c\")"));
    assert!(place("ON DELETE SET NULL (\"c\")") < place("\"customer\" FORCE"));
    assert!(!fix.contains("\"invoice\" NO FORCE"));
    let full = sql.replace("REFERENCES customer", "REFERENCES customer ON UPDATE SET NULL");
    let report = lint(&manifest(""), &files(&full));
    let open = report.findings.iter().find(|of| of.rule.code == "fk-cascade-cross-tenant").unwrap();
    assert_eq!(open.sql, None);
}

#[test]
fn who_can_write_a_row_for_another_tenant_decides_what_a_cascade_is_worth() {
    let tables = "CREATE TABLE customer (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
        CREATE TABLE invoice (tenant_id uuid NOT NULL, c bigint,
            CONSTRAINT f FOREIGN KEY (c) REFERENCES customer ON DELETE CASCADE);
        ALTER TABLE customer ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;";
    let on = "ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;";
    let own = "tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid)";
    for (policies, expected) in [
        // Anybody writes rows of anybody.
        (String::new(), Critical),
        (format!("{on} CREATE POLICY p ON invoice USING (true);"), Critical),
        (format!("{on} CREATE POLICY p ON invoice USING ({own}) WITH CHECK (true);"), Critical),
        (
            format!(
                "{on} CREATE POLICY p ON invoice USING ({own}); CREATE POLICY q ON invoice FOR INSERT WITH CHECK (true);"
            ),
            Critical,
        ),
        (format!("{on} CREATE POLICY p ON invoice FOR SELECT USING ({own});"), Critical),
        (format!("CREATE POLICY p ON invoice USING ({own});"), Critical),
        // Each tenant writes its own.
        (format!("{on} CREATE POLICY p ON invoice USING ({own});"), High),
        (
            format!(
                "{on} CREATE POLICY p ON invoice USING (true); CREATE POLICY r ON invoice AS RESTRICTIVE USING ({own});"
            ),
            High,
        ),
    ] {
        let found = keys("", &format!("{tables}{policies}"));
        assert_eq!(found, [(expected, "public.invoice.f".to_owned())], "{policies}");
    }
}

#[test]
fn a_key_is_unchecked_only_where_the_tenant_is_null() {
    let parent =
        "CREATE TABLE customer (id bigint PRIMARY KEY, tenant_id uuid NOT NULL, UNIQUE (tenant_id, id));";
    let child = |tenant: &str, key: &str| {
        format!(
            "{parent}CREATE TABLE invoice (tenant_id uuid {tenant}, c bigint,
             CONSTRAINT f FOREIGN KEY (tenant_id, c) REFERENCES customer (tenant_id, id) {key});"
        )
    };
    let object = "public.invoice.f";
    check(
        "fk-match-simple-null",
        &[
            ("", &child("NOT NULL", ""), None),
            ("", &child("", "MATCH FULL"), None),
            ("", &child("", ""), Some((Medium, object))),
            ("\"public.invoice\" = { class = \"shared\" }", &child("", ""), Some((Low, object))),
        ],
    );
}

#[test]
fn whoever_may_set_a_sequence_can_do_more_than_count() {
    let sql = |privileges: &str| {
        format!(
            "CREATE TABLE invoice (id bigserial, tenant_id uuid NOT NULL);
             GRANT {privileges} ON SEQUENCE invoice_id_seq TO erp_app;"
        )
    };
    let object = "public.invoice_id_seq";
    check(
        "sequence-shared",
        &[
            ("", &sql("USAGE"), Some((Info, object))),
            ("", &sql("ALL"), Some((Low, object))),
            ("\"public.invoice\" = { class = \"exempt\", reason = \"old\" }", &sql("ALL"), None),
        ],
    );
}

/// An equality key in its place would let two rows of a tenant overlap.
#[test]
fn a_key_without_overlaps_stays_one() {
    let sql = "CREATE TABLE booking (tenant_id uuid NOT NULL, room int, during daterange,
        CONSTRAINT k UNIQUE (room, during WITHOUT OVERLAPS));";
    let fix = |sql: &str| {
        let report = lint(&manifest(""), &files(sql));
        report.findings.iter().find(|of| of.rule.code == "unique-not-tenant").unwrap().sql.clone()
    };
    let extension = "CREATE EXTENSION btree_gist;";
    let mended = fix(&format!("{extension}{sql}")).unwrap();
    assert!(mended.contains("UNIQUE (\"tenant_id\", \"room\", \"during\" WITHOUT OVERLAPS)"), "{mended}");
    check("unique-not-tenant", &[("", &format!("{extension}{sql}{mended}"), None)]);
    assert_eq!(fix(sql), None);
    let refers = "CREATE TABLE seat (tenant_id uuid, room int, during daterange,
        FOREIGN KEY (room, PERIOD during) REFERENCES booking (room, PERIOD during));";
    assert_eq!(fix(&format!("{extension}{sql}{refers}")), None);
}

#[test]
fn a_foreign_key_with_a_period_stays_one() {
    let sql = "CREATE TABLE room (id int, tenant_id uuid NOT NULL, during daterange, PRIMARY KEY (id, during WITHOUT OVERLAPS));
        CREATE TABLE booking (tenant_id uuid NOT NULL, room int, during daterange,
            CONSTRAINT f FOREIGN KEY (room, PERIOD during) REFERENCES room);";
    let fix = |sql: &str| {
        let report = lint(&manifest(""), &files(sql));
        report.findings.iter().find(|of| of.rule.code == "fk-not-tenant-composite").unwrap().sql.clone()
    };
    let with = format!("CREATE EXTENSION btree_gist;{sql}");
    let mended = fix(&with).unwrap();
    for part in [
        "ADD CONSTRAINT \"room_tenant_id_id_during_key\" UNIQUE (\"tenant_id\", \"id\", \"during\" WITHOUT OVERLAPS)",
        "FOREIGN KEY (\"tenant_id\", \"room\", PERIOD \"during\") REFERENCES \"public\".\"room\" (\"tenant_id\", \"id\", PERIOD \"during\")",
    ] {
        assert!(mended.contains(part), "{part} in {mended}");
    }
    assert_eq!(keys("", &format!("{with}{mended}")), []);
    assert_eq!(fix(sql), None);
}

#[test]
fn what_is_not_enforced_is_called_so_and_protects_nothing() {
    let parent =
        "CREATE TABLE customer (id bigint PRIMARY KEY, tenant_id uuid NOT NULL, UNIQUE (tenant_id, id));";
    let child = |key: &str| {
        format!("{parent}CREATE TABLE invoice (tenant_id uuid, c bigint, CONSTRAINT f FOREIGN KEY {key});")
    };
    let object = "public.invoice.f".to_owned();
    for key in [
        "(c) REFERENCES customer ON DELETE CASCADE NOT ENFORCED",
        "(tenant_id, c) REFERENCES customer (tenant_id, id) NOT ENFORCED",
    ] {
        let sql = child(key);
        assert_eq!(keys("", &sql), [(Low, object.clone())], "{key}");
        let report = lint(&manifest(""), &files(&sql));
        let finding = report.findings.iter().find(|of| of.rule.code == "fk-not-tenant-composite").unwrap();
        assert!(finding.message.contains("is NOT ENFORCED") && finding.sql.is_none(), "{finding:?}");
        assert_eq!(found("fk-match-simple-null", "", &sql), []);
    }
    let enforced = child("(tenant_id, c) REFERENCES customer (tenant_id, id) NOT ENFORCED");
    let enforced = format!("{enforced}ALTER TABLE invoice ALTER CONSTRAINT f ENFORCED;");
    assert_eq!(keys("", &enforced), []);
}

#[test]
fn a_key_that_a_resolver_asks_for_is_meant_to_be_told() {
    let resolver =
        "[resolvers.by_host]\ntable = \"public.host\"\nby = [\"name\"]\nreturns = [\"tenant_id\"]\n";
    for (code, key) in
        [("unique-not-tenant", "name text NOT NULL UNIQUE"), ("pk-not-tenant", "name text PRIMARY KEY")]
    {
        let sql = format!("CREATE TABLE host (tenant_id uuid NOT NULL, {key});");
        assert_eq!(found(code, "", &sql).len(), 1, "{code}");
        assert_eq!(found(code, resolver, &sql), [], "{code}");
    }
}
