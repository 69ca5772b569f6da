//! What stands where in the estate, and what is broken: the one thing that all its servers know.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::sync::Arc;

use super::fault::{Component, Fault, Word};
use super::memory::Memory;

/// A port of a component, known by the variable that sets it in an inventory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Port {
    pub(super) component: Component,
    pub(super) variable: &'static str,
    /// What the inventory says, and whoever is not of the estate finds.
    pub(super) number: u16,
    /// What the estate itself finds, behind a firewall too.
    pub(super) inside: u16,
}

/// One node of the estate.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) seq: u8,
    pub(super) ip: Ipv4Addr,
    pub(super) ports: Vec<Port>,
    pub(super) faults: Vec<(Component, Word)>,
    /// The certificate of the authority that its portal offers, as PEM.
    pub(super) authority: String,
    /// What was written to its components.
    pub(super) memory: Memory,
}

impl Node {
    /// A node with what is broken on it, and no ports yet.
    pub(super) fn new(seq: u8, faults: &[Fault]) -> Self {
        let own = faults.iter().filter(|fault| fault.seq == seq);
        let faults: Vec<_> = own.map(|fault| (fault.component, fault.word)).collect();
        let dead = faults.contains(&(Component::Node, Word::Dead));
        // Linux sends nothing to the broadcast address of the loopback network: the nearest thing to a dead host.
        let ip = if dead { Ipv4Addr::new(127, 255, 255, 255) } else { Ipv4Addr::new(127, 0, 0, seq) };
        Self { seq, ip, ports: Vec::new(), faults, authority: String::new(), memory: Memory::default() }
    }

    pub(super) fn has(&self, component: Component, word: Word) -> bool {
        self.faults.contains(&(component, word))
    }

    pub(super) fn is_dead(&self) -> bool {
        self.has(Component::Node, Word::Dead)
    }

    /// The first of these that happened to the component.
    pub(super) fn first(&self, component: Component, words: &[Word]) -> Option<Word> {
        words.iter().copied().find(|word| self.has(component, *word))
    }

    /// Whether the component does its work, as far as what can happen to every process says.
    pub(super) fn works(&self, component: Component) -> bool {
        use Word::{Absent, Garbage, Refuse, Silence, Slow, Wrong};
        !self.is_dead() && self.first(component, &[Refuse, Silence, Garbage, Slow, Wrong, Absent]).is_none()
    }

    /// Where the inventory says that it listens.
    pub(super) fn address(&self, variable: &str) -> SocketAddrV4 {
        SocketAddrV4::new(self.ip, self.port(variable).map_or(0, |port| port.number))
    }

    /// Where the estate itself reaches it.
    pub(super) fn inside(&self, variable: &str) -> SocketAddrV4 {
        SocketAddrV4::new(self.ip, self.port(variable).map_or(0, |port| port.inside))
    }

    fn port(&self, variable: &str) -> Option<&Port> {
        self.ports.iter().find(|port| port.variable == variable)
    }
}

/// A component of a node, from where it sees the whole estate.
#[derive(Clone, Debug)]
pub(super) struct Here {
    pub(super) nodes: Arc<[Node]>,
    pub(super) at: usize,
    pub(super) component: Component,
}

impl Here {
    pub(super) fn node(&self) -> &Node {
        &self.nodes[self.at]
    }

    /// Whether this happened to the component.
    pub(super) fn is(&self, word: Word) -> bool {
        self.node().has(self.component, word)
    }

    /// The admin node, which the records and the portal of the estate name.
    pub(super) fn admin(&self) -> &Node {
        &self.nodes[0]
    }

    /// The node that was added last.
    pub(super) fn last(&self) -> &Node {
        &self.nodes[self.nodes.len() - 1]
    }
}
