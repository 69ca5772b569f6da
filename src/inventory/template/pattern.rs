//! Python's regular expressions, as far as they can be had without looking around or back.
//!
//! A pattern that would mean something else here than in Python is refused, never searched for.

use regex::{Captures, Regex, RegexBuilder};

use super::argument::Arguments;
use super::engine::Engine;
use super::native::{Marker, Native, Outcome};
use super::{context, operator};

/// How large a compiled pattern may be, in bytes: more than any that a person writes.
const SIZE: usize = 1024 * 1024;

/// How many steps it costs to compile a pattern.
const COMPILED: usize = 200;

/// A pattern and the flags that Ansible gives it.
struct Pattern {
    regex: Regex,
    /// As Python has it, to see where the two differ.
    written: String,
    multiline: bool,
}

impl Pattern {
    fn new<'a>(engine: &Engine<'a>, written: &str, ignore_case: bool, multiline: bool) -> Outcome<'a, Self> {
        engine.pay(COMPILED)?;
        let mut builder = RegexBuilder::new(&translate(written)?);
        let regex = builder.case_insensitive(ignore_case).multi_line(multiline).size_limit(SIZE).build();
        let regex = regex.map_err(|_| Marker::broken("its regular expression cannot be read here"))?;
        Ok(Self { regex, written: written.to_owned(), multiline })
    }

    /// Refuses a text on which `$` means something else: Python's finds the place before a last line end too.
    fn refuse<'a>(&self, engine: &Engine<'a>, text: &str) -> Outcome<'a, ()> {
        engine.pay(text.len() / 16)?;
        if text.ends_with('\n') && self.written.contains('$') && !self.multiline {
            return Err(Marker::broken("its regular expression has a $ and its text ends with a line end"));
        }
        Ok(())
    }

    /// Every match, as Python finds them: an empty one may follow one that is not empty.
    fn all<'t, 'a>(&self, text: &'t str) -> Outcome<'a, Vec<Captures<'t>>> {
        let mut found = Vec::new();
        let (mut at, mut empty_at) = (0, None);
        while let Some(captures) = self.regex.captures_at(text, at) {
            let Some(whole) = captures.get(0) else { break };
            let range = whole.range();
            if range.is_empty() && self.written.contains(['|', '?']) {
                return Err(Marker::broken("its regular expression has a choice and finds nothing at some place"));
            }
            let is_again = range.is_empty() && empty_at == Some(range.start);
            if !is_again {
                found.push(captures);
            }
            at = range.end;
            empty_at = range.is_empty().then_some(range.end);
            if is_again || range.is_empty() {
                match text[at..].chars().next() {
                    Some(next) => at += next.len_utf8(),
                    None => break,
                }
            }
        }
        Ok(found)
    }
}

/// A pattern of Python as one of this library; what cannot be had is refused.
fn translate(pattern: &str) -> Result<String, Marker> {
    let refused = |what: &str| Marker::broken(format!("its regular expression has {what}"));
    let mut translated = String::with_capacity(pattern.len());
    let mut rest = pattern.chars().peekable();
    let (mut in_class, mut before) = (false, ' ');
    while let Some(char) = rest.next() {
        let next = rest.peek().copied().unwrap_or(' ');
        match (char, in_class) {
            ('\\', _) => {
                rest.next();
                match next {
                    '1'..='9' if !in_class => {
                        return Err(refused("a reference to a group, which is not searched for here"));
                    }
                    'Z' => translated.push_str("\\z"),
                    'A' | 'b' | 'B' | 'd' | 'D' | 's' | 'S' | 'w' | 'W' | 'n' | 'r' | 't' | 'f' | 'v' | 'a' | 'x'
                    | 'u' | 'U' => translated.extend(['\\', next]),
                    next if next.is_alphanumeric() => return Err(refused("an escape that is not known here")),
                    '<' | '>' => translated.push(next),
                    next if next.is_ascii_punctuation() => translated.extend(['\\', next]),
                    next => translated.push(next),
                }
            }
            ('[', false) => {
                in_class = true;
                translated.push(char);
                translated.extend(rest.next_if_eq(&'^'));
                if rest.next_if_eq(&']').is_some() {
                    translated.push_str("\\]");
                }
            }
            (']', true) => {
                in_class = false;
                translated.push(char);
            }
            ('[' | '&' | '~', true) => translated.extend(['\\', char]),
            ('-', true) if next == '-' => return Err(refused("two dashes in a class")),
            ('(', false) if next == '?' => {
                translated.push(char);
                group(&rest.clone().collect::<String>()).map_err(|what| refused(&what))?;
            }
            ('+' | '*', false) if matches!(before, '*' | '+' | '?' | '}') => {
                return Err(refused("a repetition of a repetition"));
            }
            _ => translated.push(char),
        }
        before = if char == '\\' { ' ' } else { char };
    }
    Ok(translated)
}

