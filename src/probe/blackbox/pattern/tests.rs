//! What Go's `regexp` takes, refuses and matches; every row was settled by asking Go itself.

use super::*;

type Row = (&'static str, &'static [&'static [u8]], &'static [&'static [u8]]);

/// A pattern, texts that it matches, and texts that it does not.
#[rustfmt::skip]
const TAKEN: &[Row] = &[
    (r"", &[b"", b"x"], &[]),
    (r"abc", &[b"xabcx"], &[b"ab", b"ABC"]),
    (r"^a$", &[b"a"], &[b"a\n", b"b\na", b"aa"]),
    (r"a\z", &[b"ba"], &[b"a\n"]),
    (r"\Aa", &[b"ab"], &[b"b\na"]),
    (r"(?m)^a$", &[b"b\na\nc", b"a"], &[b"ba"]),
    (r"(?m:^a)$", &[b"b\na"], &[b"a\nb"]),
    (r"\d", &[b"1"], &["\u{663}".as_bytes(), b"x"]),
    (r"\D", &["\u{663}".as_bytes(), b"x"], &[b"1"]),
    (r"^\w+$", &[b"aZ_9"], &["\u{e4}".as_bytes(), b"-"]),
    (r"^\W$", &["\u{e4}".as_bytes(), b"-", b"\xff"], &[b"a"]),
    (r"^\s$", &[b" ", b"\t", b"\n", b"\r", b"\x0c"], &[b"\x0b", "\u{a0}".as_bytes()]),
    (r"^[[:space:]]$", &[b" ", b"\x0b"], &["\u{a0}".as_bytes()]),
    (r"^\S$", &[b"\x0b", "\u{a0}".as_bytes()], &[b" "]),
    (r"\bx", &[b"x", "\u{e4}x".as_bytes()], &[b"ax"]),
    (r"^\B", &[b"", "\u{e4}".as_bytes(), b"-"], &[b"a"]),
    (r"x\Bx|\B$", &[b"xx", b"-"], &[b"x", b"x x"]),
    (r"\B", &[b"xx", "\u{e4}".as_bytes()], &["x\u{e4}x".as_bytes(), b"x"]),
    (r"(?i)\w", &["\u{17f}".as_bytes(), "\u{212a}".as_bytes()], &["\u{e4}".as_bytes()]),
    (r"(?i)^\W$", &["\u{e4}".as_bytes()], &["\u{17f}".as_bytes(), b"k"]),
    (r"(?i)straSSe", &[b"STRASSE", "stra\u{17f}se".as_bytes()], &["stra\u{df}e".as_bytes()]),
    (r"(?i)\x{e4}", &["\u{c4}".as_bytes(), "\u{e4}".as_bytes()], &[b"a"]),
    (r"(?i)[^k]", &[b"x"], &[b"K", b"k", "\u{212a}".as_bytes()]),
    (r"(?i)[a-c]X", &[b"Bx", b"cX"], &[b"dx"]),
    (r"(?i)a(?-i)b", &[b"Ab", b"ab"], &[b"aB"]),
    (r"(?i:a)b", &[b"Ab"], &[b"AB"]),
    (r"(a(?i)b|c)d", &[b"aBd", b"Cd"], &[b"Abd", b"cD"]),
    (r"^.$", &[b"a", b"\xff", b"\xe2", "\u{e4}".as_bytes(), b"\r"], &[b"\n", b"\xe2\x82", b""]),
    (r"(?s)^.$", &[b"\n", b"\xff"], &[b"\n\n"]),
    (r"(?s:^.)$", &[b"\n"], &[b"\n\n"]),
    (r"^..$", &[b"\xe2\x82", b"\xff\xfe"], &["\u{e4}".as_bytes(), b"\xff"]),
    (r"^\x{fffd}$", &[b"\xff", "\u{fffd}".as_bytes()], &[b"\xff\xff", b"?"]),
    (r"^[^a]$", &[b"\xff", b"\n", b"b"], &[b"a", b"\xe2\x82"]),
    (r"^\xff$", &["\u{ff}".as_bytes()], &[b"\xff"]),
    (r"^\x{10FFFF}$", &["\u{10ffff}".as_bytes()], &[b"\xff"]),
    (r"\x{000000041}", &[b"A"], &[b"a"]),
    (r"\x{D800}", &[], &[b"\xed\xa0\x80", b"?"]),
    (r"^[\x{D000}-\x{E000}]$", &["\u{d7ff}".as_bytes(), "\u{e000}".as_bytes()], &[b"\xed\xa0\x80", "\u{e001}".as_bytes()]),
    (r"[^\x00-\x{10FFFF}]", &[], &[b"", b"a", b"\xff"]),
    (r"\07\101\060", &[b"\x07A0"], &[b"07A0"]),
    (r"\0", &[b"\x00"], &[b"0"]),
    (r"\12", &[b"\n"], &[b"12"]),
    (r"\1234", &[b"S4"], &[b"1234"]),
    (r"\a\f\t\n\r\v", &[b"\x07\x0c\t\n\r\x0b"], &[b"aftnrv"]),
    (r"\_\<\>\-\ \/\@\#\%\&", &[b"_<>- /@#%&"], &[b""]),
    (r"\Qa.b*\E+c", &[b"a.b***c"], &[b"aXbc", b"a.bc"]),
    (r"\Qa.b", &[b"a.b"], &[b"axb"]),
    (r"\Q\E", &[b""], &[]),
    (r"\Q*", &[b"*"], &[b"a"]),
    (r"^a*\Q\E*$", &[b"aa", b""], &[b"b"]),
    (r"\Q\\E", &[b"\\"], &[b"E"]),
    (r"^a(?i)*$", &[b"aaa", b""], &[b"A"]),
    (r"^a*(?i)+$", &[b"aaa", b""], &[b"A"]),
    (r"^a*(?i)??$", &[b"aaa", b""], &[b"A"]),
    (r"{", &[b"{"], &[b"a"]),
    (r"a{", &[b"a{"], &[b"a"]),
    (r"a{,3}", &[b"a{,3}"], &[b"aaa"]),
    (r"a{1", &[b"a{1"], &[b"a"]),
    (r"a{01}", &[b"a{01}"], &[b"a"]),
    (r"a{1,2,3}", &[b"a{1,2,3}"], &[b"a"]),
    (r"a{ 1}", &[b"a{ 1}"], &[b"a"]),
    (r"x{2}{", &[b"xx{"], &[b"xx"]),
    (r"^a{2,3}$", &[b"aa", b"aaa"], &[b"a", b"aaaa"]),
    (r"^a{2,}$", &[b"aa", b"aaaaa"], &[b"a"]),
    (r"^a{0}$", &[b""], &[b"a"]),
    (r"^a{1000}", &[], &[b"a"]),
    (r"((a{1000}){0}){2}", &[b""], &[]),
    (r"((a{100}){10})", &[], &[b"a"]),
    (r"}]", &[b"}]"], &[b"}"]),
    (r"\b{start}", &[], &[b"start"]),
    (r"^*a", &[b"a", b"ba"], &[b"b"]),
    (r"$+", &[b""], &[]),
    (r"\b*x", &[b"ax"], &[b"a"]),
    (r"(?:)*", &[b""], &[]),
    (r"()*", &[b""], &[]),
    (r"(|a)b", &[b"b"], &[b"a"]),
    (r"a||b", &[b""], &[]),
    (r"(?)a", &[b"a"], &[b"b"]),
    (r"(?i)(?-i)a", &[b"a"], &[b"A"]),
    (r"(?im-s)^a.b", &[b"x\nA.B"], &[b"a\nb"]),
    (r"(?U)a+b", &[b"aab"], &[b"b"]),
    (r"(?P<n>a)(?<m>b)", &[b"ab"], &[b"ba"]),
    (r"(?P<n>a)(?P<n>b)", &[b"ab"], &[b"ba"]),
    (r"(?P<1x>a)", &[b"a"], &[b"b"]),
    (r"[[a]", &[b"[", b"a"], &[b"]"]),
    (r"[]a]", &[b"]", b"a"], &[b"["]),
    (r"[^]a]", &[b"b"], &[b"]", b"a"]),
    (r"[a-]", &[b"a", b"-"], &[b"b"]),
    (r"[-a]", &[b"a", b"-"], &[b"b"]),
    (r"[a-b-d]", &[b"a", b"-", b"d"], &[b"c"]),
    (r"[\d-z]", &[b"5", b"-", b"z"], &[b"x"]),
    (r"[--/]", &[b".", b"-", b"/"], &[b"0"]),
    (r"^[a&&b]$", &[b"a", b"&", b"b"], &[b"c"]),
    (r"^[a~~b]$", &[b"~", b"a"], &[b"c"]),
    (r"[[:alpha:]]", &[b"a", b"Z"], &["\u{e4}".as_bytes(), b"1"]),
    (r"[[:^alpha:]]", &["\u{e4}".as_bytes(), b"1"], &[b"a"]),
    (r"[[:word:]]", &[b"_"], &[b"-"]),
    (r"[[:alpha]", &[b"[", b":", b"h"], &[b"z"]),
    (r"[:alpha:]", &[b":", b"p"], &[b"z"]),
    (r"^[\pL\d]$", &["\u{e4}".as_bytes(), b"1"], &["\u{663}".as_bytes()]),
    (r"\pN", &["\u{663}".as_bytes()], &[b"a"]),
    (r"\p{^L}", &[b"1"], &[b"a"]),
    (r"\P{^L}", &[b"a"], &[b"1"]),
    (r"\PL", &[b"1"], &["\u{e4}".as_bytes()]),
    (r"\p{Greek}", &["\u{3b1}".as_bytes()], &[b"a"]),
    (r"\p{greek}", &["\u{3b1}".as_bytes()], &[b"a"]),
    (r"\p{Lowercase_Letter}", &[b"a"], &[b"A"]),
    (r"(?i)\p{Lu}", &[b"a", "\u{e4}".as_bytes()], &[b"1"]),
    (r"(?i)\P{Lu}", &[b"1"], &[b"a", b"A"]),
    (r"\p{Any}", &[b"a", b"\n", b"\xff"], &[b""]),
    (r"\p{ASCII}", &[b"a"], &["\u{e4}".as_bytes()]),
    (r"\p{Cn}", &["\u{378}".as_bytes()], &[b"a"]),
    (r"\pC", &[b"\x00", "\u{378}".as_bytes()], &[b"a"]),
    (r"\p{Cs}", &[], &[b"\xed\xa0\x80"]),
    (r"^#a b", &[b"#a b"], &[b"a"]),
    (r"^+OK", &[b"OK"], &[b"+OK"]),
];

/// What Go refuses.
#[rustfmt::skip]
const REFUSED: &[&str] = &[
    r"a**", r"a*+", r"a++", r"a{2}{3}", r"a+{2}", r"a???", r"*a", r"(*a)", r"|*", r"a|*", r"(?i)*", r"\Q\E*", r"(?:*)",
    r"a{1001}", r"a{2,1}", r"a{1,1001}", r"a{9999999999999999999999}", r"(a{100}){11}", r"(?:(?:a{50}b){50})",
    r"(a{500}|b){3}", r"((a{100})*){11}",
    r"(", r"(a", r")", r"a)", r"[", r"[a", r"[]", r"[^]", r"[z-a]", r"[a-\d]", r"[a--b]", r"[[:foo:]]", r"[[:^foo:]]", r"[\b]", r"[\Q]",
    r"\", r"a\", r"\C", r"\E", r"\Z", r"\G", r"\K", r"\X", r"\R", r"\h", r"\y", r"\1", r"\8", r"\18", r"\e", r"\c", r"\u0041", r"\N", r"\g1", r"\k<n>",
    r"\x", r"\x4", r"\x{", r"\x{}", r"\x{110000}", r"\x{g}", r"\x{+1}", r"\xg0", r"[\x]",
    r"\p", r"\pX", r"\p{", r"\p{}", r"\p{Foo}", r"\p{Alphabetic}", r"\p{White_Space}", r"\p{Grek}", r"\p{IsLu}", r"\p{sc=Greek}", r"\p{Old_Italic}", r"\P", r"\p{^}",
    r"(?x)a", r"(?R)", r"(?u)a", r"(?P=n)", r"(?P>n)", r"(?P<n>a", r"(?P<>a)", r"(?P<a b>a)", r"(?P<a-b>a)", r"(?<", r"(?P<", r"(?P", r"(?",
    r"(?=a)", r"(?!a)", r"(?<=a)", r"(?<!a)", r"(?>a)", r"(?#c)", r"(?'n'a)", r"(?i", r"(?-)", r"(?i-)", r"(?--i)", r"(?i-s-m)", r"(?-:a)",
    r"[:[", r":[", r"a(?i)**",
];

#[test]
fn what_go_takes_is_taken_and_matches_the_same() {
    for (pattern, matching, others) in TAKEN {
        let compiled = Pattern::new(pattern).unwrap_or_else(|error| panic!("{pattern} {error}"));
        for text in *matching {
            assert!(compiled.is_match(text), "{pattern} does not match {:?}", text.escape_ascii().to_string());
        }
        for text in *others {
            assert!(!compiled.is_match(text), "{pattern} matches {:?}", text.escape_ascii().to_string());
        }
    }
}

#[test]
fn what_go_refuses_is_refused() {
    for pattern in REFUSED {
        let error = Pattern::new(pattern).map(|_| ()).expect_err(pattern);
        assert!(error.starts_with("is no regular expression for Go: "), "{pattern} {error}");
    }
}

#[test]
fn the_refusal_names_what_is_wrong() {
    let why = |pattern: &str| Pattern::new(pattern).unwrap_err();
    for (pattern, words) in [
        ("a**", "`*` repeats a repetition"),
        ("*", "nothing stands before `*`"),
        ("a{1001}", "`{1001}` counts beyond 1000"),
        ("(?=a)", "it has no look-ahead"),
        ("(?<=a)", "it has no look-behind"),
        (r"\1", "back-reference"),
        (r"[[:foo:]]", "there is no class `[:foo:]`"),
        (r"\p{Foo}", r"there is no class `\p{Foo}`"),
        ("(?x)", "`(?x` opens no group"),
        (":[", "a `[` is not closed"),
    ] {
        assert!(why(pattern).contains(words), "{pattern} {}", why(pattern));
    }
}

#[test]
fn groups_fill_a_template_in_as_in_go() {
    let line = b"220 mx.example.org ESMTP";
    let pattern = Pattern::new(r"^(?P<code>\d+) (?P<host>[^ ]+) (ESMTP)?(x)?").unwrap();
    #[rustfmt::skip]
    let rows: &[(&[u8], &[u8])] = &[
        (b"EHLO ${host}", b"EHLO mx.example.org"),
        (b"$code-$3-$4-$5-$nope.", b"220-ESMTP---."),
        (b"$1x ${1}x $0", b" 220x 220 mx.example.org ESMTP"),
        (b"$$1 $ ${ ${} ${1 ${a-b} $-", b"$1 $ ${ ${} ${1 ${a-b} $-"),
        (b"$01 $007 $99999999999999999999", b"  "),
        (b"\xff$code\xff", b"\xff220\xff"),
        ("$code\u{e4} $code".as_bytes(), b" 220"),
        (b"", b""),
    ];
    for (template, filled) in rows {
        assert_eq!(pattern.expand(line, template), *filled, "{}", template.escape_ascii());
    }
}

#[test]
fn groups_of_a_text_that_is_no_utf_8_are_its_own_bytes() {
    let pattern = Pattern::new(r"^(..)(.*)b$").unwrap();
    assert_eq!(pattern.expand(b"\xff\xe2\x82\xc3\xa4b", b"$2-$1"), b"\x82\xc3\xa4-\xff\xe2");
    assert_eq!(pattern.expand("\u{e4}\u{f6}\u{fc}b".as_bytes(), b"$2"), "\u{fc}".as_bytes());
}

#[test]
fn what_is_too_large_is_refused_and_nothing_panics() {
    let deep = "(".repeat(200) + &")".repeat(200);
    assert!(Pattern::new(&deep).unwrap_err().contains("nest deeper than 100"));
    assert!(Pattern::new(&("(a|".repeat(100) + "b" + &"){1}".repeat(100))).is_ok());
    assert!(Pattern::new(&"a".repeat(LENGTH + 1)).unwrap_err().contains("longer than"));
    assert!(Pattern::new(r"(\pL{31}\pN{32}){31}").is_ok());
    assert!(Pattern::new(&r"\pL{1000}".repeat(20)).unwrap_err().contains("grows beyond"));
}
