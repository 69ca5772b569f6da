//! Ansible's test `version`, as it compares unless told otherwise: number by number, loosely.

use std::cmp::Ordering;

use super::argument::Arguments;
use super::engine::Engine;
use super::native::{Marker, Native, Outcome};

/// A piece of a version: `1` or `rc`.
#[derive(Debug, PartialEq, Eq)]
enum Piece<'t> {
    Number(u64),
    Word(&'t str),
}

/// `x is version('4.0', '>=')`.
pub(super) fn test<'a>(engine: &Engine<'a>, value: Native<'a>, arguments: Arguments<'a>) -> Outcome<'a, bool> {
    let [version, operator] = arguments.bind(["version", "operator"])?;
    let version = engine.str(version.unwrap_or(Native::None))?;
    let value = engine.str(value)?;
    if value.is_empty() || version.is_empty() {
        return Err(Marker::broken("an empty version cannot be compared"));
    }
    let operator = operator.map_or_else(|| Ok("eq".into()), |operator| engine.str(operator))?;
    let order = compare(&value, &version)?;
    Ok(match &*operator {
        "==" | "=" | "eq" => order.is_eq(),
        "<" | "lt" => order.is_lt(),
        "<=" | "le" => order.is_le(),
        ">" | "gt" => order.is_gt(),
        ">=" | "ge" => order.is_ge(),
        "!=" | "<>" | "ne" => order.is_ne(),
        _ => return Err(Marker::broken("the test `version` has an unknown operator")),
    })
}

fn compare(left: &str, right: &str) -> Result<Ordering, Marker> {
    let (left, right) = (pieces(left), pieces(right));
    for (left, right) in left.iter().zip(&right) {
        let order = match (left, right) {
            (Piece::Number(left), Piece::Number(right)) => left.cmp(right),
            (Piece::Word(left), Piece::Word(right)) => left.cmp(right),
            _ => return Err(Marker::broken("a number and a word of two versions cannot be compared")),
        };
        if order.is_ne() {
            return Ok(order);
        }
    }
    Ok(left.len().cmp(&right.len()))
}

/// Runs of digits are numbers, runs of small letters words, points are left out, the rest stays together.
fn pieces(version: &str) -> Vec<Piece<'_>> {
    let kind = |char: char| match char {
        '0'..='9' => 0,
        'a'..='z' => 1,
        '.' => 2,
        _ => 3,
    };
    let mut pieces = Vec::new();
    let mut rest = version;
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|char| kind(char) != kind(first)).unwrap_or(rest.len());
        let (piece, after) = rest.split_at(end);
        match piece.parse() {
            Ok(number) if kind(first) == 0 => pieces.push(Piece::Number(number)),
            _ if kind(first) == 2 => {}
            _ => pieces.push(Piece::Word(piece)),
        }
        rest = after;
    }
    pieces
}
