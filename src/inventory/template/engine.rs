//! Evaluates what is written in an inventory, when it is asked for and no sooner.
//!
//! One engine serves one host. It remembers what it has evaluated, notices a template that needs itself, and stops when its
//! steps, its depth or the size of what it makes go beyond what an inventory can need.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use super::LOCKED;
use super::native::{Marker, Native, Outcome, Scope};
use super::{python, statement, syntax};
use crate::inventory::yaml::Tag;
use crate::inventory::{Inventory, tagged};
use crate::value::{Object, Value, Vars};

/// How many steps one variable may take: a fraction of a second, and a thousand times what Pigsty's take.
const STEPS: usize = 250_000;

/// How many steps all variables of a host may take: some seconds at the very worst.
const ALL_STEPS: usize = 8 * STEPS;

/// How deep expressions and the templates that they need may be nested; beyond, the stack would end.
const DEPTH: usize = 150;

/// How long a text may become, in bytes: no configuration is longer.
const TEXT: usize = 1024 * 1024;

/// How many items a list or a mapping may come to have.
pub(super) const ITEMS: usize = 100_000;

/// Evaluates for one host.
pub(super) struct Engine<'a> {
    pub(super) inventory: &'a Inventory,
    /// What holds under the inventory's variables, on the host itself.
    pub(super) under: &'a Vars,
    /// How many steps the variable has left, and after it the others.
    steps: Cell<usize>,
    later: Cell<usize>,
    depth: Cell<usize>,
    /// Whether a limit was met, so that what failed may go right where there is more left.
    is_exhausted: Cell<bool>,
    /// What is being evaluated, outermost first.
    open: RefCell<HashSet<(Scope<'a>, &'a str)>>,
    done: RefCell<HashMap<(Scope<'a>, &'a str), Native<'a>>>,
}

impl<'a> Engine<'a> {
    pub(super) fn new(inventory: &'a Inventory, under: &'a Vars) -> Self {
        Self {
            inventory,
            under,
            steps: Cell::new(0),
            later: Cell::new(ALL_STEPS),
            depth: Cell::new(0),
            is_exhausted: Cell::new(false),
            open: RefCell::default(),
            done: RefCell::default(),
        }
    }

    /// The value of a variable as it leaves the evaluation.
    pub(super) fn evaluate(&self, value: Native<'a>) -> Outcome<'a, Value> {
        let all = self.later.get() + self.steps.get();
        self.steps.set(all.min(STEPS));
        self.later.set(all - self.steps.get());
        self.is_exhausted.set(false);
        self.json(value)
    }

    /// Pays for work: one step for each item or so.
    pub(super) fn pay(&self, steps: usize) -> Outcome<'a, ()> {
        if let Some(left) = self.steps.get().checked_sub(steps + 1) {
            self.steps.set(left);
            return Ok(());
        }
        self.steps.set(0);
        self.is_exhausted.set(true);
        Err(Marker::broken(format!("it takes more than {STEPS} steps")))
    }

    /// Does something one level deeper.
    pub(super) fn deeper<T>(&self, work: impl FnOnce() -> Outcome<'a, T>) -> Outcome<'a, T> {
        if self.depth.get() >= DEPTH {
            self.is_exhausted.set(true);
            return Err(Marker::broken(format!("it is nested deeper than {DEPTH}")));
        }
        self.depth.set(self.depth.get() + 1);
        let done = work();
        self.depth.set(self.depth.get() - 1);
        done
    }

    /// A new text, if it is not too long.
    pub(super) fn text(&self, text: impl AsRef<str>) -> Outcome<'a> {
        let text = text.as_ref();
        self.pay(text.len() / 64)?;
        if text.len() > TEXT {
            return Err(Marker::broken(format!("it makes a text of more than {} MiB", TEXT >> 20)));
        }
        Ok(Native::text(text))
    }

