//! Agreement: whether a fact is on one node what it is on the others.
//!
//! It compares what each node answered by itself; who takes part in that, and when all have answered, is the runner's to
//! know. A value that is not there agrees with nothing.

use std::fmt;

use super::matcher::{number, same, span};
use super::{difference, quote};
use crate::value::{Value, show};

/// How long a line may be to be shown whole, in characters; of a longer one only the length is told, as a part of a secret
/// would not be recognised as one.
const LINE: usize = 120;

/// How many nodes a message names before it only counts.
const NODES: usize = 3;

/// How near to one another the nodes must be.
#[derive(Clone, Debug)]
pub enum Agreement {
    /// `agrees: true`: the value that most nodes have; if several have as many, the first in plan order counts.
    Most,
    /// `agrees: 1s`: no further than this from the median of all nodes and this machine. Values are distances to this
    /// machine, as the offset of a clock is, so that its own is 0.
    Within(Value, f64),
}

/// A node and its value.
pub(super) type Voice<'a> = (&'a str, Value);

impl Agreement {
    /// Reads what stands after `agrees`.
    pub(super) fn read(operand: &Value) -> Result<Self, String> {
        match number(operand) {
            _ if *operand == Value::Bool(true) => Ok(Self::Most),
            Some(tolerance) if tolerance > 0.0 && tolerance.is_finite() => Ok(Self::Within(operand.clone(), tolerance)),
            _ => {
                Err(format!("`agrees` wants true, or how far numbers may be apart, such as 1s, not {}", show(operand)))
            }
        }
    }

    /// Whether a value agrees with those of all nodes, its own among them if it counts; and what is to be said of it.
    pub(super) fn judge(&self, own: &Value, all: &[Voice<'_>]) -> (bool, Option<String>) {
        match self {
            Self::Most => {
                let contradiction = contradiction(own, all);
                (contradiction.is_none() && !own.is_null(), contradiction)
            }
            Self::Within(unit, tolerance) => {
                let Some(own) = own.as_f64() else { return (false, None) };
                let all: Vec<_> = all.iter().filter_map(|(node, value)| Some((*node, value.as_f64()?))).collect();
                Scale { is_time: unit.is_string(), tolerance: *tolerance }.judge(own, &all)
            }
        }
    }
}

impl fmt::Display for Agreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Most => f.write_str("the same as on most nodes"),
            Self::Within(tolerance, _) => {
                write!(f, "at most {} from the median of all nodes and this machine", show(tolerance))
            }
        }
    }
}

/// How a value differs from the one that most nodes have; nothing if it does not.
fn contradiction(own: &Value, all: &[Voice<'_>]) -> Option<String> {
    let mut camps: Vec<(&Value, Vec<&str>)> = Vec::new();
    for (node, value) in all {
        match camps.iter_mut().find(|(other, _)| equal(other, value)) {
            Some((_, nodes)) => nodes.push(node),
            None => camps.push((value, vec![node])),
        }
    }
    let most = camps.iter().map(|(_, nodes)| nodes.len()).max()?;
    let mut leading = camps.iter().filter(|(_, nodes)| nodes.len() == most);
    let (reference, nodes) = leading.next()?;
    if equal(reference, own) {
        return None;
    }
    let tied = if leading.any(|(value, _)| equal(value, own)) { "; either may be right" } else { "" };
    Some(format!("differs from that of {} ({}){tied}", named(nodes), contrast(own, reference)))
}

/// Whether two values are the same; a list is, in any order.
fn equal(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Array(one), Value::Array(other)) => difference::same_elements(one, other),
        _ => same(one, other),
    }
}

/// What makes two values different, in less than a line or two.
fn contrast(own: &Value, reference: &Value) -> String {
    if let (Value::Array(own), Value::Array(reference)) = (own, reference) {
        return difference::split(reference, own).say(true);
    }
    let (here, there) = (show(own), show(reference));
    let at = here.lines().zip(there.lines()).take_while(|(one, other)| one == other).count();
    let place = if here.contains('\n') || there.contains('\n') { format!("line {}: ", at + 1) } else { String::new() };
    match (here.lines().nth(at).map(excerpt), there.lines().nth(at).map(excerpt)) {
        (Some(Some(one)), Some(Some(other))) => format!("{place}{one} here, {other} there"),
        (Some(Some(one)), None) => format!("{place}{one} here, nothing there"),
        (None, Some(Some(other))) => format!("{place}nothing here, {other} there"),
        _ => {
            let same = here.chars().zip(there.chars()).take_while(|(one, other)| one == other).count();
            let (here, there) = (here.chars().count(), there.chars().count());
            format!("{here} characters here, {there} there, the first {same} are the same")
        }
    }
}

