//! What the server says that a statement's rows are made of.
//!
//! Format: [RowDescription](https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-ROWDESCRIPTION).

use std::sync::Arc;

use postgres_protocol::Oid;

use super::statements::cstr;

/// The columns of a statement that returns rows: their names and types, by which rows are decoded. Their
/// type modifiers change no value's format, and a plan need not have those that its query was described
/// with. `None` is a statement that returns no rows.
pub(super) type Columns = Option<Arc<[u8]>>;

/// What of a column's description stands behind its name: table, number, type, size, modifier, format.
const REST: usize = 4 + 2 + 4 + 2 + 4 + 2;

/// One column of a RowDescription.
struct Column<'a> {
    name: &'a [u8],
    type_oid: [u8; 4],
}

/// Reads the body of a RowDescription.
pub(super) fn columns(body: &[u8]) -> Arc<[u8]> {
    let mut columns = Vec::with_capacity(body.len());
    for Column { name, type_oid } in each(body) {
        columns.extend_from_slice(name);
        columns.push(0);
        columns.extend_from_slice(&type_oid);
    }
    columns.into()
}

/// The types of the columns in the body of a RowDescription.
pub(super) fn types(body: &[u8]) -> impl Iterator<Item = Oid> {
    each(body).map(|column| Oid::from_be_bytes(column.type_oid))
}

/// Goes through the columns, as far as they are whole.
fn each(body: &[u8]) -> impl Iterator<Item = Column<'_>> {
    let mut rest = body.get(2..).unwrap_or_default();
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (name, behind) = cstr(rest);
        let (column, next) = behind.split_first_chunk::<REST>()?;
        rest = next;
        let [_, _, _, _, _, _, type_oid @ .., _, _, _, _, _, _, _, _] = *column;
        Some(Column { name, type_oid })
    })
}

#[cfg(test)]
mod tests {
    use super::{columns, types};

    /// A RowDescription of columns, each with its table, type, modifier and format.
    fn body(described: &[(&str, u32, u32, i32, i16)]) -> Vec<u8> {
        let mut body = u16::try_from(described.len()).unwrap().to_be_bytes().to_vec();
        for (name, table, type_oid, modifier, format) in described {
            body.extend_from_slice(name.as_bytes());
            body.push(0);
            body.extend_from_slice(&table.to_be_bytes());
            body.extend_from_slice(&7_i16.to_be_bytes());
            body.extend_from_slice(&type_oid.to_be_bytes());
            body.extend_from_slice(&8_i16.to_be_bytes());
            body.extend_from_slice(&modifier.to_be_bytes());
            body.extend_from_slice(&format.to_be_bytes());
        }
        body
    }

    #[test]
    fn columns_are_the_same_wherever_they_come_from_and_in_any_format() {
        let statement = body(&[("id", 100, 20, -1, 0), ("name", 100, 25, -1, 0)]);
        let portal = body(&[("id", 200, 20, 7, 1), ("name", 0, 25, -1, 1)]);
        assert_eq!(columns(&statement), columns(&portal));
        assert_eq!(types(&portal).collect::<Vec<_>>(), [20, 25]);
    }

    #[test]
    fn another_name_type_order_or_number_makes_them_different() {
        let learnt = columns(&body(&[("a", 1, 20, -1, 0), ("b", 1, 1700, 10, 0)]));
        for other in [
            &[("a", 1, 20, -1, 0), ("c", 1, 1700, 10, 0)][..],
            &[("a", 1, 701, -1, 0), ("b", 1, 1700, 10, 0)],
            &[("b", 1, 1700, 10, 0), ("a", 1, 20, -1, 0)],
            &[("a", 1, 20, -1, 0)],
            &[],
        ] {
            assert_ne!(columns(&body(other)), learnt, "{other:?}");
        }
    }

    #[test]
    fn a_description_that_is_cut_off_ends_there() {
        let whole = body(&[("a", 1, 20, -1, 0), ("b", 1, 25, -1, 0)]);
        for end in 0..whole.len() {
            assert!(types(&whole[..end]).count() < 2, "{end}");
        }
    }
}
