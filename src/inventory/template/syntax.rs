//! From the text of a template to its tree.
//!
//! In Ansible a backslash within `{{ }}` is a backslash and escapes nothing, so that YAML alone decides what it means; the
//! parser is given it doubled. What is so long or so nested that it cannot be meant is refused before it is parsed.

use minijinja::machinery::{ast::Stmt, parse};
use minijinja::syntax::SyntaxConfig;

use super::native::Marker;

/// How long a template may be, in bytes: a hundred times Pigsty's longest value.
const TEMPLATE: usize = 64 * 1024;

/// How long one `{{ }}` or `{% %}` may be, in bytes: far more than anybody reads, and its tree can be walked and dropped.
const EXPRESSION: usize = 4 * 1024;

/// How many tags, signs and `not` a template may have: the parser goes one level down for each.
const NESTING: usize = 200;

/// Whether Ansible takes a text for a template.
pub(super) fn is_template(text: &str) -> bool {
    ["{{", "{%", "{#"].iter().any(|mark| text.contains(mark)) || text.starts_with(OVERRIDE)
}

/// A first line that changes the delimiters.
const OVERRIDE: &str = "#jinja2:";

/// The tree of a template that was prepared.
pub(super) fn tree(prepared: &str) -> Result<Stmt<'_>, Marker> {
    let mut syntax = SyntaxConfig::builder();
    let syntax = syntax.trim_blocks(true).build().map_err(|error| Marker::broken(error.to_string()))?;
    parse(prepared, "", syntax)
        .map_err(|error| Marker::broken(format!("it cannot be read: {}", error.detail().unwrap_or("it is no Jinja"))))
}

/// The text as the parser needs it.
pub(super) fn prepare(text: &str) -> Result<String, Marker> {
    if text.len() > TEMPLATE {
        return Err(Marker::broken(format!("it is longer than {} KiB", TEMPLATE / 1024)));
    }
    if text.starts_with(OVERRIDE) {
        return Err(Marker::broken("other delimiters (`#jinja2:`) are not read here"));
    }
    let mut scanner = Scanner { rest: text, prepared: String::with_capacity(text.len()), nesting: 0 };
    scanner.template()?;
    Ok(scanner.prepared)
}

struct Scanner<'t> {
    rest: &'t str,
    prepared: String,
    nesting: usize,
}

