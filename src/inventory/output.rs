//! What `ansible-inventory` prints of an inventory: the JSON of `--list` and the tree of `--graph`.
//!
//! Both say what is written, secrets too, and evaluate nothing.

use super::{Inventory, lineage, python};
use crate::value::{Object, Value};

/// How long a graph may become, in bytes: a group below many others is printed below each of them.
const GRAPH: usize = 64 * 1024 * 1024;

/// The variables that Ansible sets itself and does not print: `INTERNAL_STATIC_VARS` of ansible-core 2.19.
const INTERNAL: [&str; 33] = [
    "ansible_async_path",
    "ansible_collection_name",
    "ansible_config_file",
    "ansible_dependent_role_names",
    "ansible_diff_mode",
    "ansible_facts",
    "ansible_forks",
    "ansible_inventory_sources",
    "ansible_limit",
    "ansible_play_batch",
    "ansible_play_hosts",
    "ansible_play_hosts_all",
    "ansible_play_role_names",
    "ansible_playbook_python",
    "ansible_role_name",
    "ansible_role_names",
    "ansible_run_tags",
    "ansible_skip_tags",
    "ansible_verbosity",
    "ansible_version",
    "group_names",
    "groups",
    "hostvars",
    "inventory_dir",
    "inventory_file",
    "inventory_hostname",
    "inventory_hostname_short",
    "play_hosts",
    "playbook_dir",
    "role_name",
    "role_names",
    "role_path",
    "role_uuid",
];

impl Inventory {
    /// The JSON that `ansible-inventory --list` prints: every group with its hosts and children, and the variables of
    /// every host, secrets as they are written.
    pub fn list(&self) -> String {
        let mut groups: Object = self.groups.keys().map(|name| (name.clone(), self.group(name))).collect();
        groups.retain(|_, group| group.as_object().is_some_and(|group| !group.is_empty()));
        let hosts = self.hosts.keys().map(|name| (name.clone(), self.host_vars(name)));
        let hosts: Object = hosts.filter(|(_, vars)| vars.as_object().is_some_and(|vars| !vars.is_empty())).collect();
        groups.insert("_meta".to_owned(), serde_json::json!({ "hostvars": hosts, "profile": "inventory_legacy" }));
        python::json(&Value::Object(groups))
    }

    fn group(&self, name: &str) -> Value {
        let group = &self.groups[name];
        let hosts: Vec<Value> = group.hosts.keys().map(|host| self.host_name(*host).into()).collect();
        let children: Vec<Value> = group.children.keys().map(|child| self.group_name(*child).into()).collect();
        // The hosts of `all` are those of its children.
        let hosts = ("hosts", if name == "all" { Vec::new() } else { hosts });
        let both = [hosts, ("children", children)].into_iter().filter(|(_, names)| !names.is_empty());
        both.map(|(kind, names)| (kind.to_owned(), Value::Array(names))).collect()
    }

    fn host_vars(&self, name: &str) -> Value {
        let vars = self.vars(name);
        let shown = vars.iter().filter(|(name, _)| !INTERNAL.contains(name));
        shown.map(|(name, variable)| (name.to_owned(), variable.value.clone())).collect()
    }

    /// The tree that `ansible-inventory --graph` prints below a group, with children before hosts; nothing if there is no
    /// such group, or if the tree is larger than 64 MiB.
    pub fn graph(&self, group: &str) -> Option<String> {
        let mut text = String::new();
        let mut open = vec![(0, Branch::Group(self.groups.get_index_of(group)?))];
        while let Some((depth, branch)) = open.pop() {
            if text.len() + 3 * depth > GRAPH {
                return None;
            }
            text.push_str(&"  |".repeat(depth));
            text.push_str(if depth > 0 { "--" } else { "" });
            match branch {
                Branch::Host(host) => text.push_str(self.host_name(host)),
                Branch::Group(group) => {
                    text.extend(["@", self.group_name(group), ":"]);
                    open.extend(self.below(group).rev().map(|branch| (depth + 1, branch)));
                }
            }
            text.push('\n');
        }
        Some(text)
    }

    /// The children of a group, then its hosts.
    fn below(&self, group: usize) -> impl DoubleEndedIterator<Item = Branch> {
        let hosts = self.groups[group].hosts.keys().filter(move |_| group != lineage::ALL);
        let children = self.groups[group].children.keys();
        children.copied().map(Branch::Group).chain(hosts.copied().map(Branch::Host))
    }

    fn group_name(&self, group: usize) -> &str {
        self.groups.get_index(group).map_or("", |(name, _)| name)
    }

    fn host_name(&self, host: usize) -> &str {
        self.hosts.get_index(host).map_or("", |(name, _)| name)
    }
}

#[derive(Clone, Copy)]
enum Branch {
    Group(usize),
    Host(usize),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inventory(text: &str) -> Inventory {
        Inventory::parse("pigsty.yml", text).unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn a_list_has_what_is_not_empty() {
        let shown = inventory(
            "all: {hosts: {u: {groups: x, x: 1}}, children: {b: {hosts: {h: }, children: {c: {children: {d: }}}}}}\n",
        );
        let listing: Value = serde_json::from_str(&shown.list()).unwrap();
        let expected = serde_json::json!({
            "_meta": {"hostvars": {"u": {"x": 1}}, "profile": "inventory_legacy"},
            "all": {"children": ["ungrouped", "b"]},
            "b": {"hosts": ["h"], "children": ["c"]},
            "c": {"children": ["d"]},
            "ungrouped": {"hosts": ["u"]},
        });
        assert_eq!(listing, expected);
    }

    #[test]
    fn a_graph_has_children_before_hosts() {
        let inventory = inventory("all: {hosts: {u: }}\nb: {hosts: {h: }, children: {c: {children: {d: }}}}\n");
        let all = "@all:\n  |--@ungrouped:\n  |  |--u\n  |--@b:\n  |  |--@c:\n  |  |  |--@d:\n  |  |--h\n";
        assert_eq!(inventory.graph("all").as_deref(), Some(all));
        assert_eq!(inventory.graph("c").as_deref(), Some("@c:\n  |--@d:\n"));
        assert_eq!(inventory.graph("h"), None);
    }

    #[test]
    fn a_graph_without_end_is_not_printed() {
        use std::fmt::Write;
        let mut text = String::new();
        for level in 0..40 {
            let next = level + 1;
            let _ = writeln!(text, "a{level}: {{children: {{b{next}: , c{next}: }}}}");
            let _ = writeln!(text, "b{next}: {{children: {{a{next}: }}}}\nc{next}: {{children: {{a{next}: }}}}");
        }
        assert_eq!(inventory(&text).graph("all"), None);
    }
}
