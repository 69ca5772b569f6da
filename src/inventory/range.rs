//! Host keys: a name, a port behind it, and ranges such as `10.10.10.[11:13]`, as Ansible expands them.
//!
//! Ranges are numeric (with zero padding and a step) or alphabetic, and one key may hold several.

use std::sync::LazyLock;

use regex::Regex;

/// How many hosts one key may stand for: more than any Pigsty estate, and less than would fill the memory.
const HOSTS: usize = 100_000;

const LETTERS: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

const LABEL: &str = r"(?:(?:\w|RANGE)(?:[\w-]|RANGE)*)?(?:[\w--_]|RANGE)";

const RANGE: &str = r"\[(?:[a-zA-Z]:[a-zA-Z]|[0-9]+:[0-9]+)(?::[0-9]+)?\]";

static PORT: LazyLock<Regex> = LazyLock::new(|| pattern(r"^((?:[^:\[\]]|\[[^\]]*\])*):([0-9]+)$"));
static BRACKETED: LazyLock<Regex> = LazyLock::new(|| pattern(r"^\[(.+)\]:([0-9]+)$"));
static NAME: LazyLock<Regex> = LazyLock::new(|| {
    let label = LABEL.replace("RANGE", RANGE);
    pattern(&format!(r"^{label}(?:\.{label})*$"))
});

#[expect(clippy::expect_used, reason = "the patterns are constants, and every one is compiled by a test")]
fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a constant pattern")
}

/// The hosts that a key of `hosts:` stands for, and the port that was written behind it.
pub(super) fn expand(key: &str) -> Result<(Vec<String>, Option<u32>), String> {
    let (name, port) = split(key);
    let mut hosts = Vec::new();
    unfold(name, &mut hosts)?;
    Ok((hosts, port))
}

/// A port is one only behind a name that Ansible calls valid; otherwise it belongs to the name.
fn split(key: &str) -> (&str, Option<u32>) {
    let parts = BRACKETED.captures(key).or_else(|| PORT.captures(key));
    let Some((name, port)) = parts.map(|parts| parts.extract()).map(|(_, [name, port])| (name, port)) else {
        return (key, None);
    };
    match port.parse() {
        Ok(port) if NAME.is_match(name) || name.parse::<std::net::Ipv6Addr>().is_ok() => (name, Some(port)),
        _ => (key, None),
    }
}

fn unfold(name: &str, hosts: &mut Vec<String>) -> Result<(), String> {
    let Some((head, rest)) = name.split_once('[') else {
        if hosts.len() >= HOSTS {
            return Err(format!("it stands for more than {HOSTS} hosts"));
        }
        hosts.push(name.to_owned());
        return Ok(());
    };
    let Some((range, tail)) = rest.split_once(']').filter(|_| !head.contains(']') && !name.contains('|')) else {
        return Err("a range is written [begin:end] or [begin:end:step]".to_owned());
    };
    for step in steps(range)? {
        unfold(&format!("{head}{step}{tail}"), hosts)?;
    }
    Ok(())
}

