//! The key a node proves its peer id with.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use libp2p::PeerId;
use libp2p::identity::Keypair;
use osmia_primitives::hex;

use crate::limits::KEY_FILE_BYTES_MAX;

const PEM_BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const PEM_END: &str = "-----END PRIVATE KEY-----";

/// What stands before the 32 bytes of an Ed25519 key in PKCS#8 (RFC 8410, section 7): version 0, the algorithm
/// 1.3.101.112, and the key as an octet string in an octet string.
const PKCS8_PREFIX: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The Ed25519 key of a node in its network of peers. Its public half is the peer id.
#[derive(Clone)]
pub struct Identity(Keypair);

/// Why there is no identity.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The file could not be read or written.
    #[error("cannot {action} the identity key {path}: {source}")]
    File {
        /// What was tried, a verb.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The file holds something else.
    #[error(
        "{path} is not an identity key: {reason}; restore the file from a copy, or move it away to get a new identity \
         (peers know this node by its key)"
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The text is no key.
    #[error("not an Ed25519 key: {0}")]
    Text(&'static str),
    /// The operating system gave no randomness.
    #[error("no randomness for a new key: {0}")]
    Random(getrandom::Error),
}

impl Identity {
    /// A new identity.
    ///
    /// # Errors
    /// When the operating system gives no randomness.
    pub fn generate() -> Result<Self, IdentityError> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(IdentityError::Random)?;
        Ok(Self::from_seed(seed))
    }

    /// The identity of a 32-byte Ed25519 secret key (RFC 8032).
    #[must_use]
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Self(Keypair::ed25519_from_bytes(seed).expect("because every 32 bytes are an Ed25519 secret key"))
    }

    /// Reads the private key as the reference node's configuration has it (`p2p.identityPrivateKey`): 128 hexadecimal digits,
    /// the secret and the public key.
    ///
    /// # Errors
    /// When it is none, or its halves do not belong together.
    pub fn from_hex(text: &str) -> Result<Self, IdentityError> {
        let bytes: [u8; 64] = hex::decode_array(text.trim())
            .map_err(|_| IdentityError::Text("128 hexadecimal digits are needed"))?;
        let [seed, public] = halves(bytes);
        let identity = Self::from_seed(seed);
        if identity.public_key() != public {
            return Err(IdentityError::Text("the public key in it is not the one of the secret key"));
        }
        Ok(identity)
    }

    /// Reads a PKCS#8 file in PEM form, as the reference node writes `identity.key`.
    ///
    /// # Errors
    /// When it cannot be read or is none. A file that others may read is only warned about.
    pub fn load(path: &Path) -> Result<Self, IdentityError> {
        let failed = |source| IdentityError::File { action: "read", path: path.to_owned(), source };
        let file = File::open(path).map_err(failed)?;
        let mode = file.metadata().map_err(failed)?.permissions().mode();
        if mode & 0o077 != 0 {
            let (path, mode) = (path.display(), format!("{:o}", mode & 0o777));
            tracing::warn!(%path, mode, "others can read this node's identity key; allow only its owner (chmod 600)");
        }
        let mut text = String::new();
        let read = file.take(KEY_FILE_BYTES_MAX).read_to_string(&mut text);
        let damaged = |reason| IdentityError::Damaged { path: path.to_owned(), reason };
        match read {
            Ok(_) => from_pem(&text).map_err(damaged),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => Err(damaged("it is not text")),
            Err(error) => Err(failed(error)),
        }
    }

    /// Reads the key at `path`, or makes one and stores it there for its owner only. A crash leaves no half file.
    ///
    /// # Errors
    /// See [`IdentityError`].
    pub fn load_or_create(path: &Path) -> Result<Self, IdentityError> {
        match Self::load(path) {
            Err(IdentityError::File { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                let identity = Self::generate()?;
                identity.store(path)?;
                Ok(identity)
            }
            loaded => loaded,
        }
    }

    /// Writes the key to a file that does not exist yet, mode 0600.
    ///
    /// # Errors
    /// When it exists or cannot be written.
    pub fn store(&self, path: &Path) -> Result<(), IdentityError> {
        let failed = |source| IdentityError::File { action: "write", path: path.to_owned(), source };
        let temporary = path.with_added_extension("new");
        let mut options = OpenOptions::new();
        let mut file =
            options.write(true).create(true).truncate(true).mode(0o600).open(&temporary).map_err(failed)?;
        // A file left by a crash keeps its own mode.
        file.set_permissions(Permissions::from_mode(0o600)).map_err(failed)?;
        file.write_all(self.to_pem().as_bytes()).map_err(failed)?;
        file.sync_all().map_err(failed)?;
        // A link, unlike a renaming, does not replace a key that another process stored in between.
        std::fs::hard_link(&temporary, path).map_err(failed)?;
        std::fs::remove_file(&temporary).map_err(failed)?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new("."))).and_then(|folder| folder.sync_all()).map_err(failed)
    }

    /// The key as a PKCS#8 file in PEM form (RFC 5958, RFC 8410).
    #[must_use]
    pub fn to_pem(&self) -> String {
        let mut der = PKCS8_PREFIX.to_vec();
        der.extend(self.seed());
        format!("{PEM_BEGIN}\n{}\n{PEM_END}\n", to_base64(&der))
    }

    /// The id by which peers know the node.
    #[must_use]
    pub fn peer_id(&self) -> PeerId {
        self.0.public().to_peer_id()
    }

    /// The 32 bytes of the Ed25519 public key.
    #[must_use]
    pub fn public_key(&self) -> [u8; 32] {
        let key = self.0.public().try_into_ed25519().expect("because the key is an Ed25519 key");
        key.to_bytes()
    }

    pub(crate) fn keypair(&self) -> &Keypair {
        &self.0
    }

    fn seed(&self) -> [u8; 32] {
        let key = self.0.clone().try_into_ed25519().expect("because the key is an Ed25519 key");
        let secret = key.secret();
        secret.as_ref().try_into().expect("because an Ed25519 secret key has 32 bytes")
    }
}

