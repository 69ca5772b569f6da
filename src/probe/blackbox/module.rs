//! What a module says, by the names of blackbox_exporter's own file, with its defaults; it reads no file and asks nothing.

use std::path::PathBuf;
use std::time::Duration;

use super::Pattern;
use crate::value::Secret;

/// One module.
#[derive(Clone, Debug)]
pub struct Module {
    /// Its name in the file.
    pub name: String,
    /// The longest that a probe may take.
    pub timeout: Option<Duration>,
    /// What is asked, and how it is judged.
    pub prober: Prober,
}

impl Module {
    /// Why the name of a target cannot be given from outside: the module has another one for the Host header.
    pub fn contradicts(&self, hostname: &str) -> Option<String> {
        let Prober::Http(module) = &self.prober else { return None };
        let mut hosts = module.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("Host"));
        let other = hosts.find(|(_, value)| value.expose() != hostname)?;
        Some(format!("the module `{}` has the header Host: {} already", self.name, other.1.expose()))
    }
}

/// The protocol of a module, with its section.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "there are a handful of modules in a run")]
pub enum Prober {
    /// `prober: http`
    Http(HttpModule),
    /// `prober: tcp`
    Tcp(TcpModule),
    /// `prober: icmp`
    Icmp(IcmpModule),
    /// `prober: dns`
    Dns(DnsModule),
}

/// Which of a name's addresses is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Family {
    /// `preferred_ip_protocol`: empty and `ip6` prefer IPv6, all else IPv4.
    pub v6: bool,
    /// `ip_protocol_fallback`
    pub fallback: bool,
}

impl Default for Family {
    fn default() -> Self {
        Self { v6: true, fallback: true }
    }
}

/// The section `http`.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "these are the exporter's own fields")]
#[expect(missing_docs, reason = "each is named as in the module's file, whose reference says what it means")]
pub struct HttpModule {
    pub family: Family,
    pub skip_resolve_phase_with_proxy: bool,
    pub valid_status_codes: Vec<i64>,
    pub valid_http_versions: Vec<String>,
    /// `no_follow_redirects` is put in already.
    pub follow_redirects: bool,
    pub fail_if_ssl: bool,
    pub fail_if_not_ssl: bool,
    pub method: String,
    /// In the order of the file, by the names as written there.
    pub headers: Vec<(String, Secret)>,
    /// `http_headers`: every value, and the files that hold more of them.
    pub http_headers: Vec<HeaderValues>,
    pub fail_if_body_matches_regexp: Vec<Pattern>,
    pub fail_if_body_not_matches_regexp: Vec<Pattern>,
    pub fail_if_body_json_matches_cel: Option<String>,
    pub fail_if_body_json_not_matches_cel: Option<String>,
    pub fail_if_header_matches: Vec<HeaderRule>,
    pub fail_if_header_not_matches: Vec<HeaderRule>,
    pub body: Option<Body>,
    pub compression: String,
    /// In bytes; none is no limit of the module's own.
    pub body_size_limit: Option<u64>,
    pub enable_http2: bool,
    pub login: Option<Login>,
    pub tls: TlsModule,
    pub proxy: Proxy,
}

impl Default for HttpModule {
    fn default() -> Self {
        Self {
            family: Family::default(),
            skip_resolve_phase_with_proxy: false,
            valid_status_codes: Vec::new(),
            valid_http_versions: Vec::new(),
            follow_redirects: true,
            fail_if_ssl: false,
            fail_if_not_ssl: false,
            method: "GET".to_owned(),
            headers: Vec::new(),
            http_headers: Vec::new(),
            fail_if_body_matches_regexp: Vec::new(),
            fail_if_body_not_matches_regexp: Vec::new(),
            fail_if_body_json_matches_cel: None,
            fail_if_body_json_not_matches_cel: None,
            fail_if_header_matches: Vec::new(),
            fail_if_header_not_matches: Vec::new(),
            body: None,
            compression: String::new(),
            body_size_limit: None,
            enable_http2: true,
            login: None,
            tls: TlsModule::default(),
            proxy: Proxy::default(),
        }
    }
}

/// A header of `http_headers` with all that is added under its name.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "as in the module's file")]
pub struct HeaderValues {
    pub name: String,
    /// `values`, then `secrets`.
    pub values: Vec<Secret>,
    pub files: Vec<PathBuf>,
}

/// A rule of `fail_if_header_matches` or `fail_if_header_not_matches`.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "as in the module's file")]
pub struct HeaderRule {
    pub header: String,
    pub regexp: Pattern,
    pub allow_missing: bool,
}

