//! Faults that the estate can be given, written `grafana@infra-2=refuse`.
//!
//! A fault says what is broken, never what a check should make of it.

use std::fmt;
use std::str::FromStr;

use clap::ValueEnum;

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

/// What is wrong with a component.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, ValueEnum)]
pub enum Word {
    /// Nothing listens.
    Refuse,
    /// Connections are accepted and never answered.
    Silence,
    /// Noise comes back.
    Garbage,
    /// The right answer comes, much later than anybody waits.
    Slow,
    /// Another product answers in its place.
    Wrong,
    /// It was never installed: nothing listens, and nobody scrapes it.
    Absent,
    /// The machine cannot be reached at all.
    Dead,
    /// The temporary web server of an unfinished installation answers.
    Installing,
    /// The home page was not made.
    NoIndex,
    /// The status page that the exporter reads is not configured.
    NoStatus,
    /// Nothing listens for TLS.
    NoTls,
    /// Another site answers over TLS.
    OtherSite,
    /// The certificate ended yesterday.
    Expired,
    /// The certificate ends within days.
    Expiring,
    /// The certificate begins tomorrow.
    NotYetValid,
    /// It cannot reach the server that it speaks for.
    Blind,
    /// Its metrics are switched off.
    NoMetrics,
    /// Its database does not answer.
    Database,
    /// The administrator's password is another one.
    Password,
    /// It starts again and again, and is never up for long.
    Young,
    /// It waits for its end, and says so.
    ShuttingDown,
    /// Its disk is full, so its storage takes nothing more.
    Readonly,
    /// It refused its last configuration and runs the one before.
    ReloadFailed,
    /// The last node's targets carry the number that the node had before.
    Labels,
    /// The last node's targets are registered under its old number too.
    Duplicate,
    /// The last node's targets were never registered here.
    Missing,
    /// The targets of a node that was taken away are still registered.
    Stale,
    /// Something drops what it sends to the last node's Grafana.
    Unscraped,
    /// Something answers it with an empty page in the place of the last node's Grafana.
    EmptyScrape,
    /// Another system writes series of the same job.
    ForeignSeries,
    /// Queries end in an error.
    QueryFailed,
    /// The rules of INFRA are not among those it loaded.
    NoRules,
    /// It shows no configuration.
    NoConfig,
    /// It may not send ICMP.
    NoIcmp,
    /// Nothing comes back over UDP.
    UdpSilence,
    /// Nothing listens on TCP.
    TcpRefuse,
    /// Its records have the address of another machine.
    Record,
    /// Its records have an old address beside the new one.
    StaleRecord,
    /// It has no records and hands on what another resolver says.
    Forwarded,
    /// It says that the names do not exist.
    Nxdomain,
    /// It never found a source.
    Unsynchronised,
    /// It lost its sources a day ago.
    OldReference,
    /// Its sources are so far that its time means little.
    Far,
    /// It asks to be left alone.
    Kiss,
}

use Word::{Absent, Garbage, Refuse, Silence, Slow, Wrong};

/// What can happen to every process.
const COMMON: [Word; 6] = [Refuse, Silence, Garbage, Slow, Wrong, Absent];

impl Component {
    /// Its name as the faults write it.
    pub fn name(self) -> String {
        name(&self)
    }

    /// Everything that can be wrong with it.
    pub fn words(self) -> Vec<Word> {
        match self {
            Self::Node => vec![Word::Dead],
            process => COMMON.into_iter().chain(process.own_words().iter().copied()).collect(),
        }
    }

    fn own_words(self) -> &'static [Word] {
        use Word::{
            Blind, Database, Duplicate, EmptyScrape, Expired, Expiring, Far, ForeignSeries, Forwarded, Installing,
            Kiss, Labels, Missing, NoConfig, NoIcmp, NoIndex, NoMetrics, NoRules, NoStatus, NoTls, NotYetValid,
            Nxdomain, OldReference, OtherSite, Password, QueryFailed, Readonly, Record, ReloadFailed, ShuttingDown,
            Stale, StaleRecord, TcpRefuse, UdpSilence, Unscraped, Unsynchronised, Young,
        };
        match self {
            Self::Node => &[],
            Self::Nginx => &[Installing, NoIndex, NoStatus, NoTls, OtherSite, Expired, Expiring, NotYetValid],
            Self::NginxExporter => &[Blind],
            Self::Grafana => &[NoMetrics, Database, Password],
            Self::Vmetrics => &[
                ShuttingDown,
                Readonly,
                ReloadFailed,
                Labels,
                Duplicate,
                Missing,
                Stale,
                Unscraped,
                EmptyScrape,
                ForeignSeries,
                QueryFailed,
                Young,
            ],
            Self::Vlogs | Self::Vtraces => &[ShuttingDown, Readonly, QueryFailed],
            Self::Vmalert => &[ShuttingDown, ReloadFailed, NoRules],
            Self::Alertmanager => &[ReloadFailed, NoConfig],
            Self::Blackbox => &[ReloadFailed, NoIcmp],
            Self::Dnsmasq => &[UdpSilence, TcpRefuse, Record, StaleRecord, Forwarded, Nxdomain],
            Self::Chronyd => &[Unsynchronised, OldReference, Far, Kiss],
        }
    }
}

