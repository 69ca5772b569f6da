//! A modules file of blackbox_exporter, read as that reads it: the same keys, the same defaults, the same refusals.
//!
//! A file that the exporter refuses is refused with file and line. What is right and not supported here (the probers grpc,
//! unix and websocket, oauth2, HTTP/3) makes a module that cannot be asked for, and leaves the others alone. An unknown
//! prober is refused when it is read, where release 0.28 of the exporter would wait for the first probe.

use std::fmt::Display;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use self::document::Node;
use self::field::Fields;
use self::scalar::Scalar;
use crate::probe::blackbox::{Module, Prober};
use crate::value::{Place, Secret, Secrets, did_you_mean};

mod dns;
mod document;
mod field;
mod header;
mod http;
mod icmp;
mod login;
mod proxy;
mod quantity;
mod scalar;
mod tcp;
#[cfg(test)]
mod tests;
mod tls;
mod url;

/// How large a modules file may be, in bytes: ten thousand modules take half of it.
const BYTES: u64 = 8 * 1024 * 1024;

/// The modules that Pigsty gives its own exporter.
const PIGSTY: &str = include_str!("pigsty.yml");

/// The keys of a module.
const KEYS: [&str; 9] = ["prober", "timeout", "http", "tcp", "icmp", "dns", "grpc", "unix", "websocket"];

/// What a prober can be.
const PROBERS: [&str; 7] = ["http", "tcp", "icmp", "dns", "grpc", "unix", "websocket"];

/// Why a modules file, or a module of it, cannot be used: place, what, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ModuleError(String);

impl ModuleError {
    fn at(place: &Place, what: impl Display) -> Self {
        Self(format!("{place}: {what}"))
    }
}

/// The modules of a file.
#[derive(Clone, Debug)]
pub struct Modules {
    file: String,
    /// In the order of the file; of what is not supported, why.
    modules: Vec<(String, Result<Module, ModuleError>)>,
    secrets: Vec<Secret>,
}

/// What is told of a section besides what it says.
#[derive(Default)]
struct Notes {
    secrets: Vec<Secret>,
    unsupported: Option<ModuleError>,
}

impl Notes {
    /// Remembers what must not be printed.
    fn hide(&mut self, secret: &Secret) {
        self.secrets.push(secret.clone());
    }

    /// Refuses the module if it is asked for, and leaves the others alone.
    fn refuse(&mut self, why: ModuleError) {
        self.unsupported.get_or_insert(why);
    }
}

impl Modules {
    /// Reads a file.
    pub fn read(path: &Path) -> Result<Self, ModuleError> {
        let name = path.display().to_string();
        let unreadable = |why: &dyn Display| ModuleError(format!("{name}: {why}"));
        let mut text = Vec::new();
        let file = File::open(path).and_then(|file| file.take(BYTES + 1).read_to_end(&mut text));
        file.map_err(|error| unreadable(&format!("cannot be read: {error}")))?;
        if text.len() as u64 > BYTES {
            return Err(unreadable(&format!("is larger than {} MiB, too large for a modules file", BYTES >> 20)));
        }
        let text = String::from_utf8(text).map_err(|_| unreadable(&"is no UTF-8 text"))?;
        Self::parse(&name, &text)
    }

    /// Reads a file's text; `file` is what places will print.
    pub fn parse(file: &str, text: &str) -> Result<Self, ModuleError> {
        let Some(root) = document::read(file, text)? else {
            return Err(ModuleError(format!("{file}: is empty: it needs `modules:`")));
        };
        let mut found = Self { file: file.to_owned(), modules: Vec::new(), secrets: Vec::new() };
        if root.is_null() {
            return Ok(found);
        }
        let Some(modules) = Fields::read("the file", &root, &["modules"])?.names("modules")? else { return Ok(found) };
        for (key, node) in modules.entries() {
            let module = found.module(&key.text, node)?;
            found.modules.push((key.text.clone(), module));
        }
        Ok(found)
    }

