use std::collections::BTreeMap;

use super::layout::{Layout, Spot};
use crate::plan::map::tests::form::odd_map;

#[test]
fn nothing_lies_on_anything_else() {
    for (tables, widest) in [(1, 4_000), (7, 4_000), (60, 4_000), (400, 8_000), (2_000, 20_000)] {
        odd_map(3, tables, |map| {
            let layout = Layout::of(map);
            assert!(layout.width <= widest, "{tables}: {} x {}", layout.width, layout.height);
            // Neither a strip nor a tower, once there is something to be seen.
            let wide = layout.width * 100 / layout.height;
            assert!(
                tables < 60 || (70..350).contains(&wide),
                "{tables}: {} x {}",
                layout.width,
                layout.height
            );
            let mut taken: BTreeMap<(usize, usize), usize> = BTreeMap::new();
            for (number, spot) in layout.spots.iter().enumerate() {
                assert!(
                    spot.width > 0 && spot.right() <= layout.width && spot.y + spot.height <= layout.height
                );
                assert_eq!(taken.insert((spot.x, spot.y), number), None);
                let inside = |of: &Spot| {
                    of.x < spot.x
                        && spot.right() < of.right()
                        && of.y < spot.y
                        && spot.y + spot.height < of.y + of.height
                };
                let panels = layout.panels.iter().filter(|panel| inside(&panel.spot));
                assert_eq!(panels.map(|panel| panel.class).collect::<Vec<_>>(), [map.nodes[number].class]);
            }
            // In a column one is below another, and columns do not touch.
            let spots: Vec<_> = taken.keys().collect();
            for pair in spots.windows(2) {
                let ((x, y), (next_x, next_y)) = (pair[0], pair[1]);
                assert!(if x == next_x { y + 24 < *next_y } else { x + 96 < *next_x }, "{pair:?}");
            }
        });
    }
}