/// One thing that is broken on one node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fault {
    /// What is broken.
    pub component: Component,
    /// The node's `infra_seq`.
    pub seq: u8,
    /// How it is broken.
    pub word: Word,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@infra-{}={}", name(&self.component), self.seq, name(&self.word))
    }
}

/// Why a text is no fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FaultError {
    /// It has not the form of one.
    #[error("{0}: a fault is written component@infra-N=word, as in grafana@infra-2=refuse")]
    Form(String),
    /// No component is called so.
    #[error("{fault}: there is no component `{given}`{meant}; there are {known}")]
    Component {
        /// The whole text.
        fault: String,
        /// What stands where a component should.
        given: String,
        /// The nearest name, if one is near.
        meant: String,
        /// Every name.
        known: String,
    },
    /// The component cannot be broken in that way.
    #[error("{fault}: `{given}` is nothing that can happen to {component}{meant}; it can be {known}")]
    Word {
        /// The whole text.
        fault: String,
        /// What stands where a word should.
        given: String,
        /// The component.
        component: String,
        /// The nearest word, if one is near.
        meant: String,
        /// Every word of the component.
        known: String,
    },
}

impl FromStr for Fault {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, FaultError> {
        let form = || FaultError::Form(text.to_owned());
        let (component, rest) = text.split_once('@').ok_or_else(form)?;
        let (node, word) = rest.split_once('=').ok_or_else(form)?;
        let seq = node.strip_prefix("infra-").and_then(|seq| seq.parse().ok()).ok_or_else(form)?;
        let component = find(Component::value_variants(), component).ok_or_else(|| FaultError::Component {
            fault: text.to_owned(),
            given: component.to_owned(),
            meant: meant(Component::value_variants(), component),
            known: list(Component::value_variants()),
        })?;
        let words = component.words();
        let word = find(&words, word).ok_or_else(|| FaultError::Word {
            fault: text.to_owned(),
            given: word.to_owned(),
            component: component.name(),
            meant: meant(&words, word),
            known: list(&words),
        })?;
        Ok(Self { component, seq, word })
    }
}

/// How alike two words must be for one to be suggested for the other: less suggests nonsense.
const ALIKE: f64 = 0.7;

fn name(value: &impl ValueEnum) -> String {
    value.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

fn find<T: ValueEnum + Copy>(among: &[T], text: &str) -> Option<T> {
    among.iter().copied().find(|value| name(value) == text)
}

fn meant<T: ValueEnum>(among: &[T], text: &str) -> String {
    let near = among.iter().map(name).map(|known| (strsim::jaro_winkler(&known, text), known));
    let nearest = near.filter(|(alike, _)| *alike > ALIKE).max_by(|(one, _), (other, _)| one.total_cmp(other));
    nearest.map(|(_, known)| format!(", did you mean `{known}`?")).unwrap_or_default()
}

fn list<T: ValueEnum>(among: &[T]) -> String {
    among.iter().map(name).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_reads_back_as_it_is_written() {
        for component in Component::value_variants() {
            for word in component.words() {
                let fault = Fault { component: *component, seq: 2, word };
                assert_eq!(fault.to_string().parse(), Ok(fault));
            }
        }
    }

    #[test]
    fn a_mistaken_fault_says_what_was_meant() {
        let error = |text: &str| text.parse::<Fault>().unwrap_err().to_string();
        assert!(error("graphana@infra-2=refuse").contains("no component `graphana`, did you mean `grafana`?"));
        assert!(error("grafana@infra-2=refused").contains("happen to grafana, did you mean `refuse`?"));
        assert!(error("grafana@infra-2=kiss").contains("it can be refuse, silence"));
        assert!(error("grafana=refuse").contains("component@infra-N=word"));
        assert!(error("grafana@node-2=refuse").contains("component@infra-N=word"));
    }

    #[test]
    fn every_word_can_happen_to_something() {
        for word in Word::value_variants() {
            assert!(Component::value_variants().iter().any(|component| component.words().contains(word)), "{word:?}");
        }
    }
}
