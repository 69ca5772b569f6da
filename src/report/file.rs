//! Where a report goes: standard output, a device, or a file that is replaced at once and whole.
//!
//! A path is tried when it is named, before the run, so that a misspelt directory does not cost ten minutes. A file is
//! written beside its place and moved there, so that nobody reads half a report; what was there stays until then.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::{Format, Options, Report};

/// How many symbolic links are followed to a file, as many as Linux follows.
const LINKS: usize = 40;

/// How a new file may be used, before the umask.
const MODE: u32 = 0o644;

/// What can be wrong with a place for a report.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The format is not one of ours.
    #[error("--report {name}: there is no such format; {advice}")]
    Unknown {
        /// What was asked for.
        name: String,
        /// What may have been meant.
        advice: String,
    },
    /// There is an `=`, and nothing after it.
    #[error("--report {0}=: no file is named; say {0}=FILE, or {0} for standard output")]
    Unnamed(&'static str),
    /// The file cannot be written.
    #[error("{path}: cannot be written: {}; {}", why(.source), advice(.source))]
    Unwritable {
        /// The file as the user named it.
        path: String,
        /// What the system says.
        source: io::Error,
    },
}

impl ReportError {
    pub(super) fn unknown(name: &str) -> Self {
        /// How alike two words must be to suggest one for the other, of 1.
        const ALIKE: f64 = 0.7;
        let names = Format::ALL.map(Format::name);
        let nearest = names.into_iter().map(|known| (strsim::jaro_winkler(known, name), known));
        let nearest = nearest.max_by(|a, b| a.0.total_cmp(&b.0)).filter(|(likeness, _)| *likeness >= ALIKE);
        let advice = match nearest {
            Some((_, known)) => format!("did you mean {known}? there are {}", names.join(", ")),
            None => format!("there are {}", names.join(", ")),
        };
        Self::Unknown { name: name.to_owned(), advice }
    }
}

/// A report that will be written, and a place that is ready for it.
#[derive(Debug)]
pub struct Reporter {
    format: Format,
    target: Target,
    path: String,
    options: Options,
}

#[derive(Debug)]
enum Target {
    Stdout,
    /// A device or a pipe, which cannot be replaced.
    Stream(File),
    /// A file that is not there yet, and where it will be.
    File(NamedTempFile, PathBuf),
}

impl Reporter {
    /// Makes ready `junit=FILE`, or `junit` for standard output; a place that cannot be written is an error here.
    pub fn open(spec: &str) -> Result<Self, ReportError> {
        let (name, path) = spec.split_once('=').unwrap_or((spec, "-"));
        let format: Format = name.parse()?;
        if path.is_empty() {
            return Err(ReportError::Unnamed(format.name()));
        }
        let target = Target::open(Path::new(path));
        let target = target.map_err(|source| ReportError::Unwritable { path: path.to_owned(), source })?;
        let options = if matches!(target, Target::Stdout) { Options::of_stdout() } else { Options::default() };
        let path = if matches!(target, Target::Stdout) { "standard output" } else { path };
        Ok(Self { format, target, path: path.to_owned(), options })
    }

    /// Changes how the report will look; what the options are to begin with depends on where it goes.
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut Options)) -> Self {
        change(&mut self.options);
        self
    }

    /// Whether the report goes to standard output.
    pub fn is_stdout(&self) -> bool {
        matches!(self.target, Target::Stdout)
    }

    /// Whether the report is for people who look at standard output.
    pub fn is_screen(&self) -> bool {
        self.is_stdout() && self.format == Format::Terminal
    }

    /// Writes the report; one whose reader went away (`| head`) counts as written.
    pub fn write(self, report: &Report) -> Result<(), ReportError> {
        let mut text = Vec::new();
        let written = self.format.write(report, &self.options, &mut text).and_then(|()| self.target.write(&text));
        written.map_err(|source| ReportError::Unwritable { path: self.path, source })
    }
}

impl Target {
    fn open(path: &Path) -> io::Result<Self> {
        if path == Path::new("-") || path == Path::new("/dev/stdout") {
            return Ok(Self::Stdout);
        }
        let path = follow(path)?;
        match fs::metadata(&path) {
            Ok(there) if there.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
            Ok(there) if there.is_file() && !path.starts_with("/proc") => {
                // What may not be changed is not replaced either, though its directory would allow it.
                OpenOptions::new().write(true).open(&path)?;
                Self::beside(path, Some(there.permissions()))
            }
            Ok(_) => OpenOptions::new().append(true).open(&path).map(Self::Stream),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Self::beside(path, None),
            Err(error) => Err(error),
        }
    }

    /// A file in the same directory, so that it can be moved; the collector of textfiles must not take it for one.
    fn beside(path: PathBuf, kept: Option<Permissions>) -> io::Result<Self> {
        let name = path.file_name().ok_or(io::ErrorKind::IsADirectory)?;
        let mut prefix = std::ffi::OsString::from(".");
        prefix.push(name);
        let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut builder = tempfile::Builder::new();
        builder.prefix(&prefix).suffix(".tmp").permissions(Permissions::from_mode(MODE));
        let file = builder.tempfile_in(directory)?;
        if let Some(permissions) = kept {
            file.as_file().set_permissions(permissions)?;
        }
        Ok(Self::File(file, path))
    }