impl Scanner<'_> {
    fn template(&mut self) -> Result<(), Marker> {
        while let Some(start) =
            self.rest.find("{{").into_iter().chain(self.rest.find("{%")).chain(self.rest.find("{#")).min()
        {
            let opening = &self.rest[start..start + 2];
            let (is_variable, is_comment) = (opening == "{{", opening == "{#");
            self.take(start + 2);
            if is_comment {
                self.take(self.rest.find("#}").map_or(self.rest.len(), |end| end + 2));
            } else if !is_variable && is_word(self.rest, "raw") {
                self.raw();
            } else {
                self.nest()?;
                self.expression(is_variable)?;
            }
        }
        self.take(self.rest.len());
        Ok(())
    }

    /// Everything up to the `endraw`, in which nothing has a meaning.
    fn raw(&mut self) {
        let mut ends = self.rest.match_indices("{%").map(|(at, mark)| at + mark.len());
        let end = ends.find(|at| is_word(&self.rest[*at..], "endraw"));
        self.take(end.unwrap_or(self.rest.len()));
    }

    /// One expression, or the inside of one tag, with its end.
    fn expression(&mut self, is_variable: bool) -> Result<(), Marker> {
        let (start, mut open) = (self.rest.len(), 0_usize);
        while let Some(next) = self.rest.chars().next() {
            if start - self.rest.len() > EXPRESSION {
                return Err(Marker::broken(format!("one of its expressions is longer than {} KiB", EXPRESSION / 1024)));
            }
            match next {
                '\'' | '"' => {
                    self.quoted(next, is_variable);
                    continue;
                }
                '}' if open == 0 && is_variable && self.rest.starts_with("}}") => break,
                '%' if open == 0 && !is_variable && self.rest.starts_with("%}") => break,
                '(' | '[' | '{' => open += 1,
                ')' | ']' | '}' => open = open.saturating_sub(1),
                '-' => self.nest()?,
                'n' if self.rest.starts_with("not") => self.nest()?,
                '0' if self.begins_octal() => return Err(Marker::broken("it has a number that begins with 0")),
                _ => {}
            }
            self.take(next.len_utf8());
        }
        Ok(())
    }

    /// A text within an expression; what follows a backslash does not end it.
    fn quoted(&mut self, quote: char, doubled: bool) {
        self.take(1);
        let mut escaped = false;
        while let Some(next) = self.rest.chars().next() {
            if doubled && (next == '\\' || (escaped && next == quote)) {
                self.prepared.push('\\');
            }
            self.take(next.len_utf8());
            if next == quote && !escaped {
                return;
            }
            escaped = next == '\\' && !escaped;
        }
    }

    /// Whether a number begins here with a zero too many, which is no number in Python.
    fn begins_octal(&self) -> bool {
        let is_within = |before: char| before.is_alphanumeric() || matches!(before, '_' | '.');
        !self.prepared.ends_with(is_within) && self.rest[1..].starts_with(|next: char| next.is_ascii_digit())
    }

    fn nest(&mut self) -> Result<(), Marker> {
        self.nesting += 1;
        if self.nesting > NESTING {
            return Err(Marker::broken(format!("it has more than {NESTING} tags and signs")));
        }
        Ok(())
    }

    fn take(&mut self, length: usize) {
        let (taken, rest) = self.rest.split_at(length);
        self.prepared.push_str(taken);
        self.rest = rest;
    }
}

/// Whether the inside of a tag is this one word.
fn is_word(inside: &str, word: &str) -> bool {
    let inside = inside.trim_start_matches(['-', '+']).trim_start();
    inside.strip_prefix(word).is_some_and(|rest| rest.trim_start().trim_start_matches(['-', '+']).starts_with("%}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backslashes_are_doubled_in_expressions_only() {
        for (text, prepared) in [
            (r"\n{{ '\1' }}\n", r"\n{{ '\\1' }}\n"),
            (r"{% set x = '\1' %}{{ '\1' }}", r"{% set x = '\1' %}{{ '\\1' }}"),
            (r#"{{ 'it\'s' ~ "\\" }}"#, r#"{{ 'it\\\'s' ~ "\\\\" }}"#),
            (r"{# '\1' #}{% raw %}{{ '\1' }}{% endraw %}", r"{# '\1' #}{% raw %}{{ '\1' }}{% endraw %}"),
            (r"{{ {'a': {'b': '\d'}} }}\d", r"{{ {'a': {'b': '\\d'}} }}\d"),
            (r"{{ '}}\d' }}", r"{{ '}}\\d' }}"),
        ] {
            assert_eq!(prepare(text).unwrap(), prepared);
        }
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for text in [
            format!("{{{{ {}1 }}}}", "-".repeat(5000)),
            format!("{{{{ {}1 }}}}", "not ".repeat(300)),
            "{% if a %}".repeat(300),
            format!("{{{{ {} }}}}", "1+".repeat(4000)),
            format!("{{{{ x }}}}{}", "x".repeat(70_000)),
            "#jinja2: variable_start_string: '[['\n[[ x ]]".to_owned(),
        ] {
            assert!(prepare(&text).is_err());
        }
    }

    #[test]
    fn an_expression_that_is_not_closed_is_refused_by_the_parser() {
        for text in ["{{ x", "{{ 'x }}", "{% if x %}", "{{ x }", "{{ }}", "{% nope %}"] {
            assert!(tree(&prepare(text).unwrap()).is_err(), "{text}");
        }
    }
}
