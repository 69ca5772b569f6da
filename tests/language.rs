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
        Planned::Known(outcome) => outcome.reason.as_ref().map(|reason| format!("skipped: {reason}")),
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

/// A check, a canary that writes, and one that reads what was written.
fn canary(port: u16) -> String {
    format!(
        "  - id: health\n    title: answers\n    http: {{ get: 'http://${{ip}}:{port}/health' }}\n  \
         - id: written\n    title: takes a line\n    canary: true\n    needs: health\n    \
         http: {{ post: 'http://${{ip}}:{port}/insert/${{run}}?at=${{run_ms}}', body: 'trace ${{run_trace}} ${{run_span}} ${{run_time}}' }}\n  \
         - id: read\n    title: has the line\n    canary: true\n    each: [ a, b ]\n    needs: written\n    \
         http: {{ get: 'http://${{ip}}:{port}/select/${{each}}/${{run}}?from=${{run_before}}&to=${{run_end}}&ns=${{run_ns}}' }}\n  \
         - id: other\n    title: answers still\n    needs: health\n    http: {{ get: 'http://${{ip}}:{port}/' }}\n"
    )
}

fn canaries(port: u16, wanted: bool) -> Plan {
    let plan =
        Plan::new(&inventory("127.0.0.1: { infra_seq: 1 }"), &read(&[&suite("", &canary(port))]).unwrap()).unwrap();
    plan.select(&Selection { canary: wanted, ..extra() }).unwrap()
}

#[test]
fn canaries_are_in_no_plan_unless_they_are_wanted() {
    assert_eq!(ids(&canaries(1, false)), ["infra-1/extra/health", "infra-1/extra/other"]);
    let all = ["health", "written", "read[a]", "read[b]", "other"].map(|check| format!("infra-1/extra/{check}"));
    assert_eq!(ids(&canaries(1, true)), all);
    let unselected = Plan::new(&inventory("127.0.0.1: { infra_seq: 1 }"), &read(&[&suite("", &canary(1))]).unwrap());
    assert!(!ids(&unselected.unwrap()).contains(&all[1]));
}

#[tokio::test]
async fn what_one_canary_writes_another_finds_and_no_other_run_does() {
    let server = serve(|_| Some(status(200, "")));
    let mut runs = Vec::new();
    for _ in 0..2 {
        let all = outcomes(canaries(server.port, true)).await;
        assert!(all.iter().all(|outcome| outcome.verdict == Verdict::Pass), "{all:?}");
        let asked = std::mem::take(&mut *server.asked.lock().unwrap());
        let run = asked[1].strip_prefix("POST /insert/").unwrap().split('?').next().unwrap().to_owned();
        assert!(run.len() == 16 && run.chars().all(|digit| digit.is_ascii_hexdigit()), "{run}");
        assert!(asked[2].starts_with(&format!("GET /select/a/{run}?from=20")), "{asked:?}");
        assert!(asked[3].starts_with(&format!("GET /select/b/{run}?from=20")), "{asked:?}");
        runs.push((run, all.into_iter().map(|outcome| outcome.id).collect::<Vec<_>>()));
    }
    assert_ne!(runs[0].0, runs[1].0);
    assert_eq!(runs[0].1, runs[1].1, "the names of checks are the same in every run");
}

#[tokio::test]
async fn a_canary_is_asked_again_what_was_asked_before_it_wrote() {
    let written = std::sync::atomic::AtomicBool::new(false);
    let server = serve(move |request| {
        let wrote = written.fetch_or(request.starts_with("DELETE"), std::sync::atomic::Ordering::SeqCst);
        Some(if wrote { status(404, "") } else { status(200, "") })
    });
    let check = |id: &str, needs: &str, method: &str, wanted: u16| {
        let url = format!("http://127.0.0.1:{}/silence", server.port);
        format!(
            "  - {{ id: {id}, title: is well, canary: true, {needs}http: {{ {method}: '{url}' }}, expect: {{ status: {wanted} }} }}\n"
        )
    };
    let checks = check("there", "", "get", 200)
        + &check("deleted", "needs: there, ", "delete", 200)
        + &check("gone", "needs: deleted, ", "get", 404);
    let plan = Plan::new(&inventory("127.0.0.1: { infra_seq: 1 }"), &read(&[&suite("", &checks)]).unwrap()).unwrap();
    let all = outcomes(plan.select(&Selection { canary: true, ..extra() }).unwrap()).await;
    assert!(all.iter().all(|outcome| outcome.verdict == Verdict::Pass), "{all:?}");
}

