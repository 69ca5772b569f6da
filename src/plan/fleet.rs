//! What a check has to do with the same check on other nodes.

use std::collections::HashMap;
use std::sync::Arc;

use super::Planned;
use crate::check::CheckId;

/// Tells every check that is asked in turn which ones come before it: the same one on the nodes before its own.
pub(super) fn relate(checks: &mut [Planned]) {
    let mut same: HashMap<(Arc<str>, Arc<str>), Vec<CheckId>> = HashMap::new();
    for planned in checks {
        let Planned::Check(check) = planned else { continue };
        let earlier = same.entry((check.id.component.clone(), check.id.check.clone())).or_default();
        if check.in_turn {
            check.after.clone_from(earlier);
        }
        earlier.push(check.id.clone());
    }
}
