//! `infra-verify probe` as its users meet it: one probe by hand, its verdict, its words and its exit code.

#![expect(clippy::unwrap_used, reason = "what a test cannot do is its failure")]

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::{Command, Output};
use std::thread;

/// Runs the verb without a network beyond the loopback.
fn probe(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_infra-verify")).arg("probe").args(arguments).output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// A server that answers every request with a status and a body, until the test ends; its address.
fn server(status: &'static str, body: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).unwrap();
            let length = body.len();
            let head = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
            let _ = stream.write_all((head + body).as_bytes());
        }
    });
    address
}

/// A port of this machine at which nobody listens.
fn closed() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

#[test]
fn a_probe_that_passes_says_what_it_found() {
    let address = server("200 OK", "hello");
    let output = probe(&[&format!("http://{address}/")]);
    let said = stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{said}{}", stderr(&output));
    assert!(said.starts_with(&format!("PASS   http_2xx at http://{address}/  in ")), "{said}");
    let row = |name: &str, value: &str| {
        let is = |line: &str| {
            line.split_once(name).is_some_and(|(before, after)| before.trim().is_empty() && after.trim() == value)
        };
        assert!(said.lines().any(is), "{name} is not {value}: {said}");
    };
    row("status", "200");
    row("version", "HTTP/1.1");
    row("body", "5 bytes");
    row("asked over", "IPv4");
    assert!(said.contains("       connect ") && said.contains(" ms\n"), "{said}");
}

#[test]
fn a_probe_that_fails_says_why_and_exits_with_1() {
    let address = server("503 Service Unavailable", "down");
    let output = probe(&[&address, "--module", "http_post_2xx"]);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let said = stdout(&output);
    assert!(said.starts_with("FAIL   http_post_2xx at ") && said.lines().nth(1).unwrap().contains("503"), "{said}");
    let target = closed();
    let output = probe(&[&target, "-m", "tcp_connect"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stdout(&output).contains(&format!("connection refused by {target}")), "{}", stdout(&output));
}

#[test]
fn metrics_are_those_of_the_exporter_and_nothing_else() {
    let address = server("404 Not Found", "");
    let output = probe(&["--metrics", &address]);
    assert_eq!(output.status.code(), Some(1));
    let text = stdout(&output);
    assert!(text.lines().all(|line| line.starts_with("# ") || line.starts_with("probe_")), "{text}");
    for line in ["probe_success 0", "probe_http_status_code 404", "probe_ip_protocol 4"] {
        assert!(text.lines().any(|other| other == line), "{line}: {text}");
    }
    assert!(stderr(&output).contains("404"), "{}", stderr(&output));
}

#[test]
fn a_module_of_a_file_judges_as_it_says_and_its_secrets_are_hidden() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("modules.yml");
    let text = "modules:\n  strict:\n    prober: http\n    timeout: 2s\n    http:\n      basic_auth: {username: u, password: hunter-of-this}\n      fail_if_body_not_matches_regexp: ['^ready hunter-of-this']\n  remote: {prober: grpc}\n";
    fs::write(&file, text).unwrap();
    let modules = file.to_str().unwrap();
    let ready = server("200 OK", "ready hunter-of-this");
    let ask = |module: &str, target: &str| probe(&["--modules", modules, "-m", module, target]);
    assert_eq!(ask("strict", &ready).status.code(), Some(0));
    let output = ask("strict", &server("200 OK", "waiting"));
    let said = stdout(&output) + &stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("^ready ******") && !said.contains("hunter"), "{said}");
    let output = probe(&["--modules", modules, "-m", "strict", &format!("http://joe:my-own-word@{}", closed())]);
    assert!(stdout(&output).contains("http://joe:******@127.0.0.1"), "{}", stdout(&output));
    let output = ask("remote", "x");
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("modules.yml:8: `prober` of module `remote` is grpc, which is not supported"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn what_cannot_be_used_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("modules.yml");
    fs::write(&file, "modules:\n  hosted: {prober: http, http: {headers: {host: a.example}}}\n").unwrap();
    let modules = file.to_str().unwrap();
    for (arguments, words) in [
        (&["-m", "htp_2xx", "x"][..], "the modules of Pigsty: has no module `htp_2xx` (did you mean `http_2xx`?)"),
        (&["--modules", "nowhere.yml", "x"], "nowhere.yml: cannot be read"),
        (&["--modules", modules, "x"], "has no module `http_2xx`"),
        (
            &["--modules", modules, "-m", "hosted", "--hostname", "b.example", "x"],
            "the module `hosted` has the header Host: a.example already",
        ),
        (&[""], "the target is empty"),
        (&["--timeout", "soon", "x"], "write a duration such as"),
    ] {
        let output = probe(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(stderr(&output).contains(words), "{arguments:?}: {}", stderr(&output));
        assert_eq!(stdout(&output), "", "{arguments:?}");
    }
    let same = closed();
    let output = probe(&["--modules", modules, "-m", "hosted", "--hostname", "a.example", &same]);
    assert_eq!(output.status.code(), Some(1), "the same name is no contradiction: {}", stderr(&output));
}

#[test]
fn a_probe_ends_in_time() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap().to_string();
    let output = probe(&[&address, "--timeout", "200ms"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stdout(&output).contains("200 ms"), "{}", stdout(&output));
}
