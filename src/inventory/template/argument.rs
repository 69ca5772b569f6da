//! What a filter, a test or a function is called with.

use super::native::{Marker, Native, Outcome};

/// Arguments in their order, then those with names.
#[derive(Clone, Debug, Default)]
pub(super) struct Arguments<'a> {
    pub(super) positional: Vec<Native<'a>>,
    pub(super) named: Vec<(String, Native<'a>)>,
}

impl<'a> Arguments<'a> {
    /// Every argument.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Native<'a>> {
        self.positional.iter().chain(self.named.iter().map(|(_, value)| value))
    }

    /// The first marker among them.
    pub(super) fn marker(&self) -> Option<Marker> {
        self.iter().find_map(|value| match value {
            Native::Marker(marker) => Some(marker.clone()),
            _ => None,
        })
    }

    /// Takes a named argument out.
    pub(super) fn take(&mut self, name: &str) -> Option<Native<'a>> {
        let at = self.named.iter().position(|(own, _)| own == name)?;
        Some(self.named.remove(at).1)
    }

    /// Each parameter with what was given for it, as Python binds them; what has no parameter is refused.
    pub(super) fn bind<const N: usize>(self, names: [&str; N]) -> Outcome<'a, [Option<Native<'a>>; N]> {
        if self.positional.len() > N {
            return Err(Marker::broken(format!("it takes {N} arguments and got {}", self.positional.len())));
        }
        let mut bound = std::array::from_fn(|_| None);
        for (place, value) in bound.iter_mut().zip(self.positional) {
            *place = Some(value);
        }
        for (name, value) in self.named {
            match names.iter().position(|own| *own == name) {
                Some(at) if bound[at].is_none() => bound[at] = Some(value),
                Some(_) => return Err(Marker::broken(format!("its argument {name} is given twice"))),
                None => return Err(Marker::broken(format!("its argument {name} is not known here"))),
            }
        }
        Ok(bound)
    }

    /// Nothing may be given.
    pub(super) fn none(self) -> Outcome<'a, ()> {
        self.bind([]).map(|[]| ())
    }
}
