//! Random inventories: groups in groups, hosts in several of them, ranges, priorities, variables that hide one another.

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};

/// Few names, so that groups, hosts and variables meet again.
const GROUPS: &[&str] = &["infra", "etcd", "pg-a", "pg_b", "node", "west", "all"];
/// What stands below has names of its own for the most part, or nearly every inventory had a circle.
const CHILDREN: &[&str] = &["etcd", "pg-a", "pg_b", "node", "all"];
const GRANDCHILDREN: &[&str] = &["west", "east", "pg-c", "infra-x"];
const HOSTS: &[&str] =
    &["10.10.10.10", "10.10.10.[11:13]", "h[a:c]", "n[01:03]", "h-a", "10.10.10.12", "n[1:5:2]:2222", "n02"];
const VARS: &[&str] = &["x", "y", "z", "infra_seq", "ansible_port"];

/// A value of a variable.
pub(crate) fn value() -> impl Strategy<Value = Value> {
    let number = prop_oneof![
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-1000..1000_i64).prop_map(Value::from)
    ];
    let float =
        any::<f64>().prop_filter_map("JSON has finite numbers only", |float| float.is_finite().then(|| json!(float)));
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        number,
        float,
        "[a-z ]{0,8}".prop_map(Value::from),
        "[ -~\n]{0,16}".prop_map(Value::from),
        super::scalar::scalar().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 5, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(Value::from),
            vec(("[ -~]{0,6}", inner), 0..5).prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

/// The mapping of a whole inventory.
pub(crate) fn inventory() -> impl Strategy<Value = Value> {
    vec((select(GROUPS), group(&[CHILDREN, GRANDCHILDREN])), 1..4).prop_map(|groups| object(groups.into_iter()))
}

/// A group with children of the first of these names, whose children have the names that follow.
fn group(below: &'static [&'static [&'static str]]) -> BoxedStrategy<Value> {
    let Some((names, below)) = below.split_first() else {
        return (hosts(), vars()).prop_map(|(hosts, vars)| json!({"hosts": hosts, "vars": vars})).boxed();
    };
    let children = vec((select(*names), prop_oneof![3 => group(below), 1 => Just(Value::Null)]), 0..3);
    let whole = |(children, hosts, vars): (Vec<_>, _, _)| json!({"children": object(children.into_iter()), "hosts": hosts, "vars": vars});
    (children, hosts(), vars()).prop_map(whole).boxed()
}

fn hosts() -> impl Strategy<Value = Value> {
    vec((select(HOSTS), prop_oneof![2 => vars(), 1 => Just(Value::Null)]), 0..4)
        .prop_map(|hosts| object(hosts.into_iter()))
}

fn vars() -> impl Strategy<Value = Value> {
    let small = prop_oneof![(0..9_i64).prop_map(Value::from), "[a-c]{1,3}".prop_map(Value::from)];
    (btree_map(select(VARS), small, 0..4), proptest::option::weighted(0.2, -2..5_i64)).prop_map(|(vars, priority)| {
        let mut vars: Map<String, Value> = vars.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        vars.extend(priority.map(|priority| ("ansible_group_priority".to_owned(), priority.into())));
        Value::Object(vars)
    })
}

fn object<'a>(entries: impl Iterator<Item = (&'a str, Value)>) -> Value {
    Value::Object(entries.map(|(name, value)| (name.to_owned(), value)).collect())
}
