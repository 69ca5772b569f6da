//! Go's syntax of regular expressions, written anew so that ours means the same.
//!
//! Every token is written in a form of its own, with the flags that hold for it, so that nothing of Go's text is left for
//! another reading. Refusals name the token.

use super::class;

/// How deep groups may nest: far deeper than a person reads, and shallow enough for any stack.
const DEPTH: usize = 100;

/// How often a thing may be repeated by counting, all counts around it multiplied: Go's own limit.
const REPEATS: u64 = 1_000;

/// A number in braces beyond which Go reads no further.
const HUGE: u64 = 100_000_000;

/// An expression for our engine.
pub(super) struct Translated {
    pub(super) text: String,
    /// The names of the groups, from the first.
    pub(super) names: Vec<Option<String>>,
}

/// The flags that hold at a place: `i`, `m`, `s` and `U`.
#[derive(Clone, Copy, Default)]
#[expect(clippy::struct_excessive_bools, reason = "these are the flags of the syntax")]
pub(super) struct Flags {
    pub(super) fold: bool,
    lines: bool,
    dot_all: bool,
    swap: bool,
}

/// A group that is not closed yet.
struct Group {
    /// The flags that hold again behind it.
    flags: Flags,
    /// Where it was written.
    start: usize,
    /// The counts of what stands before it in its own group.
    counts: u64,
}

/// The last thing that was written, which may be repeated.
#[derive(Clone, Copy)]
struct Item {
    start: usize,
    /// The largest product of counts within.
    counts: u64,
    /// Whether it ends with a repetition.
    repeated: bool,
}

struct Translator<'a> {
    rest: &'a str,
    out: String,
    flags: Flags,
    names: Vec<Option<String>>,
    open: Vec<Group>,
    last: Option<Item>,
    /// The largest product of counts in the group so far.
    counts: u64,
    /// Whether the token before was a repetition, which Go repeats no more.
    just_repeated: bool,
}

/// Writes an expression of Go's for our engine; the error says what Go has against it.
pub(super) fn translate(text: &str) -> Result<Translated, String> {
    let mut translator = Translator {
        rest: text,
        out: String::with_capacity(text.len() * 2),
        flags: Flags::default(),
        names: Vec::new(),
        open: Vec::new(),
        last: None,
        counts: 1,
        just_repeated: false,
    };
    while let Some(first) = translator.rest.chars().next() {
        let repeats = translator.token(first)?;
        translator.just_repeated = repeats;
    }
    if translator.open.is_empty() {
        return Ok(Translated { text: translator.out, names: translator.names });
    }
    Err("a `(` is not closed".to_owned())
}

