//! Signatures for whoever has no secret of ours: Ed25519 (RFC 8032), verified with a public key and any tool that knows it.
//!
//! *Guarantees:* a key signs for one purpose. There is one of each line of the installation's secret key file, derived from it and kept nowhere;
//! the last one signs, and the public keys of all of them are told. So what an earlier one has signed can be verified as long as its line is
//! there, and a line that is taken away takes its key back. The file is read again when it has changed ([`crate::sealing`]).

use crate::StoreError;
use crate::sealing::Sealer;
use crate::secret_key::DerivedKey;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

/// What stands before the 32 bytes of a public key where it is written as `SubjectPublicKeyInfo` in DER (RFC 8410).
const INFO: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
const BEGIN: &str = "-----BEGIN PUBLIC KEY-----";
const END: &str = "-----END PUBLIC KEY-----";
/// Bytes of the hash that a key is known by.
const ID: usize = 16;

/// Signs for one purpose. A copy is the same one.
#[derive(Debug, Clone)]
pub struct Signer {
    sealer: Sealer,
    purpose: &'static str,
}

/// A signature, and by which key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// Its 64 bytes in Base64.
    pub signature: String,
    /// The id of the public key that verifies it.
    pub key_id: String,
}

/// A public key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublicKey([u8; 32]);

/// The key pair of a derived key. Nobody chooses the seed, and the public key is computed from it.
fn pair(key: &DerivedKey) -> Result<Ed25519KeyPair, StoreError> {
    let seed = Zeroizing::new(key.mac(&[]));
    Ed25519KeyPair::from_seed_unchecked(seed.as_slice()).map_err(|_| StoreError::Corrupt("a key that cannot sign"))
}

impl Signer {
    /// What signs for this purpose with the keys by which secrets are sealed.
    pub fn new(sealer: Sealer, purpose: &'static str) -> Self {
        Self { sealer, purpose }
    }

    /// Signs a text with the last key.
    ///
    /// # Errors
    /// None in practice: there is a key.
    pub fn sign(&self, text: &[u8]) -> Result<Signature, StoreError> {
        let keys = self.sealer.derived(self.purpose);
        let pair = pair(keys.last().ok_or(StoreError::Corrupt("no key that signs"))?)?;
        let signature = STANDARD.encode(pair.sign(text));
        Ok(Signature { signature, key_id: PublicKey::of(&pair)?.id() })
    }

    /// The public keys: that of the key that signs now, and then the ones of before, the latest first.
    ///
    /// # Errors
    /// None in practice.
    pub fn public_keys(&self) -> Result<Vec<PublicKey>, StoreError> {
        self.sealer.derived(self.purpose).iter().rev().map(|key| PublicKey::of(&pair(key)?)).collect()
    }
}

impl PublicKey {
    fn of(pair: &Ed25519KeyPair) -> Result<Self, StoreError> {
        let bytes: &[u8] = pair.public_key().as_ref();
        let bytes = <[u8; 32]>::try_from(bytes).map_err(|_| StoreError::Corrupt("a public key of another length"))?;
        Ok(Self(bytes))
    }

    /// Reads one as it stands in a PEM file; nothing where it is none, or one of another kind.
    pub fn of_pem(text: &str) -> Option<Self> {
        let (_, rest) = text.split_once(BEGIN)?;
        let (inner, _) = rest.split_once(END)?;
        let der = STANDARD.decode(inner.split_whitespace().collect::<String>()).ok()?;
        <[u8; 32]>::try_from(der.strip_prefix(&INFO)?).ok().map(Self)
    }

    /// As a PEM file has it (RFC 7468).
    pub fn pem(&self) -> String {
        format!("{BEGIN}\n{}\n{END}\n", STANDARD.encode(self.der()))
    }

    fn der(&self) -> Vec<u8> {
        [INFO.as_slice(), self.0.as_slice()].concat()
    }

    /// What it is known by: the first half of the SHA-256 of its DER, in hexadecimal.
    pub fn id(&self) -> String {
        Sha256::digest(self.der()).iter().take(ID).map(|byte| format!("{byte:02x}")).collect()
    }

