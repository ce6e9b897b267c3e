//! Where each relation stands.

use crate::ident::Ident;
use crate::plan::map::Map;
use crate::plan::map::class::Class;

/// How wide a character of a name is, in tenths of a pixel.
pub(super) const CHARACTER_TENTHS: usize = 66;

/// The space inside a panel.
pub(super) const PADDING: usize = 14;

/// A panel's heading.
const HEADING: usize = 32;

const BOX: usize = 24;
const PITCH: usize = 32;

/// Between the columns of a panel, where lines pass.
const ALLEY: usize = 34;

/// Between panels above one another, and beside one another.
const GAP: usize = 18;
const STREET: usize = 96;

const NARROWEST: usize = 96;
const WIDEST: usize = 236;

/// A column of a panel is no shorter than this for the sake of the picture's form.
const MOST_COLUMNS: usize = 64;

/// A rectangle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Spot {
    pub(super) x: usize,
    pub(super) y: usize,
    pub(super) width: usize,
    pub(super) height: usize,
}

impl Spot {
    pub(super) fn right(&self) -> usize {
        self.x + self.width
    }
}

/// The relations of a class, of one schema where there are several.
pub(super) struct Panel<'a> {
    pub(super) class: Class,
    pub(super) schema: Option<&'a Ident>,
    pub(super) count: usize,
    pub(super) spot: Spot,
}

pub(super) struct Layout<'a> {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) panels: Vec<Panel<'a>>,
    /// In the order of the map's relations.
    pub(super) spots: Vec<Spot>,
}

/// Panels above one another, all with as many columns.
#[derive(Default)]
struct Lane<'a> {
    blocks: Vec<(Class, Option<&'a Ident>, Vec<usize>)>,
    /// How wide a relation is.
    cell: usize,
}

impl Lane<'_> {
    fn height(&self, columns: usize) -> usize {
        let rows = self.blocks.iter().map(|(_, _, nodes)| nodes.len().div_ceil(columns));
        let blocks = rows.map(|rows| HEADING + rows * PITCH - (PITCH - BOX) + PADDING + GAP);
        blocks.sum::<usize>().saturating_sub(GAP)
    }

    fn width(&self, columns: usize) -> usize {
        columns * (self.cell + ALLEY) - ALLEY + 2 * PADDING
    }

    /// The most columns that are of any use.
    fn most(&self) -> usize {
        let longest = self.blocks.iter().map(|(_, _, nodes)| nodes.len()).max().unwrap_or(1);
        longest.clamp(1, MOST_COLUMNS)
    }

    /// The fewest columns with which it is no higher than that.
    fn columns(&self, height: usize) -> usize {
        let most = self.most();
        (1..=most).find(|columns| self.height(*columns) <= height).unwrap_or(most)
    }
}

impl<'a> Layout<'a> {
    pub(super) fn of(map: &Map<'a>) -> Self {
        let lanes = lanes(map);
        let columns = columns(&lanes);
        let mut spots = vec![Spot::default(); map.nodes.len()];
        let (mut panels, mut x, mut height) = (Vec::new(), 0, 0);
        for (lane, columns) in lanes.iter().zip(columns) {
            let width = lane.width(columns);
            let mut y = 0;
            for (class, schema, nodes) in &lane.blocks {
                let rows = nodes.len().div_ceil(columns);
                let panel_height = HEADING + rows * PITCH - (PITCH - BOX) + PADDING;
                for (at, node) in nodes.iter().enumerate() {
                    if let Some(spot) = spots.get_mut(*node) {
                        *spot = Spot {
                            x: x + PADDING + at / rows * (lane.cell + ALLEY),
                            y: y + HEADING + at % rows * PITCH,
                            width: lane.cell,
                            height: BOX,
                        };
                    }
                }
                let spot = Spot { x, y, width, height: panel_height };
                panels.push(Panel { class: *class, schema: *schema, count: nodes.len(), spot });
                y += panel_height + GAP;
            }
            height = height.max(y.saturating_sub(GAP));
            x += width + STREET;
        }
        Self { width: x.saturating_sub(STREET), height, panels, spots }
    }
}

/// The lanes that there are, from the left.
fn lanes<'a>(map: &Map<'a>) -> Vec<Lane<'a>> {
    let mut lanes: Vec<Lane<'_>> = Vec::new();
    lanes.resize_with(4, Lane::default);
    for (class, nodes) in map.classes() {
        let Some(lane) = lanes.get_mut(class.lane()) else { continue };
        for number in nodes {
            let Some(node) = map.nodes.get(number) else { continue };
            let characters =
                node.name.name().as_str().chars().count() + if node.partitions > 0 { 4 } else { 0 };
            lane.cell = lane.cell.max((characters * CHARACTER_TENTHS / 10 + 20).clamp(NARROWEST, WIDEST));
            let schema = (map.schemas.len() > 1).then(|| node.name.schema());
            let heading = schema.map_or(0, |of| of.plain().chars().count() + 3) + class.name().len() + 4;
            lane.cell = lane.cell.max((heading * 8).min(WIDEST));
            match lane.blocks.last_mut() {
                Some((last, of, numbers)) if *last == class && *of == schema => numbers.push(number),
                _ => lane.blocks.push((class, schema, vec![number])),
            }
        }
    }
    lanes.retain(|lane| !lane.blocks.is_empty());
    lanes
}

/// How many columns each lane has, so that the picture is about half as wide again as it is high.
fn columns(lanes: &[Lane<'_>]) -> Vec<usize> {
    let heights = lanes.iter().flat_map(|lane| (1..=lane.most()).map(|columns| lane.height(columns)));
    let off = |height: usize| {
        let chosen: Vec<usize> = lanes.iter().map(|lane| lane.columns(height)).collect();
        let each = || lanes.iter().zip(&chosen);
        let width: usize = each().map(|(lane, columns)| lane.width(*columns) + STREET).sum();
        let height = each().map(|(lane, columns)| lane.height(*columns)).max().unwrap_or_default();
        ((2_000 * width / (3 * height).max(1)).abs_diff(1_000), chosen)
    };
    heights.map(off).min().map(|(_, chosen)| chosen).unwrap_or_default()
}
