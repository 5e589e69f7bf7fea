//! Empty on purpose: the comparison is in `tests`.
