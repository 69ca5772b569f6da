//! `lookup` and `query`: of the environment, of files and of variables; on the machine that runs this program.
//!
//! What Ansible also looks up by running programs, asking services or making passwords is refused by name.

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

use super::argument::Arguments;
use super::context;
use super::native::{Marker, Native, Outcome};
use super::statement::Frame;
use super::syntax;

/// How much of a file is read, in bytes: as much as a text may have.
const FILE: u64 = 1024 * 1024;

/// Looks something up; a query gives a list, a lookup one value or several joined.
pub(super) fn perform<'a>(frame: &Frame<'_, 'a>, mut arguments: Arguments<'a>, is_query: bool) -> Outcome<'a> {
    if arguments.positional.is_empty() {
        return Err(Marker::broken("a lookup needs a name"));
    }
    let Native::Text(name) = arguments.positional.remove(0).trip()? else {
        return Err(Marker::broken("the name of a lookup is text"));
    };
    let name = name.strip_prefix("ansible.builtin.").unwrap_or(&name);
    let wants_list = arguments.take("wantlist").is_some_and(|wanted| matches!(wanted, Native::Bool(true)));
    let terms = terms(&mut arguments)?;
    let found = match name {
        "env" => environment(&terms, arguments)?,
        "file" => files(frame, &terms, arguments)?,
        "vars" => variables(frame, &terms, arguments)?,
        _ => return Err(Marker::broken(format!("the lookup `{name}` is not carried out here"))),
    };
    if is_query || wants_list { frame.engine.list(found) } else { one(frame, found) }
}

fn terms<'a>(arguments: &mut Arguments<'a>) -> Outcome<'a, Vec<String>> {
    let text = |term: Native<'a>| match term.trip()? {
        Native::Text(text) if syntax::is_template(&text) => {
            Err(Marker::broken("a lookup has a template within its template: write the variable alone"))
        }
        Native::Text(text) => Ok(text.to_string()),
        other => Err(Marker::broken(format!("a lookup takes texts, and got {}", other.kind()))),
    };
    std::mem::take(&mut arguments.positional).into_iter().map(text).collect()
}

/// One value is itself, several texts are joined with commas.
fn one<'a>(frame: &Frame<'_, 'a>, mut found: Vec<Native<'a>>) -> Outcome<'a> {
    let texts = found.iter().map(|value| match value {
        Native::Text(text) => Some(&**text),
        _ => None,
    });
    match (found.len(), texts.collect::<Option<Vec<_>>>()) {
        (1, _) => Ok(found.pop().unwrap_or(Native::None)),
        (0, _) | (_, None) => frame.engine.list(found),
        (_, Some(texts)) => frame.engine.text(texts.join(",")),
    }
}

fn environment<'a>(terms: &[String], arguments: Arguments<'a>) -> Outcome<'a, Vec<Native<'a>>> {
    let default = named(arguments, "default")?.unwrap_or_else(|| Native::text(""));
    let value = |term: &String| {
        let name = term.split_whitespace().next().unwrap_or_default();
        let value = (!name.is_empty()).then(|| std::env::var(name).ok()).flatten();
        value.map_or_else(|| default.clone(), Native::text).trip()
    };
    terms.iter().map(value).collect()
}

fn variables<'a>(frame: &Frame<'_, 'a>, terms: &[String], arguments: Arguments<'a>) -> Outcome<'a, Vec<Native<'a>>> {
    let default = named(arguments, "default")?;
    let value = |term: &String| match (context::variable(frame.engine, frame.scope, term), &default) {
        (Native::Marker(marker), Some(default)) if marker.missing && !knows(frame, term) => Ok(default.clone()),
        (value, _) => value.trip(),
    };
    terms.iter().map(value).collect()
}

fn knows(frame: &Frame<'_, '_>, name: &str) -> bool {
    context::find(frame.engine, frame.scope, name).is_some()
}

/// The one named argument that a lookup takes.
fn named<'a>(mut arguments: Arguments<'a>, name: &str) -> Outcome<'a, Option<Native<'a>>> {
    let value = arguments.take(name);
    arguments.none()?;
    Ok(value)
}

fn files<'a>(frame: &Frame<'_, 'a>, terms: &[String], mut arguments: Arguments<'a>) -> Outcome<'a, Vec<Native<'a>>> {
    let mut wanted = |name, otherwise| match arguments.take(name) {
        None => Ok(otherwise),
        Some(Native::Bool(wanted)) => Ok(wanted),
        Some(other) => Err(Marker::broken(format!("{name} of the lookup `file` is {}, not a boolean", other.kind()))),
    };
    let (left, right) = (wanted("lstrip", false)?, wanted("rstrip", true)?);
    arguments.none()?;
    let text = |term: &String| {
        let text = read(frame, term)?;
        let text = if left { text.trim_start() } else { &text };
        frame.engine.text(if right { text.trim_end() } else { text })
    };
    terms.iter().map(text).collect()
}

/// A file's text; a path that is not absolute is below `files` beside the inventory, or beside the inventory.
fn read(frame: &Frame<'_, '_>, term: &str) -> Result<String, Marker> {
    let inventory = frame.engine.inventory;
    let file = inventory.host(frame.scope.host).map(|host| PathBuf::from(&*host.place.file)).unwrap_or_default();
    let beside = file.parent().unwrap_or(&file);
    let paths = [beside.join("files").join(term), beside.join(term)];
    let path = paths.into_iter().find(|path| path.is_file());
    let path = path.ok_or_else(|| Marker::broken(format!("there is no file {term} beside the inventory")))?;
    let unread = |_| Marker::broken(format!("the file {term} cannot be read as text"));
    let mut text = String::new();
    File::open(path).and_then(|file| file.take(FILE).read_to_string(&mut text)).map_err(unread)?;
    match text {
        text if text.starts_with("$ANSIBLE_VAULT;") => {
            Err(Marker::broken(format!("the file {term} is locked with ansible-vault")))
        }
        text if text.len() as u64 == FILE => Err(Marker::broken(format!("the file {term} is too large"))),
        text => Ok(text),
    }
}
