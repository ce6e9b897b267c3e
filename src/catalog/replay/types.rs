//! Types: those of the server by their names, and what is known of others.

use super::cursor::Name;
use crate::ident::{Ident, QualifiedName};

/// What is known of a type that a file makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Type {
    Enum,
    /// The attributes, each with its type.
    Composite(Vec<(Ident, String)>),
    /// What it is a domain over.
    Domain(String),
    /// Its multirange type.
    Range(QualifiedName),
    /// The type of several ranges.
    Multirange,
    Other,
}

/// The server's own types by the names that `pg_type` has for them, but for their arrays.
const BUILTIN: [&str; 106] = [
    "aclitem",
    "any",
    "anyarray",
    "anycompatible",
    "anycompatiblearray",
    "anycompatiblemultirange",
    "anycompatiblenonarray",
    "anycompatiblerange",
    "anyelement",
    "anyenum",
    "anymultirange",
    "anynonarray",
    "anyrange",
    "bit",
    "bool",
    "box",
    "bpchar",
    "bytea",
    "cid",
    "cidr",
    "circle",
    "cstring",
    "date",
    "datemultirange",
    "daterange",
    "event_trigger",
    "fdw_handler",
    "float4",
    "float8",
    "gtsvector",
    "index_am_handler",
    "inet",
    "int2",
    "int2vector",
    "int4",
    "int4multirange",
    "int4range",
    "int8",
    "int8multirange",
    "int8range",
    "internal",
    "interval",
    "json",
    "jsonb",
    "jsonpath",
    "language_handler",
    "line",
    "lseg",
    "macaddr",
    "macaddr8",
    "money",
    "name",
    "numeric",
    "nummultirange",
    "numrange",
    "oid",
    "oidvector",
    "path",
    "pg_brin_bloom_summary",
    "pg_brin_minmax_multi_summary",
    "pg_ddl_command",
    "pg_dependencies",
    "pg_lsn",
    "pg_mcv_list",
    "pg_ndistinct",
    "pg_node_tree",
    "pg_snapshot",
    "point",
    "polygon",
    "record",
    "refcursor",
    "regclass",
    "regcollation",
    "regconfig",
    "regdictionary",
    "regnamespace",
    "regoper",
    "regoperator",
    "regproc",
    "regprocedure",
    "regrole",
    "regtype",
    "table_am_handler",
    "text",
    "tid",
    "time",
    "timestamp",
    "timestamptz",
    "timetz",
    "trigger",
    "tsm_handler",
    "tsmultirange",
    "tsquery",
    "tsrange",
    "tstzmultirange",
    "tstzrange",
    "tsvector",
    "txid_snapshot",
    "unknown",
    "uuid",
    "varbit",
    "varchar",
    "void",
    "xid",
    "xid8",
    "xml",
];

/// The name of a type of the server, if it is one.
pub(super) fn builtin(name: &str) -> Option<&str> {
    match name {
        // Two that the server quotes.
        "char" => return Some("\"char\""),
        "any" => return Some("\"any\""),
        _ => {}
    }
    BUILTIN.binary_search(&name).ok().map(|_| name)
}

/// Whether a name is that of a row of the server's own catalogs, such as `pg_roles`.
pub(super) fn is_row_of_server(name: &Name) -> bool {
    let of_server = name.schema.as_ref().is_none_or(|schema| schema.as_str() == "pg_catalog");
    of_server && name.name.as_str().starts_with("pg_")
}

/// What stands in the place of `serial` and its like.
pub(super) fn serial(name: &str) -> Option<&'static str> {
    match name {
        "smallserial" | "serial2" => Some("smallint"),
        "serial" | "serial4" => Some("integer"),
        "bigserial" | "serial8" => Some("bigint"),
        _ => None,
    }
}

/// What widespread extensions bring: their types and their functions.
const EXTENSIONS: [(&str, &[&str], &[&str]); 12] = [
    ("citext", &["citext"], &[]),
    ("cube", &["cube"], &["cube"]),
    (
        "hstore",
        &["hstore"],
        &["hstore", "akeys", "avals", "skeys", "svals", "each", "hstore_to_json", "hstore_to_jsonb"],
    ),
    ("intarray", &["query_int"], &["icount", "idx", "sort", "subarray", "uniq"]),
    (
        "ltree",
        &["ltree", "lquery", "ltxtquery"],
        &["nlevel", "subltree", "subpath", "lca", "text2ltree", "ltree2text"],
    ),
    (
        "pg_trgm",
        &["gtrgm"],
        &["similarity", "show_trgm", "word_similarity", "strict_word_similarity", "set_limit", "show_limit"],
    ),
    (
        "pgcrypto",
        &[],
        &[
            "armor",
            "crypt",
            "dearmor",
            "decrypt",
            "digest",
            "encrypt",
            "gen_random_bytes",
            "gen_salt",
            "hmac",
            "pgp_pub_decrypt",
            "pgp_pub_encrypt",
            "pgp_sym_decrypt",
            "pgp_sym_encrypt",
        ],
    ),
    ("postgis", &["geometry", "geography", "box2d", "box3d", "raster"], &[]),
    ("seg", &["seg"], &[]),
    ("unaccent", &[], &["unaccent"]),
    (
        "uuid-ossp",
        &[],
        &[
            "uuid_generate_v1",
            "uuid_generate_v1mc",
            "uuid_generate_v3",
            "uuid_generate_v4",
            "uuid_generate_v5",
            "uuid_nil",
            "uuid_ns_dns",
            "uuid_ns_oid",
            "uuid_ns_url",
            "uuid_ns_x500",
        ],
    ),
    ("vector", &["vector", "halfvec", "sparsevec"], &["cosine_distance", "inner_product", "l2_distance"]),
];

impl super::state::State {
    /// The full name of a type that is there, of a relation's rows too.
    pub(super) fn made_type(&self, name: &Name) -> Option<QualifiedName> {
        let has_rows =
            |relation: &crate::catalog::Relation| relation.kind != crate::catalog::RelationKind::Sequence;
        self.candidates(name).into_iter().find(|candidate| {
            self.types.contains_key(candidate)
                || self.catalog.types.contains_key(candidate)
                || self.catalog.relations.get(candidate).is_some_and(has_rows)
        })
    }

    /// The full name of a type that an installed extension brings.
    pub(super) fn extension_type(&self, name: &Name) -> Option<QualifiedName> {
        self.of_extension(name, |(_, types, _)| types)
    }

    /// The full name of a function that an installed extension brings.
    pub(super) fn extension_function(&self, name: &Name) -> Option<QualifiedName> {
        self.of_extension(name, |(_, _, functions)| functions)
    }

    fn of_extension(
        &self,
        name: &Name,
        brought: impl Fn(&(&str, &'static [&'static str], &'static [&'static str])) -> &'static [&'static str],
    ) -> Option<QualifiedName> {
        self.catalog.extensions.iter().find_map(|(installed, extension)| {
            let schema = &extension.schema;
            let there = match &name.schema {
                Some(written) => written == schema,
                None => self.path().any(|on_path| on_path == *schema),
            };
            let of = EXTENSIONS.iter().find(|(of, ..)| *of == installed.as_str())?;
            let known = brought(of).contains(&name.name.as_str());
            (there && known).then(|| QualifiedName::new(schema.clone(), name.name.clone()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::BUILTIN;

    #[test]
    fn the_names_are_in_order() {
        assert!(BUILTIN.is_sorted());
    }
}