/// What is sent behind a request's headers.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// `body`
    Text(Vec<u8>),
    /// `body_file`, read when it is sent.
    File(PathBuf),
}

/// A text that stands in the module, or in a file that is read when it is needed.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// In the module.
    Text(Secret),
    /// In a file.
    File(PathBuf),
    /// Of a secret manager by its name, of which the exporter has none: every probe fails.
    Reference(String),
}

/// How a request says who asks.
#[derive(Clone, Debug, PartialEq)]
pub enum Login {
    /// `basic_auth`
    Basic {
        /// `username`, if there is one.
        username: Option<Source>,
        /// `password`, if there is one.
        password: Option<Source>,
    },
    /// `authorization`, `bearer_token`
    Authorization {
        /// `Bearer`, unless something else is said.
        kind: String,
        /// What follows the type.
        credentials: Option<Source>,
    },
}

/// How a request passes a proxy.
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(missing_docs, reason = "as in the module's file")]
pub struct Proxy {
    pub proxy_url: Option<Secret>,
    pub no_proxy: String,
    pub proxy_from_environment: bool,
    pub proxy_connect_header: Vec<HeaderValues>,
}

/// The section `tcp`.
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(missing_docs, reason = "as in the module's file")]
pub struct TcpModule {
    pub family: Family,
    pub source_ip_address: String,
    pub query_response: Vec<Step>,
    /// Whether TLS begins with the connection.
    pub tls: bool,
    pub tls_config: TlsModule,
}

/// One step of `query_response`.
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(missing_docs, reason = "as in the module's file")]
pub struct Step {
    pub expect: Option<Pattern>,
    /// The labels of `probe_expect_info`, by name.
    pub labels: Vec<(String, String)>,
    pub expect_bytes: Vec<u8>,
    pub send: Vec<u8>,
    pub starttls: bool,
}

/// The section `icmp`.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "as in the module's file")]
pub struct IcmpModule {
    pub family: Family,
    pub source_ip_address: String,
    /// 0 is the exporter's own text of 28 bytes.
    pub payload_size: usize,
    pub dont_fragment: bool,
    /// 0 leaves it to the kernel.
    pub ttl: u8,
}

impl Default for IcmpModule {
    fn default() -> Self {
        Self {
            family: Family::default(),
            source_ip_address: String::new(),
            payload_size: 0,
            dont_fragment: false,
            ttl: 64,
        }
    }
}

/// The section `dns`.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "as in the module's file")]
pub struct DnsModule {
    pub family: Family,
    pub dns_over_tls: bool,
    pub tls_config: TlsModule,
    pub source_ip_address: String,
    /// `udp`, `tcp`, or what makes every probe fail.
    pub transport_protocol: String,
    /// By the number of its class.
    pub query_class: u16,
    pub query_name: String,
    /// By the number of its type.
    pub query_type: u16,
    pub recursion_desired: bool,
    /// None is NOERROR alone; an empty list is none at all.
    pub valid_rcodes: Option<Vec<String>>,
    pub validate_answer_rrs: RecordRules,
    pub validate_authority_rrs: RecordRules,
    pub validate_additional_rrs: RecordRules,
}

impl Default for DnsModule {
    fn default() -> Self {
        Self {
            family: Family::default(),
            dns_over_tls: false,
            tls_config: TlsModule::default(),
            source_ip_address: String::new(),
            transport_protocol: "udp".to_owned(),
            query_class: 1,
            query_name: String::new(),
            query_type: 255,
            recursion_desired: true,
            valid_rcodes: None,
            validate_answer_rrs: RecordRules::default(),
            validate_authority_rrs: RecordRules::default(),
            validate_additional_rrs: RecordRules::default(),
        }
    }
}

/// The rules for one section of a DNS answer; the exporter compiles them when there is a record to hold against them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "as in the module's file")]
pub struct RecordRules {
    pub fail_if_matches_regexp: Vec<String>,
    pub fail_if_all_match_regexp: Vec<String>,
    pub fail_if_not_matches_regexp: Vec<String>,
    pub fail_if_none_matches_regexp: Vec<String>,
}

/// The section `tls_config`.
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(missing_docs, reason = "as in the module's file")]
pub struct TlsModule {
    pub insecure_skip_verify: bool,
    pub ca: Option<Source>,
    pub cert: Option<Source>,
    pub key: Option<Source>,
    pub server_name: String,
    pub min_version: Option<TlsVersion>,
    pub max_version: Option<TlsVersion>,
}

/// A version of TLS, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names say it")]
pub enum TlsVersion {
    Tls10,
    Tls11,
    Tls12,
    Tls13,
}