/// Refuses a group that is more than a group: `?` and what follows.
fn group(rest: &str) -> Result<(), String> {
    let inside = rest.strip_prefix('?').unwrap_or(rest);
    let flags = inside.find([':', ')']).map_or("", |end| &inside[..end]);
    let are_flags = flags.bytes().all(|flag| b"imsx-".contains(&flag));
    if inside.starts_with("P<") || (inside.find([':', ')']).is_some() && are_flags) {
        return Ok(());
    }
    Err("a group that looks around or back, which is not searched for here".to_owned())
}

/// The tests `match`, `search` and `regex`.
pub(super) fn test<'a>(
    engine: &Engine<'a>,
    name: &str,
    value: Native<'a>,
    arguments: Arguments<'a>,
) -> Outcome<'a, bool> {
    let [pattern, ignore_case, multiline, kind] =
        arguments.bind(["pattern", "ignorecase", "multiline", "match_type"])?;
    if kind.is_some() {
        return Err(Marker::broken("the argument match_type is not known here"));
    }
    let text = engine.str(value)?;
    let pattern = engine.str(pattern.unwrap_or_else(|| Native::text("")))?;
    let pattern = Pattern::new(engine, &pattern, flag(engine, ignore_case)?, flag(engine, multiline)?)?;
    pattern.refuse(engine, &text)?;
    let found = pattern.regex.find(&text);
    // What can be found at the start is found there: the first match is the leftmost one.
    Ok(found.is_some_and(|found| name != "match" || found.start() == 0))
}

fn flag<'a>(engine: &Engine<'a>, value: Option<Native<'a>>) -> Outcome<'a, bool> {
    value.map_or(Ok(false), |value| operator::truth(engine, value))
}

/// `regex_replace(pattern, replacement)`.
pub(super) fn replace<'a>(engine: &Engine<'a>, value: Native<'a>, arguments: Arguments<'a>) -> Outcome<'a> {
    let [pattern, replacement, ignore_case, multiline, count, mandatory] =
        arguments.bind(["pattern", "replacement", "ignorecase", "multiline", "count", "mandatory_count"])?;
    if mandatory.is_some() {
        return Err(Marker::broken("the argument mandatory_count is not known here"));
    }
    let text = engine.str(value)?;
    let [pattern, replacement] =
        [pattern, replacement].map(|value| engine.str(value.unwrap_or_else(|| Native::text(""))));
    let pattern = Pattern::new(engine, &pattern?, flag(engine, ignore_case)?, flag(engine, multiline)?)?;
    pattern.refuse(engine, &text)?;
    let pieces = pieces(&replacement?)?;
    let most = match count {
        None | Some(Native::Int(0)) => usize::MAX,
        Some(Native::Int(count)) => usize::try_from(count).unwrap_or_default(),
        Some(other) => return Err(Marker::broken(format!("{} is no number of matches", other.kind()))),
    };
    let (mut made, mut at) = (String::new(), 0);
    for captures in pattern.all(&text)?.into_iter().take(most) {
        let Some(whole) = captures.get(0) else { continue };
        made.push_str(&text[at..whole.start()]);
        for piece in &pieces {
            made.push_str(&piece.fill(&captures, &pattern.regex)?);
        }
        at = whole.end();
        engine.pay(made.len() / 4096)?;
    }
    made.push_str(&text[at..]);
    engine.text(made)
}

