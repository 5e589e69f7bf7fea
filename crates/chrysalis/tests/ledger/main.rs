//! The ledger against its documented rules: every conflict reason, dust, receipts, undoing, the audit, the bytes of its
//! rows, and random streams against a naive model.

#[cfg(test)]
mod audit;
#[cfg(test)]
mod bytes;
#[cfg(test)]
mod conflicts;
#[cfg(test)]
mod dust;
#[cfg(test)]
mod import;
#[cfg(test)]
mod model;
#[cfg(test)]
mod readers;
#[cfg(test)]
mod receipts;
#[cfg(test)]
mod streams;
#[cfg(test)]
mod world;
