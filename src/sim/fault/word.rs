//! What can be wrong in the estate, one word each.

use clap::ValueEnum;

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
    /// It reaches no other node.
    CutOff,
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
    /// It runs, but was turned off in the inventory later: nobody scrapes it, and nothing points to it any more.
    Leftover,
    /// It starts when the estate does: nothing listens for the first second and a half, then all is well.
    Restart,
    /// A firewall drops what comes from outside of the estate and is not for Nginx; the nodes reach each other.
    Firewalled,
    /// The portal's entries send whoever asks without TLS to the same address with it.
    Enforce,
    /// The home page and what is proxied below it ask for a login.
    HomeAuth,
    /// Its certificate is signed by an authority that is not the estate's.
    ForeignCa,
    /// Its certificate was made before the portal had entries: it has the home page's name and localhost only.
    Uncovered,
    /// The authority that it offers is another one than that which signed its certificate.
    OtherCa,
    /// It offers no certificate of an authority.
    NoCa,
    /// The portal's entries were not rendered, so that their names end at the home page.
    NoPortal,
    /// It may not connect to anything: whatever it proxies ends in 502.
    BadGateway,
    /// The home page's own locations were not rendered: what should be proxied below it is not found.
    NoLocation,
    /// The portal's entry that should ask for a login is open.
    NoAuth,
    /// It proxies, and does not hand on that a client wants another protocol.
    NoUpgrade,
    /// Its home page was made when the last node had another number.
    StaleIndex,
    /// The local repository was not completed.
    NoRepo,
    /// The entries of the portal listen on the plain port alone.
    PlainPortal,
    /// The entry of VictoriaMetrics was rendered when it led to VictoriaLogs.
    StalePortal,
    /// One group of rules was lost.
    NoGroup,
    /// It refuses what is written to it, though its storage is well.
    NoWrites,
    /// It refuses alerts, and takes silences.
    NoAlerts,
    /// It takes what is written to it, and never shows it.
    Forgets,
    /// It refuses to delete anything.
    NoDelete,
    /// It says that it deleted something, and still has it.
    Keeps,
    /// It lets nobody read without a login.
    NoAnonymous,
    /// Its organisation was never renamed, so that anonymous readers have none.
    NoOrganisation,
    /// The datasource of its own node's metrics is missing.
    NoDatasource,
    /// The datasources of the last node are missing.
    NoPeerDatasource,
    /// The datasource of its own node's metrics points to a port where nothing listens.
    DatasourceError,
    /// It has no dashboards; its home page is then its own too.
    NoDashboards,
    /// Its home page is the one that it comes with.
    NoHome,
    /// It is served at the root and not below /ui/.
    NoSubpath,
    /// It keeps its data for another time than the inventory says.
    Retention,
    /// It scrapes every minute.
    ScrapeInterval,
    /// The job of the nodes is missing in its configuration.
    NoJob,
    /// Its disk is almost full: half a gigabyte of a hundred is left, and it writes still.
    Disk,
    /// No line of any Nginx arrives.
    NoLogs,
    /// No line of any system journal arrives.
    NoSyslog,
    /// Some of its rules end in an error.
    RuleError,
    /// It evaluates its rules, and what comes of them is not stored.
    StaleOutput,
    /// It sends its alerts to a port that is not Alertmanager's.
    NoNotifier,
    /// The last alert that it sent was refused.
    NotifierError,
    /// It evaluates its rules every minute.
    Interval,
    /// It advertises another machine's address.
    OtherAddress,
    /// It waits for its cluster to settle.
    Settling,
    /// The module that connects over TCP is missing in its configuration.
    NoModule,
    /// Its clock is five seconds ahead.
    WrongClock,
    /// Its clock is some tenths of a second ahead.
    Drifting,
}