impl Translator<'_> {
    /// Reads one token, and says whether it was a repetition.
    fn token(&mut self, first: char) -> Result<bool, String> {
        match first {
            '(' => self.group()?,
            ')' => self.close()?,
            '|' => {
                self.advance(1);
                self.settle();
                self.out.push('|');
            }
            '^' => self.simple(1, if self.flags.lines { "(?m:^)" } else { r"\A" }),
            '$' => self.simple(1, if self.flags.lines { "(?m:$)" } else { r"\z" }),
            '.' => self.simple(1, if self.flags.dot_all { "(?s:.)" } else { "." }),
            '[' => {
                let (class, rest) = class::bracketed(self.rest, self.flags)?;
                self.rest = rest;
                self.item(&class);
            }
            '*' | '+' | '?' => {
                self.repeat(1, &first.to_string(), None)?;
                return Ok(true);
            }
            '{' => match count(self.rest) {
                Some((length, text, factor)) => {
                    self.repeat(length, &text, Some(factor?))?;
                    return Ok(true);
                }
                None => self.literal('{', 1),
            },
            '\\' => self.escape()?,
            other => self.literal(other, other.len_utf8()),
        }
        Ok(false)
    }

    fn advance(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }

    /// Counts the last item, which nothing repeats any more.
    fn settle(&mut self) {
        self.counts = self.counts.max(self.last.take().map_or(0, |item| item.counts));
    }

    /// Writes something that may be repeated.
    fn item(&mut self, text: &str) {
        self.settle();
        self.last = Some(Item { start: self.out.len(), counts: 1, repeated: false });
        self.out.push_str(text);
    }

    fn simple(&mut self, bytes: usize, text: &str) {
        self.advance(bytes);
        self.item(text);
    }

    fn literal(&mut self, character: char, bytes: usize) {
        self.advance(bytes);
        self.character(u32::from(character));
    }

    fn character(&mut self, code: u32) {
        match char::from_u32(code) {
            Some(plain) if plain.is_ascii_alphanumeric() && !self.flags.fold => {
                self.item(plain.encode_utf8(&mut [0; 4]));
            }
            Some(_) if self.flags.fold => self.item(&format!("(?i:\\x{{{code:X}}})")),
            Some(_) => self.item(&format!("\\x{{{code:X}}}")),
            None => self.item(class::NOTHING),
        }
    }

    fn group(&mut self) -> Result<(), String> {
        if self.open.len() >= DEPTH {
            return Err(format!("groups nest deeper than {DEPTH} here"));
        }
        let outer = self.flags;
        let opening = if self.rest.starts_with("(?") { self.special()? } else { Some(self.capture(1, None)) };
        let Some(opening) = opening else { return Ok(()) };
        self.settle();
        self.open.push(Group { flags: outer, start: self.out.len(), counts: self.counts });
        self.out.push_str(opening);
        self.counts = 1;
        Ok(())
    }

    fn capture(&mut self, bytes: usize, name: Option<String>) -> &'static str {
        self.advance(bytes);
        self.names.push(name);
        "("
    }

    /// What follows `(?`: a name, or flags with a group or without one.
    fn special(&mut self) -> Result<Option<&'static str>, String> {
        let named = self.rest.strip_prefix("(?P<").or_else(|| self.rest.strip_prefix("(?<"));
        let Some(named) = named.filter(|named| !named.is_empty()) else { return self.set_flags() };
        if named.starts_with(['=', '!']) {
            return Err("it has no look-behind".to_owned());
        }
        let name = named.split_once('>').map(|(name, _)| name);
        let is_word =
            |name: &&str| !name.is_empty() && name.bytes().all(|byte| byte == b'_' || byte.is_ascii_alphanumeric());
        let Some(name) = name.filter(is_word) else {
            return Err("a group's name is letters, digits and `_` between `<` and `>`".to_owned());
        };
        let bytes = self.rest.len() - named.len() + name.len() + 1;
        Ok(Some(self.capture(bytes, Some(name.to_owned()))))
    }

    /// `(?i)` changes the flags up to the end of the group that it stands in, `(?i:` those of its own.
    fn set_flags(&mut self) -> Result<Option<&'static str>, String> {
        let (mut flags, mut on, mut seen) = (self.flags, true, true);
        for (at, letter) in self.rest.char_indices().skip(2) {
            match letter {
                'i' => flags.fold = on,
                'm' => flags.lines = on,
                's' => flags.dot_all = on,
                'U' => flags.swap = on,
                '-' if on => (on, seen) = (false, false),
                ':' | ')' if seen => {
                    self.advance(at + 1);
                    self.flags = flags;
                    return Ok((letter == ':').then_some("(?:"));
                }
                '=' | '!' => return Err("it has no look-ahead".to_owned()),
                _ => return Err(format!("`{}` opens no group", &self.rest[..at + letter.len_utf8()])),
            }
            seen |= letter != '-';
        }
        Err(format!("`{}` opens no group", self.rest))
    }

    fn close(&mut self) -> Result<(), String> {
        let Some(group) = self.open.pop() else { return Err("a `)` closes nothing".to_owned()) };
        self.advance(1);
        self.settle();
        self.out.push(')');
        self.flags = group.flags;
        self.last = Some(Item { start: group.start, counts: self.counts, repeated: false });
        self.counts = group.counts;
        Ok(())
    }

    /// Repeats the last item: by a sign, or by a count with its factor.
    fn repeat(&mut self, bytes: usize, sign: &str, factor: Option<u64>) -> Result<(), String> {
        let token = &self.rest[..bytes];
        if self.just_repeated {
            return Err(format!("`{token}` repeats a repetition"));
        }
        let Some(item) = self.last else { return Err(format!("nothing stands before `{token}`")) };
        let counts = factor.map_or(item.counts, |factor| factor.max(factor * item.counts));
        if counts > REPEATS {
            return Err(format!("`{token}` makes it count beyond {REPEATS}"));
        }
        self.advance(bytes);
        if item.repeated {
            self.out.insert_str(item.start, "(?:");
            self.out.push(')');
        }
        self.out.push_str(sign);
        let lazy = self.rest.starts_with('?');
        self.advance(usize::from(lazy));
        if lazy != self.flags.swap {
            self.out.push('?');
        }
        self.last = Some(Item { counts, repeated: true, ..item });
        Ok(())
    }

    fn escape(&mut self) -> Result<(), String> {
        let letter = self.rest.chars().nth(1);
        match letter {
            Some('A') => self.simple(2, r"\A"),
            Some('z') => self.simple(2, r"\z"),
            Some('b') => self.simple(2, r"(?-u:\b)"),
            // By itself the second would hold between the bytes of one character as well.
            Some('B') => self.simple(2, r"(?:(?:\b|\B)(?-u:\B))"),
            Some('Q') => {
                let quoted = &self.rest[2..];
                let (quoted, rest) = quoted.split_once("\\E").unwrap_or((quoted, ""));
                self.rest = rest;
                quoted.chars().for_each(|character| self.character(u32::from(character)));
            }
            _ => {
                if let Some((class, rest)) = class::escaped(self.rest, self.flags)? {
                    self.rest = rest;
                    self.item(&class);
                } else {
                    let (code, rest) = escaped(self.rest)?;
                    self.rest = rest;
                    self.character(code);
                }
            }
        }
        Ok(())
    }
}