#[tokio::test]
async fn the_time_around_a_run_is_told_in_every_form() {
    let server = serve(|request| Some(status(200, request.lines().last().unwrap())));
    let one = format!(
        "  - id: forms\n    title: answers\n    canary: true\n    http:\n      post: http://127.0.0.1:{}/\n",
        server.port
    ) + "      body: ${run_ms}, ${run_ns}, ${run_time}, ${run_before}, ${run_end}, ${run_trace}, ${run_span}\n";
    let plan = Plan::new(&inventory("127.0.0.1: { infra_seq: 1 }"), &read(&[&suite("", &one)]).unwrap()).unwrap();
    let plan = plan.select(&Selection { canary: true, ..extra() }).unwrap();
    let found = outcomes(plan).await.remove(0);
    let body = found.evidence.facts.0["body"].as_str().unwrap().to_owned();
    let [ms, ns, now, before, end, trace, span] = body.split(", ").collect::<Vec<_>>().try_into().unwrap();
    let time = |text: &str| humantime::parse_rfc3339(text).unwrap();
    assert_eq!(time(now) - Duration::from_mins(5), time(before));
    assert_eq!(time(now) + Duration::from_mins(5), time(end));
    let since = time(now).duration_since(std::time::UNIX_EPOCH).unwrap().as_millis();
    assert_eq!(ms, since.to_string());
    assert!(ns.starts_with(ms) && ns.len() == ms.len() + 6, "{ns}");
    assert_eq!((trace.len(), span.len()), (32, 16));
}

#[test]
fn an_inventory_may_name_its_runs_itself() {
    let plan =
        Plan::new(&inventory("127.0.0.1: { infra_seq: 1, run: mine }"), &read(&[&suite("", &canary(1))]).unwrap());
    let plan = plan.unwrap().select(&Selection { canary: true, ..extra() }).unwrap();
    let Planned::Check(check) = &plan.checks[1] else { panic!("{:?}", plan.checks[1]) };
    assert!(
        check.question.asked().starts_with("POST http://127.0.0.1:1/insert/mine?at="),
        "{}",
        check.question.asked()
    );
}

/// A check that gives a token, and one that takes it unless it is set already.
fn token(port: u16, more: &str) -> String {
    format!(
        "  - id: login\n    title: gives a token\n    http: {{ get: 'http://${{ip}}:{port}/login' }}\n  \
         - id: page\n    title: takes the token\n    with: {{ token: login.json.token }}\n    \
         http: {{ get: 'http://${{ip}}:{port}/page/${{token}}', user: admin, password: '${{token}}-${{pass}}', address: '${{ip}}' }}\n    \
         expect: {{ status: 200, body: '${{token}} of ${{node}}' }}\n{more}"
    )
}

const SECRET: &str = "vars: { pass: s3cret-of-the-suite }";

/// Gives the token `t0ken`, and repeats what it is asked for.
fn doorkeeper() -> Server {
    serve(|request| {
        let page = request.split("/page/").nth(1).and_then(|rest| rest.split(' ').next());
        Some(
            page.map_or_else(
                || status(200, "{\"token\": \"t0ken\"}"),
                |token| status(200, &format!("{token} of infra-1")),
            ),
        )
    })
}

async fn tokens(port: u16, more: &str, host: &str) -> Vec<Outcome> {
    outcomes(plan(&suite(SECRET, &token(port, more)), &format!("127.0.0.1: {{ infra_seq: 1{host} }}")).unwrap()).await
}

