//! The ledger a new network starts from: one full snapshot file, small enough to be in memory.

use std::io::Read;

use osmia_chrysalis::ProtocolParameters;
use osmia_store::Store;

use crate::snapshot::load_snapshot;

pub use crate::snapshot::{LoadError, is_loaded};

/// Loads a full snapshot into an empty `store`, as [`load_snapshot`] does, without telling of progress.
///
/// # Errors
/// See [`LoadError`]; the store is not loaded then.
pub fn load(store: &Store, parameters: &ProtocolParameters, file: &mut dyn Read) -> Result<(), LoadError> {
    load_snapshot(store, parameters, file, None, &mut |_| ()).map(|_| ())
}
