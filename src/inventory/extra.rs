//! The variables of the command line, in every form that Ansible's `-e` takes.
//!
//! `name=value`, several of them with quotes where there are blanks, and every value is text; a mapping as JSON or YAML; `@FILE`
//! with one. A word without `=`, which Ansible would keep as `_raw_params`, is refused: it is a mistake.

use std::path::Path;

use super::layer::Layer;
use super::source::{self, Texts};
use super::vault::Vault;
use super::yaml::{self, Document};
use super::{InventoryError, pair};
use crate::value::Variable;

/// What places and messages call it.
const SCOPE: &str = "option -e";

/// The variables of all options, the last of which has the say; the files that they name go to `texts`.
pub(super) fn read(options: &[String], vault: &Vault, texts: &mut Texts) -> Result<Layer, InventoryError> {
    let mut vars = Layer::default();
    for option in options.iter().filter(|option| !option.is_empty()) {
        match (option.strip_prefix('@'), option.chars().next()) {
            (Some(path), _) => file(path, vault, texts, &mut vars)?,
            (None, Some('/' | '.')) => {
                return Err(refused(format!("write @ before the name of a file: -e @{option}")));
            }
            (None, Some('{' | '[')) => mapping(SCOPE, &yaml::read(SCOPE, option)?, &mut vars)?,
            _ => pairs(option, &mut vars)?,
        }
    }
    Ok(vars)
}

fn file(path: &str, vault: &Vault, texts: &mut Texts, vars: &mut Layer) -> Result<(), InventoryError> {
    let document = source::document(Path::new(path), path, vault, texts)?;
    mapping(path, &document, vars)
}

fn mapping(name: &str, document: &Document, vars: &mut Layer) -> Result<(), InventoryError> {
    let Some(entries) = document.root.entries() else {
        let reason = format!("it is {}, not a mapping of variables", document.root.noun());
        return Err(InventoryError::Unreadable { name: name.to_owned(), reason });
    };
    for (key, node) in entries {
        // What stands on the command line has no line.
        let place = (name != SCOPE).then(|| key.place.clone());
        vars.set(&key.text, Variable { value: node.value(), place, scope: SCOPE.into() });
    }
    Ok(())
}

fn pairs(text: &str, vars: &mut Layer) -> Result<(), InventoryError> {
    for (name, value) in pair::read(text).map_err(refused)? {
        vars.set(&name, Variable { value: value.into(), place: None, scope: SCOPE.into() });
    }
    Ok(())
}

fn refused(reason: String) -> InventoryError {
    InventoryError::Unreadable { name: SCOPE.to_owned(), reason }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::value::Value;

    fn extra(options: &[&str]) -> Result<Value, String> {
        let options: Vec<_> = options.iter().map(|option| (*option).to_owned()).collect();
        let vars = read(&options, &Vault::default(), &mut Texts::new()).map_err(|error| error.to_string())?;
        Ok(vars.vars().iter().map(|(name, variable)| (name.to_owned(), variable.value.clone())).collect())
    }

    #[test]
    fn values_of_pairs_are_text_and_those_of_mappings_what_they_are() {
        assert_eq!(extra(&["a=1 b=yes c=null"]), Ok(json!({"a": "1", "b": "yes", "c": "null"})));
        assert_eq!(extra(&["{\"a\": 1, \"b\": [true]}"]), Ok(json!({"a": 1, "b": [true]})));
        assert_eq!(extra(&["{a: 1, b: yes, 5: x}"]), Ok(json!({"a": 1, "b": true, "5": "x"})));
        assert_eq!(extra(&["", "{}"]), Ok(json!({})));
    }

    #[test]
    fn the_last_option_has_the_say() {
        assert_eq!(extra(&["a=1", "a=2 x=3", "{b: 1}", "b=2"]), Ok(json!({"a": "2", "x": "3", "b": "2"})));
    }

    #[test]
    fn variables_of_a_file_have_their_lines() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vars.yml").display().to_string();
        std::fs::write(&path, "a: 1\nb: {c: 2}\n").unwrap();
        let mut texts = Texts::new();
        let vars = read(&[format!("@{path}")], &Vault::default(), &mut texts).unwrap();
        let b = vars.vars().variable("b").unwrap();
        assert_eq!((&b.value, &*b.scope), (&json!({"c": 2}), SCOPE));
        assert_eq!(b.place.as_ref().unwrap().to_string(), format!("{path}:2"));
        assert!(texts.contains_key(path.as_str()));
    }

    #[test]
    fn what_gives_no_variable_is_refused() {
        for (option, reason) in [
            ("[1]", "option -e: it is a list, not a mapping of variables"),
            ("{a: 1", "option -e:1:1: "),
            ("@nowhere.yml", "nowhere.yml: there is no such file"),
            ("./vars.yml", "option -e: write @ before the name of a file: -e @./vars.yml"),
            ("a=1 hunter2", "option -e: the 2nd word has no = in it; "),
            ("a='1", "option -e: a quote, or a {{, is never closed"),
        ] {
            let shown = extra(&[option]).unwrap_err();
            assert!(shown.starts_with(reason), "{option}: {shown}");
            assert!(!shown.contains("hunter2"), "{shown}");
        }
    }
}