#[tokio::test]
async fn a_value_of_an_earlier_answer_stands_in_the_question_and_in_the_expectation() {
    let server = doorkeeper();
    let all = tokens(server.port, "", "").await;
    assert!(all.iter().all(|outcome| outcome.verdict == Verdict::Pass), "{all:?}");
    assert_eq!(*server.asked.lock().unwrap(), ["GET /login", "GET /page/t0ken"]);
    let url = format!("GET http://127.0.0.1:{}/page/t0ken as admin at 127.0.0.1", server.port);
    assert_eq!(all[1].evidence.asked, url);
}

#[tokio::test]
async fn a_value_that_is_set_needs_no_earlier_answer() {
    let server = serve(|_| Some(status(200, "mine of infra-1")));
    let plan = plan(&suite(SECRET, &token(server.port, "")), "127.0.0.1: { infra_seq: 1, token: mine }").unwrap();
    let Planned::Check(page) = &plan.checks[1] else { panic!("{:?}", plan.checks[1]) };
    assert!(page.needs.is_empty(), "{:?}", page.needs);
    let all = outcomes(plan).await;
    assert_eq!(all[1].verdict, Verdict::Pass, "{:?}", all[1].reason);
    assert!(server.asked.lock().unwrap().contains(&"GET /page/mine".to_owned()));
}

#[tokio::test]
async fn what_takes_a_value_is_skipped_where_nothing_gives_it() {
    let server = serve(|_| Some(status(503, "")));
    let all = tokens(server.port, "", "").await;
    assert_eq!((all[0].verdict, all[1].verdict), (Verdict::Fail, Verdict::Skip));
    assert_eq!(all[1].cause.as_ref(), Some(&all[0].id));
}

#[tokio::test]
async fn a_value_that_an_answer_lacks_is_an_error() {
    let server = serve(|_| Some(status(200, "{\"token\": null}")));
    let all = tokens(server.port, "", "").await;
    assert_eq!((all[0].verdict, all[1].verdict), (Verdict::Pass, Verdict::Error));
    let reason = "token, which infra-1/extra/login should give, is not there: its answer has no `json.token`";
    assert_eq!(all[1].reason.as_deref(), Some(reason));
    let late = format!("GET http://127.0.0.1:{}/page/${{token}} as admin at 127.0.0.1", server.port);
    assert_eq!((all[1].evidence.asked.as_str(), all[1].attempts), (late.as_str(), 0));
}

