//! Secrets that the database keeps and cannot read: sealed with AES-256-GCM (NIST SP 800-38D) under a key of their owner's,
//! which is derived from a key of the installation's. One opens in its own place alone: owner, column and row are bound to it.
//!
//! The file of the installation's secret holds a key a line. Each of them opens, the last one seals. The file is read again when
//! it has changed: a key that is added is used at once by every process that has the file, and none has to be started anew.
//!
//! What is stored: the form (1), 8 bytes that say which key, 12 random ones, and what was sealed with its 16 bytes of proof.
//! Columns that hold such are called `…_sealed`. `samtal keys rotate` seals them anew under the last key: each is a [`SealedColumn`],
//! and has its turn in `Capabilities::seal_anew` by [`anew`].

use crate::secret_key::{DerivedKey, SecretKey, SecretKeyError};
use crate::{PlatformTx, Reason, Services, StoreError};
use aes_gcm::aead::{Aead as _, Payload};
use aes_gcm::{Aes256Gcm, KeyInit as _};
use model::{PersonId, RequestId, TenantId};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::SystemTime;
use uuid::Uuid;
use zeroize::Zeroizing;

/// Whose a secret is. Each has a key of its own.
#[derive(Debug, Clone, Copy)]
pub enum Owner {
    /// A tenant's.
    Tenant(TenantId),
    /// A person's, who belongs to no tenant.
    Person(PersonId),
    /// Nobody's yet: what a browser keeps for the installation.
    Browser,
}

/// Where a secret is kept.
#[derive(Debug, Clone, Copy)]
pub struct Spot {
    /// Whose it is.
    pub owner: Owner,
    /// Table and column: `second_factors.seed`.
    pub column: &'static str,
    /// The row.
    pub row: Uuid,
}

/// Seals and opens. A copy is the same one.
#[derive(Clone)]
pub struct Sealer(Arc<Inner>);

struct Inner {
    file: Option<PathBuf>,
    keys: RwLock<Keys>,
}

struct Keys {
    /// When the file had been written that they were read from, and how long it was.
    read: Option<(SystemTime, u64)>,
    keys: Vec<Master>,
}

/// A key of the installation's.
struct Master {
    mark: [u8; MARK],
    key: SecretKey,
}

/// The first byte of what is stored.
const FORM: u8 = 1;
const MARK: usize = 8;
const NONCE: usize = 12;
/// Bytes before what was sealed.
const HEAD: usize = 1 + MARK + NONCE;

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealer(…)")
    }
}

impl Keys {
    fn of(keys: Vec<SecretKey>, read: Option<(SystemTime, u64)>) -> Self {
        let master = |key: SecretKey| Master { mark: first(&key.derive("sealed/mark/1").mac(&[])), key };
        Self { read, keys: keys.into_iter().map(master).collect() }
    }
}

fn first<const N: usize>(bytes: &[u8]) -> [u8; N] {
    std::array::from_fn(|at| bytes.get(at).copied().unwrap_or_default())
}

fn state_of(file: &Path) -> Option<(SystemTime, u64)> {
    let found = std::fs::metadata(file).ok()?;
    Some((found.modified().ok()?, found.len()))
}

/// For the log: where it is, and whose.
impl fmt::Display for Spot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.owner {
            Owner::Tenant(tenant) => write!(f, "{} of {tenant}", self.column),
            Owner::Person(person) => write!(f, "{} of {person}", self.column),
            Owner::Browser => f.write_str(self.column),
        }
    }
}

impl Spot {
    /// What the seal is bound to.
    fn bound(&self) -> String {
        let (kind, owner) = self.owner();
        format!("{kind}/{owner}/{}/{}", self.column, self.row)
    }

    fn owner(&self) -> (&'static str, Uuid) {
        match self.owner {
            Owner::Tenant(tenant) => ("tenant", tenant.uuid()),
            Owner::Person(person) => ("person", person.uuid()),
            Owner::Browser => ("browser", Uuid::nil()),
        }
    }