/// A part of a replacement.
#[derive(Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Group(String),
}

impl Piece {
    fn fill(&self, captures: &Captures<'_>, regex: &Regex) -> Result<String, Marker> {
        let name = match self {
            Self::Text(text) => return Ok(text.clone()),
            Self::Group(name) => name,
        };
        let group = group_of(captures, regex, name)?;
        Ok(group.unwrap_or_default().to_owned())
    }
}

/// What a group has found, by its number or name; nothing if it took no part.
fn group_of<'t>(captures: &Captures<'t>, regex: &Regex, name: &str) -> Result<Option<&'t str>, Marker> {
    let known = match name.parse::<usize>() {
        Ok(number) => (number < regex.captures_len()).then(|| captures.get(number)),
        Err(_) => regex.capture_names().flatten().any(|own| own == name).then(|| captures.name(name)),
    };
    let found = known.ok_or_else(|| Marker::broken(format!("its regular expression has no group {name}")))?;
    Ok(found.map(|found| found.as_str()))
}

/// A replacement of Python: `\1`, `\g<name>`, `\n`.
fn pieces(replacement: &str) -> Result<Vec<Piece>, Marker> {
    let mut pieces = Vec::new();
    let mut rest = replacement;
    while let Some((text, after)) = rest.split_once('\\') {
        pieces.push(Piece::Text(text.to_owned()));
        let refused = || Marker::broken("its replacement has an escape that is not known here");
        let next = after.chars().next().unwrap_or('\\');
        let (piece, length) = match next {
            '1'..='9' => {
                let digits = after.bytes().take(2).take_while(u8::is_ascii_digit).count();
                (Piece::Group(after[..digits].to_owned()), digits)
            }
            'g' => {
                let name = after.strip_prefix("g<").and_then(|rest| rest.split_once('>')).ok_or_else(refused)?.0;
                (Piece::Group(name.to_owned()), name.len() + 3)
            }
            '\\' => (Piece::Text("\\".to_owned()), after.len().min(1)),
            'n' => (Piece::Text("\n".to_owned()), 1),
            't' => (Piece::Text("\t".to_owned()), 1),
            'r' => (Piece::Text("\r".to_owned()), 1),
            next if next.is_ascii_alphanumeric() => return Err(refused()),
            next => (Piece::Text(format!("\\{next}")), next.len_utf8()),
        };
        pieces.push(piece);
        rest = &after[length..];
    }
    pieces.push(Piece::Text(rest.to_owned()));
    Ok(pieces)
}

/// `regex_search(pattern)`, with groups a list of what they found.
pub(super) fn search<'a>(engine: &Engine<'a>, value: Native<'a>, mut arguments: Arguments<'a>) -> Outcome<'a> {
    let (ignore_case, multiline) = (arguments.take("ignorecase"), arguments.take("multiline"));
    let mut given = context::items(engine, Native::list(std::mem::take(&mut arguments.positional)))?.into_iter();
    arguments.none()?;
    let text = engine.str(value)?;
    let pattern = engine.str(given.next().ok_or_else(|| Marker::broken("regex_search needs a pattern"))?)?;
    let pattern = Pattern::new(engine, &pattern, flag(engine, ignore_case)?, flag(engine, multiline)?)?;
    pattern.refuse(engine, &text)?;
    let Some(captures) = pattern.regex.captures(&text) else { return Ok(Native::None) };
    let groups = given.map(|group| {
        let group = engine.str(group)?;
        match &*pieces(&group)? {
            [Piece::Text(before), Piece::Group(name), Piece::Text(after)] if before.is_empty() && after.is_empty() => {
                let found = group_of(&captures, &pattern.regex, name)?;
                Ok(found.map_or(Native::None, Native::text))
            }
            _ => Err(Marker::broken("regex_search takes groups as \\1 or \\g<name>")),
        }
    });
    let groups = groups.collect::<Result<Vec<_>, Marker>>()?;
    match captures.get(0) {
        Some(whole) if groups.is_empty() => engine.text(whole.as_str()),
        _ => engine.list(groups),
    }
}

