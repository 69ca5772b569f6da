//! What the estate is made of, and which faults can happen to what.

use clap::ValueEnum;

use super::Word;
use super::name;

/// One process of an INFRA node, or the node itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, ValueEnum)]
pub enum Component {
    /// The machine itself.
    Node,
    /// The web portal, plain and over TLS.
    Nginx,
    /// The exporter that speaks for Nginx.
    NginxExporter,
    /// Dashboards.
    Grafana,
    /// VictoriaMetrics.
    Vmetrics,
    /// VictoriaLogs.
    Vlogs,
    /// VictoriaTraces.
    Vtraces,
    /// Rules.
    Vmalert,
    /// Alerts.
    Alertmanager,
    /// Blackbox Exporter.
    Blackbox,
    /// Names.
    Dnsmasq,
    /// Time.
    Chronyd,
}

use Word::{Absent, Garbage, Leftover, Refuse, Restart, Silence, Slow, Wrong};

/// What can happen to every process.
const COMMON: [Word; 8] = [Refuse, Silence, Garbage, Slow, Wrong, Absent, Restart, Leftover];

impl Component {
    /// Its name as the faults write it.
    pub fn name(self) -> String {
        name(&self)
    }

    /// Everything that can be wrong with it.
    pub fn words(self) -> Vec<Word> {
        let common: &[Word] = match self {
            Self::Node => &[],
            // What Pigsty forgets of a component is its target, or its names; chronyd has neither.
            Self::Chronyd => &COMMON[..COMMON.len() - 1],
            _ => &COMMON,
        };
        common.iter().chain(self.own_words()).copied().collect()
    }

    fn own_words(self) -> &'static [Word] {
        use Word::{
            Blind, CutOff, Database, DatasourceError, Dead, Disk, Drifting, Far, Firewalled, Forgets, Forwarded,
            Interval, Keeps, Kiss, NoAlerts, NoAnonymous, NoConfig, NoDashboards, NoDatasource, NoDelete, NoGroup,
            NoHome, NoIcmp, NoLogs, NoMetrics, NoModule, NoNotifier, NoOrganisation, NoPeerDatasource, NoRules,
            NoSubpath, NoSyslog, NoWrites, NotifierError, Nxdomain, OldReference, OtherAddress, Password, QueryFailed,
            Readonly, Record, ReloadFailed, Retention, RuleError, Settling, ShuttingDown, StaleOutput, StaleRecord,
            TcpRefuse, UdpSilence, Unsynchronised, WrongClock, Young,
        };
        match self {
            Self::Node => &[Dead, Firewalled],
            Self::Nginx => &NGINX,
            Self::NginxExporter => &[Blind],
            Self::Grafana => &[
                NoMetrics,
                Database,
                Password,
                NoAnonymous,
                NoOrganisation,
                NoDatasource,
                NoPeerDatasource,
                DatasourceError,
                NoDashboards,
                NoHome,
                NoSubpath,
            ],
            Self::Vmetrics => &VMETRICS,
            Self::Vlogs => &[ShuttingDown, Readonly, QueryFailed, Retention, Disk, NoLogs, NoSyslog, NoWrites, Forgets],
            Self::Vtraces => &[ShuttingDown, Readonly, QueryFailed, Retention, Disk, NoWrites, Forgets],
            Self::Vmalert => &[
                ShuttingDown,
                ReloadFailed,
                NoRules,
                RuleError,
                StaleOutput,
                NoNotifier,
                NotifierError,
                Interval,
                NoGroup,
                Young,
            ],
            Self::Alertmanager => {
                &[ReloadFailed, NoConfig, OtherAddress, Settling, NoWrites, NoAlerts, Forgets, NoDelete, Keeps]
            }
            Self::Blackbox => &[ReloadFailed, NoIcmp, NoModule, CutOff],
            Self::Dnsmasq => &[UdpSilence, TcpRefuse, Record, StaleRecord, Forwarded, Nxdomain],
            Self::Chronyd => &[Unsynchronised, OldReference, Far, Kiss, WrongClock, Drifting],
        }
    }
}

const NGINX: [Word; 23] = [
    Word::Installing,
    Word::NoIndex,
    Word::NoStatus,
    Word::NoTls,
    Word::OtherSite,
    Word::Expired,
    Word::Expiring,
    Word::NotYetValid,
    Word::Enforce,
    Word::HomeAuth,
    Word::ForeignCa,
    Word::Uncovered,
    Word::OtherCa,
    Word::NoCa,
    Word::NoPortal,
    Word::BadGateway,
    Word::NoLocation,
    Word::NoAuth,
    Word::NoUpgrade,
    Word::StaleIndex,
    Word::NoRepo,
    Word::PlainPortal,
    Word::StalePortal,
];

const VMETRICS: [Word; 20] = [
    Word::NoWrites,
    Word::Forgets,
    Word::NoDelete,
    Word::Keeps,
    Word::ShuttingDown,
    Word::Readonly,
    Word::ReloadFailed,
    Word::Labels,
    Word::Duplicate,
    Word::Missing,
    Word::Stale,
    Word::Unscraped,
    Word::EmptyScrape,
    Word::ForeignSeries,
    Word::QueryFailed,
    Word::Young,
    Word::Retention,
    Word::ScrapeInterval,
    Word::NoJob,
    Word::Disk,
];
