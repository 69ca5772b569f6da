//! Where targets that are not as the inventory implies probably come from.
//!
//! Pigsty writes one file of targets for each node, named by its `infra_seq`, to every node, and takes none away by itself.
//! So the shape of a difference tells what was done. It is a guess, and said to be one; it judges nothing.

use std::collections::BTreeMap;

use crate::value::{Object, Value};

/// How many nodes a sentence speaks of.
const NODES: usize = 3;

/// What one node's address has to do with a difference.
#[derive(Default)]
struct Share<'a> {
    expected: Vec<&'a Object>,
    missing: Vec<&'a Object>,
    unexpected: Vec<&'a Object>,
}

/// Where a list of label sets that is not the expected one probably comes from; nothing if the lists hold something else,
/// or the difference has no shape that is known.
pub fn suspect(expected: &[Value], actual: &Value) -> Option<String> {
    let expected = targets(expected)?;
    let actual = targets(actual.as_array()?)?;
    let shares = shares(&expected, &actual);
    let stories: Vec<_> = shares.iter().filter_map(|(ip, share)| share.story(ip)).take(NODES).collect();
    if !stories.is_empty() {
        return Some(stories.join(", and "));
    }
    let count = |of: fn(&Share<'_>) -> usize| shares.values().map(of).sum::<usize>();
    let (missing, unexpected) = (count(|share| share.missing.len()), count(|share| share.unexpected.len()));
    let single = missing.max(unexpected) == 1;
    single.then(|| {
        "the inventory was changed and not deployed, or a file below /infra/targets/infra was edited by hand".to_owned()
    })
}

/// Label sets of targets; nothing if there is anything else among them, or nothing at all is expected.
fn targets(values: &[Value]) -> Option<Vec<&Object>> {
    let known = |target: &&Object| ["cls", "ins", "instance", "ip"].iter().all(|name| text(target, name).is_some());
    values.iter().map(|value| value.as_object().filter(known)).collect()
}

fn text<'a>(target: &'a Object, label: &str) -> Option<&'a str> {
    target.get(label)?.as_str()
}

/// The difference of two lists, by the address that the targets are labelled with.
fn shares<'a>(expected: &[&'a Object], actual: &[&'a Object]) -> BTreeMap<&'a str, Share<'a>> {
    let mut shares: BTreeMap<&str, Share<'_>> = BTreeMap::new();
    let mut left: Vec<&Object> = actual.to_vec();
    for target in expected {
        let share = shares.entry(text(target, "ip").unwrap_or_default()).or_default();
        share.expected.push(target);
        match left.iter().position(|other| other == target) {
            Some(at) => drop(left.swap_remove(at)),
            None => share.missing.push(target),
        }
    }
    for target in left {
        shares.entry(text(target, "ip").unwrap_or_default()).or_default().unexpected.push(target);
    }
    shares
}

impl Share<'_> {
    /// What was done to a node, if the difference shows it.
    fn story(&self, ip: &str) -> Option<String> {
        let all_missing = !self.expected.is_empty() && self.missing.len() == self.expected.len();
        match (self.unexpected.len(), self.other_number()) {
            (1.., _) if self.expected.is_empty() && self.unexpected.len() > 1 => Some(format!(
                "{ip} was taken out of the inventory and is still registered, as it is without infra-rm.yml"
            )),
            (1.., Some(_)) if all_missing => Some(format!("infra_seq of {ip} was changed after deployment")),
            (1.., Some(number)) if self.missing.is_empty() => Some(format!(
                "infra_seq of {ip} was changed after deployment and /infra/targets/infra/infra-{number}.yml was left behind"
            )),
            (0, _) if all_missing => Some(format!("{ip} was not registered here, as after a run with -l")),
            _ => None,
        }
    }

    /// The number of a node that the unexpected targets carry, if they are its targets under another one.
    fn other_number(&self) -> Option<&str> {
        let first = number(self.unexpected.first()?)?;
        let is_renumbered = |target: &&Object| {
            let same = |own: &&Object| ["cls", "instance"].iter().all(|label| own.get(*label) == target.get(*label));
            number(target) == Some(first)
                && self.expected.iter().any(|own| same(own) && number(own).is_some_and(|own| own != first))
        };
        let all = self.unexpected.len() == self.expected.len() && self.unexpected.iter().all(is_renumbered);
        all.then_some(first)
    }
}