/// `regex_findall(pattern)`: the matches, or what their groups found.
pub(super) fn find_all<'a>(engine: &Engine<'a>, value: Native<'a>, arguments: Arguments<'a>) -> Outcome<'a> {
    let [pattern, multiline, ignore_case] = arguments.bind(["regex", "multiline", "ignorecase"])?;
    let text = engine.str(value)?;
    let pattern = engine.str(pattern.unwrap_or(Native::None))?;
    let pattern = Pattern::new(engine, &pattern, flag(engine, ignore_case)?, flag(engine, multiline)?)?;
    pattern.refuse(engine, &text)?;
    let part =
        |captures: &Captures<'_>, group: usize| Native::text(captures.get(group).map_or("", |found| found.as_str()));
    let groups = pattern.regex.captures_len() - 1;
    let found = pattern.all(&text)?;
    let found = found.iter().map(|captures| match groups {
        0 | 1 => part(captures, groups),
        _ => Native::list((1..=groups).map(|group| part(captures, group)).collect()),
    });
    engine.list(found.collect())
}

/// `regex_escape`: as Python's `re.escape`, which escapes what has a meaning.
pub(super) fn escape<'a>(engine: &Engine<'a>, value: Native<'a>, arguments: Arguments<'a>) -> Outcome<'a> {
    let [kind] = arguments.bind(["re_type"])?;
    if kind.is_some_and(|kind| !matches!(kind, Native::Text(kind) if &*kind == "python")) {
        return Err(Marker::broken("regex_escape is known for Python only"));
    }
    let mut escaped = String::new();
    for char in engine.str(value)?.chars() {
        if "()[]{}?*+-|^$\\.&~# \t\n\r\u{b}\u{c}".contains(char) {
            escaped.push('\\');
        }
        escaped.push(char);
    }
    engine.text(escaped)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_something_else_here_is_refused() {
        for pattern in
            ["(?=a)", "(?<!a)b", "(?P=x)", "(a)\\1", "a++", "a+*", "(?>a)", "(?<x>a)", "\\pL", "[a--b]", "(?U)a", "\\h"]
        {
            assert!(translate(pattern).is_err(), "{pattern}");
        }
        for (pattern, translated) in [
            ("^a[[b]$", "^a[\\[b]$"),
            ("[]a]", "[\\]a]"),
            ("[^]a]+", "[^\\]a]+"),
            ("\\<a\\>", "<a>"),
            ("a\\Z", "a\\z"),
            ("(?P<x>a)(?:b)(?i:c)", "(?P<x>a)(?:b)(?i:c)"),
            ("\\++", "\\++"),
        ] {
            assert_eq!(translate(pattern).unwrap(), translated);
        }
    }

    #[test]
    fn replacements_are_read_as_python_reads_them() {
        let group = |name: &str| Piece::Group(name.to_owned());
        let text = |text: &str| Piece::Text(text.to_owned());
        assert_eq!(pieces(r"a\1b\g<x>").unwrap(), [text("a"), group("1"), text("b"), group("x"), text("")]);
        assert_eq!(pieces(r"\\\.").unwrap(), [text(""), text("\\"), text(""), text("\\."), text("")]);
        assert!(pieces(r"\q").is_err());
        assert!(pieces(r"\g<x").is_err());
    }
}