    fn cipher(&self, key: &SecretKey) -> Aes256Gcm {
        let (kind, owner) = self.owner();
        let key = Zeroizing::new(key.derive("sealed/key/1").mac(format!("{kind}/{owner}").as_bytes()));
        Aes256Gcm::new((&*key).into())
    }
}

impl Sealer {
    /// With one key, for tests.
    pub fn of(key: &SecretKey) -> Self {
        Self::new(None, Keys::of(vec![key.clone()], None))
    }

    /// With the keys of a file.
    ///
    /// # Errors
    /// See [`SecretKeyError`].
    pub fn of_file(file: &Path) -> Result<Self, SecretKeyError> {
        let read = state_of(file);
        Ok(Self::new(Some(file.to_owned()), Keys::of(SecretKey::read_all(file)?, read)))
    }

    fn new(file: Option<PathBuf>, keys: Keys) -> Self {
        Self(Arc::new(Inner { file, keys: RwLock::new(keys) }))
    }

    /// Does something with the keys as they are now.
    fn with<T>(&self, then: impl FnOnce(&[Master]) -> T) -> T {
        if let Some(file) = &self.0.file {
            let now = state_of(file);
            let same = self.0.keys.read().unwrap_or_else(PoisonError::into_inner).read == now;
            if !same {
                // A line that is only half there is read with the next look.
                match SecretKey::read_all(file) {
                    Ok(keys) => {
                        *self.0.keys.write().unwrap_or_else(PoisonError::into_inner) = Keys::of(keys, now);
                    }
                    Err(error) => tracing::warn!(%error, "the keys are those of before"),
                }
            }
        }
        then(&self.0.keys.read().unwrap_or_else(PoisonError::into_inner).keys)
    }

    /// Seals a secret for its place.
    ///
    /// # Errors
    /// None in practice: it is as long as no secret is.
    pub fn seal(&self, spot: &Spot, secret: &[u8]) -> Result<Vec<u8>, StoreError> {
        self.with(|keys| {
            let master = keys.last()?;
            let nonce = rand::random::<[u8; NONCE]>();
            let bound = spot.bound();
            let payload = Payload { msg: secret, aad: bound.as_bytes() };
            let sealed = spot.cipher(&master.key).encrypt(&nonce.into(), payload).ok()?;
            Some([&[FORM], master.mark.as_slice(), &nonce, &sealed].concat())
        })
        .ok_or(StoreError::Corrupt("a secret that cannot be sealed"))
    }

    /// Opens what was sealed for this place.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when it was sealed for another one, was changed, or under a key that the file does not hold.
    pub fn open(&self, spot: &Spot, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        let (head, rest) =
            sealed.split_at_checked(HEAD).ok_or(StoreError::Corrupt("a sealed secret that is cut short"))?;
        let (mark, nonce) = head.split_at(1 + MARK);
        if mark.first() != Some(&FORM) {
            return Err(StoreError::Corrupt("a sealed secret of a form that this version does not know"));
        }
        self.with(|keys| {
            let master = keys.iter().find(|master| mark.get(1..) == Some(&master.mark)).ok_or(StoreError::Corrupt(
                "a secret that was sealed with a key which the secret key file does not hold",
            ))?;
            let bound = spot.bound();
            let payload = Payload { msg: rest, aad: bound.as_bytes() };
            let opened = spot.cipher(&master.key).decrypt(&first::<NONCE>(nonce).into(), payload);
            opened.map(Zeroizing::new).map_err(|_| StoreError::Corrupt("a sealed secret that is not what it was"))
        })
    }

    /// The keys for one purpose, one of each line of the file in its order: the last one is for what is made from now on.
    pub(crate) fn derived(&self, purpose: &str) -> Vec<DerivedKey> {
        self.with(|keys| keys.iter().map(|master| master.key.derive(purpose)).collect())
    }

