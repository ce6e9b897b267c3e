//! What the server writes back is what was rendered.

use tenantry::catalog::Expr;

use super::world::World;

/// A policy's name with its two expressions.
type Policy = (String, Option<String>, Option<String>);

/// The expression in parentheses after a keyword, up to the statement's end.
fn expression(statement: &str, keyword: &str) -> Option<String> {
    let after = statement.split_once(&format!("\n    {keyword} ("))?.1;
    let (mut depth, mut quote) = (1, None);
    for (at, c) in after.char_indices() {
        match (c, quote) {
            ('\'' | '"', None) => quote = Some(c),
            (c, Some(open)) if c == open => quote = None,
            ('(', None) => depth += 1,
            (')', None) => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(after[..at].to_owned());
        }
    }
    None
}

fn rendered(sql: &str) -> Vec<Policy> {
    let statements =
        sql.split("CREATE POLICY ").skip(1).map(|rest| rest.split("\n\nCOMMENT").next().unwrap());
    let policy = |statement: &str| {
        let name = statement.split(' ').next().unwrap().to_owned();
        (name, expression(statement, "USING"), expression(statement, "WITH CHECK"))
    };
    let mut policies: Vec<Policy> = statements.map(policy).collect();
    policies.sort();
    policies
}

/// Every policy of a world as the server has it, against what was rendered.
pub(super) async fn compare(world: &World) {
    for subject in &world.subjects {
        let sql = subject.shape.policies(&subject.table, &world.tenancy, &world.roles).unwrap();
        let rows = world
            .admin
            .query(
                "SELECT polname::text, pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid),
                     obj_description(oid, 'pg_policy')
                 FROM pg_policy WHERE polrelid = $1::text::regclass ORDER BY polname::text COLLATE \"C\"",
                &[&subject.table.to_string()],
            )
            .await
            .unwrap();
        let rendered = rendered(&sql);
        assert_eq!(rows.len(), rendered.len(), "{sql}");
        let comment = format!("tenantry: {}, version {}", subject.shape.name(), subject.shape.version());
        for (row, (name, using, with_check)) in rows.iter().zip(rendered) {
            assert_eq!(
                (row.get(0), row.get(3)),
                (name.as_str(), Some(comment.as_str())),
                "{}",
                subject.label
            );
            for (at, rendered) in [(1, using), (2, with_check)] {
                let written: Option<String> = row.get(at);
                let same = rendered.clone().map(Expr::new) == written.clone().map(Expr::new);
                assert!(same, "{}: {name}\nrendered {rendered:?}\n written {written:?}", subject.label);
            }
        }
    }
}
