//! The installation's secret: 32 bytes in the first line of a file that only its user can read. Every other key is derived
//! from it, one for each purpose, so that none can stand in for another; further lines are for what is sealed
//! ([`crate::sealing`]). Never printed, never logged, wiped from memory when dropped.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::{
    fmt, fs,
    io::{self, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};
use zeroize::Zeroizing;

/// The secret of an installation.
#[derive(Clone)]
pub struct SecretKey(Zeroizing<[u8; 32]>);

/// The secret cannot be had. The text is for the operator.
#[derive(Debug, thiserror::Error)]
pub enum SecretKeyError {
    /// The file cannot be read or written.
    #[error("the secret key file {0} cannot be used: {1}")]
    File(PathBuf, #[source] io::Error),
    /// The file holds something else.
    #[error("the secret key file {0} must hold 64 hexadecimal digits a line; make one with: openssl rand -hex 32")]
    Form(PathBuf),
    /// Others can read the file.
    #[error("the secret key file {0} can be read by others; run: chmod 600 {0}")]
    Open(PathBuf),
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(…)")
    }
}

impl SecretKey {
    /// A key of known bytes, for tests.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// Reads the key of a file that must exist.
    ///
    /// # Errors
    /// See [`SecretKeyError`].
    pub fn read(path: &Path) -> Result<Self, SecretKeyError> {
        Self::read_all(path)?.into_iter().next().ok_or_else(|| SecretKeyError::Form(path.to_owned()))
    }

    /// Reads the keys of a file, one a line.
    pub(crate) fn read_all(path: &Path) -> Result<Vec<Self>, SecretKeyError> {
        let file = |e| SecretKeyError::File(path.to_owned(), e);
        let mode = fs::metadata(path).map_err(file)?.permissions().mode();
        // Orchestrators mount secrets readable for the group; nobody needs them readable for the world.
        if mode & 0o007 != 0 {
            return Err(SecretKeyError::Open(path.to_owned()));
        }
        let text = Zeroizing::new(fs::read_to_string(path).map_err(file)?);
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let keys = lines.map(Self::parse).collect::<Option<Vec<_>>>().filter(|keys| !keys.is_empty());
        keys.ok_or_else(|| SecretKeyError::Form(path.to_owned()))
    }

    fn parse(digits: &str) -> Option<Self> {
        let mut bytes = Zeroizing::new([0u8; 32]);
        if digits.len() != 64 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        for (byte, pair) in bytes.iter_mut().zip(digits.as_bytes().chunks_exact(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
        }
        Some(Self(bytes))
    }

    /// Adds a key to a file, as a line after those that are there: in place, so that it stays its owner's.
    ///
    /// # Errors
    /// [`SecretKeyError::File`].
    pub fn add_to(path: &Path) -> Result<(), SecretKeyError> {
        let line = Zeroizing::new(format!("\n{}\n", *digits()));
        let mut file =
            fs::OpenOptions::new().append(true).open(path).map_err(|e| SecretKeyError::File(path.into(), e))?;
        // In one piece: whoever reads it meanwhile finds all of it or nothing.
        let written = file.write_all(line.as_bytes()).and_then(|()| file.sync_all());
        written.map_err(|e| SecretKeyError::File(path.into(), e))
    }

    /// Reads the key of a file, and makes the file if there is none. For development.
    ///
    /// # Errors
    /// See [`SecretKeyError`].
    pub fn read_or_make(path: &Path) -> Result<Self, SecretKeyError> {
        let file = |e| SecretKeyError::File(path.to_owned(), e);
        if !path.exists() {
            let digits = digits();
            // Written beside and linked into place, so that two processes at once agree on one key and a crash leaves
            // no half of one.
            let draft = path.with_extension(format!("{}.tmp", std::process::id()));
            let mut out = fs::OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(true)
                .mode(0o600)
                .open(&draft)
                .map_err(file)?;
            out.write_all(digits.as_bytes())
                .and_then(|()| out.write_all(b"\n"))
                .and_then(|()| out.sync_all())
                .map_err(file)?;
            let linked = fs::hard_link(&draft, path);
            fs::remove_file(&draft).map_err(file)?;
            match linked {
                Ok(()) => {}
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
                Err(e) => return Err(file(e)),
            }
        }
        Self::read(path)
    }

    /// The key for one purpose.
    pub fn derive(&self, purpose: &str) -> DerivedKey {
        DerivedKey(Zeroizing::new(mac(&self.0, purpose.as_bytes())))
    }
}

/// A new key, as it is written.
fn digits() -> Zeroizing<String> {
    let bytes = Zeroizing::new(rand::random::<[u8; 32]>());
    Zeroizing::new(bytes.iter().map(|b| format!("{b:02x}")).collect())
}

/// A key for one purpose.
#[derive(Clone)]
pub struct DerivedKey(Zeroizing<[u8; 32]>);

impl fmt::Debug for DerivedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DerivedKey(…)")
    }
}

impl DerivedKey {
    /// HMAC-SHA-256 (RFC 2104) of a text under this key.
    pub fn mac(&self, text: &[u8]) -> [u8; 32] {
        mac(&self.0, text)
    }
}

fn mac(key: &[u8; 32], text: &[u8]) -> [u8; 32] {
    // HMAC fills a key up to the hash's block of 64 bytes with zeros (RFC 2104, section 2).
    let mut block = Zeroizing::new([0; 64]);
    block[..32].copy_from_slice(key);
    let mut mac = Hmac::<Sha256>::new((&*block).into());
    mac.update(text);
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4231, test case 2, with the key padded to the length that this module takes (HMAC pads with zeros itself).
    #[test]
    fn it_is_hmac_sha256() {
        let mut key = [0; 32];
        key[..4].copy_from_slice(b"Jefe");
        let hex: String = mac(&key, b"what do ya want for nothing?").iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }

    #[test]
    fn purposes_have_different_keys_and_nothing_prints() {
        let key = SecretKey::from_bytes([7; 32]);
        assert_ne!(key.derive("a").mac(b"x"), key.derive("b").mac(b"x"));
        assert_eq!(format!("{key:?} {:?}", key.derive("a")), "SecretKey(…) DerivedKey(…)");
    }

    #[test]
    fn the_file_is_made_once_and_judged() -> Result<(), Box<dyn std::error::Error>> {
        let folder = std::env::temp_dir().join(format!("samtal-key-{}", std::process::id()));
        fs::create_dir_all(&folder)?;
        let path = folder.join("secret.key");
        let first = SecretKey::read_or_make(&path)?;
        assert_eq!(*first.0, *SecretKey::read_or_make(&path)?.0);
        assert_eq!(fs::metadata(&path)?.permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644))?;
        assert!(matches!(SecretKey::read(&path), Err(SecretKeyError::Open(_))));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
        fs::write(&path, "short")?;
        assert!(matches!(SecretKey::read(&path), Err(SecretKeyError::Form(_))));
        fs::remove_dir_all(&folder)?;
        Ok(())
    }
}