    /// With what everything begins that is sealed from now on.
    fn begins(&self) -> [u8; 1 + MARK] {
        let mark = self.with(|keys| keys.last().map(|master| master.mark).unwrap_or_default());
        std::array::from_fn(|at| at.checked_sub(1).map_or(FORM, |at| mark.get(at).copied().unwrap_or_default()))
    }
}

/// A column whose secrets are sealed anew when there is a new key. What implements it stands beside the table's other SQL.
pub trait SealedColumn {
    /// What tells its rows apart, in the order in which they are gone through; the one by default comes before them all.
    type Key: Default + Send + Sync;

    /// The next rows that were sealed with an older key, in the order of their keys, and held.
    fn older(
        tx: &mut PlatformTx,
        sought: Sought<'_, Self::Key>,
    ) -> impl Future<Output = Result<Vec<Older<Self::Key>>, StoreError>> + Send;

    /// Keeps what was sealed anew.
    fn keep(tx: &mut PlatformTx, key: &Self::Key, sealed: &[u8])
    -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// Which rows are sought.
#[derive(Debug)]
pub struct Sought<'a, K> {
    /// Those after this one.
    pub after: &'a K,
    /// Those that begin otherwise than this.
    pub begins: &'a [u8],
    /// So many bytes are compared.
    pub length: i32,
    /// So many at most.
    pub most: i64,
}

/// A row that was sealed with an older key.
#[derive(Debug)]
pub struct Older<K> {
    /// Which one.
    pub key: K,
    /// Where it opens.
    pub spot: Spot,
    /// What it holds.
    pub sealed: Vec<u8>,
}

/// Rows that are held at a time until all of them are sealed anew, which takes some milliseconds.
const BATCH: i64 = 100;

