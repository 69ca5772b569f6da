//! What an inventory means, as a whole.

use serde_json::json;

use super::*;

fn inventory(text: &str) -> Inventory {
    Inventory::parse("pigsty.yml", text).unwrap_or_else(|error| panic!("{error}"))
}

fn fault(text: &str) -> String {
    Inventory::parse("pigsty.yml", text).unwrap_err().to_string()
}

fn warnings(text: &str) -> Vec<String> {
    let inventory = inventory(text);
    inventory.warnings().iter().map(|warning| format!("{}: {}", warning.place, warning.message)).collect()
}

fn value(inventory: &Inventory, name: &str) -> Value {
    inventory.vars("h").get(name).cloned().unwrap_or_default()
}

#[test]
fn a_host_variable_holds_over_its_groups_and_these_over_all() {
    let inventory = inventory(
        "all:\n  vars: {a: all, b: all, c: all}\n  children:\n    infra:\n      vars: {b: group, c: group}\n      hosts:\n        h: {c: host}\n",
    );
    let vars = inventory.vars("h");
    let told = |name: &str| {
        let variable = vars.variable(name).unwrap();
        format!("{} of {} in {}", variable.value, variable.scope, variable.place.clone().unwrap())
    };
    assert_eq!(told("a"), "\"all\" of all in pigsty.yml:2");
    assert_eq!(told("b"), "\"group\" of group infra in pigsty.yml:5");
    assert_eq!(told("c"), "\"host\" of host h in pigsty.yml:7");
    assert!(inventory.vars("unknown").get("a").is_none());
}

#[test]
fn several_sources_are_one_inventory_and_the_last_has_the_say() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let one = file("one.yml", "all: {vars: {x: 1, y: 1}, children: {infra: {hosts: {h: {z: 1}}}}}\n");
    let two = file("two.yml", "all: {vars: {y: 2}}\ninfra: {hosts: {h: {z: 2}, i: }}\n");
    let load = |sources: &[&PathBuf]| {
        let sources: Vec<_> = sources.iter().map(|path| (*path).clone()).collect();
        Inventory::load(&sources, &Reading::default()).unwrap()
    };
    let forth = load(&[&one, &two]);
    assert_eq!((value(&forth, "x"), value(&forth, "y"), value(&forth, "z")), (json!(1), json!(2), json!(2)));
    assert_eq!(forth.hosts_in("infra"), Some(vec!["h", "i"]));
    assert_eq!(forth.vars("h").variable("y").unwrap().place.as_ref().unwrap().file, two.display().to_string().into());
    assert_eq!(forth.name(), format!("{}, {}", one.display(), two.display()));
    let back = load(&[&two, &one]);
    assert_eq!((value(&back, "x"), value(&back, "y"), value(&back, "z")), (json!(1), json!(1), json!(1)));
}

#[test]
fn groups_of_one_depth_count_by_name_and_not_by_order() {
    let inventory = inventory("b: {hosts: {h: }, vars: {x: b}}\na: {hosts: {h: }, vars: {x: a}}\n");
    assert_eq!(value(&inventory, "x"), json!("b"));
}

#[test]
fn a_priority_goes_before_the_name_and_depth_before_both() {
    let text = "b: {hosts: {h: }, vars: {x: b}}\na: {hosts: {h: }, vars: {x: a, ansible_group_priority: 5}}\n";
    let priority = inventory(text);
    assert_eq!(value(&priority, "x"), json!("a"));
    assert_eq!(value(&priority, "ansible_group_priority"), Value::Null);
    let deeper = inventory(&format!("{text}z: {{children: {{c: {{hosts: {{h: }}, vars: {{x: c}}}}}}}}\n"));
    assert_eq!(value(&deeper, "x"), json!("c"));
}

#[test]
fn whole_values_are_replaced_and_never_merged() {
    let inventory = inventory("all: {vars: {p: {home: 1}}}\ng: {hosts: {h: {p: {minio: 2}}}}\n");
    assert_eq!(value(&inventory, "p"), json!({"minio": 2}));
}

#[test]
fn a_group_in_two_places_is_one_group() {
    let inventory =
        inventory("all: {children: {infra: {hosts: {a: }, vars: {x: 1}}}}\ninfra: {hosts: {b: }, vars: {x: 2}}\n");
    assert_eq!(inventory.hosts_in("infra"), Some(vec!["a", "b"]));
    assert_eq!(inventory.vars("a").get("x"), Some(&json!(2)));
}

#[test]
fn a_group_has_the_hosts_of_its_children() {
    let inventory = inventory(
        "infra: {children: {east: {hosts: {e: }}, west: {hosts: {w: , e: }}}, hosts: {i: }}\nother: {hosts: {w: }}\n",
    );
    assert_eq!(inventory.hosts_in("infra"), Some(vec!["i", "e", "w"]));
    assert_eq!(inventory.hosts_in("absent"), None);
    assert_eq!(inventory.groups_of("w"), ["infra", "other", "west"]);
    assert_eq!(inventory.groups_of("absent"), [""; 0]);
}

