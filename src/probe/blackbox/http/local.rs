//! What stands in files of this machine: bodies, headers and credentials, read anew for each request.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use super::super::{Failed, Source};

/// The largest file that holds a header or a credential, in bytes: more than any server takes.
const TEXT: u64 = 1024 * 1024;

/// The content of a file, up to a limit in bytes.
pub(super) fn bytes(field: &str, path: &Path, limit: u64) -> Result<Vec<u8>, Failed> {
    let wrong = |what: String| Failed::target(format!("{field}: {}: {what}", path.display()));
    let unread = |error: io::Error| wrong(format!("cannot be read: {}", error.kind()));
    // A pipe into which nobody writes would never come to its end.
    if path.metadata().map_err(unread)?.file_type().is_fifo() {
        return Err(wrong("is a pipe and no file".to_owned()));
    }
    let mut content = Vec::new();
    File::open(path).and_then(|file| file.take(limit + 1).read_to_end(&mut content)).map_err(unread)?;
    if content.len() as u64 > limit {
        return Err(wrong(format!("is larger than {limit} bytes, the limit")));
    }
    Ok(content)
}

/// The text of a file without the blanks around it.
pub(super) fn text(field: &str, path: &Path) -> Result<String, Failed> {
    let content = bytes(field, path, TEXT)?;
    Ok(String::from_utf8_lossy(&content).trim().to_owned())
}

/// What a source says; nothing at all is the empty text.
pub(super) fn source(field: &str, source: Option<&Source>) -> Result<String, Failed> {
    match source {
        None => Ok(String::new()),
        Some(Source::Text(secret)) => Ok(secret.expose().to_owned()),
        Some(Source::File(path)) => text(field, path),
        Some(Source::Reference(name)) => {
            Err(Failed::target(format!("{field}: there is no secret manager to ask for `{name}`; give a file")))
        }
    }
}
