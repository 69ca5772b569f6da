//! The runner: order, limits, attempts, and one outcome for every planned check whatever happens.

#![expect(clippy::unwrap_used, reason = "what a test cannot do is its failure")]

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use infra_verify::check::{Outcome, Verdict};
use infra_verify::inventory::Inventory;
use infra_verify::plan::{Plan, PlanError, Planned, Selection};
use infra_verify::report::{ExitCode, Report};
use infra_verify::run::{Event, Interruption, Policy, Run, run};
use infra_verify::suite::Suites;
use infra_verify::value::Secrets;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// What a server of these tests answers to its nth request, from 0; nothing is silence.
type Answer = fn(usize) -> Option<u16>;

/// A web server on a port of its own, that counts.
struct Server {
    port: u16,
    requests: Arc<AtomicUsize>,
    most_at_once: Arc<AtomicUsize>,
}

async fn serve(answer: Answer) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (requests, most_at_once, open) = (Arc::default(), Arc::default(), Arc::new(AtomicUsize::new(0)));
    let server = Server { port, requests: Arc::clone(&requests), most_at_once: Arc::clone(&most_at_once) };
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let (requests, most, open) = (Arc::clone(&requests), Arc::clone(&most_at_once), Arc::clone(&open));
            tokio::spawn(async move {
                let mut request = [0; 4096];
                if stream.read(&mut request).await.unwrap_or(0) == 0 {
                    return;
                }
                most.fetch_max(open.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                let nth = requests.fetch_add(1, Ordering::SeqCst);
                match answer(nth) {
                    Some(status) => {
                        let text =
                            format!("HTTP/1.1 {status} X\r\ncontent-length: 3\r\nconnection: close\r\n\r\n{status}");
                        drop(stream.write_all(text.as_bytes()).await);
                    }
                    None => std::future::pending().await,
                }
                open.fetch_sub(1, Ordering::SeqCst);
            });
        }
    });
    server
}

/// A plan of the suite `extra` alone, on nodes of the loopback.
fn plan(checks: &str, hosts: &str) -> Plan {
    plan_of(&[("extra", checks)], hosts)
}

/// A plan of these suites alone, each a component and its checks.
fn plan_of(suites: &[(&str, &str)], hosts: &str) -> Plan {
    try_plan(suites, hosts).unwrap()
}

fn try_plan(suites: &[(&str, &str)], hosts: &str) -> Result<Plan, PlanError> {
    let directory = tempfile::tempdir().unwrap();
    for (component, checks) in suites {
        let suite = format!("component: {component}\nabout: A suite of a test.\nhosts: infra\nchecks:\n{checks}");
        fs::write(directory.path().join(format!("{component}.yml")), suite).unwrap();
    }
    let components = suites.iter().map(|(component, _)| (*component).to_owned()).collect();
    let suites = Suites::with(directory.path()).unwrap();
    let file = directory.path().join("inventory");
    fs::write(&file, format!("all: {{ children: {{ infra: {{ hosts: {{ {hosts} }} }} }} }}")).unwrap();
    Plan::new(&Inventory::read(&file).unwrap(), &suites)?.select(&Selection { components, ..Selection::default() })
}

fn http(id: &str, port: u16, path: &str, more: &str) -> String {
    format!("  - id: {id}\n    title: answers\n    http:\n      get: http://127.0.0.1:{port}{path}\n{more}")
}

/// So short that it is over when the first round is; single checks are waited for all the same.
const INSTANT: Duration = Duration::from_nanos(1);

/// Everything asked once.
fn once() -> Policy {
    Policy { wait: Duration::ZERO, ..Policy::default() }
}

async fn done(plan: Plan, policy: &Policy) -> Run {
    run(plan, policy, std::future::pending(), |_| {}).await
}

fn verdicts(run: &Run) -> Vec<Verdict> {
    run.outcomes.iter().map(|outcome| outcome.verdict).collect()
}

fn ids(outcomes: &[Outcome]) -> Vec<String> {
    outcomes.iter().map(|outcome| outcome.id.to_string()).collect()
}

const ONE: &str = "127.0.0.1: { infra_seq: 1 }";

