//! pigsty
