//! What the lab asks its own components, to know when they are ready.

use anyhow::{Context, Result, ensure};
use reqwest::Method;
use serde_json::Value;
use std::net::{TcpStream, UdpSocket};
use std::time::{Duration, Instant};

/// Long enough for a started component on a busy machine.
const PATIENCE: Duration = Duration::from_secs(90);
const PAUSE: Duration = Duration::from_millis(50);
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

/// Whether a VictoriaMetrics has scraped this many infra targets, all of them with success.
pub fn scrapes(ip: &str, port: &Value, count: usize) -> Result<()> {
    let answer = ask(Method::GET, &format!("http://{ip}:{port}/api/v1/targets?state=active"), None, None)?;
    let targets = answer["data"]["activeTargets"].as_array().context("no targets")?;
    let infra = targets.iter().filter(|target| target["scrapePool"] == "infra").collect::<Vec<_>>();
    ensure!(infra.len() == count, "{ip}: {} targets", infra.len());
    let reached = |target: &&&Value| target["health"] == "up" && target["lastSamplesScraped"].as_u64() > Some(0);
    ensure!(infra.iter().all(|target| reached(&target)), "{ip}: not every target scraped");
    Ok(())
}

/// Whether a VictoriaMetrics has this many infra targets in its storage; one that has just started shows none for seconds.
pub fn stores(ip: &str, port: &Value, count: usize) -> Result<()> {
    let query = "query=up%7Bjob%3D%22infra%22%7D&nocache=1&latency_offset=1ms";
    let answer = ask(Method::GET, &format!("http://{ip}:{port}/api/v1/query?{query}"), None, None)?;
    let stored = answer["data"]["result"].as_array().map_or(0, Vec::len);
    ensure!(stored == count, "{ip}: {stored} series stored");
    Ok(())
}

/// One request with a JSON answer.
pub fn ask(method: Method, url: &str, login: Option<(&str, &str)>, body: Option<&Value>) -> Result<Value> {
    let client = reqwest::Client::builder().no_proxy().timeout(ANSWER * 5);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut request = client.build()?.request(method, url);
        if let Some((user, password)) = login {
            request = request.basic_auth(user, Some(password));
        }
        if let Some(body) = body {
            request = request.header("Content-Type", "application/json").body(body.to_string());
        }
        let text = request.send().await?.error_for_status()?.text().await?;
        Ok(serde_json::from_str(&text)?)
    })
}
