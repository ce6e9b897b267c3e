//! Parameters that are converted ahead of the statement that takes them.

use std::error::Error as StdError;
use std::fmt;

use bytes::{Bytes, BytesMut};
use tokio_postgres::types::{Format, IsNull, ToSql, Type, to_sql_checked};

use crate::error::{Error, Kind, Result};

/// A parameter as the server takes it.
///
/// Converted ahead of the first statement, a parameter that does not fit stops a batch before any of it is sent.
pub(in crate::pool) struct Converted {
    /// `None` is NULL.
    bytes: Option<Bytes>,
    format: Format,
}

impl Converted {
    /// One, with room that others have been made in.
    pub(in crate::pool) fn new(
        param: &(dyn ToSql + Sync),
        ty: &Type,
        room: &mut BytesMut,
    ) -> Result<Self, Box<dyn StdError + Sync + Send>> {
        let is_null = param.to_sql_checked(ty, room)?;
        let bytes = room.split().freeze();
        Ok(Self { bytes: matches!(is_null, IsNull::No).then_some(bytes), format: param.encode_format(ty) })
    }

    /// One that is there already.
    pub(in crate::pool) fn binary(bytes: Bytes) -> Self {
        Self { bytes: Some(bytes), format: Format::Binary }
    }

    /// The parameters of a statement that takes these types.
    pub(super) fn all(params: &[&(dyn ToSql + Sync)], types: &[Type]) -> Result<Vec<Self>> {
        if params.len() != types.len() {
            return Err(Error::from(Kind::ParameterCount { given: params.len(), expected: types.len() }));
        }
        let mut buf = BytesMut::new();
        let convert = |(at, (param, ty)): (usize, (&&(dyn ToSql + Sync), &Type))| {
            Self::new(*param, ty, &mut buf).map_err(|source| Error::parameter(at + 1, source))
        };
        params.iter().zip(types).enumerate().map(convert).collect()
    }
}

impl fmt::Debug for Converted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(converted)")
    }
}

impl ToSql for Converted {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        let Some(bytes) = &self.bytes else { return Ok(IsNull::Yes) };
        out.extend_from_slice(bytes);
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        self.format
    }

    to_sql_checked!();
}