    /// A new list, if it is not too long.
    pub(super) fn list(&self, items: Vec<Native<'a>>) -> Outcome<'a> {
        self.pay(items.len())?;
        if items.len() > ITEMS {
            return Err(Marker::broken(format!("it makes a list of more than {ITEMS} items")));
        }
        Ok(Native::list(items))
    }

    /// What a value is: what is written is evaluated, its items are not.
    pub(super) fn force(&self, value: Native<'a>) -> Native<'a> {
        match value {
            Native::Lazy(scope, written) => Native::of(self.written(scope, written)),
            value => value,
        }
    }

    /// What a value is, if it is there.
    pub(super) fn need(&self, value: Native<'a>) -> Outcome<'a> {
        self.force(value).trip()
    }

    fn written(&self, scope: Scope<'a>, written: &'a Value) -> Outcome<'a> {
        match written {
            Value::String(text) if syntax::is_template(text) => self.template(scope, text),
            Value::Array(items) => {
                self.pay(items.len())?;
                Ok(Native::list(items.iter().map(|item| Native::Lazy(scope, item)).collect()))
            }
            Value::Object(entries) => match (tagged(entries, Tag::Unsafe), tagged(entries, Tag::Vault)) {
                (Some(text), _) => Ok(Native::text(text)),
                (_, Some(text)) => self.unlock(text).map(Native::text),
                _ => self.mapping(scope, entries),
            },
            scalar => Ok(Native::plain(scalar)),
        }
    }

    /// Opens what ansible-vault has locked.
    fn unlock(&self, locked: &str) -> Result<String, Marker> {
        match self.inventory.vault.open(locked) {
            Ok(secret) => Ok(secret.expose().to_owned()),
            Err(error) => Err(Marker::broken(format!("{LOCKED}{error}"))),
        }
    }

    fn mapping(&self, scope: Scope<'a>, entries: &'a Object) -> Outcome<'a> {
        self.pay(entries.len())?;
        Ok(Native::map(entries.iter().map(|(key, value)| (key.as_str().into(), Native::Lazy(scope, value)))))
    }

    /// Evaluates a template in its host's scope, once.
    fn template(&self, scope: Scope<'a>, text: &'a str) -> Outcome<'a> {
        let key = (scope, text);
        if let Some(done) = self.done.borrow().get(&key) {
            return done.clone().trip();
        }
        if !self.open.borrow_mut().insert(key) {
            return Err(Marker::broken("it needs itself"));
        }
        let value = Native::of(self.deeper(|| self.render(scope, text)));
        self.open.borrow_mut().remove(&key);
        if !self.is_exhausted.get() {
            self.done.borrow_mut().insert(key, value.clone());
        }
        value.trip()
    }

    fn render(&self, scope: Scope<'a>, text: &str) -> Outcome<'a> {
        self.pay(text.len() / 64)?;
        let prepared = syntax::prepare(text)?;
        let tree = syntax::tree(&prepared)?;
        let value = statement::template(self, scope, &tree)?;
        match &value {
            // The parser takes line ends at the end away; Ansible gives a text back as many as the template had.
            Native::Text(made) => {
                let missing = line_ends(text).saturating_sub(line_ends(made));
                if missing > 0 { self.text(format!("{made}{}", "\n".repeat(missing))) } else { Ok(value) }
            }
            _ => Ok(value),
        }
    }

    /// A value that is resolved to its last item; `omit` drops out of lists and mappings.
    pub(super) fn whole(&self, value: Native<'a>) -> Outcome<'a> {
        self.pay(1)?;
        match self.need(value)? {
            Native::List(items) => {
                let kept = items.iter().filter(|item| !matches!(item, Native::Omit));
                let whole = |item: Native<'a>| self.deeper(|| self.whole(item));
                // What is written may turn out to be `omit` too.
                let kept = kept.map(|item| self.force(item.clone())).filter(|item| !matches!(item, Native::Omit));
                Ok(Native::list(kept.map(whole).collect::<Result<_, _>>()?))
            }
            Native::Map(entries) => {
                let whole = |(key, value): (&Rc<str>, &Native<'a>)| {
                    let value = self.force(value.clone());
                    let is_omitted = matches!(value, Native::Omit);
                    (!is_omitted).then(|| Ok((Rc::clone(key), self.deeper(|| self.whole(value))?)))
                };
                Ok(Native::map(entries.iter().filter_map(whole).collect::<Result<Vec<_>, _>>()?))
            }
            Native::Hosts | Native::Host(_) => Err(Marker::broken("all of `hostvars` is more than a value")),
            value => Ok(value),
        }
    }

    /// Python's `str` of a value.
    pub(super) fn str(&self, value: Native<'a>) -> Outcome<'a, Rc<str>> {
        match self.need(value)? {
            Native::Text(text) => Ok(text),
            Native::Omit => Err(Marker::broken("`omit` is not a text")),
            value => Ok(python::text(&self.whole(value)?).into()),
        }
    }

    fn json(&self, value: Native<'a>) -> Outcome<'a, Value> {
        Ok(match self.whole(value)? {
            Native::Omit => return Err(Marker::broken("it is `omit`, which only a task can do")),
            whole => plain(&whole)?,
        })
    }
}

fn line_ends(text: &str) -> usize {
    text.len() - text.trim_end_matches('\n').len()
}

fn plain(value: &Native<'_>) -> Result<Value, Marker> {
    let number = || Marker::broken("it makes a number that no configuration can hold");
    Ok(match value {
        Native::Bool(truth) => Value::Bool(*truth),
        Native::Int(whole) => match (i64::try_from(*whole), u64::try_from(*whole)) {
            (Ok(whole), _) => whole.into(),
            (_, Ok(whole)) => whole.into(),
            _ => return Err(number()),
        },
        Native::Float(float) => serde_json::Number::from_f64(*float).map(Value::Number).ok_or_else(number)?,
        Native::Text(text) => Value::String(text.to_string()),
        Native::List(items) => items.iter().map(plain).collect::<Result<_, _>>()?,
        Native::Map(entries) => {
            let entry = |(key, value): (&Rc<str>, &Native<'_>)| Ok((key.to_string(), plain(value)?));
            Value::Object(entries.iter().map(entry).collect::<Result<_, Marker>>()?)
        }
        _ => Value::Null,
    })
}
