//! `osmia tool identity`: the id by which peers know the node of a data folder.

use std::path::Path;

use osmia_network::Identity;

use crate::data_folder::{self, FolderError};
use crate::failure::Failure;

/// The identity of the node in `folder`. It is only read: a node that runs keeps its folder, and a folder without a key
/// gets one from its first start.
pub(crate) fn read(folder: &Path) -> Result<Identity, Failure> {
    let path = data_folder::identity_in(folder);
    if !path.exists() {
        return Err(FolderError::NoIdentity(folder.to_owned()).into());
    }
    Ok(Identity::load(&path)?)
}

/// As lines for people and scripts, or as JSON.
pub(crate) fn shown(identity: &Identity, as_json: bool) -> String {
    let (id, key) = (identity.peer_id().to_string(), osmia_primitives::hex::encode(&identity.public_key()));
    if as_json {
        return serde_json::json!({ "peerId": id, "publicKey": key }).to_string() + "\n";
    }
    format!("peer-id: {id}\npublic-key: {key}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_is_the_one_of_the_key_in_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(read(folder.path()), Err(Failure::Folder(FolderError::NoIdentity(_)))));
        let identity = Identity::from_seed([3; 32]);
        identity.store(&data_folder::identity_in(folder.path())).unwrap();
        let found = read(folder.path()).unwrap();
        let id = identity.peer_id();
        assert!(shown(&found, false).starts_with(&format!("peer-id: {id}\n")));
        assert!(shown(&found, true).starts_with(&format!("{{\"peerId\":\"{id}\"")));
    }
}
