//! The variables that stand beside a source: `group_vars/` and `host_vars/`, a file or a folder of files for every name.
//!
//! Ansible's rules for what is a file of variables hold here. Files of a later source count over those of an earlier one, and
//! what has no group or host of its name is not opened.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use indexmap::IndexMap;

use super::layer::Layer;
use super::source::{self, Texts};
use super::vault::Vault;
use super::{Inventory, InventoryError, Reading, Warning, folder};
use crate::value::{Place, Variable};

/// The ends of names that a file of variables may have: Ansible's `YAML_FILENAME_EXTENSIONS`, and none, which goes first.
const ENDS: [&str; 4] = ["", ".yml", ".yaml", ".json"];

/// What one place has: the variables of groups and hosts by their index.
#[derive(Clone, Debug, Default)]
pub(super) struct Neighbour {
    pub(super) groups: IndexMap<usize, Layer>,
    pub(super) hosts: IndexMap<usize, Layer>,
}

/// Reads what stands beside every source and beside the playbooks, for the groups and hosts that are known by now.
pub(super) fn read(inventory: &mut Inventory, sources: &[PathBuf], reading: &Reading) -> Result<(), InventoryError> {
    let mut reader = Reader { vault: &reading.vault, texts: Texts::new(), warnings: Vec::new() };
    let mut neighbours = Vec::new();
    for place in places(sources, reading) {
        let groups = inventory.groups.iter().map(|(name, group)| (name.as_str(), &group.scope));
        let groups = reader.folder(&place.join("group_vars"), groups)?;
        let hosts = inventory.hosts.iter().map(|(name, host)| (name.as_str(), &host.scope));
        let hosts = reader.folder(&place.join("host_vars"), hosts)?;
        neighbours.push(Neighbour { groups, hosts });
    }
    inventory.neighbours = neighbours;
    inventory.texts.extend(reader.texts);
    inventory.warnings.extend(reader.warnings);
    Ok(())
}

/// The directories in their order; one that comes twice counts where it comes last.
fn places(sources: &[PathBuf], reading: &Reading) -> Vec<PathBuf> {
    let beside = |source: &PathBuf| match source.parent() {
        Some(parent) if !source.is_dir() => parent.to_owned(),
        _ => source.clone(),
    };
    let files = sources.iter().filter(|source| source.as_os_str() != source::STDIN);
    let all = files.map(beside).chain(reading.playbooks.clone());
    let mut places: IndexMap<PathBuf, PathBuf> = IndexMap::new();
    for place in all {
        let here = if place.as_os_str().is_empty() { Path::new(".") } else { &place };
        let Ok(real) = here.canonicalize() else { continue };
        places.shift_remove(&real);
        places.insert(real, place);
    }
    places.into_values().collect()
}

struct Reader<'r> {
    vault: &'r Vault,
    texts: Texts,
    warnings: Vec<Warning>,
}

impl Reader<'_> {
    /// The variables that a folder has for each of `names`.
    fn folder<'a>(
        &mut self,
        folder: &Path,
        names: impl Iterator<Item = (&'a str, &'a Arc<str>)>,
    ) -> Result<IndexMap<usize, Layer>, InventoryError> {
        let mut all = IndexMap::new();
        if !folder.is_dir() {
            if folder.exists() {
                self.warn(folder, "it is no directory; Ansible passes over it".to_owned());
            }
            return Ok(all);
        }
        // A name that begins with a slash would lead out of the folder.
        for (index, (name, scope)) in names.enumerate().filter(|(_, (name, _))| !name.starts_with('/')) {
            let mut vars = Layer::default();
            for file in self.files(folder, name)? {
                self.file(&file, scope, &mut vars)?;
            }
            if vars.vars().iter().next().is_some() {
                all.insert(index, vars);
            }
        }
        Ok(all)
    }

    /// The files of one name; the first that is there hides the others.
    fn files(&mut self, folder: &Path, name: &str) -> Result<Vec<PathBuf>, InventoryError> {
        let mut paths = ENDS.iter().map(|end| folder.join(format!("{name}{end}"))).filter(|path| path.exists());
        let Some(first) = paths.next() else { return Ok(Vec::new()) };
        for hidden in paths {
            self.warn(&hidden, format!("Ansible passes over it, as {} is there", first.display()));
        }
        if first.is_dir() { folder::files(&first, is_wanted) } else { Ok(vec![first]) }
    }

    /// Puts the variables of a file over those that are there.
    fn file(&mut self, path: &Path, scope: &Arc<str>, vars: &mut Layer) -> Result<(), InventoryError> {
        let name = path.display().to_string();
        let document = source::document(path, &name, self.vault, &mut self.texts)?;
        for duplicate in &document.duplicates {
            self.warnings.push(duplicate.warning());
        }
        if document.root.is_false() {
            return Ok(());
        }
        let Some(entries) = document.root.entries() else {
            let reason = format!("it is {}, not a mapping of variables", document.root.noun());
            return Err(InventoryError::Unreadable { name, reason });
        };
        for (key, node) in entries {
            let place = Some(key.place.clone());
            vars.set(&key.text, Variable { value: node.value(), place, scope: Arc::clone(scope) });
        }
        Ok(())
    }

    fn warn(&mut self, path: &Path, message: String) {
        let place = Place { file: path.display().to_string().into(), line: 1, column: 0 };
        self.warnings.push(Warning { place, message });
    }
}