const THREE: &str = "127.0.0.1: { infra_seq: 1 }, 127.0.0.2: { infra_seq: 2 }, 127.0.0.3: { infra_seq: 3 }";

#[tokio::test]
async fn what_needs_a_failure_is_skipped_and_names_its_root() {
    let server = serve(|_| Some(500)).await;
    let checks = http("a", server.port, "/a", "")
        + &http("b", server.port, "/b", "    needs: a\n")
        + &http("c", server.port, "/c", "    needs: b\n");
    let run = done(plan(&checks, ONE), &once()).await;
    assert_eq!(verdicts(&run), [Verdict::Fail, Verdict::Skip, Verdict::Skip]);
    assert_eq!(run.outcomes[2].cause.as_ref().unwrap().to_string(), "infra-1/extra/a");
    assert_eq!(server.requests.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn the_same_question_is_asked_once_and_a_component_never_two_at_a_time() {
    let server = serve(|_| Some(200)).await;
    let checks: String = (0..8).map(|n| http(&format!("c{n}"), server.port, &format!("/{}", n % 4), "")).collect();
    let run = done(plan(&checks, ONE), &once()).await;
    assert_eq!(verdicts(&run), [Verdict::Pass; 8]);
    assert_eq!(server.requests.load(Ordering::SeqCst), 4);
    assert_eq!(server.most_at_once.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn no_more_is_under_way_than_there_are_jobs() {
    let server = serve(|_| Some(200)).await;
    let hosts: Vec<_> = (1..=9).map(|n| format!("127.0.0.{n}: {{ infra_seq: {n} }}")).collect();
    let run = done(plan(&http("a", server.port, "/", ""), &hosts.join(", ")), &Policy { jobs: 2, ..once() }).await;
    assert_eq!(verdicts(&run), [Verdict::Pass; 9]);
    assert!(server.most_at_once.load(Ordering::SeqCst) <= 2);
}

#[tokio::test]
async fn silence_ends_with_the_timeout() {
    let server = serve(|_| None).await;
    let policy = Policy { timeout: Some(Duration::from_millis(200)), ..once() };
    let clock = Instant::now();
    let run = done(plan(&http("a", server.port, "/", ""), ONE), &policy).await;
    assert_eq!(verdicts(&run), [Verdict::Fail]);
    assert!(clock.elapsed() < Duration::from_secs(2), "{:?}", clock.elapsed());
    assert!(run.outcomes[0].reason.as_ref().unwrap().contains("answer"), "{:?}", run.outcomes[0].reason);
}

#[tokio::test]
async fn the_deadline_makes_errors_of_what_was_not_answered() {
    let server = serve(|_| None).await;
    let checks = http("a", server.port, "/a", "") + &http("b", server.port, "/b", "");
    let policy = Policy { deadline: Duration::from_millis(200), ..once() };
    let plan = plan(&checks, ONE);
    let expected: Vec<_> = plan.checks.iter().map(|planned| planned.id().to_string()).collect();
    let run = done(plan, &policy).await;
    assert_eq!(ids(&run.outcomes), expected);
    assert_eq!(verdicts(&run), [Verdict::Error, Verdict::Error]);
    assert_eq!(run.interruption, Some(Interruption::Deadline));
    assert_eq!(report(run).exit_code(false), ExitCode::Error);
}

#[tokio::test]
async fn a_signal_leaves_every_check_in_the_report_as_skipped() {
    let server = serve(|_| None).await;
    let checks = http("a", server.port, "/a", "") + &http("b", server.port, "/b", "");
    let plan = plan(&checks, ONE);
    let stop = async {
        while server.requests.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
        Interruption::Signal(2)
    };
    let run = run(plan, &once(), stop, |_| {}).await;
    assert_eq!(verdicts(&run), [Verdict::Skip, Verdict::Skip]);
    assert_eq!(report(run).exit_code(false), ExitCode::Interrupted);
}

#[tokio::test]
async fn waiting_asks_again_until_it_passes_and_says_so() {
    let server = serve(|nth| Some(if nth == 0 { 503 } else { 200 })).await;
    let checks = http("a", server.port, "/a", "") + &http("b", server.port, "/b", "    needs: a\n");
    let policy = Policy { wait: Duration::from_secs(30), ..once() };
    let run = done(plan(&checks, ONE), &policy).await;
    assert_eq!(verdicts(&run), [Verdict::Pass, Verdict::Pass]);
    assert_eq!(run.outcomes[0].attempts, 2);
    assert_eq!(run.outcomes[0].reason.as_deref(), Some("passed on attempt 2"));
    assert_eq!(run.outcomes[1].reason, None);
}

#[tokio::test]
async fn waiting_ends_and_keeps_the_last_failure() {
    let server = serve(|_| Some(503)).await;
    let policy = Policy { wait: Duration::from_millis(1500), ..once() };
    let run = done(plan(&http("a", server.port, "/", ""), ONE), &policy).await;
    assert_eq!(verdicts(&run), [Verdict::Fail]);
    assert_eq!(run.outcomes[0].attempts, 3, "at once, after a second, and when the time is up");
}

#[tokio::test]
async fn what_restarts_is_waited_for_unless_told_otherwise() {
    let down = || TcpListener::bind("127.0.0.1:0");
    let port = down().await.unwrap().local_addr().unwrap().port();
    let checks = format!("  - id: a\n    title: listens\n    tcp:\n      connect: 127.0.0.1:{port}\n");
    let mut listener = None;
    let run = run(plan(&checks, ONE), &Policy::default(), std::future::pending(), |event| {
        if let Event::Waiting { checks, pause } = event {
            assert_eq!((checks, pause), (1, Duration::from_secs(1)));
            let socket = std::net::TcpListener::bind(("127.0.0.1", port)).unwrap();
            listener = Some(socket);
        }
    })
    .await;
    assert_eq!(reasons(&run), [Some("passed on attempt 2")]);
}

#[tokio::test]
async fn an_answer_that_is_wrong_in_what_it_says_is_not_waited_for() {
    let server = serve(|_| Some(404)).await;
    let checks = http("a", server.port, "/", "") + &http("b", server.port, "/b", "    needs: a\n");
    let clock = Instant::now();
    let run = done(plan(&checks, ONE), &Policy::default()).await;
    assert_eq!(verdicts(&run), [Verdict::Fail, Verdict::Skip]);
    assert_eq!(server.requests.load(Ordering::SeqCst), 1);
    assert!(clock.elapsed() < Duration::from_secs(1), "{:?}", clock.elapsed());
}

#[tokio::test]
async fn while_anything_is_waited_for_everything_that_does_not_pass_is_asked_again() {
    let down = serve(|nth| Some(if nth == 0 { 503 } else { 200 })).await;
    let wrong = serve(|nth| Some(if nth == 0 { 404 } else { 200 })).await;
    let checks = http("a", down.port, "/", "") + &http("b", wrong.port, "/", "    severity: warn\n");
    let run = done(plan(&checks, ONE), &Policy::default()).await;
    assert_eq!(verdicts(&run), [Verdict::Pass, Verdict::Pass]);
}

#[tokio::test]
async fn a_ping_that_is_blocked_is_not_waited_for() {
    let (silent, well) = (serve(|_| None).await, serve(|_| Some(200)).await);
    let policy = Policy { timeout: Some(Duration::from_millis(100)), ..Policy::default() };
    let suites = [("node", &*http("ping", silent.port, "/", "")), ("last", &http("last", well.port, "/", ""))];
    let run = done(plan_of(&suites, ONE), &policy).await;
    assert_eq!(verdicts(&run), [Verdict::Warn, Verdict::Pass]);
    assert_eq!(silent.requests.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_check_that_is_worth_waiting_for_is_asked_until_it_passes() {
    let server = serve(|nth| Some(if nth == 0 { 404 } else { 200 })).await;
    let checks = http("a", server.port, "/", "    wait: 30s\n") + &http("b", server.port, "/", "    needs: a\n");
    let policy = Policy { wait: INSTANT, ..once() };
    let run = done(plan(&checks, ONE), &policy).await;
    assert_eq!(verdicts(&run), [Verdict::Pass, Verdict::Pass]);
    assert_eq!(run.outcomes[0].attempts, 2);
}

#[tokio::test]
async fn waiting_for_a_check_ends_with_its_failure() {
    let server = serve(|_| Some(404)).await;
    let policy = Policy { wait: INSTANT, ..once() };
    let run = done(plan(&http("a", server.port, "/", "    wait: 1s\n"), ONE), &policy).await;
    assert_eq!(verdicts(&run), [Verdict::Fail]);
    assert_eq!(run.outcomes[0].attempts, 2);
}

#[tokio::test]
async fn what_comes_after_a_check_that_waits_is_asked_after_it() {
    let server = serve(|nth| Some([404, 200, 201][nth.min(2)])).await;
    let checks = http("read", server.port, "/", "    wait: 30s\n")
        + &http("clean", server.port, "/clean", "    expect: { status: 201 }\n");
    let run = done(plan(&checks, ONE), &Policy { wait: INSTANT, ..once() }).await;
    assert_eq!(verdicts(&run), [Verdict::Pass, Verdict::Pass]);
}

#[tokio::test]
async fn a_question_that_was_waited_for_is_not_waited_for_again() {
    let server = serve(|_| Some(404)).await;
    let checks = http("a", server.port, "/", "    wait: 1s\n") + &http("b", server.port, "/", "    wait: 1s\n");
    let run = done(plan(&checks, ONE), &Policy { wait: INSTANT, ..once() }).await;
    assert_eq!(verdicts(&run), [Verdict::Fail, Verdict::Fail]);
    assert_eq!(server.requests.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn who_waits_for_nothing_asks_once_whatever_a_check_says() {
    let server = serve(|_| Some(503)).await;
    let run = done(plan(&http("a", server.port, "/", "    wait: 30s\n"), ONE), &once()).await;
    assert_eq!(verdicts(&run), [Verdict::Fail]);
    assert_eq!(server.requests.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn an_answer_that_came_too_early_does_not_settle_a_check_that_waits() {
    let server = serve(|nth| Some(if nth == 0 { 404 } else { 200 })).await;
    let early = http("early", server.port, "/", "    expect: { status: 404 }\n");
    let checks = early + &http("late", server.port, "/", "    wait: 30s\n");
    let run = done(plan(&checks, ONE), &Policy { wait: INSTANT, ..once() }).await;
    assert_eq!(verdicts(&run), [Verdict::Pass, Verdict::Pass]);
}

#[tokio::test]
async fn an_absent_fact_is_the_failure_of_the_check_that_speaks_for_it() {
    let server = serve(|_| Some(200)).await;
    let checks = http("all", server.port, "/all", "    expect: { status: 404 }\n")
        + &http("one", server.port, "/one", "    absence: all\n    expect: { title: x }\n")
        + &http("other", server.port, "/other", "    absence: all\n    expect: { status: 500 }\n");
    let run = done(plan(&checks, ONE), &once()).await;
    assert_eq!(verdicts(&run), [Verdict::Fail, Verdict::Skip, Verdict::Fail]);
    assert_eq!(run.outcomes[1].cause.as_ref().unwrap().to_string(), "infra-1/extra/all");
}

#[tokio::test]
async fn a_value_that_cannot_be_used_is_an_error_of_what_needs_it_alone() {
    let server = serve(|_| Some(200)).await;
    let needs = "  - id: a\n    title: answers\n    tcp:\n      connect: ${ip}:${grafana_port}\n";
    let host = "127.0.0.1: { infra_seq: 1, grafana_port: '{{ base + 1 }}' }";
    let checks = needs.to_owned() + &http("b", server.port, "/b", "") + &http("c", server.port, "/c", "    needs: a\n");
    let run = done(plan(&checks, host), &once()).await;
    assert_eq!(verdicts(&run), [Verdict::Error, Verdict::Pass, Verdict::Skip]);
    let reason = run.outcomes[0].reason.clone().unwrap();
    assert!(reason.contains("{{ base + 1 }} (") && reason.ends_with(":1), and base is not defined"), "{reason}");
    assert_eq!(report(run).exit_code(false), ExitCode::Error);
}

#[tokio::test]
async fn a_node_is_not_dead_before_every_component_was_asked() {
    let (silent, well) = (serve(|_| None).await, serve(|_| Some(200)).await);
    let ping = http("ping", silent.port, "/", "");
    let first = http("first", silent.port, "/", "");
    let last = http("last", well.port, "/", "");
    let policy = Policy { jobs: 1, timeout: Some(Duration::from_millis(100)), ..once() };
    let run = done(plan_of(&[("node", &ping), ("first", &first), ("last", &last)], ONE), &policy).await;
    // What plays the ping is silent on a node that answers otherwise.
    assert_eq!(verdicts(&run), [Verdict::Warn, Verdict::Fail, Verdict::Pass]);
}

#[tokio::test]
async fn only_a_silent_ping_is_forgiven_to_a_node_that_lives() {
    let (silent, well) = (serve(|_| None).await, serve(|_| Some(200)).await);
    let policy = Policy { timeout: Some(Duration::from_millis(100)), ..once() };
    let suites = [("node", &*http("login", silent.port, "/", "")), ("last", &http("last", well.port, "/", ""))];
    let run = done(plan_of(&suites, ONE), &policy).await;
    assert_eq!(verdicts(&run), [Verdict::Fail, Verdict::Pass]);
}

#[tokio::test]
async fn a_node_of_which_nothing_answers_is_one_failure() {
    let silent = serve(|_| None).await;
    let check = http("a", silent.port, "/", "") + &http("b", silent.port, "/b", "");
    let policy = Policy { timeout: Some(Duration::from_millis(100)), ..once() };
    let suites = [("node", &*http("ping", silent.port, "/", "")), ("first", &check), ("last", &check)];
    let run = done(plan_of(&suites, ONE), &policy).await;
    let expected = [Verdict::Fail, Verdict::Skip, Verdict::Skip, Verdict::Skip, Verdict::Skip];
    assert_eq!(verdicts(&run), expected);
    assert!(run.outcomes[1..].iter().all(|outcome| outcome.cause.as_ref() == Some(&run.outcomes[0].id)));
}

#[tokio::test]
async fn a_node_of_which_only_nginx_answers_is_one_error_and_not_waited_for() {
    let (silent, well) = (serve(|_| None).await, serve(|_| Some(200)).await);
    let (open, closed) = (http("home", well.port, "/", ""), http("a", silent.port, "/", ""));
    let policy = Policy { timeout: Some(Duration::from_millis(100)), ..Policy::default() };
    let follows = http("b", well.port, "/b", "    needs: a\n");
    let last = closed.clone() + &follows;
    let suites =
        [("node", &*http("ping", silent.port, "/", "")), ("web", &open), ("x", &closed), ("y", &closed), ("z", &last)];
    let mut plan = plan_of(&suites, ONE);
    // Other suites need checks of the real one, so it cannot be replaced.
    for planned in &mut plan.checks {
        match planned {
            Planned::Check(check) if &*check.id.component == "web" => check.id.component = "nginx".into(),
            _ => {}
        }
    }
    let run = done(plan, &policy).await;
    let [pass, error, skip] = [Verdict::Pass, Verdict::Error, Verdict::Skip];
    assert_eq!(verdicts(&run), [skip, pass, error, skip, skip, skip]);
    let root = &run.outcomes[2];
    assert!(root.reason.as_ref().unwrap().starts_with("only Nginx answers on infra-1"), "{:?}", root.reason);
    assert!(run.outcomes[3..].iter().all(|outcome| outcome.cause.as_ref() == Some(&root.id)));
    assert_eq!(silent.requests.load(Ordering::SeqCst), 4);
}

#[tokio::test]
async fn an_absent_fact_fails_where_nothing_else_did() {
    let server = serve(|_| Some(200)).await;
    let checks = http("all", server.port, "/all", "")
        + &http("one", server.port, "/one", "    absence: all\n    expect: { title: x }\n");
    let run = done(plan(&checks, ONE), &once()).await;
    assert_eq!(verdicts(&run), [Verdict::Pass, Verdict::Fail]);
}

#[tokio::test]
async fn what_is_asked_in_turn_ends_with_the_first_answer_that_does_not_pass() {
    let server = serve(|nth| Some(if nth == 0 { 200 } else { 401 })).await;
    let policy = Policy { wait: Duration::from_millis(1500), ..once() };
    let run = done(plan(&http("login", server.port, "/", "    in_turn: true\n    wait: 1s\n"), THREE), &policy).await;
    assert_eq!(verdicts(&run), [Verdict::Pass, Verdict::Fail, Verdict::Skip]);
    assert_eq!(run.outcomes[2].cause.as_ref().unwrap(), &run.outcomes[1].id);
    assert_eq!(server.requests.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn what_could_not_be_asked_on_one_node_is_asked_on_the_next_in_turn() {
    let server = serve(|_| Some(200)).await;
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let hosts = format!(
        "127.0.0.1: {{ infra_seq: 1, grafana_port: {closed} }}, 127.0.0.2: {{ infra_seq: 2, grafana_port: {} }}",
        server.port
    );
    let login = |more| http("login", 0, "/", more).replace("127.0.0.1:0", "127.0.0.1:${grafana_port}");
    let run = done(plan(&login("    in_turn: true\n"), &hosts), &once()).await;
    assert_eq!(verdicts(&run), [Verdict::Fail, Verdict::Pass]);
    let port = "  - id: port\n    title: listens\n    tcp:\n      connect: 127.0.0.1:${grafana_port}\n";
    let checks = port.to_owned() + &login("    in_turn: true\n    needs: port\n");
    let run = done(plan(&checks, &hosts), &once()).await;
    assert_eq!(verdicts(&run), [Verdict::Fail, Verdict::Skip, Verdict::Pass, Verdict::Pass]);
}

#[test]
fn a_turn_that_waits_for_itself_is_refused() {
    let checks = http("first", 81, "/", "")
        + &http("login", 81, "/", "    in_turn: true\n    needs: infra-2/extra/${wanted}\n")
        + &http("last", 81, "/", "    needs: login\n");
    let hosts = "127.0.0.1: { infra_seq: 1, wanted: last }, \
                 127.0.0.2: { infra_seq: 2, wanted: first }";
    let error = try_plan(&[("extra", &checks)], hosts).unwrap_err().to_string();
    assert!(error.contains("needs itself"), "{error}");
}

/// Nodes whose variable `grafana_port` is the port of a server each.
fn hosts(servers: &[&Server]) -> String {
    let host = |(at, server): (usize, &&Server)| {
        let seq = at + 1;
        format!("127.0.0.{seq}: {{ infra_seq: {seq}, grafana_port: {} }}", server.port)
    };
    servers.iter().enumerate().map(host).collect::<Vec<_>>().join(", ")
}

/// A check that asks the server of its node.
fn own(id: &str, more: &str) -> String {
    http(id, 0, "/", more).replace("127.0.0.1:0", "127.0.0.1:${grafana_port}")
}

const AGREES: &str = "    expect: { status: { lt: 500 }, body: { agrees: true } }\n";

fn reasons(run: &Run) -> Vec<Option<&str>> {
    run.outcomes.iter().map(|outcome| outcome.reason.as_deref()).collect()
}

#[tokio::test]
async fn a_node_that_differs_from_most_fails() {
    let (odd, well) = (serve(|_| Some(404)).await, serve(|_| Some(200)).await);
    let run = done(plan(&own("a", AGREES), &hosts(&[&odd, &well, &well])), &once()).await;
    assert_eq!(verdicts(&run), [Verdict::Fail, Verdict::Pass, Verdict::Pass]);
    let reason = "body: differs from that of infra-2 and infra-3 (404 here, 200 there)";
    assert_eq!(reasons(&run), [Some(reason), None, None]);
}

#[tokio::test]
async fn a_node_that_fails_on_its_own_has_no_vote() {
    let (bad, well) = (serve(|_| Some(500)).await, serve(|_| Some(200)).await);
    let run = done(plan(&own("a", AGREES), &hosts(&[&bad, &bad, &well])), &once()).await;
    assert_eq!(verdicts(&run), [Verdict::Fail, Verdict::Fail, Verdict::Pass]);
    assert_eq!(run.outcomes[2].reason.as_deref(), Some("there was no other node to compare it with"));
}

#[tokio::test]
async fn what_is_compared_waits_for_the_others_and_not_for_ever() {
    let (silent, well) = (serve(|_| None).await, serve(|_| Some(200)).await);
    let policy = Policy { timeout: Some(Duration::from_millis(200)), ..once() };
    let checks = own("first", "") + &own("a", &format!("    needs: first\n{AGREES}"));
    let run = done(plan(&checks, &hosts(&[&well, &well, &silent])), &policy).await;
    let [pass, fail, skip] = [Verdict::Pass, Verdict::Fail, Verdict::Skip];
    assert_eq!(verdicts(&run), [pass, pass, pass, pass, fail, skip]);
}

#[tokio::test]
async fn nodes_that_wait_for_one_another_are_compared_with_what_there_is() {
    let (well, odd) = (serve(|_| Some(200)).await, serve(|_| Some(404)).await);
    let checks = own("first", "    expect: { status: { lt: 500 } }\n")
        + &own("a", &format!("    needs: infra-1/extra/${{wanted}}\n{AGREES}"));
    let hosts = hosts(&[&well, &odd]).replace("infra_seq: 1", "infra_seq: 1, wanted: first");
    let hosts = hosts.replace("infra_seq: 2", "infra_seq: 2, wanted: a");
    let run = done(plan(&checks, &hosts), &once()).await;
    assert_eq!(verdicts(&run), [Verdict::Pass, Verdict::Pass, Verdict::Pass, Verdict::Fail]);
}

#[tokio::test]
async fn an_answer_that_waits_to_be_compared_is_judged_when_the_run_is_interrupted() {
    let (silent, well) = (serve(|_| None).await, serve(|_| Some(200)).await);
    let plan = plan(&own("a", AGREES), &hosts(&[&well, &silent]));
    let stop = async {
        // One at a time: when the second is asked, the first has answered.
        while silent.requests.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
        Interruption::Signal(2)
    };
    let run = run(plan, &Policy { jobs: 1, ..once() }, stop, |_| {}).await;
    assert_eq!(verdicts(&run), [Verdict::Pass, Verdict::Skip]);
}

#[tokio::test]
async fn what_is_compared_is_asked_again_on_all_nodes() {
    let (late, well) = (serve(|nth| Some(if nth == 0 { 503 } else { 200 })).await, serve(|_| Some(200)).await);
    let policy = Policy { wait: Duration::from_secs(30), ..once() };
    let agrees = "    expect: { status: { agrees: true } }\n";
    let run = done(plan(&own("a", agrees), &hosts(&[&well, &late])), &policy).await;
    assert_eq!(reasons(&run), [None, Some("passed on attempt 2")]);
    assert_eq!(well.requests.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_warning_is_no_failure_unless_it_is_asked_to_be() {
    let server = serve(|_| Some(503)).await;
    let run = done(plan(&http("a", server.port, "/", "    severity: warn\n"), ONE), &once()).await;
    assert_eq!(verdicts(&run), [Verdict::Warn]);
    let report = report(run);
    assert_eq!((report.exit_code(false), report.exit_code(true)), (ExitCode::Ok, ExitCode::Failed));
}

#[tokio::test]
async fn every_first_outcome_is_told_once() {
    let server = serve(|_| Some(500)).await;
    let checks = http("a", server.port, "/a", "")
        + &http("b", server.port, "/b", "    needs: a\n")
        + &http("c", server.port, "/c", "    when: certbot_sign\n");
    let mut heard = Vec::new();
    run(plan(&checks, ONE), &once(), std::future::pending(), |event| {
        if let Event::Settled(outcome) = event {
            heard.push(outcome.id.to_string());
        }
    })
    .await;
    heard.sort();
    assert_eq!(heard, ["infra-1/extra/a", "infra-1/extra/b", "infra-1/extra/c"]);
}

fn report(run: Run) -> Report {
    Report::new("inventory".into(), Vec::new(), run, &Secrets::default())
}