/// A line whole, or nothing.
fn excerpt(line: &str) -> Option<String> {
    (line.chars().count() <= LINE).then(|| quote(&line.into()))
}

fn named(nodes: &[&str]) -> String {
    match nodes {
        [] => "no node".to_owned(),
        [one] => (*one).to_owned(),
        [before @ .., last] if nodes.len() <= NODES => format!("{} and {last}", before.join(", ")),
        _ => format!("{} nodes", nodes.len()),
    }
}

/// How far numbers may be apart, and whether they are times.
struct Scale {
    is_time: bool,
    tolerance: f64,
}

impl Scale {
    fn judge(&self, own: f64, all: &[(&str, f64)]) -> (bool, Option<String>) {
        let numbers: Vec<_> = all.iter().map(|(_, number)| *number).collect();
        let (reference, other) = median(&numbers);
        let distance = (own - reference).abs();
        if distance <= self.tolerance {
            let off = (reference.abs() > self.tolerance)
                .then(|| format!("{} is {} off", self.own(), self.say(reference.abs())));
            return (true, off);
        }
        let whose = match all.len() {
            0 | 1 => "this machine".to_owned(),
            2..=NODES => {
                let nodes: Vec<_> = all.iter().map(|(node, _)| *node).collect();
                format!("the median of {} and this machine", nodes.join(", "))
            }
            many => format!("the median of {many} nodes and this machine"),
        };
        // The other number that the median could be is as good, and would have let this one hold.
        let ambiguous = (other - reference).abs() > self.tolerance && (own - other).abs() <= self.tolerance;
        let doubt = if ambiguous { format!("; {} may be the wrong one", self.own()) } else { String::new() };
        (false, Some(format!("{} from {whose}{doubt}", self.say(distance))))
    }

    fn own(&self) -> &'static str {
        if self.is_time { "this machine's clock" } else { "this machine" }
    }

    /// A distance, two digits finer than the tolerance.
    fn say(&self, distance: f64) -> String {
        let fine = 10_f64.powf(2.0 - self.tolerance.log10().floor());
        let rounded = if fine >= 1.0 { (distance * fine).round() / fine } else { distance };
        if self.is_time { span(rounded) } else { rounded.to_string() }
    }
}

