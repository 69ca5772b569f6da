//! How often VictoriaMetrics scrapes, and how long it waits.

use super::{Estate, Judge, Notes, Rule};
use crate::pigsty::Node;
use crate::value::{Value, show};

pub(super) static SCRAPE: Rule = Rule {
    name: "scrape",
    title: "scrapes in times that fit one another",
    why: "VictoriaMetrics refuses its whole configuration with a time that it cannot read. It waits no longer than its interval, so a \
          longer timeout is not what anybody gets.",
    causes: &["a unit is missing or misspelt", "the interval was shortened, and the timeout left"],
    look: &["grep -n vmetrics_scrape pigsty.yml", "curl -s http://10.10.10.10:8428/api/v1/status/config"],
    judge: Judge::Node(scrape),
};

fn scrape(estate: &Estate<'_>, node: &Node, notes: &mut Notes) {
    if !notes.is_on(node, "vmetrics_enabled") {
        return notes.unjudged("vmetrics_enabled is false");
    }
    let mut times = Vec::new();
    for name in ["vmetrics_scrape_interval", "vmetrics_scrape_timeout"] {
        let Some(value) = notes.value(node, name) else { continue };
        times.extend(Span::of(&value));
        if Span::of(&value).is_none() {
            let what = format!("{name} is {value}, which VictoriaMetrics cannot read");
            notes.error(estate.place(node, name), what, "write a time with its unit, such as 10s");
        }
    }
    if let [interval, timeout] = times[..]
        && timeout.0 > interval.0
    {
        let what = "vmetrics_scrape_timeout is longer than vmetrics_scrape_interval, and is cut to that";
        let names = ["vmetrics_scrape_timeout", "vmetrics_scrape_interval"];
        let place = names.iter().find(|name| Estate::is_written(node, name)).and_then(|name| estate.place(node, name));
        notes.warn(place, what, "make it as long as the interval or shorter");
    }
}

/// A time as the Victoria products read it, in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Span(pub(super) f64);

impl Span {
    pub(super) const DAY: Self = Self(86_400.0);

    fn of(value: &Value) -> Option<Self> {
        match value {
            Value::String(_) | Value::Number(_) => Self::read(&show(value)),
            _ => None,
        }
    }

    /// `1h30m`, or a number of seconds.
    pub(super) fn read(text: &str) -> Option<Self> {
        if let Ok(seconds) = text.parse::<f64>() {
            return (seconds >= 0.0 && seconds.is_finite()).then_some(Self(seconds));
        }
        let (mut total, mut rest) = (0.0, text);
        while !rest.is_empty() {
            let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
            let (number, after) = rest.split_at(digits);
            let unit = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
            let (unit, after) = after.split_at(unit);
            total += number.parse::<f64>().ok()? * seconds(unit)?;
            rest = after;
        }
        (!text.is_empty()).then_some(Self(total))
    }
}

fn seconds(unit: &str) -> Option<f64> {
    Some(match unit.to_ascii_lowercase().as_str() {
        _ if unit == "M" => 2_678_400.0,
        "ms" => 0.001,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3_600.0,
        "d" => 86_400.0,
        "w" => 604_800.0,
        "y" => 31_536_000.0,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_the_products_read_them() {
        for (text, seconds) in
            [("10s", 10.0), ("1m30s", 90.0), ("1.5d", 129_600.0), ("15D", 1_296_000.0), ("500ms", 0.5), ("8", 8.0)]
        {
            assert_eq!(Span::read(text), Some(Span(seconds)), "{text}");
        }
        for text in ["", "10x", "s", "-1d", "ten", "10 s", "1..5d"] {
            assert_eq!(Span::read(text), None, "{text}");
        }
    }
}
