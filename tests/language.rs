//! What a suite can say beside a question and an expectation, from its text to the outcomes.

#![expect(clippy::unwrap_used, reason = "what a test cannot do is its failure")]

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use infra_verify::check::{Outcome, Verdict};
use infra_verify::inventory::Inventory;
use infra_verify::plan::{Plan, PlanError, Planned, Selection};
use infra_verify::run::{Policy, run};
use infra_verify::suite::{SuiteError, Suites};

/// A web server that answers each request as it is told to, and remembers what it was asked; nothing is silence.
struct Server {
    port: u16,
    asked: Arc<Mutex<Vec<String>>>,
}

fn serve(answer: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let asked: Arc<Mutex<Vec<String>>> = Arc::default();
    let (log, answer) = (Arc::clone(&asked), Arc::new(answer));
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let (log, answer) = (Arc::clone(&log), Arc::clone(&answer));
            std::thread::spawn(move || {
                let mut request = vec![0; 16 * 1024];
                let length = stream.read(&mut request).unwrap_or(0);
                let request = String::from_utf8_lossy(&request[..length]).into_owned();
                let line = request.lines().next().unwrap_or_default().replace(" HTTP/1.1", "");
                log.lock().unwrap().push(line);
                match answer(&request) {
                    Some(text) => drop(stream.write_all(text.as_bytes())),
                    // Until the other side gives up.
                    None => drop(stream.read_to_end(&mut Vec::new())),
                }
            });
        }
    });
    Server { port, asked }
}

fn status(status: u16, body: &str) -> String {
    format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
}

/// A port that nothing listens on.
fn closed() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// What stands before the checks of a suite.
fn suite(head: &str, checks: &str) -> String {
    format!("component: extra\nabout: A suite of a test.\nhosts: infra\n{head}\nchecks:\n{checks}")
}

fn read(suites: &[&str]) -> Result<Suites, SuiteError> {
    let directory = tempfile::tempdir().unwrap();
    for (number, suite) in suites.iter().enumerate() {
        fs::write(directory.path().join(format!("{number}.yml")), suite).unwrap();
    }
    Suites::with(directory.path())
}

fn inventory(hosts: &str) -> Inventory {
    Inventory::parse("pigsty.yml", &format!("infra: {{ hosts: {{ {hosts} }} }}")).unwrap()
}

/// The component `extra` alone.
fn extra() -> Selection {
    Selection { components: vec!["extra".to_owned()], ..Selection::default() }
}

fn plan(suite: &str, hosts: &str) -> Result<Plan, PlanError> {
    Plan::new(&inventory(hosts), &read(&[suite]).unwrap())?.select(&extra())
}

fn ids(plan: &Plan) -> Vec<String> {
    plan.checks.iter().map(|planned| planned.id().to_string()).collect()
}

async fn outcomes(plan: Plan) -> Vec<Outcome> {
    let policy = Policy { timeout: Some(Duration::from_millis(500)), ..Policy::default() };
    run(plan, &policy, std::future::pending(), |_| {}).await.outcomes
}

/// A check that looks for a service that `extra_enabled` turns off.
fn leftover(port: u16, more: &str) -> String {
    format!(
        "  - id: port\n    title: accepts connections\n    tcp: {{ connect: '${{ip}}:{port}' }}\n  - id: leftover\n    \
         title: is gone\n    http: {{ get: 'http://${{ip}}:{port}/health' }}\n    never: {{ status: 200, body: extra }}\n{more}"
    )
}

const OPTIONAL: &str =
    "when: extra_enabled\nvars: { extra_enabled: true, extra_exporter: true }\nfix: ./infra.yml -t extra";

#[test]
fn what_is_turned_off_is_looked_for_where_it_is_off_and_nowhere_else() {
    let hosts = "127.0.0.1: { infra_seq: 1 }, 127.0.0.2: { infra_seq: 2, extra_enabled: false }, \
                 127.0.0.3: { infra_seq: 3, extra_exporter: no }";
    let plan = plan(&suite(OPTIONAL, &leftover(1, "    when: extra_exporter\n")), hosts).unwrap();
    let expected = [
        "infra-1/extra/port",
        "infra-2/extra/port",
        "infra-2/extra/leftover",
        "infra-3/extra/port",
        "infra-3/extra/leftover",
    ];
    assert_eq!(ids(&plan), expected);
    let asked = |planned: &Planned| match planned {
        Planned::Check(check) => check.never.clone(),
        Planned::Skip { reason, .. } | Planned::Unusable { reason, .. } => Some(format!("skipped: {reason}")),
    };
    let all: Vec<_> = plan.checks.iter().map(asked).collect();
    let text = |text: &str| Some(text.to_owned());
    let off = (text("skipped: extra_enabled is false"), text("extra_enabled is false"));
    assert_eq!(all, [None, off.0, off.1, None, text("extra_exporter is false")]);
}

const OFF: &str = "127.0.0.1: { infra_seq: 1, extra_enabled: false }";

/// What becomes of looking for a service that is turned off.
async fn looked_for(port: u16, more: &str) -> Outcome {
    outcomes(plan(&suite(OPTIONAL, &leftover(port, more)), OFF).unwrap()).await.remove(1)
}

#[tokio::test]
async fn what_is_turned_off_and_answers_nevertheless_is_told_with_what_turns_it_off() {
    let server = serve(|_| Some(status(200, "extra")));
    let url = format!("http://127.0.0.1:{}/health", server.port);
    let found = looked_for(server.port, "").await;
    let reason = format!("answers although extra_enabled is false: GET {url}");
    assert_eq!((found.verdict, found.reason, found.fix), (Verdict::Fail, Some(reason), None));
    let found = looked_for(server.port, "    severity: warn\n    fix: systemctl disable --now extra\n").await;
    assert_eq!((found.verdict, found.fix.as_deref()), (Verdict::Warn, Some("systemctl disable --now extra")));
    assert_eq!(*server.asked.lock().unwrap(), ["GET /health"; 2]);
}

#[tokio::test]
async fn what_answers_otherwise_or_not_at_all_is_not_what_was_turned_off() {
    let other = serve(|_| Some(status(200, "another program")));
    let nonsense = serve(|_| Some("SSH-2.0-OpenSSH_9.6\r\n".to_owned()));
    for port in [other.port, nonsense.port, closed()] {
        let found = looked_for(port, "").await;
        assert_eq!((found.verdict, found.reason), (Verdict::Pass, None), "{port}");
    }
}

#[tokio::test]
async fn silence_does_not_tell_whether_something_is_there() {
    let silent = serve(|_| None);
    let found = looked_for(silent.port, "").await;
    let reason = "no answer, which does not tell whether it is there";
    assert_eq!((found.verdict, found.reason.as_deref()), (Verdict::Skip, Some(reason)));
    assert!(found.cause.is_none() && found.evidence.failure.is_none(), "a dead node is not made of it");
}

#[tokio::test]
async fn what_cannot_be_looked_for_is_an_error() {
    let check = "  - id: leftover\n    title: is gone\n    never: { status: 200 }\n    \
                 http: { get: 'https://127.0.0.1:1/', tls_config: { ca_file: /no/such/ca.crt } }\n";
    let found = outcomes(plan(&suite(OPTIONAL, check), OFF).unwrap()).await.remove(0);
    assert_eq!(found.verdict, Verdict::Error, "{:?}", found.reason);
}