#[test]
fn who_is_in_no_group_is_ungrouped() {
    let inventory = inventory("all: {hosts: {a: , b: }}\nungrouped: {hosts: {b: , c: }}\ng: {hosts: {b: }}\n");
    assert_eq!(inventory.hosts_in("ungrouped"), Some(vec!["c", "a"]));
    assert_eq!(inventory.groups_of("a"), ["ungrouped"]);
    assert_eq!(inventory.groups_of("b"), ["g"]);
}

#[test]
fn ranges_give_their_variables_to_every_host() {
    let inventory = inventory("infra: {hosts: {'10.10.10.[11:12]:2222': {x: 1}, 10.10.10.12: {x: 2}}}\n");
    assert_eq!(inventory.hosts_in("infra"), Some(vec!["10.10.10.11", "10.10.10.12"]));
    assert_eq!(inventory.vars("10.10.10.11").get("x"), Some(&json!(1)));
    assert_eq!(inventory.vars("10.10.10.12").get("x"), Some(&json!(2)));
    assert_eq!(inventory.vars("10.10.10.12").get("ansible_port"), Some(&json!(2222)));
}

#[test]
fn ranges_with_many_variables_are_refused() {
    let vars = (0..60).map(|index| format!("v{index}: 1")).collect::<Vec<_>>().join(", ");
    let shown = fault(&format!("infra:\n  hosts:\n    h[1:9999]: {{{vars}}}\n"));
    assert!(shown.starts_with("pigsty.yml:3: with this range the variables of hosts grow beyond"), "{shown}");
}

#[test]
fn a_lone_name_is_a_host_without_variables() {
    assert_eq!(inventory("infra: {hosts: 10.10.10.10}\n").hosts_in("infra"), Some(vec!["10.10.10.10"]));
}

#[test]
fn a_host_is_placed_in_the_infra_group_where_it_is_there() {
    let inventory = inventory("etcd:\n  hosts:\n    a:\n    b:\ninfra:\n  hosts:\n    a:\n");
    let line = |host| inventory.host_place(host).map(|place| place.line);
    assert_eq!((line("a"), line("b"), line("c")), (Some(7), Some(4), None));
}

#[test]
fn what_ansible_warns_of_is_a_warning_in_file_order() {
    let text = "infra:\n  host: {a: }\n  hosts: {h: {x: 1, x: 2}}\n  vars:\nlist: [a]\nr: {hosts: {'n[2:1]': }}\n";
    assert_eq!(
        warnings(text),
        [
            "pigsty.yml:2: host of group infra is none of hosts, children and vars; Ansible ignores it",
            "pigsty.yml:3: x is written twice, first in line 3; the last one holds",
            "pigsty.yml:5: list is a list, not a group; Ansible passes over it",
            "pigsty.yml:6: the range n[2:1] holds no host",
        ]
    );
}

#[test]
fn what_ansible_refuses_is_refused_with_its_line() {
    for (text, reason) in [
        ("g:\n  hosts: [a]\n", "pigsty.yml:2: hosts of group g is a list, not a mapping"),
        ("g:\n  vars: 5\n", "pigsty.yml:2: vars of group g is a number, not a mapping"),
        ("g:\n  children:\n    c: [a]\n", "pigsty.yml:3: group c is a list, not a mapping"),
        ("g:\n  hosts:\n    h: text\n", "pigsty.yml:3: host h is text, not a mapping of its variables"),
        ("g:\n  hosts:\n    5: \n", "pigsty.yml:3: the host name 5 is not text; put it in quotes"),
        ("5: {}\n", "pigsty.yml:1: the group name 5 is not text; put it in quotes"),
        ("g:\n  hosts:\n    n[1:\n", "pigsty.yml:3: host n[1 cannot be read: a range is written [begin:end]"),
        ("g:\n  children:\n    all:\n", "pigsty.yml:3: group all cannot be the child of another group"),
        ("g: {vars: {ansible_group_priority: x}}\n", "pigsty.yml:1: ansible_group_priority is text, not a whole"),
        ("a:\n  hosts: {b: }\nb:\n", "pigsty.yml:2: b is a host here and a group in line 3"),
    ] {
        let shown = fault(text);
        assert!(shown.starts_with(reason), "{text}: {shown}");
    }
}

#[test]
fn a_circle_of_groups_is_refused() {
    let shown =
        fault("a:\n  children:\n    b:\nb:\n  children:\n    c:\nc:\n  children:\n    a:\nd:\n  children:\n    a:\n");
    assert!(shown.starts_with("pigsty.yml:") && shown.contains("is a child of itself, by way of"), "{shown}");
    assert!(fault("a: {children: {a: }}\n").starts_with("pigsty.yml:1: group a is a child of itself"));
}

#[test]
fn expressions_and_encrypted_text_are_told_from_values() {
    assert_eq!(expression(&json!({"a": ["x", "{{ y }}:80"]})), Some("{{ y }}:80"));
    assert_eq!(expression(&json!("{% if x %}")), Some("{% if x %}"));
    assert_eq!(expression(&json!(["${admin_ip}", "{}", 5])), None);
    assert!(is_encrypted(&json!([{"__ansible_vault": "61"}])));
    assert!(!is_encrypted(&json!({"a": "__ansible_vault"})));
}