impl std::fmt::Debug for Identity {
    /// Shows the peer id only.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_tuple("Identity").field(&self.peer_id()).finish()
    }
}

fn halves(bytes: [u8; 64]) -> [[u8; 32]; 2] {
    let (first, second) = bytes.split_at(32);
    [first, second].map(|half| half.try_into().expect("because half of 64 bytes are 32"))
}

fn from_pem(text: &str) -> Result<Identity, &'static str> {
    let (_, rest) = text.split_once(PEM_BEGIN).ok_or("it does not begin as a PEM file with a private key")?;
    let (body, _) = rest.split_once(PEM_END).ok_or("its end is missing")?;
    let digits: Vec<u8> = body.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let der = from_base64(&digits).ok_or("it is not base64")?;
    let seed = der.strip_prefix(&PKCS8_PREFIX).ok_or("it is not an Ed25519 key in PKCS#8 form")?;
    let seed = <[u8; 32]>::try_from(seed).map_err(|_| "it does not have the length of an Ed25519 key")?;
    Ok(Identity::from_seed(seed))
}

/// Base64 (RFC 4648) of bytes whose number is a multiple of three, as it is for an Ed25519 key in PKCS#8.
fn to_base64(bytes: &[u8]) -> String {
    assert!(bytes.len().is_multiple_of(3), "no padding is written");
    let mut text = String::new();
    for group in bytes.chunks_exact(3) {
        let word = group.iter().fold(0, |word, byte| word << 8 | usize::from(*byte));
        for shift in [18, 12, 6, 0] {
            let digit = BASE64.get(word >> shift & 63).expect("because six bits are at most 63");
            text.push(char::from(*digit));
        }
    }
    text
}

/// The inverse of [`to_base64`]; `None` when it is not base64, or padded.
fn from_base64(digits: &[u8]) -> Option<Vec<u8>> {
    let groups = digits.chunks_exact(4);
    if !groups.remainder().is_empty() {
        return None;
    }
    let mut bytes = Vec::new();
    for group in groups {
        let mut word = 0u32;
        for digit in group {
            let value = BASE64.iter().position(|known| known == digit)?;
            word = word << 6 | u32::try_from(value).ok()?;
        }
        let [_, high, middle, low] = word.to_be_bytes();
        bytes.extend([high, middle, low]);
    }
    Some(bytes)
}

#[cfg(test)]
mod tests;
