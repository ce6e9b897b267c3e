//! Names of types, in the one spelling that the server has for each.

/// What the server calls the types that have more names than one.
const NAMES: [(&str, &str); 18] = [
    ("int", "integer"),
    ("int4", "integer"),
    ("int2", "smallint"),
    ("int8", "bigint"),
    ("bool", "boolean"),
    ("float4", "real"),
    ("float8", "double precision"),
    ("float", "double precision"),
    ("decimal", "numeric"),
    ("dec", "numeric"),
    ("varchar", "character varying"),
    ("char varying", "character varying"),
    ("char", "character"),
    ("bpchar", "character"),
    ("varbit", "bit varying"),
    ("timestamptz", "timestamp with time zone"),
    ("timetz", "time with time zone"),
    ("nchar", "character"),
];

/// The type as `format_type` writes it: `varchar(20)[]` is `character varying(20)[]`.
///
/// Names of types that are not the server's own stay as they are.
#[must_use]
pub fn canonical(written: &str) -> String {
    let written = written.trim();
    if written.contains('"') {
        return written.to_owned();
    }
    let lower = written.to_ascii_lowercase();
    let lower = lower.strip_prefix("pg_catalog.").unwrap_or(&lower);
    if let Some(element) = lower.strip_suffix("[]") {
        // The server keeps no count of dimensions.
        return format!("{}[]", canonical(element).trim_end_matches("[]"));
    }
    let (name, modifier, rest) = match (lower.find('('), lower.find(')')) {
        (Some(open), Some(close)) if open < close => {
            (lower[..open].trim_end(), &lower[open..=close], lower[close + 1..].trim())
        }
        _ => (lower, "", ""),
    };
    let modifier = modifier.replace(' ', "");
    let name = NAMES.iter().find(|(other, _)| *other == name).map_or(name, |(_, server)| *server);
    match (name, rest, modifier.as_str()) {
        // Of these the server writes the precision in the middle.
        (
            "timestamp with time zone"
            | "time with time zone"
            | "timestamp without time zone"
            | "time without time zone",
            "",
            "",
        ) => name.to_owned(),
        ("timestamp with time zone", "", precision) => format!("timestamp{precision} with time zone"),
        ("time with time zone", "", precision) => format!("time{precision} with time zone"),
        ("timestamp" | "time", "", precision) => format!("{name}{precision} without time zone"),
        ("timestamp" | "time", rest, precision) => format!("{name}{precision} {rest}"),
        ("character" | "bit", "", "") if lower != "bpchar" => format!("{name}(1)"),
        ("numeric", "", precision) if !precision.is_empty() && !precision.contains(',') => {
            format!("numeric({},0)", precision.trim_matches(['(', ')']))
        }
        (name, "", modifier) => format!("{name}{modifier}"),
        (name, rest, modifier) => format!("{name}{modifier} {rest}"),
    }
}

#[cfg(test)]
mod tests {
    use super::canonical;

    #[test]
    fn each_type_has_one_name() {
        for (written, server) in [
            ("INT", "integer"),
            ("int8", "bigint"),
            ("varchar(20)", "character varying(20)"),
            ("VARCHAR (20) []", "character varying(20)[]"),
            ("text[][]", "text[]"),
            ("timestamptz", "timestamp with time zone"),
            ("timestamptz(3)", "timestamp(3) with time zone"),
            ("timestamp(3) with time zone", "timestamp(3) with time zone"),
            ("timestamp", "timestamp without time zone"),
            ("timestamp with time zone", "timestamp with time zone"),
            ("numeric(10, 2)", "numeric(10,2)"),
            ("numeric(10)", "numeric(10,0)"),
            ("decimal", "numeric"),
            ("char", "character(1)"),
            ("char(3)", "character(3)"),
            ("double precision", "double precision"),
            ("erp.money", "erp.money"),
            ("\"Odd\"", "\"Odd\""),
            ("pg_catalog.int4", "integer"),
        ] {
            assert_eq!(canonical(written), server, "{written}");
        }
    }
}
