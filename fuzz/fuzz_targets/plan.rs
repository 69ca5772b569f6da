//! Plans what any inventory means, which takes a thousand times as long as reading it: give it the corpus that reading has found.
//!
//! ```sh
//! cargo +nightly fuzz run plan fuzz/corpus/inventory -- -timeout=10 -rss_limit_mb=1024 -max_len=4096 -dict=fuzz/inventory.dict
//! ```

#![no_main]

use std::sync::LazyLock;

use infra_verify::inventory::Inventory;
use infra_verify::plan::Plan;
use infra_verify::suite::Suites;
use libfuzzer_sys::fuzz_target;

static SUITES: LazyLock<Suites> = LazyLock::new(|| Suites::embedded().expect("the embedded suites are read by a test"));

fuzz_target!(|text: &str| {
    if let Ok(inventory) = Inventory::parse("pigsty.yml", text) {
        drop(Plan::new(&inventory, &SUITES));
    }
});