/// A count in braces: how long it is, how it is written, and what it multiplies by; nothing if the brace is a character.
fn count(text: &str) -> Option<(usize, String, Result<u64, String>)> {
    let (inner, _) = text.strip_prefix('{')?.split_once('}')?;
    let (least, most) = inner
        .split_once(',')
        .map_or((inner, Some(inner)), |(least, most)| (least, Some(most).filter(|most| !most.is_empty())));
    let (least, most) = (number(least)?, most.map_or(Some(None), |most| number(most).map(Some))?);
    let whole = &text[..inner.len() + 2];
    if least > REPEATS || most.is_some_and(|most| most > REPEATS || most < least) {
        return Some((whole.len(), String::new(), Err(format!("`{whole}` counts beyond {REPEATS} or downwards"))));
    }
    Some((whole.len(), whole.to_owned(), Ok(most.unwrap_or(least.max(1)))))
}

/// A number as Go writes one in braces; one that is too large is cut.
fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let plain = digits && (text.len() == 1 || !text.starts_with('0'));
    plain.then(|| text.parse().unwrap_or(HUGE))
}

/// The code of an escaped character, and what follows it.
pub(super) fn escaped(text: &str) -> Result<(u32, &str), String> {
    let mut rest = text.get(1..).unwrap_or_default().chars();
    let Some(letter) = rest.next() else { return Err("it ends with a backslash".to_owned()) };
    let after = rest.as_str();
    let unknown = || format!("`\\{letter}` means nothing");
    let code = match letter {
        'a' => 0x07,
        'f' => 0x0c,
        'n' => 0x0a,
        'r' => 0x0d,
        't' => 0x09,
        'v' => 0x0b,
        'x' => {
            return hexadecimal(after)
                .ok_or_else(|| "`\\x` wants two hexadecimal digits, or some in braces".to_owned());
        }
        '0' => return Ok(octal(letter, after)),
        '1'..='7' if after.starts_with(|next: char| ('0'..='7').contains(&next)) => return Ok(octal(letter, after)),
        '1'..='9' => return Err(format!("`\\{letter}` looks like a back-reference, which it has not")),
        other if other.is_ascii() && !other.is_ascii_alphanumeric() => u32::from(other),
        _ => return Err(unknown()),
    };
    Ok((code, after))
}

/// Up to three octal digits, of which the first is read.
fn octal(first: char, after: &str) -> (u32, &str) {
    let more = after.bytes().take(2).take_while(|byte| (b'0'..=b'7').contains(byte)).count();
    let digits = std::iter::once(first).chain(after[..more].chars()).filter_map(|digit| digit.to_digit(8));
    (digits.fold(0, |code, digit| code * 8 + digit), &after[more..])
}

fn hexadecimal(text: &str) -> Option<(u32, &str)> {
    let (digits, rest) = match text.strip_prefix('{') {
        Some(braced) => braced.split_once('}')?,
        None => (text.get(..2)?, text.get(2..)?),
    };
    let significant = digits.trim_start_matches('0');
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let code = if significant.is_empty() { 0 } else { u32::from_str_radix(significant, 16).ok()? };
    (plain && code <= u32::from(char::MAX)).then_some((code, rest))
}
