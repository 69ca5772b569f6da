//! What stands in files of this machine: bodies, headers and credentials, read anew for each request.

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

use super::super::{Failed, Source};

/// The largest file that holds a header or a credential, in bytes: more than any server takes.
const TEXT: u64 = 1024 * 1024;

/// The content of a file, up to a limit in bytes.
pub(super) async fn bytes(field: &str, path: PathBuf, limit: u64) -> Result<Vec<u8>, Failed> {
    let shown = path.display().to_string();
    let read = tokio::task::spawn_blocking(move || {
        let mut content = Vec::new();
        File::open(path)?.take(limit + 1).read_to_end(&mut content).map(|_| content)
    });
    let wrong = |what: String| Failed::target(format!("{field}: {shown}: {what}"));
    match read.await {
        Ok(Ok(content)) if content.len() as u64 > limit => {
            Err(wrong(format!("is larger than {limit} bytes, the limit")))
        }
        Ok(Ok(content)) => Ok(content),
        Ok(Err(error)) => Err(wrong(format!("cannot be read: {}", error.kind()))),
        Err(error) => Err(wrong(format!("cannot be read: {error}"))),
    }
}

/// The text of a file without the blanks around it.
pub(super) async fn text(field: &str, path: PathBuf) -> Result<String, Failed> {
    let content = bytes(field, path, TEXT).await?;
    Ok(String::from_utf8_lossy(&content).trim().to_owned())
}

/// What a source says; nothing at all is the empty text.
pub(super) async fn source(field: &str, source: Option<&Source>) -> Result<String, Failed> {
    match source {
        None => Ok(String::new()),
        Some(Source::Text(secret)) => Ok(secret.expose().to_owned()),
        Some(Source::File(path)) => text(field, path.clone()).await,
        Some(Source::Reference(name)) => {
            Err(Failed::target(format!("{field}: there is no secret manager to ask for `{name}`; give a file")))
        }
    }
}
