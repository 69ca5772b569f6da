//! The names that Go knows behind `\p`: categories of characters, their long names, and scripts.
//!
//! Go compares them without `_`, `-` and blanks, and all letters but the first in lower case; of the scripts it so finds
//! only those that are one word.

/// Categories, short.
const SHORT: &str = "
    C Cc Cf Cn Co Cs L Lc Ll Lm Lo Lt Lu M Mc Me Mn N Nd Nl No P Pc Pd Pe Pf Pi Po Ps S Sc Sk Sm So Z Zl Zp Zs
";

/// Categories, long.
const LONG: &str = "
    Casedletter Closepunctuation Combiningmark Connectorpunctuation Control Currencysymbol Dashpunctuation
    Decimalnumber Enclosingmark Finalpunctuation Format Initialpunctuation Letter Letternumber Lineseparator
    Lowercaseletter Mark Mathsymbol Modifierletter Modifiersymbol Nonspacingmark Number Openpunctuation Other
    Otherletter Othernumber Otherpunctuation Othersymbol Paragraphseparator Privateuse Punctuation Separator
    Spaceseparator Spacingmark Surrogate Symbol Titlecaseletter Unassigned Uppercaseletter Cntrl Digit Punct
";

/// Scripts.
const SCRIPTS: &str = "
    Adlam Ahom Arabic Armenian Avestan Balinese Bamum Batak Bengali Bhaiksuki Bopomofo Brahmi Braille Buginese Buhid
    Carian Chakma Cham Cherokee Chorasmian Common Coptic Cuneiform Cypriot Cyrillic Deseret Devanagari Dogra
    Duployan Elbasan Elymaic Ethiopic Georgian Glagolitic Gothic Grantha Greek Gujarati Gurmukhi Han Hangul Hanunoo
    Hatran Hebrew Hiragana Inherited Javanese Kaithi Kannada Katakana Kawi Kharoshthi Khmer Khojki Khudawadi Lao
    Latin Lepcha Limbu Lisu Lycian Lydian Mahajani Makasar Malayalam Mandaic Manichaean Marchen Medefaidrin Miao
    Modi Mongolian Mro Multani Myanmar Nabataean Nandinagari Newa Nko Nushu Ogham Oriya Osage Osmanya Palmyrene
    Phoenician Rejang Runic Samaritan Saurashtra Sharada Shavian Siddham Sinhala Sogdian Soyombo Sundanese Syriac
    Tagalog Tagbanwa Takri Tamil Tangsa Tangut Telugu Thaana Thai Tibetan Tifinagh Tirhuta Toto Ugaritic Vai
    Vithkuqi Wancho Yezidi Yi
";

/// The part of a class that a name stands for; nothing if Go does not know it.
pub(super) fn set(name: &str) -> Option<String> {
    let name = canonical(name);
    let among = |names: &str| names.split_ascii_whitespace().any(|known| known == name);
    Some(match name.as_str() {
        "Any" => r"\x{0}-\x{10FFFF}".to_owned(),
        "Ascii" => r"\x{0}-\x{7F}".to_owned(),
        "Assigned" => r"\P{gc=Cn}".to_owned(),
        "Cs" | "Surrogate" => super::class::NOTHING.to_owned(),
        _ if among(SHORT) || among(LONG) => format!("\\p{{gc={name}}}"),
        _ if among(SCRIPTS) => format!("\\p{{sc={name}}}"),
        _ => return None,
    })
}

fn canonical(name: &str) -> String {
    let letters = name.chars().filter(|letter| !matches!(letter, '_' | '-' | ' '));
    let in_case = letters.enumerate().map(|(at, letter)| match at {
        0 => letter.to_ascii_uppercase(),
        _ => letter.to_ascii_lowercase(),
    });
    in_case.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::blackbox::Pattern;

    #[test]
    fn every_name_that_go_knows_is_known_to_our_engine() {
        let names = [SHORT, LONG, SCRIPTS].into_iter().flat_map(str::split_ascii_whitespace);
        for name in names.chain(["Any", "ASCII", "Assigned"]) {
            for text in [format!("\\p{{{name}}}"), format!("(?i)[^\\P{{^{name}}}]")] {
                Pattern::new(&text).unwrap_or_else(|error| panic!("{text} {error}"));
            }
        }
    }
}
