//! Blackbox Exporter. It probes nothing: it tells what its probes of a healthy neighbourhood would have found.

use hyper::StatusCode;

use super::{Answer, Question, metrics, missing, text, typed, with};
use crate::sim::fault::Word;
use crate::sim::layout::Here;

const MODULES: [&str; 5] = ["icmp", "icmp_ttl5", "http_2xx", "http_post_2xx", "tcp_connect"];

pub(super) fn answer(here: &Here, question: &Question) -> Answer {
    match question.path() {
        "/-/healthy" => text(StatusCode::OK, "Healthy"),
        "/metrics" => metrics(exported(!here.is(Word::ReloadFailed))),
        "/" => typed(StatusCode::OK, "text/html; charset=utf-8", "<title>Blackbox Exporter</title>\n"),
        "/config" => typed(StatusCode::OK, "text/plain", config(here)),
        "/probe" => probe(here, question),
        _ => missing(),
    }
}

fn exported(loaded: bool) -> String {
    format!(
        "# HELP blackbox_exporter_build_info A metric with a constant '1' value labeled by version.\n\
         # TYPE blackbox_exporter_build_info gauge\n\
         blackbox_exporter_build_info{{branch=\"HEAD\",goarch=\"amd64\",goos=\"linux\",version=\"0.28.0\"}} 1\n\
         # TYPE blackbox_exporter_config_last_reload_successful gauge\n\
         blackbox_exporter_config_last_reload_successful {}\n",
        u8::from(loaded)
    )
}

/// The modules that are configured here.
fn modules(here: &Here) -> impl Iterator<Item = &'static str> {
    let lacks = here.is(Word::NoModule);
    MODULES.into_iter().filter(move |name| !(lacks && *name == "tcp_connect"))
}

fn config(here: &Here) -> String {
    let module = |name: &str| {
        let prober = name.split('_').next().unwrap_or_default();
        format!("    {name}:\n        prober: {prober}\n")
    };
    format!("modules:\n{}", modules(here).map(module).collect::<String>())
}

/// A probe that fails is answered with 200 all the same; only what cannot be asked is refused.
fn probe(here: &Here, question: &Question) -> Answer {
    let module = question.parameter("module").unwrap_or_else(|| "http_2xx".to_owned());
    if !modules(here).any(|known| known == module) {
        return refused(format!("Unknown module {module:?}\n"));
    }
    if question.parameter("target").is_none_or(|target| target.is_empty()) {
        return refused("Target parameter is missing\n".to_owned());
    }
    let complaint = complaint(here, &module, &question.parameter("target").unwrap_or_default());
    let ping = if module.starts_with("icmp") && complaint.is_none() {
        "# TYPE probe_icmp_duration_seconds gauge\n\
         probe_icmp_duration_seconds{phase=\"resolve\"} 5.1e-06\n\
         probe_icmp_duration_seconds{phase=\"rtt\"} 7.2e-05\n\
         probe_icmp_duration_seconds{phase=\"setup\"} 0.00025\n\
         # TYPE probe_icmp_reply_hop_limit gauge\n\
         probe_icmp_reply_hop_limit 64\n"
    } else {
        ""
    };
    let exported = format!(
        "# HELP probe_duration_seconds Returns how long the probe took to complete in seconds\n\
         # TYPE probe_duration_seconds gauge\n\
         probe_duration_seconds 0.000228\n\
         {ping}# HELP probe_success Displays whether or not the probe was a success\n\
         # TYPE probe_success gauge\n\
         probe_success {}\n",
        u8::from(complaint.is_none())
    );
    if question.parameter("debug").is_none_or(|debug| debug != "true") {
        return metrics(exported);
    }
    let log = complaint.map(|why| format!("level=ERROR msg=\"It went wrong\" module={module} err=\"{why}\"\n"));
    let log = log.unwrap_or_default();
    let text = format!(
        "Logs for the probe:\n{log}\n\n\nMetrics that would have been returned:\n{exported}\n\n\n\
         Module configuration:\nprober: {module}\n"
    );
    typed(StatusCode::OK, "text/plain", text)
}

/// Why a probe of this target does not succeed, if it does not.
fn complaint(here: &Here, module: &str, target: &str) -> Option<&'static str> {
    if here.is(Word::NoIcmp) && module.starts_with("icmp") {
        return Some("listen ip4:icmp 0.0.0.0: socket: operation not permitted");
    }
    let own = target.starts_with("127.0.0.1") || target.split(':').next() == Some(&here.node().ip.to_string());
    (here.is(Word::CutOff) && !own).then_some("dial tcp4: i/o timeout")
}

fn refused(why: String) -> Answer {
    with(text(StatusCode::BAD_REQUEST, why), "x-content-type-options", "nosniff")
}
