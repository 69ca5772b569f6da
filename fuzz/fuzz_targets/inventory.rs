//! Reads any text as an inventory, and says what its nodes are: an error is an answer, a panic or a hang is a mistake.
//!
//! Begin with the inventories of the project, which are smaller than the fuzzer's limit once their comments are gone:
//!
//! ```sh
//! mkdir -p fuzz/corpus/inventory
//! for f in inventories/*.yml; do grep -v '^ *#' "$f" > "fuzz/corpus/inventory/${f##*/}"; done
//! cargo +nightly fuzz run inventory -- -timeout=1 -rss_limit_mb=256 -max_len=4096 -dict=fuzz/inventory.dict
//! ```

#![no_main]

use infra_verify::inventory::Inventory;
use infra_verify::pigsty;
use libfuzzer_sys::fuzz_target;

/// How many hosts are looked up in the text: a line is found by counting, which is done for what is shown and no more.
const EXCERPTS: usize = 100;

fuzz_target!(|text: &str| {
    let Ok(inventory) = Inventory::parse("pigsty.yml", text) else { return };
    for (at, host) in inventory.hosts_in("all").unwrap_or_default().into_iter().enumerate() {
        inventory.vars(host);
        inventory.groups_of(host);
        if at >= EXCERPTS {
            continue;
        }
        inventory.host_place(host).and_then(|place| inventory.line(&place).map(str::len));
    }
    let Ok(nodes) = pigsty::nodes(&inventory) else { return };
    for node in &nodes {
        node.vars.iter().for_each(|(name, _)| drop(node.lookup(name)));
    }
    pigsty::secrets(&inventory, &nodes);
});
