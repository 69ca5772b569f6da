//! What must be true of a lab that is well, and of one that is not.

use super::component::COMPONENTS;
use super::stage::Lab;
use super::verdict::Verdicts;
use anyhow::{Result, ensure};
use libtest_mimic::{Completion, Failed, Trial};
use std::sync::{Arc, Mutex, PoisonError};

/// Stopping the component on infra-2 fails exactly these checks; what needs them is skipped.
const STOPPED: [(&str, &[&str]); 11] = [
    ("nginx", &["infra-2/nginx/port", "infra-2/nginx/tls"]),
    ("nginx_exporter", &["infra-2/nginx/exporter"]),
    ("grafana", &["infra-2/grafana/port"]),
    ("vmetrics", &["infra-2/vmetrics/port"]),
    ("vlogs", &["infra-2/vlogs/port"]),
    ("vtraces", &["infra-2/vtraces/port"]),
    ("vmalert", &["infra-2/vmalert/port"]),
    ("alertmanager", &["infra-2/alertmanager/port"]),
    ("blackbox", &["infra-2/blackbox/port"]),
    ("dnsmasq", &["infra-2/dnsmasq/udp", "infra-2/dnsmasq/tcp"]),
    ("chronyd", &["infra-2/chronyd/reply"]),
];

/// A frozen component still accepts connections, as the kernel does that for it, but answers nothing.
const FROZEN: (&str, &[&str]) = ("vlogs", &["infra-2/vlogs/metrics", "infra-2/vlogs/health"]);

/// Asked of one node for the whole fleet.
const ONCE: &str = "infra-2/grafana/admin";

const HEALTHY: &str = "a healthy lab passes";
const FREEZING: &str = "a component that is frozen fails what it should answer";
const CUT_OFF: &str = "a node that is cut off is one failure";

/// Every trial on a lab that runs.
pub fn all(lab: Lab) -> Vec<Trial> {
    let lab = Arc::new(Mutex::new(lab));
    let on = |name: String, trial: fn(&mut Lab, usize) -> Result<Completion>, row: usize| {
        let lab = Arc::clone(&lab);
        Trial::ignorable_test(name, move || {
            trial(&mut lab.lock().unwrap_or_else(PoisonError::into_inner), row)
                .map_err(|error| Failed::from(format!("{error:#}")))
        })
    };
    let stops = STOPPED.iter().enumerate().map(|(row, (component, _))| on(stopping(component), stop, row));
    [on(HEALTHY.into(), healthy, 0)]
        .into_iter()
        .chain(stops)
        .chain([on(FREEZING.into(), freeze, 0), on(CUT_OFF.into(), cut_off, 0)])
        .collect()
}

/// The same trials where no lab can run.
pub fn ignored(reason: &str) -> Vec<Trial> {
    let names = [HEALTHY.to_owned()]
        .into_iter()
        .chain(STOPPED.iter().map(|(component, _)| stopping(component)))
        .chain([FREEZING.to_owned(), CUT_OFF.to_owned()]);
    names
        .map(|name| {
            let reason = reason.to_owned();
            Trial::ignorable_test(name, move || Ok(Completion::ignored_with(reason)))
        })
        .collect()
}

fn stopping(component: &str) -> String {
    format!("stopping {component} makes the right checks fail")
}

fn healthy(lab: &mut Lab, _: usize) -> Result<Completion> {
    let verdicts = Verdicts::ask(&[])?;
    let wrong = verdicts.ids(&["fail", "warn", "error"]);
    ensure!(
        verdicts.code == 0 && wrong.is_empty(),
        "exit code {}, not passed: {wrong:?}\n{}",
        verdicts.code,
        verdicts.output
    );
    for node in ["infra-1", "infra-2"] {
        for component in
            COMPONENTS.iter().filter(|component| component.name != "nginx_exporter" && lab.has(component.name))
        {
            let of = format!("{node}/{}/", component.name);
            ensure!(verdicts.ids(&["pass"]).iter().any(|id| id.starts_with(&of)), "{of}: nothing passed");
            ensure!(
                !verdicts.ids(&["skip"]).iter().any(|id| id.starts_with(&of) && id != ONCE),
                "{of}: something was skipped"
            );
        }
    }
    Ok(Completion::Completed)
}

fn stop(lab: &mut Lab, row: usize) -> Result<Completion> {
    let (component, expected) = STOPPED[row];
    if !lab.has(component) {
        return Ok(Completion::ignored_with(format!("{component} not installed, see tests/lab/install")));
    }
    lab.stop("infra-2", component)?;
    let verdicts = Verdicts::ask(&[]);
    lab.start("infra-2", component)?;
    lab.settle()?;
    let verdicts = verdicts?;
    verdicts.fail_exactly(expected)?;
    ensure!(verdicts.code == 1, "exit code {}", verdicts.code);
    healthy(lab, row)
}

fn freeze(lab: &mut Lab, row: usize) -> Result<Completion> {
    let (component, expected) = FROZEN;
    lab.freeze("infra-2", component)?;
    let verdicts = Verdicts::ask(&[]);
    lab.thaw("infra-2", component)?;
    lab.settle()?;
    verdicts?.fail_exactly(expected)?;
    healthy(lab, row)
}

fn cut_off(lab: &mut Lab, row: usize) -> Result<Completion> {
    lab.cut("infra-2")?;
    let verdicts = Verdicts::ask(&[]);
    lab.mend("infra-2")?;
    lab.settle()?;
    let failed = verdicts?.ids(&["fail", "error"]);
    ensure!(
        failed.len() == 1 && failed.iter().all(|id| id.starts_with("infra-2/")),
        "not one failure of infra-2: {failed:?}"
    );
    healthy(lab, row)
}
