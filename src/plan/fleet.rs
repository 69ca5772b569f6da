//! What a check has to do with the same check on other nodes.

use std::collections::HashMap;
use std::sync::Arc;

use super::Planned;
use crate::check::CheckId;

/// Tells every check that is asked in turn which ones come before it, and every one that is compared which ones with.
pub(super) fn relate(checks: &mut [Planned]) {
    let name = |id: &CheckId| (id.component.clone(), id.check.clone());
    let mut same: HashMap<(Arc<str>, Arc<str>), Vec<CheckId>> = HashMap::new();
    for planned in checks.iter() {
        if let Planned::Check(check) = planned {
            same.entry(name(&check.id)).or_default().push(check.id.clone());
        }
    }
    for planned in checks {
        let Planned::Check(check) = planned else { continue };
        let Some(all) = same.get(&name(&check.id)) else { continue };
        if check.in_turn {
            check.after = all.iter().take_while(|id| **id != check.id).cloned().collect();
        }
        if check.compares() {
            check.peers = all.iter().filter(|id| **id != check.id).cloned().collect();
        }
    }
}
