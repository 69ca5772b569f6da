//! The names of DNS classes, types and answer codes, as modules write them and as records print them.
//!
//! They are the exporter's own tables, odd spellings included; what has no name there has none here.

use std::borrow::Cow;

use super::kind;

const CLASSES: &[(u16, &str)] = &[(1, "IN"), (2, "CS"), (3, "CH"), (4, "HS"), (254, "NONE"), (255, "ANY")];

/// Where two names have one number, the first is the one that is printed.
const RCODES: &[(u16, &str)] = &[
    (0, "NOERROR"),
    (1, "FORMERR"),
    (2, "SERVFAIL"),
    (3, "NXDOMAIN"),
    (4, "NOTIMP"),
    (4, "NOTIMPL"),
    (5, "REFUSED"),
    (6, "YXDOMAIN"),
    (7, "YXRRSET"),
    (8, "NXRRSET"),
    (9, "NOTAUTH"),
    (10, "NOTZONE"),
    (11, "DSOTYPENI"),
    (16, "BADSIG"),
    (17, "BADKEY"),
    (18, "BADTIME"),
    (19, "BADMODE"),
    (20, "BADNAME"),
    (21, "BADALG"),
    (22, "BADTRUNC"),
    (23, "BADCOOKIE"),
];

/// The number of a class that a module may ask for, by its name in capitals.
pub fn class_number(name: &str) -> Option<u16> {
    number(CLASSES, name)
}

/// The number of a type that a module may ask for, by its name as the exporter spells it.
pub fn type_number(name: &str) -> Option<u16> {
    kind::KINDS.iter().find(|kind| kind.1 == name).map(|kind| kind.0)
}

/// The number of an answer code that `valid_rcodes` may hold.
pub(super) fn rcode_number(name: &str) -> Option<u16> {
    number(RCODES, name)
}

/// How a record prints its class; the one that is named as a type is stays a number.
pub(super) fn class_name(class: u16) -> Cow<'static, str> {
    name(CLASSES, class)
        .filter(|name| type_number(name).is_none())
        .map_or_else(|| format!("CLASS{class}").into(), Cow::from)
}

/// How a record prints a type.
pub(super) fn type_name(number: u16) -> Cow<'static, str> {
    kind::of(number).map_or_else(|| format!("TYPE{number}").into(), |kind| kind.1.into())
}

/// How a sentence names an answer code.
pub(super) fn rcode_name(rcode: u16) -> Cow<'static, str> {
    name(RCODES, rcode).map_or_else(|| format!("RCODE{rcode}").into(), Cow::from)
}

/// Every answer code that has a name, for a person to choose from.
pub(super) fn rcodes() -> String {
    RCODES.iter().map(|&(_, name)| name).collect::<Vec<_>>().join(", ")
}

fn number(table: &[(u16, &str)], wanted: &str) -> Option<u16> {
    table.iter().find(|(_, name)| *name == wanted).map(|&(number, _)| number)
}

fn name(table: &[(u16, &'static str)], wanted: u16) -> Option<&'static str> {
    table.iter().find(|(number, _)| *number == wanted).map(|&(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_go_by_the_exporters_names_alone() {
        for (name, expected) in [("A", 1), ("ANY", 255), ("NSAP-PTR", 23), ("None", 0), ("Reserved", 65535)] {
            assert_eq!(type_number(name), Some(expected), "{name}");
            assert_eq!(type_name(expected), name);
        }
        for name in ["", "a", "NONE", "TYPE1", "NSAPPTR", "SINK"] {
            assert_eq!(type_number(name), None, "{name}");
        }
        assert_eq!(type_name(40), "TYPE40");
    }

    #[test]
    fn a_class_that_could_be_a_type_is_printed_as_a_number() {
        assert_eq!([1, 2, 3, 4, 254].map(class_name), ["IN", "CS", "CH", "HS", "NONE"]);
        assert_eq!([0, 5, 255].map(class_name), ["CLASS0", "CLASS5", "CLASS255"]);
        assert_eq!(["IN", "ANY", "in", "CHAOS", ""].map(class_number), [Some(1), Some(255), None, None, None]);
    }

    #[test]
    fn an_answer_code_with_two_names_prints_the_right_one() {
        assert_eq!(["NOTIMP", "NOTIMPL", "BADVERS", "noerror"].map(rcode_number), [Some(4), Some(4), None, None]);
        assert_eq!([4, 16, 12].map(rcode_name), ["NOTIMP", "BADSIG", "RCODE12"]);
    }
}
