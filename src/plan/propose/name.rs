//! What the names of columns say.

/// What people call a tenant, by how plainly the word says it, in percent. One that is also called so where
/// it is something else (the account of a ledger, the customer of a shop) says little.
const WORDS: [(u32, &[&str]); 5] = [
    (100, &["tenant", "mandant"]),
    (
        85,
        &[
            "azienda",
            "bedrijf",
            "business",
            "company",
            "empresa",
            "entreprise",
            "firm",
            "firma",
            "merchant",
            "org",
            "organisation",
            "organization",
            "societe",
            "workspace",
        ],
    ),
    (
        70,
        &[
            "agency",
            "clinic",
            "club",
            "hotel",
            "instance",
            "practice",
            "realm",
            "restaurant",
            "school",
            "shop",
            "site",
            "store",
            "team",
        ],
    ),
    (45, &["account", "client", "entity"]),
    (30, &["branch", "customer", "domain", "environment", "group", "project", "subsidiary"]),
];

/// What ends the name of a column that refers to something.
const ENDINGS: [&str; 9] = ["id", "uuid", "guid", "key", "code", "ref", "nr", "no", "fk"];

/// What the columns begin with that say who wrote a row.
const AUTHORS: [&str; 16] = [
    "change", "changed", "create", "created", "delete", "deleted", "edit", "edited", "insert", "inserted",
    "modified", "modify", "update", "updated", "write", "written",
];

/// How plainly a column's name says that it holds the tenant, in percent.
pub(super) fn weight(name: &str) -> u32 {
    let words = words(name);
    let whole = words.concat();
    let known = |word: &str| WORDS.iter().find(|(_, words)| words.contains(&word)).map(|(weight, _)| *weight);
    // `orgid` is one word to whoever reads it by its letters.
    let joined = ENDINGS.iter().find_map(|ending| known(whole.strip_suffix(ending)?));
    known(&stem(name)).or_else(|| known(&whole)).or(joined).unwrap_or_default()
}

/// The name without what only says that it refers to something: `company` of `companyId`, `fk_company` and `company_id`.
pub(super) fn stem(name: &str) -> String {
    let words = words(name);
    let mut words = words.as_slice();
    if let [first, rest @ ..] = words
        && !rest.is_empty()
        && matches!(first.as_str(), "fk" | "id")
    {
        words = rest;
    }
    if let [rest @ .., last] = words
        && !rest.is_empty()
        && ENDINGS.contains(&last.as_str())
    {
        words = rest;
    }
    words.concat()
}

/// Whether a column says who wrote a row, which says nothing of whose the row is.
pub(super) fn is_authors(name: &str) -> bool {
    let words = words(name);
    let words: Vec<&str> = words.iter().map(String::as_str).filter(|word| *word != "last").collect();
    match words[..] {
        ["creator" | "editor" | "modifier" | "updater" | "author", ..] => true,
        [first, .., "by" | "user", "id"] | [first, .., "by" | "uid" | "user" | "userid"] => {
            AUTHORS.contains(&first)
        }
        _ => false,
    }
}

/// Whether a column's name is that of a table, as `company_id` is of `companies` and of `res_company`.
pub(super) fn means(column: &str, table: &str) -> bool {
    let words = words(table);
    let stem = stem(column);
    let whole = words.concat();
    let is = |word: &str| word == stem || singular(word) == stem;
    is(&whole) || words.last().is_some_and(|last| is(last))
}

/// Whether a table or column is of users.
pub(super) fn is_users(name: &str) -> bool {
    let words = words(name);
    let of = |word: &String| {
        matches!(word.as_str(), "user" | "users" | "login" | "logins" | "identity" | "person")
    };
    words.last().is_some_and(of) || (words.len() > 1 && words[..words.len() - 1].last().is_some_and(of))
}

/// How much of a table's name is that of another, as `sale` is of `sale_line` and `invoices` of `invoice_lines`.
pub(super) fn shared_beginning(child: &str, parent: &str) -> usize {
    let (child, parent) = (words(child), words(parent));
    let same = |(child, parent): (&String, &String)| child == parent || *child == singular(parent);
    let whole = parent.len() < child.len() && child.iter().zip(&parent).all(same);
    if whole { parent.len() } else { 0 }
}

fn singular(word: &str) -> String {
    match (word.strip_suffix("ies"), word.strip_suffix('s')) {
        (Some(start), _) => format!("{start}y"),
        (None, Some(start)) => start.to_owned(),
        (None, None) => word.to_owned(),
    }
}

/// The words of a name in lower case, whether `_` or capitals part them.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut lower_before = false;
    for c in name.chars() {
        if !c.is_alphanumeric() || (c.is_uppercase() && lower_before) {
            words.push(String::new());
        }
        lower_before = c.is_lowercase() || c.is_ascii_digit();
        if let Some(word) = words.last_mut()
            && c.is_alphanumeric()
        {
            word.extend(c.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::{is_authors, is_users, means, shared_beginning, stem, weight};

    #[test]
    fn a_name_says_tenant_in_many_spellings() {
        for name in [
            "tenant_id",
            "tenant",
            "tenantId",
            "TenantID",
            "tenantid",
            "fk_tenant",
            "id_tenant",
            "tenant_uuid",
        ] {
            assert_eq!(weight(name), 100, "{name}");
        }
        for name in ["company_id", "CompanyId", "org_id", "orgid", "id_empresa", "organisation"] {
            assert_eq!(weight(name), 85, "{name}");
        }
        for name in
            ["id", "paid", "identity", "name", "tenant_name", "product_id", "", "_", "holding_company_name"]
        {
            assert_eq!(weight(name), 0, "{name}");
        }
        assert!(weight("customer_id") < weight("account_id") && weight("account_id") < weight("site_id"));
        assert_eq!(stem("id"), "id");
    }

    #[test]
    fn who_wrote_a_row_is_told_by_its_column() {
        for name in [
            "created_by",
            "create_uid",
            "write_uid",
            "updatedBy",
            "last_modified_by",
            "creator_id",
            "created_by_id",
        ] {
            assert!(is_authors(name), "{name}");
        }
        for name in
            ["change_order", "company_id", "created_at", "by", "update_policy", "user_id", "change_id"]
        {
            assert!(!is_authors(name), "{name}");
        }
        assert!(
            is_users("res_user")
                && is_users("user_id")
                && is_users("AppUsers")
                && !is_users("user_group_kind")
        );
    }

    #[test]
    fn a_column_is_named_after_the_table_that_it_refers_to() {
        assert!(
            means("company_id", "companies")
                && means("company", "res_company")
                && means("tenantId", "Tenant")
        );
        assert!(!means("company_id", "company_address") && !means("account_id", "company"));
    }

    #[test]
    fn a_line_bears_the_name_of_its_order() {
        assert_eq!(shared_beginning("sale_line", "sale"), 1);
        assert_eq!(shared_beginning("invoice_lines", "invoices"), 1);
        assert_eq!(shared_beginning("company_address", "companies"), 1);
        assert_eq!(shared_beginning("product_template-category", "product_template"), 2);
        assert_eq!(shared_beginning("salesman", "sale"), 0);
        assert_eq!(shared_beginning("sale", "sale"), 0);
    }
}