    /// Whether a signature, in Base64, is that of this key for this text.
    pub fn verifies(&self, text: &[u8], signature: &str) -> bool {
        let signature = STANDARD.decode(signature.trim());
        signature.is_ok_and(|bytes| UnparsedPublicKey::new(&ED25519, self.0).verify(text, &bytes).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret_key::SecretKey;

    fn bytes(hex: &str) -> Vec<u8> {
        hex.as_bytes()
            .chunks(2)
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
            .collect()
    }

    /// RFC 8032, section 7.1, test 2.
    #[test]
    fn it_is_ed25519() {
        let seed = bytes("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).unwrap();
        let key = PublicKey::of(&pair).unwrap();
        assert_eq!(key.0.as_slice(), bytes("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"));
        let signature = bytes(
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da\
             085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        );
        let made = pair.sign(&[0x72]);
        let made: &[u8] = made.as_ref();
        assert_eq!(made, signature);
        assert!(key.verifies(&[0x72], &STANDARD.encode(&signature)));
    }

    /// Made by `openssl genpkey -algorithm ed25519` and `openssl pkeyutl -sign -rawin`, with the id that `openssl dgst -sha256` tells.
    #[test]
    fn what_openssl_has_made_is_read_and_verified() {
        let pem = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAQLryEANFRurVzCC0kqsQyXENORz+8WXh6XcGMt9af28=\n-----END PUBLIC KEY-----\n";
        let key = PublicKey::of_pem(pem).unwrap();
        assert_eq!((key.pem().as_str(), key.id().as_str()), (pem, "b27a57d664ae1add30d5047ecb94503f"));
        let signature = "aaUX5ffJ7y+pPxnnxIu4bEsS/4AWahVI1NYu3gr549tyGnlYRS2Ll0DqGuK4MnlUjpHqT9T7TCj2Z3wX2eyqAg==";
        assert!(key.verifies("Fjällhus, 60 days".as_bytes(), signature));
        assert!(!key.verifies("Fjällhus, 90 days".as_bytes(), signature));
        assert_eq!(PublicKey::of_pem(&pem.replace('\n', "\r\n")), Some(key));
    }

    #[test]
    fn nothing_else_is_a_key_or_a_signature() {
        let signer = Signer::new(Sealer::of(&SecretKey::from_bytes([7; 32])), "a");
        let key = signer.public_keys().unwrap()[0];
        let signed = signer.sign(b"text").unwrap();
        assert!(key.verifies(b"text", &signed.signature) && key.id() == signed.key_id);
        let raw = STANDARD.decode(&signed.signature).unwrap();
        for at in 0..raw.len() {
            let mut other = raw.clone();
            other[at] ^= 1;
            assert!(!key.verifies(b"text", &STANDARD.encode(&other)), "byte {at}");
            assert!(!key.verifies(b"text", &STANDARD.encode(&raw[..at])), "{at} bytes");
        }
        assert!(!key.verifies(b"Text", &signed.signature) && !key.verifies(b"text", "no Base64"));
        let private = key.pem().replace("PUBLIC", "PRIVATE");
        let short = format!("{BEGIN}\n{}\n{END}\n", STANDARD.encode(&key.der()[..43]));
        // Of another kind: its algorithm is X25519.
        let mut der = key.der();
        der[8] = 0x6e;
        let other = format!("{BEGIN}\n{}\n{END}\n", STANDARD.encode(der));
        for odd in ["", "key", BEGIN, &private, &short, &other] {
            assert_eq!(PublicKey::of_pem(odd), None, "{odd}");
        }
    }

    #[test]
    fn the_last_line_signs_and_those_before_are_still_known() -> Result<(), Box<dyn std::error::Error>> {
        let folder = std::env::temp_dir().join(format!("samtal-signing-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        let file = folder.join("secret.key");
        SecretKey::read_or_make(&file)?;
        let signer = Signer::new(Sealer::of_file(&file)?, "a");
        let before = signer.sign(b"text")?;
        assert_eq!(before, signer.sign(b"text")?, "it is always the same");
        SecretKey::add_to(&file)?;
        let after = signer.sign(b"text")?;
        assert_ne!(before.key_id, after.key_id);
        let keys = signer.public_keys()?;
        let ids: Vec<String> = keys.iter().map(PublicKey::id).collect();
        assert_eq!(ids, [after.key_id, before.key_id]);
        assert!(keys[1].verifies(b"text", &before.signature) && !keys[0].verifies(b"text", &before.signature));
        // Another purpose has other keys.
        let other = Signer::new(Sealer::of_file(&file)?, "b").public_keys()?;
        assert!(other.iter().all(|key| !keys.contains(key)));
        std::fs::remove_dir_all(&folder)?;
        Ok(())
    }
}
