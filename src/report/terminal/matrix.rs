//! Nodes across, components down: the first thing to look at, and the last if all is well.
//!
//! A cell is as bad as the worst check in it. Nodes that do not fit stand in further blocks below.

use std::io;

use owo_colors::Style;

use super::{Screen, bold, dim, style};
use crate::check::Verdict;
use crate::report::text::{columns, line, pad};
use crate::report::{Report, Summary};

/// How much of a name is shown, in characters; Pigsty's are half as long.
const NAME: usize = 24;

/// Spaces between columns.
const GAP: usize = 3;

struct Column {
    name: String,
    address: String,
    cells: Vec<Cell>,
}

struct Cell {
    style: Style,
    text: String,
}

impl Column {
    fn width(&self, addresses: bool) -> usize {
        let cells = self.cells.iter().map(|cell| columns(&cell.text)).max().unwrap_or(0);
        let address = if addresses { columns(&self.address) } else { 0 };
        cells.max(columns(&self.name)).max(address) + GAP
    }
}

/// Writes the matrix, in as many blocks of nodes as the screen's width makes necessary.
pub(super) fn write(report: &Report, screen: &mut Screen<'_>) -> io::Result<()> {
    let components = components(report);
    let names: Vec<_> = components.iter().map(|name| line(name, NAME)).collect();
    let first = names.iter().map(|name| columns(name)).max().unwrap_or(0) + GAP;
    let hosts = report.hosts();
    let all: Vec<_> = hosts.into_iter().map(|(node, address)| column(report, &components, node, address)).collect();
    // The last column needs no gap.
    let room = screen.width + GAP - first;
    let widest = |addresses| all.iter().map(|column| column.width(addresses)).max().unwrap_or(GAP);
    // Addresses are worth a line, but not a second block.
    let addresses = widest(true) * all.len() <= room;
    let width = widest(addresses);
    let blocks = all.len().div_ceil((room / width).max(1)).max(1);
    for (index, block) in all.chunks(all.len().div_ceil(blocks).max(1)).enumerate() {
        if index > 0 {
            screen.blank()?;
        }
        head(block, (first, width), addresses, screen)?;
        for (row, name) in names.iter().enumerate() {
            let cells = block.iter().map(|column| &column.cells[row]);
            let cells = cells.map(|cell| screen.paint(cell.style, &cell.text) + &pad("", width - columns(&cell.text)));
            let text = pad(name, first) + &cells.collect::<String>();
            screen.line(&text)?;
        }
    }
    Ok(())
}

/// The names of the nodes, and their addresses below.
fn head(block: &[Column], (first, width): (usize, usize), addresses: bool, screen: &mut Screen<'_>) -> io::Result<()> {
    let names = block.iter().map(|column| screen.paint(bold(), &pad(&column.name, width)));
    let names = pad("", first) + &names.collect::<String>();
    screen.line(&names)?;
    if addresses {
        let row = block.iter().map(|column| screen.paint(dim(), &pad(&column.address, width)));
        let row = pad("", first) + &row.collect::<String>();
        screen.line(&row)?;
    }
    Ok(())
}

/// The components in the order of the plan.
fn components(report: &Report) -> Vec<&str> {
    let mut components: Vec<&str> = Vec::new();
    for outcome in &report.outcomes {
        if !components.contains(&&*outcome.id.component) {
            components.push(&outcome.id.component);
        }
    }
    components
}

fn column(report: &Report, components: &[&str], node: &str, address: &str) -> Column {
    let on_node: Vec<_> = report.outcomes.iter().filter(|outcome| &*outcome.id.node == node).collect();
    let cells = components.iter().map(|component| {
        let of_component = on_node.iter().filter(|outcome| &&*outcome.id.component == component);
        cell(Summary::of(of_component.map(|outcome| outcome.verdict)))
    });
    Column { name: line(node, NAME), address: line(address, NAME), cells: cells.collect() }
}

/// The worst verdict and how many share it; a pass is counted against what was skipped.
fn cell(summary: Summary) -> Cell {
    let Summary { checks, pass, warn, fail, error, skip } = summary;
    let (verdict, text) = match () {
        () if fail > 0 => (Verdict::Fail, format!("FAIL {fail}/{checks}")),
        () if error > 0 => (Verdict::Error, format!("ERROR {error}/{checks}")),
        () if warn > 0 => (Verdict::Warn, format!("warn {warn}/{checks}")),
        () if pass == checks && pass > 0 => (Verdict::Pass, format!("ok {pass}")),
        () if pass > 0 => (Verdict::Pass, format!("ok {pass}/{checks}")),
        () if skip > 0 => (Verdict::Skip, "skip".to_owned()),
        () => (Verdict::Skip, "-".to_owned()),
    };
    Cell { style: style(verdict), text }
}
