//! The tenant as a parameter of a statement.

use std::error::Error as StdError;

use bytes::BytesMut;
use tokio_postgres::types::{IsNull, Kind, ToSql, Type, to_sql_checked};

use super::{Key, TenantId};

/// A parameter for a condition on a tenant column: of type `uuid`, `bigint`, `integer`, `smallint`, `text`, `varchar`, or a
/// domain over one of them. Policies need none; see [`Statements::tenant`](crate::Statements::tenant) for what it is good for.
impl ToSql for TenantId {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        if let Kind::Domain(base) = ty.kind() {
            return self.to_sql(base, out);
        }
        match (&self.0, ty) {
            (Key::Uuid(bytes), &Type::UUID) => {
                out.extend_from_slice(bytes);
                Ok(IsNull::No)
            }
            (Key::Integer(number), &Type::INT8) => number.to_sql(ty, out),
            (Key::Integer(number), &Type::INT4) => i32::try_from(*number)?.to_sql(ty, out),
            (Key::Integer(number), &Type::INT2) => i16::try_from(*number)?.to_sql(ty, out),
            (Key::Text(text), _) if <&str as ToSql>::accepts(ty) => (&**text).to_sql(ty, out),
            _ => Err(format!("the tenant is {}, and the parameter of type {ty}", self.kind()).into()),
        }
    }

    fn accepts(ty: &Type) -> bool {
        match ty.kind() {
            Kind::Domain(base) => Self::accepts(base),
            _ => {
                [Type::UUID, Type::INT8, Type::INT4, Type::INT2].contains(ty) || <&str as ToSql>::accepts(ty)
            }
        }
    }

    to_sql_checked!();
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;
    use tokio_postgres::types::{Kind, ToSql, Type};

    use super::TenantId;

    fn sent(tenant: &TenantId, ty: &Type) -> Result<Vec<u8>, String> {
        let mut out = BytesMut::new();
        assert!(TenantId::accepts(ty));
        tenant.to_sql_checked(ty, &mut out).map_err(|error| error.to_string())?;
        Ok(out.to_vec())
    }

    #[test]
    fn it_is_sent_as_the_column_has_it() {
        let number = TenantId::from(258_i64);
        assert_eq!(sent(&number, &Type::INT8), Ok(vec![0, 0, 0, 0, 0, 0, 1, 2]));
        assert_eq!(sent(&number, &Type::INT4), Ok(vec![0, 0, 1, 2]));
        assert_eq!(sent(&number, &Type::INT2), Ok(vec![1, 2]));
        assert_eq!(sent(&TenantId::uuid([7; 16]), &Type::UUID), Ok(vec![7; 16]));
        let text = TenantId::text("acme").unwrap();
        assert_eq!(sent(&text, &Type::TEXT), Ok(b"acme".to_vec()));
        let domain = Type::new("tenant".to_owned(), 1, Kind::Domain(Type::TEXT), "public".to_owned());
        assert_eq!(sent(&text, &domain), Ok(b"acme".to_vec()));
    }

    #[test]
    fn one_that_does_not_fit_is_told_and_not_shown() {
        let text = TenantId::text("acme").unwrap();
        assert_eq!(
            sent(&text, &Type::UUID),
            Err("the tenant is a text, and the parameter of type uuid".to_owned())
        );
        assert!(sent(&TenantId::from(1_i64 << 40), &Type::INT4).is_err());
        assert!(!TenantId::accepts(&Type::BOOL));
    }
}