    fn write(self, text: &[u8]) -> io::Result<()> {
        match self {
            Self::Stdout => forgive_a_closed_pipe(print(text)),
            Self::Stream(mut file) => forgive_a_closed_pipe(file.write_all(text)),
            Self::File(mut file, path) => {
                file.write_all(text)?;
                file.as_file().sync_all()?;
                file.persist(path)?;
                Ok(())
            }
        }
    }
}

fn print(text: &[u8]) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text)?;
    stdout.flush()
}

fn forgive_a_closed_pipe(written: io::Result<()>) -> io::Result<()> {
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Where a chain of symbolic links ends, so that the file is replaced and not the link.
fn follow(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..LINKS {
        match fs::read_link(&path) {
            // Links in /proc name what is open, and not where it is.
            Ok(_) if path.starts_with("/proc") => return Ok(path),
            Ok(link) => path = path.parent().unwrap_or(Path::new("")).join(link),
            Err(_) => return Ok(path),
        }
    }
    Err(io::Error::other("too many symbolic links"))
}

/// What the system says, without its number and in our tone.
fn why(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    text.to_lowercase()
}

fn advice(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::NotFound => "make its directory first",
        io::ErrorKind::IsADirectory => "name a file in it",
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "make room for it",
        _ => "name a file that you may write",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn empty() -> Report {
        let started = std::time::SystemTime::UNIX_EPOCH;
        let (nodes, outcomes) = (Vec::new(), Vec::new());
        Report {
            inventory: "pigsty.yml".into(),
            started,
            took: std::time::Duration::ZERO,
            interrupted: None,
            nodes,
            outcomes,
        }
    }

    fn names(directory: &Path) -> Vec<String> {
        let entries = fs::read_dir(directory).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    fn open(path: &Path) -> Result<Reporter, ReportError> {
        Reporter::open(&format!("json={}", path.display()))
    }

    #[test]
    fn a_bad_path_is_an_error_before_the_run() {
        let directory = tempfile::tempdir().unwrap();
        let place = directory.path().display();
        let message = |path: &str| open(&directory.path().join(path)).unwrap_err().to_string();
        fs::write(directory.path().join("file"), "").unwrap();
        assert_eq!(
            message("nope/report.json"),
            format!("{place}/nope/report.json: cannot be written: no such file or directory; make its directory first")
        );
        assert_eq!(message(""), format!("{place}/: cannot be written: is a directory; name a file in it"));
        assert_eq!(
            message("file/report.json"),
            format!("{place}/file/report.json: cannot be written: not a directory; name a file that you may write")
        );
    }

    #[test]
    fn a_file_appears_whole_and_alone_when_it_is_written() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("report.json");
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        let reporter = open(&path).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        assert!(names(directory.path()).iter().all(|name| name == "report.json" || name.starts_with(".report.json")));
        reporter.write(&empty()).unwrap();
        assert!(fs::read_to_string(&path).unwrap().starts_with("{\n  \"schema\": 1,"));
        assert_eq!(mode(&path), 0o640, "what was there keeps its mode");
        assert_eq!(names(directory.path()), ["report.json"]);
    }

    #[test]
    fn a_new_file_may_be_read_by_others_and_run_by_nobody() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("report.json");
        open(&path).unwrap().write(&empty()).unwrap();
        // What the umask takes away depends on who runs the tests; what the system makes is the measure.
        let other = OpenOptions::new().write(true).create_new(true).open(directory.path().join("other")).unwrap();
        assert_eq!(mode(&path), other.metadata().unwrap().permissions().mode() & MODE);
    }

    #[test]
    fn a_report_that_is_not_written_leaves_what_was_there() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("report.json");
        fs::write(&path, "old").unwrap();
        drop(open(&path).unwrap());
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        assert_eq!(names(directory.path()), ["report.json"]);
    }

    #[test]
    fn a_link_stays_and_its_file_is_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        fs::create_dir(path("reports")).unwrap();
        std::os::unix::fs::symlink("reports/today.json", path("link")).unwrap();
        open(&path("link")).unwrap().write(&empty()).unwrap();
        assert!(path("link").is_symlink());
        assert!(fs::read_to_string(path("reports/today.json")).unwrap().contains("pigsty.yml"));
        std::os::unix::fs::symlink("circle", path("circle")).unwrap();
        assert!(open(&path("circle")).unwrap_err().to_string().contains("too many symbolic links"));
    }

    #[test]
    fn a_device_is_written_to_and_not_replaced() {
        open(Path::new("/dev/null")).unwrap().write(&empty()).unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
        let full = open(Path::new("/dev/full")).unwrap().write(&empty()).unwrap_err();
        assert_eq!(full.to_string(), "/dev/full: cannot be written: no space left on device; make room for it");
    }

    #[test]
    fn a_reader_that_went_away_is_no_error() {
        let (reader, writer) = io::pipe().unwrap();
        drop(reader);
        Target::Stream(File::from(std::os::fd::OwnedFd::from(writer))).write(b"report").unwrap();
    }

    #[test]
    fn standard_output_is_a_dash_or_nothing() {
        for spec in ["json", "json=-", "json=/dev/stdout"] {
            assert!(Reporter::open(spec).unwrap().is_stdout());
        }
    }
}