#[tokio::test]
async fn a_value_that_cannot_be_used_is_an_error_that_names_it_and_does_not_show_it() {
    let server = serve(|_| Some(status(200, "<html>s3cret</html>")));
    let checks = format!(
        "  - id: ca\n    title: is offered\n    http: {{ get: 'http://${{ip}}:{}/ca.crt' }}\n  - id: chain\n    title: is trusted\n    \
         with: {{ ca: ca.body }}\n    http: {{ get: 'https://${{ip}}:{}/', tls_config: {{ ca: '${{ca}}' }} }}\n",
        server.port, server.port
    );
    let all = outcomes(plan(&suite("", &checks), "127.0.0.1: { infra_seq: 1 }").unwrap()).await;
    assert_eq!(all[1].verdict, Verdict::Error);
    let reason = all[1].reason.clone().unwrap();
    let expected = "ca, which infra-1/extra/ca gave, cannot be used: tls_config.ca: holds no CA certificate";
    assert!(reason.starts_with(expected) && !reason.contains("s3cret"), "{reason}");
    assert_eq!(server.asked.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_value_that_looks_like_a_variable_is_a_value() {
    let server = serve(|_| Some(status(200, "{\"token\": \"${pass}\"}")));
    let more = "  - id: echo\n    title: repeats it\n    with: { token: login.json.token }\n    http:\n      \
                get: 'http://${ip}:PORT/'\n      headers: { X-Token: '${token}' }\n    expect: { json.token: '${token}' }\n";
    let all = tokens(server.port, &more.replace("PORT", &server.port.to_string()), "").await;
    assert_eq!(all[2].verdict, Verdict::Pass, "{:?}", all[2].reason);
    assert!(all[1].evidence.asked.contains("/page/$%7Bpass%7D as admin"), "{}", all[1].evidence.asked);
}

#[tokio::test]
async fn two_late_questions_that_become_one_are_asked_once() {
    let server = doorkeeper();
    let more = format!(
        "  - id: again\n    title: is the same page\n    with: {{ key: login.json.token }}\n    \
         http: {{ get: 'http://${{ip}}:{}/page/${{key}}', user: admin, password: '${{key}}-${{pass}}', address: '${{ip}}' }}\n  \
         - id: other\n    title: is another page\n    with: {{ key: login.json.token }}\n    \
         http: {{ get: 'http://${{ip}}:{}/page/${{key}}', user: admin, password: '${{key}}', address: '${{ip}}' }}\n",
        server.port, server.port
    );
    let all = tokens(server.port, &more, "").await;
    assert!(all.iter().all(|outcome| outcome.verdict == Verdict::Pass), "{all:?}");
    assert_eq!(*server.asked.lock().unwrap(), ["GET /login", "GET /page/t0ken", "GET /page/t0ken"]);
}

#[test]
fn what_is_selected_brings_what_it_takes_its_values_from() {
    let plan = |selection: &Selection| {
        let suites = read(&[&suite(SECRET, &token(1, ""))]).unwrap();
        Plan::new(&inventory("127.0.0.1: { infra_seq: 1 }"), &suites).unwrap().select(selection).unwrap()
    };
    let only = vec!["*/extra/page".parse().unwrap()];
    let both = plan(&Selection { only: only.clone(), ..Selection::default() });
    assert_eq!(ids(&both), ["infra-1/extra/login", "infra-1/extra/page"]);
    let without = plan(&Selection { only, skip: vec!["*/*/login".parse().unwrap()], ..Selection::default() });
    let [Planned::Known(outcome)] = &without.checks[..] else { panic!("{:?}", without.checks) };
    let reason = outcome.reason.as_deref().unwrap();
    assert_eq!(reason, "takes `token` from infra-1/extra/login, which is left out");
}

#[test]
fn a_late_question_is_shown_without_its_secrets() {
    let plan = plan(&suite(SECRET, &token(1, "")), "127.0.0.1: { infra_seq: 1 }").unwrap();
    let Planned::Check(page) = &plan.checks[1] else { panic!("{:?}", plan.checks[1]) };
    assert_eq!(page.question.asked(), "GET http://127.0.0.1:1/page/${token} as admin at 127.0.0.1");
    assert!(!format!("{page:?}").contains("s3cret"), "{page:?}");
}

#[tokio::test]
async fn a_value_may_come_from_one_of_several_and_from_another_component() {
    let server = doorkeeper();
    let give = format!(
        "component: giver\nabout: A suite of a test.\nhosts: infra\nvars: {{ given: true }}\nchecks:\n  - id: login\n    title: gives\n    \
         when: given\n    each: [ a.b, c ]\n    http: {{ get: 'http://${{ip}}:{}/login' }}\n",
        server.port
    );
    let take = format!(
        "  - id: page\n    title: takes\n    each: [ a.b, c ]\n    with: {{ token: 'giver/login[${{each}}].json.token' }}\n    \
         http: {{ get: 'http://${{ip}}:{}/page/${{token}}' }}\n",
        server.port
    );
    let suites = read(&[&give, &suite("", &take)]).unwrap();
    let selection = Selection { components: vec!["giver".to_owned(), "extra".to_owned()], ..Selection::default() };
    let plan = |host: &str| Plan::new(&inventory(host), &suites).unwrap().select(&selection).unwrap();
    let all = outcomes(plan("127.0.0.1: { infra_seq: 1 }")).await;
    assert_eq!(all.iter().filter(|outcome| outcome.verdict == Verdict::Pass).count(), 4, "{all:?}");
    let off = outcomes(plan("127.0.0.1: { infra_seq: 1, given: false }")).await;
    assert_eq!(off.iter().map(|outcome| outcome.verdict).collect::<Vec<_>>(), [Verdict::Skip; 3]);
}

/// What Blackbox Exporter answers to `debug=true`.
fn probed(complaint: &str, success: u8) -> String {
    let log = if complaint.is_empty() {
        String::new()
    } else {
        format!("level=ERROR msg=\"So it is\" err=\"{complaint}\"\n")
    };
    let body = format!(
        "Logs for the probe:\n{log}level=ERROR msg=\"Probe failed\" duration_seconds=1\n\n\n\n\
         Metrics that would have been returned:\nprobe_duration_seconds 0.25\n\
         probe_icmp_duration_seconds{{phase=\"resolve\"}} 0.1\nprobe_icmp_duration_seconds{{phase=\"rtt\"}} 0.002\n\
         probe_icmp_reply_hop_limit 63\nprobe_success {success}\n\n\n\nModule configuration:\nprober: icmp\n"
    );
    status(200, &body)
}

const WITNESSED: &str = "  - id: ping\n    title: reaches a host\n    via: blackbox\n    timeout: 2s\n    \
     icmp: { ping: 192.0.2.7 }\n    expect: { time: { lt: 3ms }, from: 192.0.2.7, ttl: 63 }\n  \
     - id: web\n    title: reaches a port\n    via: blackbox@infra-1\n    tcp: { connect: '192.0.2.7:80' }\n";

/// What becomes of asking through an exporter at a port.
async fn witnessed(port: u16) -> Vec<Outcome> {
    let host = format!("127.0.0.1: {{ infra_seq: 1, blackbox_port: {port} }}");
    let plan = plan(&suite("fix: none", WITNESSED), &host).unwrap();
    let policy = Policy { timeout: Some(Duration::from_millis(500)), wait: Duration::ZERO, ..Policy::default() };
    run(plan, &policy, std::future::pending(), |_| {}).await.outcomes
}

#[tokio::test]
async fn a_witness_asks_from_where_it_stands_and_gives_the_facts_of_the_probe() {
    let server = serve(|_| Some(probed("", 1)));
    let found = witnessed(server.port).await;
    let verdicts: Vec<_> = found.iter().map(|outcome| (outcome.verdict, outcome.reason.clone())).collect();
    assert_eq!(verdicts, [(Verdict::Pass, None), (Verdict::Pass, None)]);
    assert_eq!(found[0].evidence.asked, format!("ping 192.0.2.7, from blackbox at 127.0.0.1:{}", server.port));
    let mut asked = server.asked.lock().unwrap().clone();
    asked.sort();
    let expected = [
        "GET /probe?module=icmp&target=192.0.2.7&debug=true",
        "GET /probe?module=tcp_connect&target=192.0.2.7%3A80&debug=true",
    ];
    assert_eq!(asked, expected);
}

#[tokio::test]
async fn what_a_witness_saw_fail_is_the_targets_and_what_it_could_not_see_is_its_own() {
    let cases = [
        ("dial tcp4 192.0.2.7:80: connect: connection refused", Verdict::Fail, "connection refused by 192.0.2.7"),
        ("dial tcp4 192.0.2.7:80: i/o timeout", Verdict::Fail, "no answer from 192.0.2.7"),
        ("dial tcp4 192.0.2.7:80: connect: no route to host", Verdict::Fail, "no route to 192.0.2.7"),
        ("something \\\"else\\\"", Verdict::Fail, ": something \"else\""),
        ("socket: operation not permitted", Verdict::Error, "could not testify: it could not look itself"),
    ];
    for (complaint, verdict, reason) in cases {
        let server = serve(move |_| Some(probed(complaint, 0)));
        for outcome in witnessed(server.port).await {
            let said = outcome.reason.unwrap_or_default();
            assert!(outcome.verdict == verdict && said.contains(reason), "{complaint}: {said}");
        }
    }
}

#[tokio::test]
async fn a_witness_that_is_out_is_an_error_and_says_nothing_of_the_target() {
    let unknown = serve(|_| Some(status(400, "Unknown module \"icmp\"\n")));
    let other = serve(|_| Some(status(200, "<html>hello</html>")));
    let silent = serve(|_| None);
    let unsure = serve(|_| Some(status(200, "probe_duration_seconds 1\n")));
    let all = [
        (closed(), "connection refused"),
        (unknown.port, "it answered 400 Unknown module"),
        (other.port, "its answer has no metrics"),
        (unsure.port, "its answer has no probe_success"),
        (silent.port, "did not answer within"),
    ];
    for (port, reason) in all {
        for outcome in witnessed(port).await {
            let said = outcome.reason.unwrap_or_default();
            assert!(outcome.verdict == Verdict::Error && said.contains(reason), "{reason}: {said}");
        }
    }
}

#[tokio::test]
async fn a_module_of_ones_own_is_asked_for_by_its_name() {
    let server =
        serve(|_| Some(status(200, "probe_duration_seconds 0.5\nprobe_http_status_code 204\nprobe_success 1\n")));
    let check = format!(
        "  - id: page\n    title: is up\n    blackbox:\n      at: 127.0.0.1:{}\n      module: http_intern\n      \
         target: https://a.b/?c=d&e\n      hostname: f.g\n    expect: {{ success: true, metric.probe_http_status_code: 204 }}\n",
        server.port
    );
    let found = outcomes(plan(&suite("fix: none", &check), ONE).unwrap()).await.remove(0);
    assert_eq!((found.verdict, found.reason), (Verdict::Pass, None));
    let expected = "GET /probe?module=http_intern&target=https%3A%2F%2Fa.b%2F%3Fc%3Dd%26e&debug=true&hostname=f.g";
    assert_eq!(*server.asked.lock().unwrap(), [expected]);
}

const ONE: &str = "127.0.0.1: { infra_seq: 1 }";

#[test]
fn a_whole_run_is_asked_through_a_witness_but_for_the_witness_itself() {
    let inventory = inventory("10.10.10.10: { infra_seq: 1 }, 10.10.10.11: { infra_seq: 2, blackbox_enabled: false }");
    let plan = |witness| Plan::new(&inventory, &Suites::embedded().unwrap()).unwrap().via(witness);
    let asked = |plan: &Plan, id: &str| {
        plan.checks.iter().find_map(|planned| match planned {
            Planned::Check(check) if check.id.to_string() == id => Some((check.question.asked(), check.needs.clone())),
            _ => None,
        })
    };
    let plan_ = plan("blackbox").unwrap();
    let (question, needs) = asked(&plan_, "infra-2/node/ping").unwrap();
    assert_eq!(question, "ping 10.10.10.11, from blackbox at 10.10.10.10:9115");
    assert!(needs.iter().any(|need| need.to_string() == "infra-1/blackbox/metrics"), "{needs:?}");
    assert_eq!(asked(&plan_, "infra-1/blackbox/port").unwrap().0, "connect to 10.10.10.10:9115");
    assert!(asked(&plan_, "infra-1/grafana/health").unwrap().0.starts_with("GET "));
    for (witness, why) in [
        ("blackbox@infra-2", "no such INFRA node has blackbox_enabled"),
        ("blackbox@infra-3", "did you mean `infra-1`"),
        ("prometheus", "only blackbox can ask"),
    ] {
        let error = plan(witness).unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    }
    assert!(plan("blackbox@10.10.10.10").is_ok());
}

#[test]
fn a_witness_is_asked_only_for_what_it_can_do() {
    let check = |more: &str| format!("  - id: a\n    title: b\n{more}");
    for (more, why) in [
        ("    via: grafana\n    icmp: { ping: 192.0.2.7 }\n", "must be blackbox"),
        ("    via: blackbox\n    http: { get: 'http://192.0.2.7/' }\n", "goes with icmp and tcp alone"),
    ] {
        let error = read(&[&suite("fix: none", &check(more))]).unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    }
    let plan = plan(&suite("fix: none", &check("    via: blackbox\n    icmp: { ping: 192.0.2.7, ttl: 3 }\n")), ONE);
    assert!(plan.unwrap_err().to_string().contains("cannot ask this"));
}
