//! Verifies that the INFRA nodes of a Pigsty deployment are what its inventory says.
//!
//! ```text
//! inventory ──┐
//!             ├─► plan ─► run ─► report
//! suites ─────┘      (a probe measures, expect judges)
//! ```
//!
//! Beside it stands one probe by hand, `infra-verify probe`: a module of blackbox_exporter (`module`) judges by itself, as the
//! exporter would (`probe::blackbox`).
//!
//! The modules below stand in the order of the ladder: each may import only what stands before it.
//! What always holds, and what keeps it so:
//!
//! 1. Imports follow the ladder; only `probe` and `sim` open sockets; only `report` and `cli` print
//!    (`tests/architecture.rs`).
//! 2. A probe measures and never judges; an expectation judges and never measures (the ladder: neither imports the other).
//! 3. Every planned check appears exactly once in every report, in plan order (`tests/run.rs`).
//! 4. One function makes a verdict of an answer ([`check::judge`]), one other the exit code ([`report::Report::exit_code`]);
//!    what the outcomes say of one another, such as that a node is dead, is `run`'s to add.
//! 5. No suite reaches the network with an unresolved variable, an unknown fact or an empty expectation (`tests/mistakes.rs`).
//! 6. Secrets are a type without `Display`, and every string is scrubbed by value where a report is made
//!    ([`value::Secrets`]).
//! 7. Everything has a limit, as a named constant with its reason.

pub mod value;

pub mod probe;

pub mod expect;

pub mod check;

pub mod inventory;

pub mod pigsty;

pub mod lint;

pub mod module;

pub mod suite;

pub mod plan;

pub mod run;

pub mod report;

pub mod sim;

pub mod cli;
