//! A pretend Pigsty estate on loopback addresses: what `infra-verify demo` verifies, and what the scenario tests break.
//!
//! It knows what the real components answer, healthy and broken, and nothing of what is asked of them: it never reads a
//! suite, a plan or an expectation, as a stage that builds itself from the script proves nothing. Every node has an
//! address of its own below 127/8, and every port is chosen by the system and told in the inventory.

use std::io;
use std::net::SocketAddrV4;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

mod answer;
mod datagram;
mod dns;
mod fault;
mod inventory;
mod layout;
mod memory;
mod ntp;
mod place;
mod portal;
mod stream;
mod tls;

pub use fault::{Component, Fault, FaultError, Word};

use layout::{Here, Node};
use place::{Place, Socket};
use tls::Authority;

/// The most nodes that an estate has: enough for every relation between two that a third only watches.
const NODES: u8 = 3;

/// How long a process that starts with the estate does not listen yet.
const STARTING: Duration = Duration::from_millis(1500);

/// A running estate; dropping it ends it.
pub struct Estate {
    nodes: Arc<[Node]>,
    /// Ports at which nobody answers, held so that nobody else will.
    held: Vec<socket2::Socket>,
    servers: JoinSet<()>,
}

/// Why an estate cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum SimError {
    /// There are too few or too many nodes.
    #[error("an estate has 1 to {NODES} nodes, not {0}")]
    Nodes(usize),
    /// A fault is on a node that the estate does not have.
    #[error("{fault}: the estate has {nodes} nodes, and none is infra-{}", fault.seq)]
    Node {
        /// The fault.
        fault: Fault,
        /// How many nodes there are.
        nodes: usize,
    },
    /// Two nodes are to be dead, and there is one address only that a dead node can have.
    #[error("{0}: one node can be dead, and another one is")]
    Dead(Fault),
    /// An address could not be taken.
    #[error("{0}: cannot be listened on: {1}")]
    Bind(SocketAddrV4, io::Error),
    /// An address was taken, and could not be used.
    #[error("a port that was taken cannot be listened on: {0}")]
    Listen(io::Error),
    /// The certificate could not be made.
    #[error("the portal's certificate cannot be made: {0}")]
    Certificate(#[from] rcgen::Error),
    /// The certificate's key could not be used.
    #[error("the portal's key cannot be used: {0}")]
    Key(String),
    /// The certificate could not be used.
    #[error("the portal cannot speak TLS: {0}")]
    Tls(#[from] rustls::Error),
}

impl SimError {
    /// Whether what was asked for cannot be, on any machine.
    pub fn is_mistake(&self) -> bool {
        matches!(self, Self::Nodes(_) | Self::Node { .. } | Self::Dead(_))
    }
}

impl Estate {
    /// Starts 1 to 3 nodes with these faults, on the runtime it is called from.
    #[expect(clippy::unused_async, reason = "its servers need a runtime, which a plain function would not ask for")]
    pub async fn start(nodes: usize, faults: &[Fault]) -> Result<Self, SimError> {
        let count = u8::try_from(nodes).ok().filter(|count| (1..=NODES).contains(count));
        let count = count.ok_or(SimError::Nodes(nodes))?;
        refuse_impossible(nodes, faults)?;
        let mut nodes: Vec<_> = (1..=count).map(|seq| Node::new(seq, faults)).collect();
        let authority = Authority::new(nodes[0].ip)?;
        let mut places = Vec::new();
        for (at, node) in nodes.iter_mut().enumerate() {
            node.authority = authority.offered_by(node);
            places.extend(place::take(node)?.into_iter().map(|place| (at, place)));
        }
        let mut estate = Self { nodes: nodes.into(), held: Vec::new(), servers: JoinSet::new() };
        for (at, place) in places {
            estate.open(at, place, &authority)?;
        }
        Ok(estate)
    }

    /// The inventory that describes the estate as it should be.
    pub fn inventory(&self) -> String {
        inventory::write(&self.nodes)
    }

    /// Serves at once, or when the process has started.
    fn open(&mut self, at: usize, place: Place, authority: &Authority) -> Result<(), SimError> {
        let here = Here { nodes: self.nodes.clone(), at, component: place.component };
        let starts = here.is(Word::Restart);
        match place.socket {
            Socket::Held(socket) => self.held.push(socket),
            Socket::Stream(socket, speech) => {
                let tongue = speech.tongue(here.node(), authority)?;
                let serve = |listener| stream::serve(listener, tongue, here);
                self.serve(socket, starts, place::listen, serve)?;
            }
            Socket::Datagram(socket) => {
                self.serve(socket, starts, place::hear, |socket| datagram::serve(socket, here))?;
            }
        }
        Ok(())
    }

    fn serve<S, F>(
        &mut self,
        socket: socket2::Socket,
        starts: bool,
        open: fn(socket2::Socket) -> io::Result<S>,
        serve: impl FnOnce(S) -> F + Send + 'static,
    ) -> Result<(), SimError>
    where
        S: Send + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        if starts {
            self.servers.spawn(async move {
                tokio::time::sleep(STARTING).await;
                if let Ok(socket) = open(socket) {
                    serve(socket).await;
                }
            });
        } else {
            self.servers.spawn(serve(open(socket).map_err(SimError::Listen)?));
        }
        Ok(())
    }
}

fn refuse_impossible(nodes: usize, faults: &[Fault]) -> Result<(), SimError> {
    let outside = |fault: &&Fault| fault.seq == 0 || usize::from(fault.seq) > nodes;
    if let Some(fault) = faults.iter().find(outside) {
        return Err(SimError::Node { fault: *fault, nodes });
    }
    let mut dead = faults.iter().filter(|fault| fault.word == Word::Dead);
    let first = dead.next();
    match dead.find(|fault| first.is_some_and(|first| first.seq != fault.seq)) {
        Some(second) => Err(SimError::Dead(*second)),
        None => Ok(()),
    }
}

/// Bytes of no meaning in any protocol here, always the same ones.
fn noise() -> Vec<u8> {
    // A linear congruential generator of 64 bits with Knuth's constants; its upper byte looks random enough.
    let step =
        |state: &u64| Some(state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407));
    std::iter::successors(Some(0x7069_6773_7479), step).skip(1).take(61).map(|state| state.to_be_bytes()[0]).collect()
}

#[cfg(test)]
mod tests;
