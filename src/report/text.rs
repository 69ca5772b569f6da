//! Text that came from a network, made fit for a reader: cut to a length, wrapped, and with nothing in it that acts.
//!
//! A body may hold anything, so no form of a report passes on what moves a cursor, turns writing around or is not a
//! character; it is written out instead (`\x1b`), so that what was there can still be seen.

use std::fmt::Write;

use unicode_width::UnicodeWidthStr;

/// At most `limit` characters, with `…` where the rest was.
pub(super) fn cut(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// The text with every character that acts instead of showing written out; newlines too.
pub(super) fn visible(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut shown, character| {
        if acts(character) {
            spell(&mut shown, character);
        } else {
            shown.push(character);
        }
        shown
    })
}

/// One visible line of at most `limit` characters.
pub(super) fn line(text: &str, limit: usize) -> String {
    visible(&cut(text.trim_end(), limit))
}

/// How many columns a terminal needs for it.
pub(super) fn columns(text: &str) -> usize {
    text.width()
}

/// Fills the text up to `columns` columns with spaces.
pub(super) fn pad(text: &str, columns: usize) -> String {
    format!("{text}{:1$}", "", columns.saturating_sub(self::columns(text)))
}

/// Lines of at most `columns` columns, broken at spaces; a longer word is left whole, so that it can be copied.
pub(crate) fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if self::columns(line) + 1 + self::columns(word) <= columns => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// Whether a character does something to its reader: controls, turned writing, hidden spaces, and what XML refuses.
pub(super) fn acts(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}' | '\u{e0000}'..='\u{e007f}'
        )
}

fn spell(shown: &mut String, character: char) {
    let code = u32::from(character);
    let _ = match character {
        '\n' => write!(shown, "\\n"),
        '\r' => write!(shown, "\\r"),
        '\t' => write!(shown, "\\t"),
        _ if code <= 0xff => write!(shown, "\\x{code:02x}"),
        _ => write!(shown, "\\u{{{code:x}}}"),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_is_written_out() {
        assert_eq!(visible("\x1b[31mred\x07\r\n\t\u{9b}2J"), r"\x1b[31mred\x07\r\n\t\x9b2J");
        assert_eq!(visible("\u{202e}gpj.exe\u{ffff}\u{feff}"), r"\u{202e}gpj.exe\u{ffff}\u{feff}");
    }

    #[test]
    fn what_shows_is_left_alone() {
        let text = "größer 数据库 🦀 ]]> <&>\"'\\";
        assert_eq!(visible(text), text);
    }

    #[test]
    fn a_cut_counts_characters_and_says_so() {
        assert_eq!(cut("数据库", 3), "数据库");
        assert_eq!(cut("数据库!", 3), "数据库…");
        assert_eq!(line("OK\n", 10), "OK");
    }

    #[test]
    fn lines_break_at_spaces_and_words_stay_whole() {
        assert_eq!(wrap("a bc def http://10.10.10.10:3000/ui g", 8), ["a bc def", "http://10.10.10.10:3000/ui", "g"]);
        assert_eq!(wrap("", 8), [""]);
    }

    #[test]
    fn wide_characters_are_two_columns() {
        assert_eq!(pad("库", 4), "库  ");
        assert_eq!(wrap("库库 库库", 8), ["库库", "库库"]);
    }
}