/// Whether Ansible reads a file of this name within a folder of variables, or looks into a folder.
fn is_wanted(path: &Path, name: &str) -> bool {
    let end = name.rfind('.').map_or("", |dot| &name[dot..]);
    let is_kind = if path.is_dir() { end.is_empty() } else { path.is_file() && ENDS.contains(&end) };
    is_kind && !name.starts_with('.') && !name.ends_with('~')
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde_json::json;

    use super::*;
    use crate::value::Value;

    const INVENTORY: &str =
        "all: {vars: {x: all}}\nwest: {children: {infra: {hosts: {h: {x: host}}, vars: {x: infra}}}}\n";

    /// A folder with the inventory above in `pigsty.yml`, and files with `x: NAME` or with the text that is given.
    fn estate(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [("pigsty.yml", INVENTORY)].iter().chain(files) {
            let file = folder.path().join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            let text = if text.is_empty() { format!("x: {name}\n") } else { (*text).to_owned() };
            fs::write(file, text).unwrap();
        }
        folder
    }

    fn load(folder: &tempfile::TempDir, reading: &Reading) -> Result<Inventory, InventoryError> {
        Inventory::load(&[folder.path().join("pigsty.yml")], reading)
    }

    /// The values of `x` on the host, the weakest first.
    fn layers(inventory: &Inventory) -> Vec<&Value> {
        inventory.layers(0).filter_map(|layer| layer.vars().get("x")).collect()
    }

    #[test]
    fn files_count_over_what_is_written_inline_of_the_same_kind() {
        let files = ["group_vars/all.yml", "group_vars/west.yml", "group_vars/infra", "host_vars/h.json"];
        let inventory = load(&estate(&files.map(|name| (name, ""))), &Reading::default()).unwrap();
        let [all, west, infra, host] = files;
        assert_eq!(layers(&inventory), ["all", "infra", all, west, infra, "host", host]);
        let vars = inventory.vars("h");
        let x = vars.variable("x").unwrap();
        assert_eq!((&x.value, &*x.scope), (&json!(host), "host h"));
        assert!(x.place.as_ref().unwrap().to_string().ends_with("host_vars/h.json:1"));
        assert_eq!(inventory.line(x.place.as_ref().unwrap()), Some("x: host_vars/h.json"));
    }

    #[test]
    fn a_folder_of_files_is_read_in_order_and_to_the_bottom() {
        let names = ["a.yml", "b/z/deep", "b/c.json", "d", ".hidden.yml", "e.yml~", "f.txt", "g.d/x.yml"];
        let names = names.map(|name| format!("group_vars/infra/{name}"));
        let mut files: Vec<_> = names.iter().map(|name| (name.as_str(), "")).collect();
        let deep = "x: deep\nb: 1\n";
        files[1].1 = deep;
        let inventory = load(&estate(&files), &Reading::default()).unwrap();
        assert_eq!(layers(&inventory), ["all", "infra", "group_vars/infra/d", "host"]);
        assert_eq!(inventory.vars("h").get("b"), Some(&json!(1)));
    }

    #[test]
    fn the_first_of_a_name_hides_the_others_and_that_is_said() {
        let inventory = load(&estate(&[("host_vars/h/x", ""), ("host_vars/h.yml", "")]), &Reading::default()).unwrap();
        assert_eq!(inventory.vars("h").get("x"), Some(&json!("host_vars/h/x")));
        let [warning] = inventory.warnings() else { panic!("{:?}", inventory.warnings()) };
        assert!(warning.place.file.ends_with("host_vars/h.yml"), "{warning:?}");
        assert!(warning.message.starts_with("Ansible passes over it, as "), "{warning:?}");
    }

    #[test]
    fn a_later_place_counts_over_an_earlier_one_whatever_the_depth() {
        let one = estate(&[("group_vars/infra.yml", "x: one\ny: one\n"), ("host_vars/h", "z: one\n")]);
        let two = estate(&[("group_vars/west.yml", "x: two\ny: two\n"), ("group_vars/all.yml", "x: all of two\n")]);
        let here = Reading { playbooks: Some(two.path().to_owned()), ..Reading::default() };
        let inventory = load(&one, &here).unwrap();
        let value = |name: &str| inventory.vars("h").get(name).cloned();
        assert_eq!((value("y"), value("z")), (Some(json!("two")), Some(json!("one"))));
        let same = Reading { playbooks: Some(one.path().to_owned()), ..Reading::default() };
        assert_eq!(load(&one, &same).unwrap().neighbours.len(), 1, "one place is not read twice");
    }

    #[test]
    fn priorities_are_set_where_groups_are_written_only() {
        let folder = estate(&[("group_vars/infra.yml", "ansible_group_priority: 5\n")]);
        assert_eq!(
            load(&folder, &Reading::default()).unwrap().vars("h").get("ansible_group_priority"),
            Some(&json!(5))
        );
    }

    #[test]
    fn nothing_is_read_of_empty_files_and_of_strangers() {
        let folder = estate(&[("group_vars/infra.yml", "# nothing\n"), ("group_vars/strange.yml", "- no mapping\n")]);
        assert_eq!(layers(&load(&folder, &Reading::default()).unwrap()), ["all", "infra", "host"]);
    }

    #[test]
    fn what_is_no_mapping_of_variables_is_refused_by_name() {
        for (text, reason) in [
            ("- a\n", "infra.yml: it is a list, not a mapping of variables"),
            ("x: [\n", "infra.yml:1:4: "),
            ("$ANSIBLE_VAULT;1.1;AES256\n61\n", "infra.yml: it is locked with ansible-vault, and it is damaged"),
        ] {
            let shown = load(&estate(&[("group_vars/infra.yml", text)]), &Reading::default()).unwrap_err().to_string();
            assert!(shown.contains(reason), "{text}: {shown}");
        }
    }
}