/// The 2 of `grafana-2`.
fn number(target: &Object) -> Option<&str> {
    text(target, "ins")?.strip_prefix(text(target, "cls")?)?.strip_prefix('-')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn target(class: &str, number: u8, ip: &str) -> Value {
        let instance = format!("{ip}:{}", 9000 + class.len());
        json!({"cls": class, "ins": format!("{class}-{number}"), "instance": instance, "ip": ip, "job": "infra"})
    }

    /// The targets of a node.
    fn node(number: u8, ip: &str) -> Vec<Value> {
        ["nginx", "grafana", "vmalert"].map(|class| target(class, number, ip)).to_vec()
    }

    fn two() -> Vec<Value> {
        [node(1, "10.10.10.10"), node(2, "10.10.10.11")].concat()
    }

    fn suspicion(actual: &[Value]) -> Option<String> {
        suspect(&two(), &json!(actual))
    }

    #[test]
    fn a_node_under_another_number_was_renumbered() {
        let actual = [node(1, "10.10.10.10"), node(7, "10.10.10.11")].concat();
        assert_eq!(suspicion(&actual).as_deref(), Some("infra_seq of 10.10.10.11 was changed after deployment"));
        let swapped = [node(2, "10.10.10.10"), node(1, "10.10.10.11")].concat();
        let both = "infra_seq of 10.10.10.10 was changed after deployment, \
                    and infra_seq of 10.10.10.11 was changed after deployment";
        assert_eq!(suspicion(&swapped).as_deref(), Some(both));
    }

    #[test]
    fn a_node_under_two_numbers_was_renumbered_and_its_file_left_behind() {
        let actual = [two(), node(7, "10.10.10.11")].concat();
        let left = "infra_seq of 10.10.10.11 was changed after deployment and \
                    /infra/targets/infra/infra-7.yml was left behind";
        assert_eq!(suspicion(&actual).as_deref(), Some(left));
    }

    #[test]
    fn a_node_that_the_inventory_has_not_was_taken_out() {
        let actual = [two(), node(3, "10.10.10.12")].concat();
        let stale = "10.10.10.12 was taken out of the inventory and is still registered, as it is without infra-rm.yml";
        assert_eq!(suspicion(&actual).as_deref(), Some(stale));
    }

    #[test]
    fn a_node_without_any_target_was_not_registered() {
        let missing = "10.10.10.11 was not registered here, as after a run with -l";
        assert_eq!(suspicion(&node(1, "10.10.10.10")).as_deref(), Some(missing));
    }

    #[test]
    fn a_single_target_or_label_was_edited_or_not_deployed() {
        let by_hand = |actual: &[Value]| suspicion(actual).unwrap().ends_with("was edited by hand");
        assert!(by_hand(&two()[1..]));
        assert!(by_hand(&[two(), vec![target("vlogs", 2, "10.10.10.11")]].concat()));
        assert!(by_hand(&[two(), vec![target("vlogs", 9, "10.10.10.99")]].concat()));
        let mut label = two();
        label[0]["ins"] = json!("nginx-01");
        assert!(by_hand(&label));
        label[0]["ip"] = json!("10.10.10.99");
        assert!(by_hand(&label));
    }

    #[test]
    fn what_has_no_known_shape_is_not_guessed_at() {
        let mut odd = two();
        odd[0]["ins"] = json!("nginx-9");
        odd[4]["job"] = json!("pgsql");
        assert_eq!(suspicion(&odd), None);
        assert_eq!(suspicion(&two()), None);
        assert_eq!(suspect(&[json!("10.10.10.10")], &json!(["10.10.10.11"])), None);
        assert_eq!(suspect(&two(), &json!("no list")), None);
    }
}
