//! The DO blocks that this crate itself writes into plans and policies.

use crate::catalog::replay::{Kind, text_of, tokens};
use crate::rule::code::sentence::Sentence;
use crate::rule::record::Severity;

/// What writes such a block, and how much it matters that the block is not followed: nothing if it only checks, little if
/// it does something that a statement before it names.
const BLOCKS: [(&str, Severity); 12] = [
    (include_str!("../../../sql/bootstrap/apart.sql"), Severity::Info),
    (include_str!("../../../sql/bootstrap/member.sql"), Severity::Low),
    (include_str!("../../../sql/bootstrap/reads_all.sql"), Severity::Low),
    (include_str!("../../../sql/bootstrap/role.sql"), Severity::Low),
    (include_str!("../../../sql/bootstrap/schema.sql"), Severity::Info),
    (include_str!("../../../sql/bootstrap/tenant_id_kept.sql"), Severity::Info),
    (include_str!("../../../sql/policy/context.sql"), Severity::Info),
    (include_str!("../../../sql/policy/enable.sql"), Severity::Low),
    (include_str!("../../../sql/policy/tenant_column/foreign_key.sql"), Severity::Low),
    (include_str!("../../../sql/policy/tenant_column/index.sql"), Severity::Low),
    (include_str!("../../../sql/policy/tenant_column/unique.sql"), Severity::Low),
    (include_str!("../../../sql/policy/tenant_column/view.sql"), Severity::Info),
];

/// How much a DO block with this body matters, if it is one of the crate's own, word for word.
pub(in crate::rule) fn severity(body: &str) -> Option<Severity> {
    let body = Sentence::of(body);
    BLOCKS.iter().find(|(file, _)| block(file).is_some_and(|own| Sentence::of(&own) == body)).map(|of| of.1)
}

/// The body of the DO block of a file.
fn block(file: &str) -> Option<String> {
    let tokens = tokens(file);
    let body = tokens.windows(2).find(|pair| match pair {
        [verb, body] => verb.is_word(file, "do") && body.kind == Kind::Text,
        _ => false,
    })?;
    text_of(*body.last()?, file)
}

#[cfg(test)]
mod tests {
    use super::{BLOCKS, block, severity};

    #[test]
    fn a_block_with_one_word_more_is_another_one() {
        let body = block(BLOCKS[7].0).unwrap();
        assert!(severity(&format!("{body} -- a comment")).is_some());
        for other in [
            body.replace("tenantry\\_%", "%"),
            body.replace("DROP POLICY", "DROP TABLE"),
            format!("{body}; SELECT 1"),
        ] {
            assert_ne!(other, body);
            assert!(severity(&other).is_none(), "{other}");
        }
    }
}
