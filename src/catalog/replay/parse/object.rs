//! Schemas, extensions, publications, types: what needs few words.

use super::super::cursor::{Cursor, Name, Parsed};
use super::passed::{Rest, rest};
use super::role::{RoleName, role};
use super::type_name::{TypeName, type_name};
use crate::ident::Ident;

/// `CREATE SCHEMA`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CreateSchema {
    /// The role's name is meant where there is none.
    pub(crate) name: Option<Ident>,
    pub(crate) if_not_exists: bool,
    pub(crate) owner: Option<RoleName>,
    /// The statements that make what is in it, each as it is written.
    pub(crate) elements: Vec<String>,
}

/// `CREATE EXTENSION`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CreateExtension {
    pub(crate) name: Ident,
    pub(crate) if_not_exists: bool,
    pub(crate) schema: Option<Ident>,
    pub(crate) cascade: bool,
}

/// What a publication publishes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Published {
    pub(crate) all_tables: bool,
    /// Each table with its row filter.
    pub(crate) tables: Vec<(Name, Option<String>)>,
    /// `CURRENT_SCHEMA` is no name.
    pub(crate) schemas: Vec<Option<Ident>>,
}

/// `ALTER PUBLICATION`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AlterPublication {
    Add(Published),
    Set(Published),
    Drop(Published),
    Rename(Ident),
    /// Its owner or its options.
    Nothing,
}

/// A type, as a statement defines it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TypeDef {
    Enum,
    Composite(Vec<(Ident, TypeName)>),
    Domain(TypeName),
    /// A range of values of a type, and what the type of several such ranges is to be called.
    Range(TypeName, Option<Name>),
    /// A type in C, or one of which only the name is known yet.
    Other,
}

/// What follows `CREATE`.
pub(crate) fn create_schema(cursor: &mut Cursor<'_>) -> Parsed<CreateSchema> {
    cursor.expect("schema")?;
    let if_not_exists = cursor.take("if not exists");
    let name = if cursor.is("authorization") { None } else { Some(cursor.ident()?) };
    let owner = if cursor.take("authorization") { Some(role(cursor)?) } else { None };
    let mut elements = Vec::new();
    while !cursor.is_at_end() {
        if !cursor.is_one_of(&["create", "grant"]) {
            return Err(cursor.unexpected("CREATE or GRANT"));
        }
        elements.push(cursor.until(&["create", "grant"])?.text().to_owned());
    }
    Ok(CreateSchema { name, if_not_exists, owner, elements })
}

/// What follows `CREATE`.
pub(crate) fn create_extension(cursor: &mut Cursor<'_>) -> Parsed<CreateExtension> {
    cursor.expect("extension")?;
    let if_not_exists = cursor.take("if not exists");
    let mut made = CreateExtension { name: cursor.ident()?, if_not_exists, schema: None, cascade: false };
    let _ = cursor.take("with");
    while !cursor.is_at_end() {
        if cursor.take("schema") {
            made.schema = Some(cursor.ident()?);
        } else if cursor.take_one_of(&["version", "from"]).is_some() {
            cursor.any();
        } else if cursor.take("cascade") {
            made.cascade = true;
        } else {
            return Err(cursor.unexpected("an option of CREATE EXTENSION"));
        }
    }
    Ok(made)
}

/// `FOR ALL TABLES`, or the list of tables and schemas.
pub(crate) fn published(cursor: &mut Cursor<'_>) -> Parsed<Published> {
    let mut published = Published::default();
    if cursor.take("all tables") {
        published.all_tables = true;
        return Ok(published);
    }
    let mut schemas = false;
    let objects = cursor.list(|cursor| {
        if cursor.take("tables in schema") || cursor.take("all tables in schema") {
            schemas = true;
        } else if cursor.take("table") {
            schemas = false;
        }
        if schemas {
            let schema = if cursor.take("current_schema") { None } else { Some(cursor.ident()?) };
            return Ok(Err(schema));
        }
        let _ = cursor.take("only");
        let name = cursor.name()?;
        let _ = cursor.take("*");
        if cursor.is("(") {
            cursor.in_parens(Cursor::ident)?;
        }
        let filter = if cursor.take("where") { Some(cursor.parens()?.text().to_owned()) } else { None };
        Ok(Ok((name, filter)))
    })?;
    for object in objects {
        match object {
            Ok(table) => published.tables.push(table),
            Err(schema) => published.schemas.push(schema),
        }
    }
    Ok(published)
}

/// What follows `CREATE PUBLICATION`.
pub(crate) fn create_publication(cursor: &mut Cursor<'_>) -> Parsed<(Ident, Published)> {
    let name = cursor.ident()?;
    let published = if cursor.take("for") { published(cursor)? } else { Published::default() };
    if cursor.take("with") {
        cursor.parens()?;
    }
    cursor.end()?;
    Ok((name, published))
}

/// What follows `ALTER PUBLICATION`.
pub(crate) fn alter_publication(cursor: &mut Cursor<'_>) -> Parsed<(Ident, AlterPublication)> {
    let name = cursor.ident()?;
    let change = if cursor.take("rename to") {
        AlterPublication::Rename(cursor.ident()?)
    } else if cursor.take("owner to") {
        role(cursor)?;
        AlterPublication::Nothing
    } else if cursor.is("set (") {
        cursor.take("set");
        rest(cursor, Rest::Options)?;
        AlterPublication::Nothing
    } else if cursor.take("add") {
        AlterPublication::Add(published(cursor)?)
    } else if cursor.take("set") {
        AlterPublication::Set(published(cursor)?)
    } else if cursor.take("drop") {
        AlterPublication::Drop(published(cursor)?)
    } else {
        return Err(cursor.unexpected("ADD, SET or DROP"));
    };
    cursor.end()?;
    Ok((name, change))
}

/// What follows `CREATE`, a type or a domain.
pub(crate) fn create_type(cursor: &mut Cursor<'_>) -> Parsed<(Name, TypeDef)> {
    if cursor.take("domain") {
        let name = cursor.name()?;
        let _ = cursor.take("as");
        let of = type_name(cursor)?;
        rest(cursor, Rest::CreateDomain)?;
        return Ok((name, TypeDef::Domain(of)));
    }
    cursor.expect("type")?;
    let name = cursor.name()?;
    let made = if cursor.take("as enum") {
        cursor.parens()?;
        TypeDef::Enum
    } else if cursor.is("as (") {
        cursor.take("as");
        TypeDef::Composite(cursor.in_parens(|cursor| {
            let name = cursor.ident()?;
            let data_type = type_name(cursor)?;
            if cursor.take("collate") {
                cursor.name()?;
            }
            Ok((name, data_type))
        })?)
    } else if cursor.take("as range") {
        range(cursor)?
    } else {
        if !cursor.is_at_end() {
            rest(cursor, Rest::Options)?;
        }
        TypeDef::Other
    };
    Ok((name, made))
}

fn range(cursor: &mut Cursor<'_>) -> Parsed<TypeDef> {
    let (mut of, mut several) = (None, None);
    cursor.in_parens(|cursor| {
        let option = cursor.ident()?;
        cursor.expect("=")?;
        match option.as_str() {
            "subtype" => of = Some(type_name(cursor)?),
            "multirange_type_name" => several = Some(cursor.name()?),
            _ => drop(cursor.name()?),
        }
        Ok(())
    })?;
    Ok(TypeDef::Range(of.ok_or("the range has no subtype")?, several))
}