    /// The five modules that Pigsty gives its own exporter.
    pub fn pigsty() -> Result<Self, ModuleError> {
        Self::parse("the modules of Pigsty", PIGSTY)
    }

    /// A module by its name, if it is there and supported.
    pub fn get(&self, name: &str) -> Result<&Module, ModuleError> {
        let found = self.modules.iter().find(|(known, _)| known == name);
        let hint = || did_you_mean(name, self.names());
        let (_, module) =
            found.ok_or_else(|| ModuleError(format!("{}: has no module `{name}`{}", self.file, hint())))?;
        module.as_ref().map_err(Clone::clone)
    }

    /// The names of all modules, supported or not, in the order of the file.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.modules.iter().map(|(name, _)| name.as_str())
    }

    /// What no output may hold: passwords, tokens, keys, and headers that are named like them.
    pub fn secrets(&self) -> Secrets {
        Secrets::new(self.secrets.iter().map(Secret::expose))
    }

    fn module(&mut self, name: &str, node: &Node) -> Result<Result<Module, ModuleError>, ModuleError> {
        let what = format!("module `{name}`");
        if node.is_null() {
            return Ok(Err(ModuleError::at(&node.place, format!("{what} says nothing: it needs a `prober`"))));
        }
        let fields = Fields::read(&what, node, &KEYS)?;
        let (mut http, mut tcp, mut icmp, mut dns) = <(Notes, Notes, Notes, Notes)>::default();
        let probers = (
            http::read(&fields, &mut http)?,
            tcp::read(&fields, &mut tcp)?,
            icmp::read(&fields, &mut icmp)?,
            dns::read(&fields, &mut dns)?,
        );
        others(&fields)?;
        let timeout = fields.scalar("timeout", "a time with its unit, such as 5s", time)?.flatten();
        let prober = fields.text("prober")?;
        let (prober, unsupported) = match prober.as_str() {
            "http" => (Prober::Http(probers.0), http.unsupported.take()),
            "tcp" => (Prober::Tcp(probers.1), tcp.unsupported.take()),
            "icmp" => (Prober::Icmp(probers.2), icmp.unsupported.take()),
            "dns" => (Prober::Dns(probers.3), dns.unsupported.take()),
            "grpc" | "unix" | "websocket" => {
                let why = format!("is {prober}, which is not supported here");
                return Ok(Err(fields.refuse("prober", &why)));
            }
            "" => return Err(fields.refuse("prober", "is missing: say which protocol is asked")),
            _ => {
                let hint = did_you_mean(&prober, PROBERS);
                return Err(fields.refuse("prober", &format!("cannot be `{prober}`{hint}")));
            }
        };
        self.secrets.extend([http, tcp, icmp, dns].into_iter().flat_map(|notes| notes.secrets));
        Ok(unsupported.map_or_else(|| Ok(Module { name: name.to_owned(), timeout, prober }), Err))
    }
}

fn time(scalar: &Scalar) -> Option<Option<std::time::Duration>> {
    quantity::time(std::str::from_utf8(&scalar.bytes()).ok().filter(|_| scalar.is_text())?)
}

/// The sections of probers that are not supported: what the exporter refuses in them is refused.
fn others(fields: &Fields<'_>) -> Result<(), ModuleError> {
    tcp::check_unix(fields)?;
    if let Some(websocket) = fields.names("websocket")? {
        tcp::conversation(&websocket)?;
    }
    let known = ["service", "tls", "tls_config", "ip_protocol_fallback", "preferred_ip_protocol", "metadata"];
    let Some(grpc) = fields.section("grpc", &known)? else { return Ok(()) };
    grpc.text("service")?;
    grpc.flag("tls", false)?;
    grpc.family()?;
    tls::read(&grpc, &mut Notes::default())?;
    let Some(metadata) = grpc.names("metadata")? else { return Ok(()) };
    metadata.entries().iter().try_for_each(|(key, _)| metadata.texts(&key.text).map(drop))
}
