//! The bounds of the audit; the bounds of the protocol are in [`crate::limits`].

/// Rows the audit holds at a time while it looks up their counterparts. The largest rows that come in such numbers
/// are outputs of 34 + 114 bytes with two keys of 73 bytes: about 0.5 MiB with the allocations around them.
pub const AUDIT_BATCH_ROWS: usize = 1024;

/// Problems an audit reports one by one; the rest is counted only. A problem takes about 100 bytes.
pub const AUDIT_PROBLEMS_MAX: usize = 100;
