//! The words of a host's line in an INI inventory, as Python's `shlex.split` with comments finds them.
//!
//! Blanks separate words outside of quotes; `#` begins a comment there, even within a word. A backslash protects the
//! next character, in double quotes only a quote or another backslash.

/// A word without its quotes, and the column where it begins, from 1.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) text: String,
    pub(super) column: usize,
}

/// The words of a line, or what is wrong with it.
pub(super) fn split(line: &str) -> Result<Vec<Word>, &'static str> {
    let mut chars = line.chars().enumerate().peekable();
    let mut words = Vec::new();
    while let Some((index, first)) = chars.next_if(|_| true) {
        match first {
            '#' => break,
            ' ' | '\t' | '\r' | '\n' => continue,
            _ => {}
        }
        let mut word = Word { text: String::new(), column: index + 1 };
        let mut next = Some(first);
        let mut is_comment = false;
        while let Some(char) = next.take() {
            match char {
                ' ' | '\t' | '\r' | '\n' => break,
                '#' => {
                    is_comment = true;
                    break;
                }
                '\\' => word.text.push(chars.next().ok_or("a backslash ends the line")?.1),
                '\'' | '"' => quoted(char, &mut chars, &mut word.text)?,
                other => word.text.push(other),
            }
            next = chars.next().map(|(_, char)| char);
        }
        words.push(word);
        if is_comment {
            break;
        }
    }
    Ok(words)
}

fn quoted(quote: char, chars: &mut impl Iterator<Item = (usize, char)>, text: &mut String) -> Result<(), &'static str> {
    const OPEN: &str = "a quote is never closed";
    loop {
        let (_, char) = chars.next().ok_or(OPEN)?;
        match char {
            char if char == quote => return Ok(()),
            '\\' if quote == '"' => {
                let (_, protected) = chars.next().ok_or(OPEN)?;
                if protected != '"' && protected != '\\' {
                    text.push('\\');
                }
                text.push(protected);
            }
            other => text.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        split(line).unwrap().into_iter().map(|word| word.text).collect()
    }

    #[test]
    fn blanks_separate_and_quotes_hold_together() {
        assert_eq!(words("a  b=1\tc='x y' d=\"p q\"'r' ''"), ["a", "b=1", "c=x y", "d=p qr", ""]);
    }

    #[test]
    fn a_comment_begins_anywhere_outside_of_quotes() {
        assert_eq!(words("a b=1#c d"), ["a", "b=1"]);
        assert_eq!(words("a # b"), ["a"]);
        assert_eq!(words("a '#b' \\#c"), ["a", "#b", "#c"]);
    }

    #[test]
    fn backslashes_protect() {
        assert_eq!(words(r#"a\ b "c\"d\n\\" 'e\f'"#), ["a b", r#"c"d\n\"#, r"e\f"]);
    }

    #[test]
    fn every_word_knows_its_column() {
        let columns: Vec<_> = split("é  b 'c d' e").unwrap().iter().map(|word| word.column).collect();
        assert_eq!(columns, [1, 4, 6, 12]);
    }

    #[test]
    fn what_is_left_open_is_refused() {
        for line in ["a 'b", "a \"b", "a \"b\\", "a \\"] {
            assert!(split(line).is_err(), "{line}");
        }
    }
}
