//! The options of the Victoria products: whether they start with them, and keep their data as long as anybody thinks.

use super::scrape::Span;
use super::{Estate, Judge, Notes, Rule};
use crate::pigsty::{Node, flags};
use crate::value::show;

/// A product: its switches, the variable of its options, and how long it keeps its data if they do not say.
const PRODUCTS: [(&str, &str, &str, &str); 3] = [
    ("VictoriaMetrics", "vmetrics_enabled", "vmetrics_options", "a month"),
    ("VictoriaLogs", "vlogs_enabled", "vlogs_options", "7 days"),
    ("VictoriaTraces", "vtraces_enabled", "vtraces_options", "7 days"),
];

/// How often VictoriaMetrics looks for new targets; Pigsty's default has 5s.
const CHECK: &str = "promscrape.fileSDCheckInterval";

pub(super) static OPTION: Rule = Rule {
    name: "option",
    title: "gives the Victoria products options that they start with",
    why: "A value of *_options takes the place of all of Pigsty's own. With a flag that it does not know a product does not start, \
          and what is no longer written falls back to the product's default.",
    causes: &[
        "one flag was added, and those of the role default were not repeated",
        "a flag of another product",
        "a retention without its unit counts months, and one below a day is refused",
    ],
    look: &[
        "ssh 10.10.10.10 'cat /etc/default/{vmetrics,vlogs,vtraces}'",
        "ssh 10.10.10.10 journalctl -u vmetrics -n 20",
    ],
    judge: Judge::Node(option),
};

fn option(estate: &Estate<'_>, node: &Node, notes: &mut Notes) {
    let mut looked = false;
    for (product, switch, name, usual) in PRODUCTS {
        if !notes.is_on(node, switch) {
            continue;
        }
        looked = true;
        let Some(options) = notes.value(node, name) else { continue };
        let flags = flags(&show(&options));
        let place = || estate.place(node, name);
        let has = |flag: &str| flags.iter().any(|(known, _)| known == flag);
        match flags.iter().rev().find(|(flag, _)| flag == "retentionPeriod") {
            None => {
                let what = format!("{name} has no -retentionPeriod: {product} keeps its data for {usual}");
                notes.warn(place(), what, "repeat -retentionPeriod=15d, or say how long");
            }
            Some((_, value)) if !is_retention(value) => {
                let what = format!("{name} has -retentionPeriod={value}, with which {product} does not start");
                notes.error(place(), what, "write a time of a day or more, such as 15d");
            }
            Some(_) => {}
        }
        if name == "vmetrics_options" && !has(CHECK) {
            let what = format!("{name} has no -{CHECK}: new targets are seen after a minute instead of 5s");
            notes.warn(place(), what, format!("repeat -{CHECK}=5s"));
        }
        if let Some((flag, _)) =
            flags.iter().find(|(flag, _)| name == "vmetrics_options" && flag.starts_with("retention."))
        {
            let what = format!("{name} has -{flag}, which VictoriaMetrics does not know and does not start with");
            notes.error(place(), what, "take it out; VictoriaLogs and VictoriaTraces know it");
        }
    }
    if !looked {
        notes.unjudged("none of vmetrics_enabled, vlogs_enabled and vtraces_enabled is true");
    }
}

/// A number counts months; anything below a day is refused.
fn is_retention(value: &str) -> bool {
    match value.parse::<f64>() {
        Ok(months) => months > 0.0,
        Err(_) => Span::read(value).is_some_and(|time| time.0 >= Span::DAY.0),
    }
}