fn steps(range: &str) -> Result<Box<dyn Iterator<Item = String>>, String> {
    let bounds: Vec<&str> = range.split(':').collect();
    let (begin, end, step) = match bounds[..] {
        [begin, end] => (begin, end, "1"),
        [begin, end, step] => (begin, end, step),
        _ => return Err(format!("[{range}] is not a range; write [begin:end] or [begin:end:step]")),
    };
    let begin = if begin.is_empty() { "0" } else { begin };
    let padded = begin.len() > 1 && begin.starts_with('0');
    if end.is_empty() || (padded && begin.len() != end.len()) {
        return Err(format!("[{range}] needs an end, as long as its begin where that is padded with zeros"));
    }
    let step: i64 = step.parse().map_err(|_| format!("the step of [{range}] is no number"))?;
    let (up, step) = (step > 0, usize::try_from(step.unsigned_abs()).unwrap_or(usize::MAX));
    if step == 0 {
        return Err(format!("the step of [{range}] is zero"));
    }
    let width = if padded { begin.len() } else { 0 };
    if let (Some(first), Some(last)) = (LETTERS.find(begin), LETTERS.find(end)) {
        return match LETTERS.get(first..=last) {
            Some(letters) if first <= last && up => Ok(Box::new(letters.chars().step_by(step).map(String::from))),
            Some(_) if first <= last => Ok(Box::new(std::iter::empty())),
            _ => Err(format!("[{range}] ends before it begins")),
        };
    }
    match (begin.parse::<i64>(), end.parse::<i64>()) {
        (Ok(first), Ok(last)) if up => Ok(Box::new((first..=last).step_by(step).map(move |n| format!("{n:0width$}")))),
        // Python counts down to what stands behind the end, which it does not reach.
        (Ok(first), Ok(last)) => {
            let down = (last.saturating_add(2)..=first).rev();
            Ok(Box::new(down.step_by(step).map(move |n| format!("{n:0width$}"))))
        }
        _ => Err(format!("[{range}] is neither numeric nor alphabetic")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(key: &str) -> Vec<String> {
        expand(key).unwrap().0
    }

    #[test]
    fn a_plain_name_stands_for_itself() {
        assert_eq!(expand("10.10.10.10"), Ok((vec!["10.10.10.10".to_owned()], None)));
        assert_eq!(hosts("2001:db8::1"), ["2001:db8::1"]);
    }

    #[test]
    fn a_numeric_range_counts_with_its_end() {
        assert_eq!(hosts("10.10.10.[11:13]"), ["10.10.10.11", "10.10.10.12", "10.10.10.13"]);
        assert_eq!(hosts("n[:2]"), ["n0", "n1", "n2"]);
        assert_eq!(hosts("n[3:1]"), [""; 0]);
        assert_eq!(hosts("n[-1:1]"), ["n-1", "n0", "n1"]);
        assert_eq!(hosts("n[5:1:-2]"), ["n5", "n3"]);
    }

    #[test]
    fn padding_and_steps_are_kept() {
        assert_eq!(hosts("db[08:11].x"), ["db08.x", "db09.x", "db10.x", "db11.x"]);
        assert_eq!(hosts("db[1:10:4]"), ["db1", "db5", "db9"]);
    }

    #[test]
    fn letters_are_a_range_too() {
        assert_eq!(hosts("h[a:c]"), ["ha", "hb", "hc"]);
        assert_eq!(hosts("h[y:B]"), ["hy", "hz", "hA", "hB"]);
    }

    #[test]
    fn several_ranges_multiply() {
        assert_eq!(hosts("r[1:2]n[a:b]"), ["r1na", "r1nb", "r2na", "r2nb"]);
    }

    #[test]
    fn a_port_is_split_off_where_the_name_is_valid() {
        assert_eq!(expand("10.10.10.10:22"), Ok((vec!["10.10.10.10".to_owned()], Some(22))));
        assert_eq!(expand("n[1:2]:22"), Ok((vec!["n1".to_owned(), "n2".to_owned()], Some(22))));
        assert_eq!(expand("[2001:db8::1]:22"), Ok((vec!["2001:db8::1".to_owned()], Some(22))));
        assert_eq!(expand("not a name:22"), Ok((vec!["not a name:22".to_owned()], None)));
        assert_eq!(expand("ends_:22"), Ok((vec!["ends_:22".to_owned()], None)));
    }

    #[test]
    fn what_is_no_range_is_refused() {
        for key in
            ["n[1]", "n[1:2", "n[1:]", "n[01:100]", "n[a:2]", "n[c:a]", "n[1:9:0]", "n[1:2:3:4]", "n]1[", "n|[1:2]"]
        {
            assert!(expand(key).is_err(), "{key}");
        }
    }

    #[test]
    fn a_range_that_would_fill_the_memory_is_refused() {
        assert!(expand("n[0:99999999999]").is_err());
        assert!(expand("n[0:9999]n[0:9999]").is_err());
    }
}
