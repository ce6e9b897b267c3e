//! What a name in some code means where it runs.

use crate::catalog::replay::{Kind, Name};
use crate::catalog::{Catalog, Function, Relation, Signature};
use crate::ident::{Ident, QualifiedName};
use crate::policy::manifest::Manifest;
use crate::rule::code::sentence::Sentence;

/// The schemas in which names without one are looked up, in order.
#[derive(Clone, Debug)]
pub(super) struct Path<'a> {
    catalog: &'a Catalog,
    schemas: Vec<Ident>,
    /// Whether the names were looked up when the code was made, and not as it runs.
    pub(super) is_settled: bool,
}

impl<'a> Path<'a> {
    /// That of a role's sessions. Those that a service sets by itself are not known, and taken for the manifest's schemas.
    pub(super) fn of_role(manifest: &Manifest, catalog: &'a Catalog, role: &Ident) -> Self {
        let set = |of: Option<&Ident>, in_database: bool| {
            let is_it = |setting: &&crate::catalog::Setting| {
                setting.name == "search_path"
                    && setting.role.as_ref() == of
                    && setting.in_database == in_database
            };
            catalog.settings.iter().find(is_it).map(|setting| setting.value.as_str())
        };
        let told = set(Some(role), true).or_else(|| set(Some(role), false));
        let told = told.or_else(|| set(None, true)).or_else(|| set(None, false));
        let schemas = told.map_or_else(
            || {
                [role.clone(), Ident::known("public")]
                    .into_iter()
                    .chain(manifest.schemas.iter().cloned())
                    .collect()
            },
            |value| listed(value, role),
        );
        Self { catalog, schemas, is_settled: false }
    }

    /// That of a function which such a session calls.
    pub(super) fn within(&self, function: &Function, role: &Ident) -> Self {
        let mut path = self.clone();
        path.is_settled = function.language == "sql" && {
            let body = Sentence::of(&function.body);
            body.starts("begin atomic") || body.starts("return")
        };
        if let Some(value) = function.settings.get("search_path") {
            path.schemas = listed(value, role);
        }
        path
    }

    /// That of an expression, in which every name is what it meant when it was made.
    pub(super) fn settled(&self) -> Self {
        Self { is_settled: true, ..self.clone() }
    }

    pub(super) fn relation(&self, name: &Name) -> Option<(&'a QualifiedName, &'a Relation)> {
        self.places(name).find_map(|name| self.catalog.relations.get_key_value(&name))
    }

    /// The one function that a call with so many arguments can mean.
    pub(super) fn function(&self, name: &Name, arguments: usize) -> Option<(&'a Signature, &'a Function)> {
        let named = self.places(name).map(|name| {
            let first = Signature { name: name.clone(), arguments: Vec::new() };
            let all = self.catalog.functions.range(first..);
            all.take_while(|(signature, _)| signature.name == name).collect::<Vec<_>>()
        });
        let named = named.into_iter().find(|all| !all.is_empty())?;
        let fits: Vec<_> = named.iter().filter(|(of, _)| of.arguments.len() == arguments).collect();
        match (&fits[..], &named[..]) {
            ([one], _) => Some(**one),
            // The others have defaults.
            ([], [one]) => Some(*one),
            _ => None,
        }
    }

    fn places<'n>(&'n self, name: &'n Name) -> impl Iterator<Item = QualifiedName> + 'n {
        let schemas = match &name.schema {
            Some(schema) => std::slice::from_ref(schema),
            None => &self.schemas[..],
        };
        schemas.iter().cloned().map(move |schema| QualifiedName::new(schema, name.name.clone()))
    }
}

/// The schemas of a `search_path`.
fn listed(value: &str, role: &Ident) -> Vec<Ident> {
    let words = Sentence::of(value).words;
    let words = words.into_iter().filter(|word| word.is_name() || word.kind == Kind::Text);
    let schemas = words.filter_map(|word| match word.text.as_str() {
        "$user" => Some(role.clone()),
        _ => Ident::new(word.text).ok(),
    });
    schemas.collect()
}

#[cfg(test)]
mod tests {
    use super::listed;
    use crate::ident::Ident;

    #[test]
    fn a_search_path_names_schemas_with_quotes_and_without() {
        let app = Ident::known("erp_app");
        let schemas = listed("\"$user\", Public, \"Odd\", 'x'", &app);
        let names: Vec<&str> = schemas.iter().map(Ident::as_str).collect();
        assert_eq!(names, ["erp_app", "public", "Odd", "x"]);
    }
}
