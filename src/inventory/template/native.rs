//! What an expression is made of while it is evaluated: Python's values, and two that are none.
//!
//! A [`Marker`] stands for what is not there or went wrong; it is a value until somebody looks at it, as in Ansible, so that
//! `default` can replace it. What is written in the inventory stays [`Native::Lazy`] until it is needed.

use std::rc::Rc;

use indexmap::IndexMap;

use crate::value::Value;

/// A list of values.
pub(super) type List<'a> = Rc<Vec<Native<'a>>>;

/// A mapping in the order it was made; keys are text.
pub(super) type Map<'a> = Rc<IndexMap<Rc<str>, Native<'a>>>;

/// What a function gives back; the error is a marker that was looked at.
pub(super) type Outcome<'a, T = Native<'a>> = Result<T, Marker>;

/// A value in the making.
#[derive(Clone, Debug)]
pub(super) enum Native<'a> {
    /// Nothing that could be looked at.
    Marker(Marker),
    /// Ansible's `omit`: drops out of lists and mappings.
    Omit,
    None,
    Bool(bool),
    Int(i128),
    Float(f64),
    Text(Rc<str>),
    List(List<'a>),
    Map(Map<'a>),
    /// Written in the inventory, and perhaps a template, of the host of this scope.
    Lazy(Scope<'a>, &'a Value),
    /// `hostvars`.
    Hosts,
    /// `hostvars[name]`.
    Host(&'a str),
}

/// Whose variables a template sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Scope<'a> {
    /// The host.
    pub(super) host: &'a str,
    /// Whether it is seen through `hostvars`: there are no role defaults there, and no `hostvars`.
    pub(super) remote: bool,
}

/// Why there is no value.
#[derive(Clone, Debug)]
pub(super) struct Marker {
    /// Whether something is merely not defined, which `default` replaces; all else is an error.
    pub(super) missing: bool,
    /// A sentence without its end.
    pub(super) why: Rc<str>,
}

impl Marker {
    /// Something that is not defined.
    pub(super) fn missing(why: impl AsRef<str>) -> Self {
        Self { missing: true, why: why.as_ref().into() }
    }

    /// Something that cannot be done.
    pub(super) fn broken(why: impl AsRef<str>) -> Self {
        Self { missing: false, why: why.as_ref().into() }
    }
}

impl<'a> Native<'a> {
    pub(super) fn text(text: impl AsRef<str>) -> Self {
        Self::Text(text.as_ref().into())
    }

    pub(super) fn list(items: Vec<Self>) -> Self {
        Self::List(Rc::new(items))
    }

    pub(super) fn map(entries: impl IntoIterator<Item = (Rc<str>, Self)>) -> Self {
        Self::Map(Rc::new(entries.into_iter().collect()))
    }

    /// The value itself, unless it is a marker.
    pub(super) fn trip(self) -> Outcome<'a> {
        match self {
            Self::Marker(marker) => Err(marker),
            value => Ok(value),
        }
    }

    /// A result as a value.
    pub(super) fn of(outcome: Outcome<'a>) -> Self {
        outcome.unwrap_or_else(Self::Marker)
    }

    /// A value that nobody wrote as a template: all of it is as it stands.
    pub(super) fn plain(value: &Value) -> Self {
        match value {
            Value::Null => Self::None,
            Value::Bool(truth) => Self::Bool(*truth),
            Value::Number(number) => match (number.as_i64(), number.as_u64()) {
                (Some(whole), _) => Self::Int(whole.into()),
                (_, Some(whole)) => Self::Int(whole.into()),
                _ => Self::Float(number.as_f64().unwrap_or_default()),
            },
            Value::String(text) => Self::text(text),
            Value::Array(items) => Self::list(items.iter().map(Self::plain).collect()),
            Value::Object(entries) => {
                Self::map(entries.iter().map(|(key, value)| (key.as_str().into(), Self::plain(value))))
            }
        }
    }

    /// Python's name of its type, as Ansible's messages have it.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Marker(_) => "undefined",
            Self::Omit => "omit",
            Self::None => "none",
            Self::Bool(_) => "a boolean",
            Self::Int(_) | Self::Float(_) => "a number",
            Self::Text(_) => "text",
            Self::List(_) => "a list",
            Self::Map(_) | Self::Hosts | Self::Host(_) => "a mapping",
            Self::Lazy(_, value) => super::super::noun(value),
        }
    }

    /// A number as Python computes with it: a boolean is one too.
    pub(super) fn number(&self) -> Option<Number> {
        match self {
            Self::Bool(truth) => Some(Number::Int((*truth).into())),
            Self::Int(whole) => Some(Number::Int(*whole)),
            Self::Float(number) => Some(Number::Float(*number)),
            _ => None,
        }
    }
}

impl From<bool> for Native<'_> {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}

/// A number of Python.
#[derive(Clone, Copy, Debug)]
pub(super) enum Number {
    Int(i128),
    Float(f64),
}

impl Number {
    /// As a float; what is beyond 53 bits is rounded, as in Python.
    #[expect(clippy::cast_precision_loss, reason = "Python rounds here too")]
    pub(super) fn float(self) -> f64 {
        match self {
            Self::Int(whole) => whole as f64,
            Self::Float(number) => number,
        }
    }
}
