//! What the lab asks its own components, to know when they are ready.

use super::node::Node;
use anyhow::{Context, Result, anyhow, ensure};
use reqwest::{Client, Method};
use serde_json::Value;
use std::net::{TcpStream, UdpSocket};
use std::sync::LazyLock;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

/// Long enough for a started component on a busy machine.
const PATIENCE: Duration = Duration::from_secs(90);
const PAUSE: Duration = Duration::from_millis(100);
const ANSWER: Duration = Duration::from_secs(1);

/// Asks again until the answer is good; gives the last error when patience ends.
pub fn until(mut ask: impl FnMut() -> Result<()>) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match ask() {
            Err(_) if Instant::now() < deadline => std::thread::sleep(PAUSE),
            answer => return answer.with_context(|| format!("not within {} s", PATIENCE.as_secs())),
        }
    }
}

/// Whether a port takes connections.
pub fn connects(ip: &str, port: &str) -> Result<()> {
    TcpStream::connect_timeout(&format!("{ip}:{port}").parse()?, ANSWER)?;
    Ok(())
}

/// Whether an NTP server answers, and says that its clock is right.
pub fn tells_time(ip: &str) -> Result<()> {
    let socket = UdpSocket::bind("0.0.0.0:0")?;
    socket.connect((ip, 123))?;
    socket.set_read_timeout(Some(ANSWER))?;
    let mut packet = [0; 48];
    packet[0] = 0b00_100_011; // no warning, version 4, client
    socket.send(&packet)?;
    socket.recv(&mut packet)?;
    ensure!(packet[0] >> 6 != 3 && packet[1] != 0, "{ip}: not synchronised");
    Ok(())
}

/// Whether a VictoriaMetrics has scraped the infra targets of these names and no others, all of them with success.
pub fn scrapes(node: &Node, names: &[String]) -> Result<()> {
    let answer = get(node, "vmetrics_port", "api/v1/targets?state=active&scrapePool=infra")?;
    let targets = answer["data"]["activeTargets"].as_array().context("no targets")?;
    are(targets.iter().map(|target| &target["labels"]["ins"]), names).with_context(|| node.name.clone())?;
    let reached = |target: &Value| target["health"] == "up" && target["lastSamplesScraped"].as_u64() > Some(0);
    ensure!(targets.iter().all(reached), "{}: not every target scraped", node.name);
    Ok(())
}

/// Whether a VictoriaMetrics has these infra targets in its storage, all of them up; one that has just started shows
/// none for seconds.
pub fn stores(node: &Node, names: &[String]) -> Result<()> {
    let up = query(node, "up%7Bjob%3D%22infra%22%7D")?;
    are(up.iter().map(|series| &series["metric"]["ins"]), names).with_context(|| node.name.clone())?;
    ensure!(up.iter().all(|series| series["value"][1] == "1"), "{}: not everything is up", node.name);
    Ok(())
}

/// Whether these are the names, each once.
fn are<'a>(found: impl Iterator<Item = &'a Value>, names: &[String]) -> Result<()> {
    let mut found = found.filter_map(Value::as_str).collect::<Vec<_>>();
    found.sort_unstable();
    ensure!(found == names, "{found:?}, not {names:?}");
    Ok(())
}

/// Whether a vmalert has evaluated every rule without an error.
pub fn evaluates(node: &Node) -> Result<()> {
    let answer = get(node, "vmalert_port", "api/v1/rules")?;
    let groups = answer["data"]["groups"].as_array().context("no groups")?;
    let rules = groups.iter().filter_map(|group| group["rules"].as_array()).flatten().collect::<Vec<_>>();
    let evaluated = |rule: &&&Value| {
        rule["health"] == "ok" && rule["lastError"] == "" && rule["lastEvaluation"] != "0001-01-01T00:00:00Z"
    };
    ensure!(!rules.is_empty() && rules.iter().all(|rule| evaluated(&rule)), "{}: not every rule evaluated", node.name);
    Ok(())
}

/// Whether what comes of vmalert's rules is in the storage, and nothing there is down.
pub fn records(node: &Node) -> Result<()> {
    let up = query(node, "infra_up")?;
    ensure!(!up.is_empty() && up.iter().all(|series| series["value"][1] == "1"), "{}: infra_up is not 1", node.name);
    Ok(())
}

/// Whether an Alertmanager no longer waits for its cluster, which is itself.
pub fn is_ready(node: &Node) -> Result<()> {
    let status = get(node, "alertmanager_port", "api/v2/status")?;
    ensure!(status["cluster"]["status"] == "ready", "{}: {}", node.name, status["cluster"]);
    Ok(())
}

/// Whether a VictoriaLogs has lines of all of these, each an address and a job.
pub fn keeps_logs(node: &Node, wanted: &[(&str, &str)]) -> Result<()> {
    let answer = get(node, "vlogs_port", "select/logsql/hits?query=_time:10m&step=10m&field=ip&field=job")?;
    let hits = answer["hits"].as_array().context("no hits")?;
    for (ip, job) in wanted {
        let has = hits.iter().any(|hit| hit["fields"]["ip"] == *ip && hit["fields"]["job"] == *job);
        ensure!(has, "{}: no line of {job} on {ip}", node.name);
    }
    Ok(())
}

/// Asks a portal for its home page, so that there is a line in its log.
pub fn visit(node: &Node) -> Result<()> {
    let url = format!("http://{}:{}/index.html", node.ip, node.vars["nginx_port"]);
    send(Method::GET, &url, None, String::new()).map(drop)
}

fn query(node: &Node, query: &str) -> Result<Vec<Value>> {
    let answer = get(node, "vmetrics_port", &format!("api/v1/query?query={query}&nocache=1&latency_offset=1ms"))?;
    answer["data"]["result"].as_array().cloned().context("no result")
}

fn get(node: &Node, port: &str, path: &str) -> Result<Value> {
    ask(Method::GET, &format!("http://{}:{}/{path}", node.ip, node.vars[port]), None, None)
}

/// One request with a JSON answer.
pub fn ask(method: Method, url: &str, login: Option<(&str, &str)>, body: Option<&Value>) -> Result<Value> {
    Ok(serde_json::from_str(&send(method, url, login, body.map(Value::to_string).unwrap_or_default())?)?)
}

/// One request that must succeed.
pub fn send(method: Method, url: &str, login: Option<(&str, &str)>, body: String) -> Result<String> {
    // Made once, as that takes longer than a request does; connections are not kept, as both ends may be killed.
    static CLIENT: LazyLock<Result<(Runtime, Client)>> = LazyLock::new(|| {
        let client = Client::builder().no_proxy().pool_max_idle_per_host(0).timeout(ANSWER * 5).build()?;
        Ok((tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?, client))
    });
    let (runtime, client) = CLIENT.as_ref().map_err(|error| anyhow!("{error:#}"))?;
    runtime.block_on(async {
        let mut request = client.request(method, url).header("Content-Type", "application/json").body(body);
        if let Some((user, password)) = login {
            request = request.basic_auth(user, Some(password));
        }
        Ok(request.send().await?.error_for_status()?.text().await?)
    })
}
