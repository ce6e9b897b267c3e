//! Curves between relations.

use super::layout::Spot;

/// How far a line leaves a relation before it may turn.
const LEAST: usize = 26;

/// The path from one relation to another, to be drawn beneath both.
pub(super) fn between(from: &Spot, to: &Spot) -> String {
    let (from_y, to_y) = (from.y + from.height / 2, to.y + to.height / 2);
    if from == to {
        let (x, above, below) = (from.right(), from_y.saturating_sub(5), from_y + 5);
        return format!(
            "M{x} {above}C{} {} {} {} {x} {below}",
            x + 24,
            above.saturating_sub(8),
            x + 24,
            below + 8
        );
    }
    if to.right() < from.x {
        let (start, end) = (from.x, to.right());
        let turn = ((start - end) / 2).max(LEAST);
        return format!(
            "M{start} {from_y}C{} {from_y} {} {to_y} {end} {to_y}",
            start.saturating_sub(turn),
            end + turn
        );
    }
    if from.right() < to.x {
        let (start, end) = (from.right(), to.x);
        let turn = ((end - start) / 2).max(LEAST);
        return format!(
            "M{start} {from_y}C{} {from_y} {} {to_y} {end} {to_y}",
            start + turn,
            end.saturating_sub(turn)
        );
    }
    // One is above the other: around, on the right.
    let out = (LEAST + from_y.abs_diff(to_y) / 12).min(3 * LEAST);
    let (start, end) = (from.right(), to.right());
    format!("M{start} {from_y}C{} {from_y} {} {to_y} {end} {to_y}", start + out, end + out)
}
