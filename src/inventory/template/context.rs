//! What a name means in a template: the host's variables, and what Ansible says of the host and its groups.
//!
//! What only a running play knows (facts, `playbook_dir`, how it connects) is refused, also where a default is given: Ansible
//! would have a value there.

use std::path::Path;
use std::rc::Rc;

use super::engine::Engine;
use super::native::{Marker, Native, Outcome, Scope};
use crate::value::Value;

/// Names, other than those that begin with `ansible_`, which a running play gives a meaning.
const RUNNING: [&str; 9] = [
    "environment",
    "play_hosts",
    "playbook_dir",
    "role_name",
    "role_names",
    "role_path",
    "role_uuid",
    "ansible_facts",
    "vars",
];

/// The value of a name; an undefined one is a marker.
pub(super) fn variable<'a>(engine: &Engine<'a>, scope: Scope<'a>, name: &str) -> Native<'a> {
    match find(engine, scope, name) {
        Some(value) => engine.force(value),
        None => Native::Marker(undefined(name)),
    }
}

/// Whether a host has a variable of that name.
pub(super) fn find<'a>(engine: &Engine<'a>, scope: Scope<'a>, name: &str) -> Option<Native<'a>> {
    let written = || engine.inventory.variable(scope.host, name).map(|variable| Native::Lazy(scope, &variable.value));
    let under = || {
        let variable = engine.under.variable(name).filter(|_| !scope.remote)?;
        Some(Native::Lazy(scope, &variable.value))
    };
    magic(engine, scope, name).or_else(written).or_else(under).or_else(|| address(scope, name))
}

/// Ansible's own variables, which nothing that is written can replace.
fn magic<'a>(engine: &Engine<'a>, scope: Scope<'a>, name: &str) -> Option<Native<'a>> {
    let inventory = engine.inventory;
    let texts = |names: Vec<&str>| Native::list(names.into_iter().map(Native::text).collect());
    let file = || std::path::absolute(&*inventory.host(scope.host)?.place.file).ok();
    let path = |path: &Path| Native::text(path.display().to_string());
    Some(match name {
        "hostvars" if !scope.remote => Native::Hosts,
        "inventory_hostname" => Native::text(scope.host),
        "inventory_hostname_short" => Native::text(scope.host.split('.').next().unwrap_or_default()),
        "inventory_file" => path(&file()?),
        "inventory_dir" => path(file()?.parent()?),
        "group_names" => texts(inventory.groups_of(scope.host)),
        "groups" => Native::map(inventory.groups().map(|group| {
            let hosts = inventory.hosts_in(group).unwrap_or_default();
            (Rc::from(group), texts(hosts))
        })),
        _ => return None,
    })
}

/// Where a task runs, if nothing else is written: on the host by its name.
fn address<'a>(scope: Scope<'a>, name: &str) -> Option<Native<'a>> {
    (name == "ansible_host" && !scope.remote).then(|| Native::text(scope.host))
}

fn undefined(name: &str) -> Marker {
    if name.starts_with("ansible_") || RUNNING.contains(&name) {
        return Marker::broken(format!("{name} is known to a running play only: facts are not gathered here"));
    }
    Marker::missing(format!("{name} is not defined"))
}

/// An item of a value by its key, as `value[key]` and `value.key` both find it in the end.
pub(super) fn item<'a>(engine: &Engine<'a>, value: Native<'a>, key: &Native<'a>) -> Outcome<'a> {
    let absent = |kind: &str| {
        let key = engine.str(key.clone()).unwrap_or_default();
        Ok(Native::Marker(Marker::missing(format!("{kind} has no {key}"))))
    };
    match engine.force(value) {
        Native::Marker(marker) => Ok(Native::Marker(marker)),
        Native::Map(entries) => {
            let name = match key {
                Native::Text(text) => Rc::clone(text),
                Native::None => "null".into(),
                Native::Bool(truth) => truth.to_string().into(),
                other => engine.str(other.clone())?,
            };
            match entries.get(&name) {
                Some(found) => {
                    sure(&name)?;
                    Ok(engine.force(found.clone()))
                }
                None => absent("a mapping"),
            }
        }
        Native::Host(host) => match key {
            Native::Text(name) => Ok(variable(engine, Scope { host, remote: true }, name)),
            _ => absent("a host"),
        },
        Native::Hosts => {
            let name = engine.str(key.clone())?;
            match engine.inventory.known_host(&name) {
                Some(host) => Ok(Native::Host(host)),
                None if &*name == "localhost" => Err(Marker::broken("localhost is not in the inventory")),
                None => Ok(Native::Marker(Marker::missing(format!("hostvars has no host {name}")))),
            }
        }
        Native::List(items) => match index(key, items.len()) {
            Some(at) => Ok(items.get(at).map_or_else(|| Native::None, |item| engine.force(item.clone()))),
            None => absent("a list"),
        },
        Native::Text(text) => match index(key, text.chars().count()) {
            Some(at) => engine.text(text.chars().nth(at).map(String::from).unwrap_or_default()),
            None => absent("a text"),
        },
        other => absent(other.kind()),
    }
}

/// The place of an item in a sequence of this length, if the key is one; those below zero count from the end.
fn index(key: &Native<'_>, length: usize) -> Option<usize> {
    let (Native::Int(_) | Native::Bool(_), Some(super::native::Number::Int(at))) = (key, key.number()) else {
        return None;
    };
    let length = i128::try_from(length).ok()?;
    let at = if at < 0 { at + length } else { at };
    usize::try_from(at).ok().filter(|_| at < length)
}

/// Refuses a key that may have been a number, a boolean or null where it was written: as a key they are not told apart here.
pub(super) fn sure(key: &str) -> Result<(), Marker> {
    match crate::inventory::scalar::plain(key) {
        Ok(Value::String(_)) | Err(_) => Ok(()),
        Ok(_) => Err(Marker::broken(format!("the key {key} may be text or not, which is not told apart here"))),
    }
}

/// What Python iterates over: the items of a list, the keys of a mapping, the characters of a text.
pub(super) fn items<'a>(engine: &Engine<'a>, value: Native<'a>) -> Outcome<'a, Vec<Native<'a>>> {
    let items = match engine.need(value)? {
        Native::List(items) => items.to_vec(),
        Native::Map(entries) => {
            entries.keys().map(|key| sure(key).map(|()| Native::Text(Rc::clone(key)))).collect::<Result<_, _>>()?
        }
        Native::Text(text) => text.chars().map(|char| Native::text(char.encode_utf8(&mut [0; 4]))).collect(),
        Native::Hosts => engine.inventory.hosts_in("all").unwrap_or_default().into_iter().map(Native::text).collect(),
        other => return Err(Marker::broken(format!("{} has no items", other.kind()))),
    };
    engine.pay(items.len())?;
    Ok(items)
}
