//! What the inventory means: nodes, what runs on them, their portal and names, and what is to be scraped.

use std::fmt::Write;

use indexmap::IndexMap;

use super::Stop;
use crate::cli::{columns, refused};
use crate::inventory::Inventory;
use crate::pigsty::Node;
use crate::plan::Plan;
use crate::report::wrap;
use crate::suite::{Suite, Suites};
use crate::value::{Value, show as text};

/// How wide the names of what is shown are, in columns.
const MARGIN: usize = 14;

/// The overview of an inventory, as wide as the terminal where there is one.
pub(super) fn show(inventory: &Inventory, nodes: &[Node]) -> Result<String, Stop> {
    let suites = Suites::embedded()?;
    let plan = Plan::new(inventory, &suites).map_err(|error| refused(inventory, error))?;
    let mut text = String::new();
    for node in nodes {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{}  {}", node.name, node.ip);
        let there = |suite: &&Suite| node.absence(&suite.when) == Ok(None);
        let components: Vec<_> = suites.iter().filter(there).map(|suite| suite.component.as_str()).collect();
        section(&mut text, "components", &wrap(&components.join(" "), columns().saturating_sub(MARGIN)));
        section(&mut text, "portal", &table(&portal(node)));
        section(&mut text, "names", &names(node));
        text.push('\n');
    }
    text.push_str("targets that every VictoriaMetrics scrapes\n");
    let rows = match &plan.targets {
        Ok(targets) => table(&self::targets(targets)),
        Err(why) => vec![format!("unknown: {why}")],
    };
    for row in rows {
        let _ = writeln!(text, "  {row}");
    }
    Ok(text)
}

/// Lines beside their name.
fn section(text: &mut String, name: &str, lines: &[String]) {
    for (number, line) in lines.iter().enumerate() {
        let name = if number == 0 { name } else { "" };
        let _ = writeln!(text, "  {name:0$}{line}", MARGIN - 2);
    }
}

/// Every entry that Nginx renders: its name, where it shows what it has, and what is behind it.
fn portal(node: &Node) -> Vec<Vec<String>> {
    let home = node.lookup("home_domain").map(|domain| vec!["home".to_owned(), text(&domain)]);
    let entries = node.lookup("portals").unwrap_or_else(|why| Value::from(why.to_string()));
    let behind = |entry: &Value| match &entry["endpoint"] {
        Value::Null => "files".to_owned(),
        endpoint => text(endpoint),
    };
    let entry = |entry: &Value| vec![text(&entry["name"]), text(&entry["url"]), behind(entry)];
    let unknown = entries.as_str().map(|why| vec![format!("entries unknown: {why}")]);
    home.into_iter().chain(entries.as_array().into_iter().flatten().map(entry)).chain(unknown).collect()
}

/// Every name that dnsmasq must answer, beside its addresses as in a hosts file.
fn names(node: &Node) -> Vec<String> {
    let names = match node.lookup("dns_names") {
        Ok(names) => names,
        Err(why) => return vec![format!("unknown: {why}")],
    };
    let mut hosts: IndexMap<String, Vec<String>> = IndexMap::new();
    for record in names.as_array().into_iter().flatten() {
        let addresses: Vec<_> = record["addresses"].as_array().into_iter().flatten().map(text).collect();
        hosts.entry(addresses.join(" ")).or_default().push(text(&record["name"]));
    }
    let width = hosts.keys().map(String::len).max().unwrap_or_default();
    let rows = |(addresses, names): (&String, &Vec<String>)| {
        let lines = wrap(&names.join(" "), columns().saturating_sub(MARGIN + width + 2));
        let line = |(number, line)| format!("{:width$}  {line}", if number == 0 { addresses } else { "" });
        lines.iter().enumerate().map(line).collect::<Vec<_>>()
    };
    hosts.iter().flat_map(rows).collect()
}

fn targets(targets: &Value) -> Vec<Vec<String>> {
    let names = ["cls", "ins", "ip", "instance", "job"];
    let row = |target: &Value| names.map(|name| text(&target["labels"][name])).to_vec();
    std::iter::once(names.map(str::to_owned).to_vec())
        .chain(targets.as_array().into_iter().flatten().map(row))
        .collect()
}

/// Rows in columns; the last of a row takes what it needs.
fn table(rows: &[Vec<String>]) -> Vec<String> {
    let several = rows.iter().filter(|row| row.len() > 1);
    let mut widths: Vec<usize> = Vec::new();
    for row in several {
        widths.resize(widths.len().max(row.len()), 0);
        row.iter().zip(&mut widths).for_each(|(cell, width)| *width = cell.chars().count().max(*width));
    }
    let cells = |row: &Vec<String>| {
        let cells = row.iter().enumerate().map(|(at, cell)| format!("{cell:0$}", widths.get(at).copied().unwrap_or(0)));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(cells).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_as_wide_as_its_cells_and_a_lone_text_widens_nothing() {
        let row = |cells: &[&str]| cells.iter().map(|cell| (*cell).to_owned()).collect::<Vec<_>>();
        let rows = [row(&["home", "i.pigsty"]), row(&["a", "b", "c"]), row(&["unknown: a long reason"])];
        assert_eq!(table(&rows), ["home  i.pigsty", "a     b         c", "unknown: a long reason"]);
    }
}
