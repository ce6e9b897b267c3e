//! Values that go by whatever description the driver has of them, so that a description that is
//! out of date shows.

use std::error::Error;

use bytes::{BufMut, BytesMut};
use tenantry::Row;
use tenantry::types::{FromSql, IsNull, Kind, ToSql, Type, to_sql_checked};

type Failure = Box<dyn Error + Sync + Send>;

/// A parameter, as the server would write it. It is encoded as the type that the statement is said to
/// take.
#[derive(Clone, Copy, Debug)]
pub struct Flexible(pub &'static str);

impl ToSql for Flexible {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Failure> {
        encode(self.0, ty, out)?;
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

fn encode(text: &str, ty: &Type, out: &mut BytesMut) -> Result<(), Failure> {
    match (ty.kind(), ty) {
        (Kind::Domain(base), _) => encode(text, base, out)?,
        (Kind::Enum(_), _) | (_, &Type::TEXT) => out.put_slice(text.as_bytes()),
        (Kind::Composite(fields), _) => {
            let mut given = text.trim_matches(['(', ')']).split(',');
            out.put_i32(i32::try_from(fields.len())?);
            for field in fields {
                out.put_u32(field.type_().oid());
                match given.next().filter(|text| !text.is_empty()) {
                    None => out.put_i32(-1),
                    Some(text) => {
                        let mut value = BytesMut::new();
                        encode(text, field.type_(), &mut value)?;
                        out.put_i32(i32::try_from(value.len())?);
                        out.put_slice(&value);
                    }
                }
            }
        }
        (_, &Type::INT4) => out.put_i32(text.parse()?),
        (_, &Type::INT8) => out.put_i64(text.parse()?),
        (_, &Type::FLOAT8) => out.put_f64(text.parse()?),
        (_, &Type::NUMERIC) => {
            // One digit to the base of 10,000.
            out.put_slice(&[0, 1, 0, 0, 0, 0, 0, 0]);
            out.put_i16(text.parse()?);
        }
        _ => return Err(format!("no test has a parameter of type {ty}").into()),
    }
    Ok(())
}

/// A value as the server would write it, decoded as the type that the row says.
struct Reading(String);

impl<'a> FromSql<'a> for Reading {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Self, Failure> {
        decode(ty, raw).map(Self)
    }

    fn from_sql_null(_: &Type) -> Result<Self, Failure> {
        Ok(Self(String::new()))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

fn decode(ty: &Type, raw: &[u8]) -> Result<String, Failure> {
    Ok(match (ty.kind(), ty) {
        (Kind::Domain(base), _) => decode(base, raw)?,
        (Kind::Enum(_), _) | (_, &Type::TEXT | &Type::UNKNOWN) => String::from_utf8(raw.to_vec())?,
        (Kind::Composite(_), _) => composite(raw)?,
        (_, &Type::INT4) => i32::from_sql(ty, raw)?.to_string(),
        (_, &Type::INT8) => i64::from_sql(ty, raw)?.to_string(),
        (_, &Type::FLOAT8) => f64::from_sql(ty, raw)?.to_string(),
        (_, &Type::NUMERIC) => numeric(raw)?,
        _ => return Err(format!("no test has a column of type {ty}").into()),
    })
}

/// Composites say themselves what they hold: the number of their fields, then the type, the length
/// and the value of each.
fn composite(mut raw: &[u8]) -> Result<String, Failure> {
    let mut take = |count: usize| {
        let (taken, rest) = raw.split_at_checked(count).ok_or("a composite ends early")?;
        raw = rest;
        Ok::<_, Failure>(taken)
    };
    let count = i32::from_be_bytes(take(4)?.try_into()?);
    let mut fields = Vec::new();
    for _ in 0..count {
        let oid = u32::from_be_bytes(take(4)?.try_into()?);
        let length = i32::from_be_bytes(take(4)?.try_into()?);
        fields.push(match usize::try_from(length) {
            Ok(length) => decode(&Type::from_oid(oid).ok_or("a field of an unknown type")?, take(length)?)?,
            Err(_) => String::new(),
        });
    }
    Ok(format!("({})", fields.join(",")))
}

fn numeric(raw: &[u8]) -> Result<String, Failure> {
    let words: Vec<i16> = raw.chunks_exact(2).map(|word| i16::from_be_bytes([word[0], word[1]])).collect();
    let [1, 0, 0, scale, whole] = words[..] else { return Err(format!("a numeric of {raw:?}").into()) };
    let scale = usize::try_from(scale)?;
    Ok(if scale == 0 { whole.to_string() } else { format!("{whole}.{}", "0".repeat(scale)) })
}

/// A row's columns by name and value.
///
/// # Errors
///
/// The row's own description does not fit it.
pub fn read(row: &Row) -> Result<Vec<(String, String)>, String> {
    let columns = row.columns().iter().enumerate();
    let value = |at: usize| row.try_get::<_, Reading>(at).map(|reading| reading.0);
    columns
        .map(|(at, column)| {
            let read = value(at).map_err(|error| format!("column {:?}: {error:?}", column.name()))?;
            Ok((column.name().to_owned(), read))
        })
        .collect()
}
