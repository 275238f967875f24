//! Nothing: this package is its benchmark, `benches/evaluate.rs`.
