//! The trials: what must be true of a lab that is well, and of one that is not.

use super::component::COMPONENTS;
use super::fault::{Fault, Then};
use super::question;
use super::stage::Lab;
use super::verdict::Verdicts;
use anyhow::{Result, ensure};
use libtest_mimic::{Completion, Failed, Trial};
use std::sync::{Arc, Mutex, PoisonError};

/// A fault makes exactly these checks fail and warn; what needs them is skipped.
struct Row(&'static str, Fault, &'static [&'static str], &'static [&'static str]);

/// Asked of one node for the whole fleet.
const ONCE: &str = "infra-2/grafana/admin";

const fn edited(
    component: &'static str,
    path: &'static str,
    from: &'static str,
    to: &'static str,
    then: Then,
) -> Fault {
    Fault::Edited { component, path, from, to, then }
}

#[rustfmt::skip]
const ROWS: [Row; 26] = [
    Row("a healthy lab passes", Fault::None, &[], &[]),
    Row("stopping nginx", Fault::Stopped("nginx"), &["infra-2/nginx/port", "infra-2/nginx/tls"], &[]),
    Row("stopping nginx_exporter", Fault::Stopped("nginx_exporter"), &["infra-2/nginx/exporter"], &[]),
    Row("stopping grafana", Fault::Stopped("grafana"), &["infra-2/grafana/port"], &[]),
    Row("stopping vmetrics", Fault::Stopped("vmetrics"), &["infra-2/vmetrics/port"], &[]),
    Row("stopping vlogs", Fault::Stopped("vlogs"), &["infra-2/vlogs/port"], &[]),
    Row("stopping vtraces", Fault::Stopped("vtraces"), &["infra-2/vtraces/port"], &[]),
    Row("stopping vmalert", Fault::Stopped("vmalert"), &["infra-2/vmalert/port"], &[]),
    Row("stopping alertmanager", Fault::Stopped("alertmanager"), &["infra-2/alertmanager/port"], &[]),
    Row("stopping blackbox", Fault::Stopped("blackbox"), &["infra-2/blackbox/port"], &[]),
    Row("stopping dnsmasq", Fault::Stopped("dnsmasq"), &["infra-2/dnsmasq/udp", "infra-2/dnsmasq/tcp"], &[]),
    Row("stopping chronyd", Fault::Stopped("chronyd"), &["infra-2/chronyd/reply"], &[]),
    Row("freezing vlogs", Fault::Frozen("vlogs"), &["infra-2/vlogs/metrics", "infra-2/vlogs/health"], &[]),
    Row("a node that is cut off is one failure", Fault::CutOff, &["infra-2/node/ping"], &[]),
    Row("a node that is well but for ping", Fault::Mute, &[], &["infra-2/node/ping"]),
    Row("a target under a wrong label", edited("vmetrics", "infra/targets/infra/infra-1.yml", "ins: vlogs-1,", "ins: vlogs-9,", Then::Wait),
        &["infra-2/vmetrics/targets"], &[]),
    Row("a name that points elsewhere", edited("dnsmasq", "etc/dnsmasq.d/pigsty/default", "10.10.10.11 infra-2", "10.10.10.77 infra-2", Then::Wait),
        &["infra-2/dnsmasq/record[infra-2.pigsty]"], &[]),
    Row("a clock without a source", edited("chronyd", "etc/chrony/chrony.conf", "server 10.10.10.10 ", "server 10.10.10.99 ", Then::Restart),
        &["infra-2/chronyd/synchronised"], &[]),
    Row("another page at home", edited("nginx", "www/index.html", "<title>Pigsty v4.5.0", "<title>Welcome to nginx!", Then::Wait),
        &["infra-2/nginx/home"], &[]),
    Row("no status page", edited("nginx", "etc/nginx/conf.d/home.conf", "{ stub_status;", "{ return 404;", Then::Reload), &["infra-2/nginx/status"], &[]),
    Row("a rule group that is gone", edited("vmalert", "infra/rules/infra.yml", "name: infra-alert", "name: other-alert", Then::Restart),
        &["infra-2/vmalert/rules"], &[]),
    Row("a rule that cannot be read", edited("vmalert", "infra/rules/infra.yml", "expr: infra_up < 1", "expr: infra_up <", Then::Reload),
        &["infra-2/vmalert/config"], &[]),
    Row("a route to nobody", edited("alertmanager", "etc/alertmanager.yml", "  receiver: default", "  receiver: nobody", Then::Reload),
        &["infra-2/alertmanager/config"], &[]),
    Row("a module that cannot be read", edited("blackbox", "etc/blackbox.yml", "prober: tcp", "probes: tcp", Then::Reload),
        &["infra-2/blackbox/config"], &[]),
    Row("a certificate that has expired", Fault::Certified(-30, -1), &["infra-2/nginx/certificate"], &[]),
    Row("a certificate that expires soon", Fault::Certified(-30, 5), &[], &["infra-2/nginx/renewal"]),
];

/// Every trial on a lab that runs.
pub fn all(lab: Lab) -> Vec<Trial> {
    let lab = Arc::new(Mutex::new(lab));
    let trial = |row: &'static Row| {
        let lab = Arc::clone(&lab);
        Trial::ignorable_test(row.0, move || {
            row.run(&mut lab.lock().unwrap_or_else(PoisonError::into_inner))
                .map_err(|error| Failed::from(format!("{error:#}")))
        })
    };
    ROWS.iter().map(trial).collect()
}

/// The same trials where no lab can run.
pub fn ignored(reason: &str) -> Vec<Trial> {
    let trial = |row: &Row, reason: String| Trial::ignorable_test(row.0, move || Ok(Completion::ignored_with(reason)));
    ROWS.iter().map(|row| trial(row, reason.to_owned())).collect()
}

impl Row {
    fn run(&self, lab: &mut Lab) -> Result<Completion> {
        let Self(_, fault, fails, warns) = self;
        if let Some(component) = fault.component().filter(|component| !lab.has(component)) {
            return Ok(Completion::ignored_with(format!("{component} not installed, see tests/lab/install")));
        }
        fault.make(lab)?;
        let seen = || Verdicts::ask(&[])?.are(fails, warns);
        let seen = if fault.is_slow() { question::until(seen) } else { seen() };
        fault.mend(lab)?;
        lab.settle()?;
        seen?;
        let well = || healthy(lab);
        if fault.is_slow() { question::until(well) } else { well() }?;
        Ok(Completion::Completed)
    }
}

/// Every component of both nodes was looked at, and nothing is wrong.
fn healthy(lab: &Lab) -> Result<()> {
    let verdicts = Verdicts::ask(&[])?;
    verdicts.are(&[], &[])?;
    let (passed, mut skipped) = (verdicts.ids(&["pass"]), verdicts.ids(&["skip"]));
    skipped.remove(ONCE);
    for component in COMPONENTS.iter().filter(|component| component.name != "nginx_exporter" && lab.has(component.name))
    {
        for node in ["infra-1", "infra-2"] {
            let of = format!("{node}/{}/", component.name);
            ensure!(passed.iter().any(|id| id.starts_with(&of)), "{of}: nothing passed");
            ensure!(!skipped.iter().any(|id| id.starts_with(&of)), "{of}: something was skipped");
        }
    }
    Ok(())
}
