//! What can go wrong on infra-2, and how it is put right again.

use super::stage::Lab;
use anyhow::Result;

/// The node that faults happen to.
pub const NODE: &str = "infra-2";

/// Something that is wrong with the lab.
#[derive(Clone, Copy)]
pub enum Fault {
    None,
    /// A component is dead.
    Stopped(&'static str),
    /// A component accepts connections, as the kernel does that for it, but answers nothing.
    Frozen(&'static str),
    /// The node is off the network.
    CutOff,
    /// A firewall drops ping, and the node is well.
    Mute,
    /// A component's file says something else.
    Edited {
        component: &'static str,
        path: &'static str,
        from: &'static str,
        to: &'static str,
        then: Then,
    },
    /// The portal's certificate is valid from and until so many days from now.
    Certified(i64, i64),
}

/// How a component learns of an edited file.
#[derive(Clone, Copy)]
pub enum Then {
    /// It looks by itself, within seconds.
    Wait,
    Reload,
    Restart,
}

impl Fault {
    /// The component that it happens to, if it is one.
    pub fn component(self) -> Option<&'static str> {
        match self {
            Self::Stopped(component) | Self::Frozen(component) | Self::Edited { component, .. } => Some(component),
            Self::Certified(..) => Some("nginx"),
            Self::None | Self::CutOff | Self::Mute => None,
        }
    }

    /// Whether it takes a while until the fault can be seen.
    pub fn is_slow(self) -> bool {
        matches!(self, Self::Edited { .. } | Self::Certified(..))
    }

    /// Makes it happen.
    pub fn make(self, lab: &mut Lab) -> Result<()> {
        match self {
            Self::None => Ok(()),
            Self::Stopped(component) => lab.stop(NODE, component),
            Self::Frozen(component) => lab.freeze(NODE, component),
            Self::CutOff => lab.cut(NODE),
            Self::Mute => lab.drop_ping(NODE, true),
            Self::Edited { component, path, from, to, then } => {
                lab.edit(NODE, path, from, to)?;
                then.happen(lab, component)
            }
            Self::Certified(from, until) => {
                lab.certify(NODE, from, until)?;
                lab.reload(NODE, "nginx")
            }
        }
    }

    /// Puts it right again.
    pub fn mend(self, lab: &mut Lab) -> Result<()> {
        match self {
            Self::None => Ok(()),
            Self::Stopped(component) => lab.start(NODE, component),
            Self::Frozen(component) => lab.thaw(NODE, component),
            Self::CutOff => lab.mend(NODE),
            Self::Mute => lab.drop_ping(NODE, false),
            Self::Edited { component, path, from, to, then } => {
                lab.edit(NODE, path, to, from)?;
                then.happen(lab, component)
            }
            Self::Certified(..) => {
                lab.certify(NODE, -1, 397)?;
                lab.reload(NODE, "nginx")
            }
        }
    }
}

impl Then {
    fn happen(self, lab: &mut Lab, component: &str) -> Result<()> {
        match self {
            Self::Wait => Ok(()),
            Self::Reload => lab.reload(NODE, component),
            Self::Restart => {
                lab.stop(NODE, component)?;
                lab.start(NODE, component)
            }
        }
    }
}