/// The median of distances to this machine and this machine's own, which is 0; and the other one that an even count has.
///
/// - One node: it and this machine are as credible, and the nearer to 0 is this machine itself. So the node is held
///   against this machine, and a message says that this machine may be the one that is wrong.
/// - Two nodes: the middle one of three. If both agree they are right, and this machine is off.
/// - Three nodes: if all or all but one agree, they are right. If two stand against one and this machine, it is again
///   this machine that is believed, as what the tool sees with its own clock, and said not to be certain.
fn median(distances: &[f64]) -> (f64, f64) {
    let mut all = distances.to_vec();
    all.push(0.0);
    all.sort_by(f64::total_cmp);
    let (low, high) = (all[(all.len() - 1) / 2], all[all.len() / 2]);
    if low.abs() <= high.abs() { (low, high) } else { (high, low) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// What each of these values, on infra-1 and so on, is told.
    fn told(agreement: &Value, values: &[Value]) -> Vec<(bool, Option<String>)> {
        let names: Vec<_> = (1..=values.len()).map(|seq| format!("infra-{seq}")).collect();
        let all: Vec<Voice<'_>> = names.iter().map(String::as_str).zip(values.iter().cloned()).collect();
        let agreement = Agreement::read(agreement).unwrap();
        values.iter().map(|own| agreement.judge(own, &all)).collect()
    }

    fn most(values: &[Value]) -> Vec<Option<String>> {
        let told = told(&json!(true), values);
        assert!(told.iter().all(|(holds, said)| *holds == said.is_none()));
        told.into_iter().map(|(_, said)| said).collect()
    }

    fn within(values: &[f64]) -> Vec<(bool, Option<String>)> {
        told(&json!("1s"), &values.iter().map(|value| json!(value)).collect::<Vec<_>>())
    }

    #[test]
    fn most_nodes_are_right() {
        let differs = "differs from that of infra-2 and infra-3 (a here, b there)";
        assert_eq!(most(&[json!("a"), json!("b"), json!("b")]), [Some(differs.to_owned()), None, None]);
        assert_eq!(most(&[json!("a")]), [None]);
        assert_eq!(most(&[json!(1), json!(1.0), json!("1")]), [None, None, None]);
    }

    #[test]
    fn where_as_many_differ_the_first_node_counts_and_either_may_be_right() {
        let differs = "differs from that of infra-1 (b here, a there); either may be right";
        assert_eq!(most(&[json!("a"), json!("b")]), [None, Some(differs.to_owned())]);
        let outside = "differs from that of infra-2 and infra-3 (c here, a there)";
        let told = most(&[json!("c"), json!("a"), json!("a"), json!("b"), json!("b")]);
        assert_eq!((told[0].as_deref(), told[1].as_deref()), (Some(outside), None));
        assert!(told[4].as_ref().unwrap().ends_with("; either may be right"));
    }

    #[test]
    fn lists_agree_in_any_order_and_name_what_differs() {
        assert_eq!(most(&[json!(["a", "b"]), json!(["b", "a"])]), [None, None]);
        let differs = "differs from that of infra-1 (missing: b; unexpected: c); either may be right";
        assert_eq!(most(&[json!(["a", "b"]), json!(["a", "c"])]), [None, Some(differs.to_owned())]);
    }

    #[test]
    fn a_long_text_is_told_by_its_first_line_that_differs() {
        let text = |line: &str| json!(format!("{}{line}\nend\n", "same\n".repeat(5000)));
        let said = &most(&[text("a"), text("b")])[1];
        assert_eq!(
            *said,
            Some("differs from that of infra-1 (line 5001: b here, a there); either may be right".to_owned())
        );
        let line = |end: &str| json!(format!("{}{end}", "x".repeat(5000)));
        let said = &most(&[line("a"), line("bc")])[1];
        let expected = "5002 characters here, 5001 there, the first 5000 are the same";
        assert_eq!(*said, Some(format!("differs from that of infra-1 ({expected}); either may be right")));
        let said = &most(&[json!("a\nb"), json!("a")])[1];
        assert_eq!(
            *said,
            Some("differs from that of infra-1 (line 2: nothing here, b there); either may be right".to_owned())
        );
        assert!(most(&[json!("a\n"), json!("a")])[1].as_ref().unwrap().contains("1 characters here, 2 there"));
    }

    #[test]
    fn one_node_is_held_against_this_machine_which_may_be_wrong() {
        assert_eq!(within(&[0.4]), [(true, None)]);
        let said = "5.01s from this machine; this machine's clock may be the wrong one";
        assert_eq!(within(&[-5.0123]), [(false, Some(said.to_owned()))]);
    }

    #[test]
    fn of_two_nodes_the_one_far_from_the_other_and_from_us_is_wrong() {
        let said = "5.01s from the median of infra-1, infra-2 and this machine";
        assert_eq!(within(&[0.002, 5.0123]), [(true, None), (false, Some(said.to_owned()))]);
    }

    #[test]
    fn two_nodes_that_agree_are_right_and_this_machine_is_off() {
        let off = Some("this machine's clock is 1m off".to_owned());
        assert_eq!(within(&[60.0, 60.2]), [(true, off.clone()), (true, off)]);
    }

    #[test]
    fn two_nodes_far_to_either_side_are_both_wrong() {
        assert!(within(&[60.0, -60.0]).iter().all(|(holds, _)| !holds));
    }

    #[test]
    fn of_three_nodes_one_may_be_wrong_and_we_as_well() {
        let holds = |values: &[f64]| within(values).iter().map(|(holds, _)| *holds).collect::<Vec<_>>();
        assert_eq!(holds(&[0.1, 5.0, -0.1]), [true, false, true]);
        assert_eq!(holds(&[60.0, 65.0, 60.1]), [true, false, true]);
        assert_eq!(holds(&[60.0, 60.0, 60.0]), [true, true, true]);
        let two = within(&[60.0, 0.0, 60.0]);
        let said = "1m from the median of infra-1, infra-2, infra-3 and this machine; this machine's clock may be the wrong one";
        assert_eq!(two, [(false, Some(said.to_owned())), (true, None), (false, Some(said.to_owned()))]);
    }

    #[test]
    fn what_is_no_number_is_near_nothing_and_takes_no_part() {
        assert_eq!(told(&json!(2), &[json!("x"), json!(9)])[0], (false, None));
        let said = "9 from this machine; this machine may be the wrong one";
        assert_eq!(told(&json!(2), &[json!("x"), json!(9)])[1], (false, Some(said.to_owned())));
        assert!(!told(&json!(true), &[json!(null)])[0].0);
    }
}
