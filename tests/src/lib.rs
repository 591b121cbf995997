//! Whole-product tests: see `tests/`.