/// Seals a column's secrets anew that were sealed with an older key; says how many, and how many cannot be opened: those stay as
/// they are, and the log says whose.
///
/// # Errors
/// The database's.
#[tracing::instrument(name = "db.seal_anew", skip_all)]
pub async fn anew<C: SealedColumn>(services: &Services, sealer: &Sealer) -> Result<(u64, u64), StoreError> {
    let begins = sealer.begins();
    let (mut done, mut lost, mut last) = (0, 0, C::Key::default());
    loop {
        let request = RequestId::from_uuid(services.new_id());
        let mut tx = services.store.platform(Reason::Keys, request).await?;
        let length = i32::try_from(begins.len()).unwrap_or_default();
        let sought = Sought { after: &last, begins: &begins, length, most: BATCH };
        let old = C::older(&mut tx, sought).await?;
        if old.is_empty() {
            return Ok((done, lost));
        }
        for Older { key, spot, sealed } in old {
            match sealer.open(&spot, &sealed) {
                Ok(secret) => {
                    C::keep(&mut tx, &key, &sealer.seal(&spot, &secret)?).await?;
                    done += 1;
                }
                Err(error) => {
                    tracing::error!(%spot, %error, "a sealed secret cannot be opened");
                    lost += 1;
                }
            }
            last = key;
        }
        tx.commit().await?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    fn spot(owner: u128, row: u128) -> Spot {
        Spot {
            owner: Owner::Person(PersonId::from_uuid(Uuid::from_u128(owner))),
            column: "t.c",
            row: Uuid::from_u128(row),
        }
    }

    #[test]
    fn what_is_sealed_opens_in_its_place_alone() -> Result<(), StoreError> {
        let sealer = Sealer::of(&SecretKey::from_bytes([7; 32]));
        let here = spot(1, 1);
        let sealed = sealer.seal(&here, b"seed")?;
        assert_eq!(sealer.open(&here, &sealed)?.as_slice(), b"seed");
        assert_ne!(sealer.seal(&here, b"seed")?, sealed, "twice the same");
        assert!(sealed.starts_with(&sealer.begins()));
        let tenant = Owner::Tenant(TenantId::from_uuid(Uuid::from_u128(1)));
        for elsewhere in [spot(2, 1), spot(1, 2), Spot { column: "t.d", ..here }, Spot { owner: tenant, ..here }] {
            assert!(sealer.open(&elsewhere, &sealed).is_err(), "{elsewhere:?}");
        }
        for at in 0..sealed.len() {
            let mut other = sealed.clone();
            other[at] ^= 1;
            assert!(sealer.open(&here, &other).is_err(), "byte {at}");
            assert!(sealer.open(&here, &sealed[..at]).is_err(), "{at} bytes");
        }
        assert!(Sealer::of(&SecretKey::from_bytes([8; 32])).open(&here, &sealed).is_err());
        assert_eq!(format!("{sealer:?}"), "Sealer(…)");
        Ok(())
    }

    #[test]
    fn a_key_that_is_added_seals_at_once_and_those_before_still_open() -> Result<(), Box<dyn std::error::Error>> {
        let folder = std::env::temp_dir().join(format!("samtal-sealing-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        let file = folder.join("secret.key");
        let secret = SecretKey::read_or_make(&file)?;
        let (one, other) = (Sealer::of_file(&file)?, Sealer::of_file(&file)?);
        let before = one.seal(&spot(1, 1), b"seed")?;
        SecretKey::add_to(&file)?;
        let after = other.seal(&spot(1, 1), b"seed")?;
        assert!(!before.starts_with(&one.begins()) && after.starts_with(&one.begins()));
        for sealed in [&before, &after] {
            assert_eq!(one.open(&spot(1, 1), sealed)?.as_slice(), b"seed");
            assert_eq!(other.open(&spot(1, 1), sealed)?.as_slice(), b"seed");
        }
        // What is derived from the first line stays as it was.
        assert_eq!(SecretKey::read(&file)?.derive("x").mac(b""), secret.derive("x").mac(b""));
        // Half a line, as it is being written: the keys are those of before.
        std::fs::write(&file, std::fs::read_to_string(&file)? + "ab")?;
        assert_eq!(one.open(&spot(1, 1), &after)?.as_slice(), b"seed");
        std::fs::remove_dir_all(&folder)?;
        Ok(())
    }

    #[derive(Deserialize)]
    struct Vectors {
        cases: Vec<Vector>,
    }

    #[derive(Deserialize)]
    struct Vector {
        id: u32,
        key: String,
        iv: String,
        aad: String,
        msg: String,
        ct: String,
        tag: String,
        valid: bool,
    }

    fn bytes(hex: &str) -> Vec<u8> {
        hex.as_bytes()
            .chunks(2)
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap_or_default(), 16).unwrap_or_default())
            .collect()
    }

    /// Project Wycheproof's vectors for keys of 256 bits, nonces of 96 and tags of 128: what this module uses.
    #[test]
    fn the_cipher_is_aes_256_gcm() -> Result<(), Box<dyn std::error::Error>> {
        let vectors: Vectors = serde_json::from_str(include_str!("sealing/aes_256_gcm.json"))?;
        assert!(vectors.cases.len() >= 60 && vectors.cases.iter().any(|case| !case.valid));
        for case in vectors.cases {
            let key: [u8; 32] = bytes(&case.key).as_slice().try_into()?;
            let (cipher, nonce) = (Aes256Gcm::new(&key.into()), first::<NONCE>(&bytes(&case.iv)).into());
            let (aad, msg, sealed) = (bytes(&case.aad), bytes(&case.msg), [bytes(&case.ct), bytes(&case.tag)].concat());
            let opened = cipher.decrypt(&nonce, Payload { msg: &sealed, aad: &aad }).ok();
            assert_eq!(opened, case.valid.then(|| msg.clone()), "{}", case.id);
            if case.valid {
                let made = cipher.encrypt(&nonce, Payload { msg: &msg, aad: &aad }).ok();
                assert_eq!(made, Some(sealed), "{}", case.id);
            }
        }
        Ok(())
    }
}
