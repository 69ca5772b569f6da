//! Reads any text as an inventory, and plans what it means: an error is an answer, a panic or a hang is a mistake.
//!
//! Begin with the inventories of the project, which are smaller than the fuzzer's limit once their comments are gone:
//!
//! ```sh
//! mkdir -p fuzz/corpus/inventory
//! for f in inventories/*.yml; do grep -v '^ *#' "$f" > "fuzz/corpus/inventory/${f##*/}"; done
//! cargo +nightly fuzz run inventory -- -timeout=1 -rss_limit_mb=256 -max_len=4096 -dict=fuzz/inventory.dict
//! ```

#![no_main]

use std::sync::LazyLock;

use infra_verify::inventory::Inventory;
use infra_verify::plan::Plan;
use infra_verify::suite::Suites;
use libfuzzer_sys::fuzz_target;

static SUITES: LazyLock<Suites> = LazyLock::new(|| Suites::embedded().expect("the embedded suites are read by a test"));

fuzz_target!(|text: &str| {
    let Ok(inventory) = Inventory::parse("pigsty.yml", text) else { return };
    for host in inventory.hosts_in("all").unwrap_or_default() {
        inventory.vars(host);
        inventory.groups_of(host);
        inventory.host_place(host).and_then(|place| inventory.line(&place).map(str::len));
    }
    drop(Plan::new(&inventory, &SUITES));
});
