//! Packets that are sealed with the keys of a browser's session, whatever is in them: what somebody can send who is in a meeting with a browser of their
//! own making. `str0m` seals nothing but what it has made itself, so it is given ciphers that note what they are used with.
//!
//! Of the browsers of a thread (a test is one) that have these, it is the one that sealed something last.

use std::cell::RefCell;
use std::sync::Arc;
use str0m::crypto::{
    AeadAes256Gcm, AeadAes256GcmCipher, CryptoError, CryptoProvider, SrtpProvider, SupportedAeadAes128Gcm,
    SupportedAeadAes256Gcm, SupportedAes128CmSha1_80, from_feature_flags,
};

/// How many packets of each kind are kept.
const KEPT: usize = 64;
/// The number of the first report that the test seals: far from those that the browser does.
const FIRST: u32 = 1 << 20;

/// A key, and what goes with the number of a packet (RFC 7714).
#[derive(Clone, Copy)]
struct Keys {
    key: [u8; 32],
    salt: [u8; 12],
}

#[derive(Default)]
struct Watched {
    media: Option<Keys>,
    reports: Option<Keys>,
    /// Reports that the test has sealed.
    sealed: u32,
    /// The newest packets, as they were before they were sealed: of media, and of what is said about media.
    plain: [Vec<Vec<u8>>; 2],
}

thread_local! {
    static WATCHED: RefCell<Watched> = RefCell::default();
}

/// What a browser is made with so that its keys are known.
pub fn watched() -> Arc<CryptoProvider> {
    let mut provider = from_feature_flags();
    provider.srtp_provider = &Provider;
    Arc::new(provider)
}

/// What the browser has sealed: media, and what is said about media.
pub fn plain() -> [Vec<Vec<u8>>; 2] {
    WATCHED.with_borrow(|watched| watched.plain.clone())
}

/// Whether it is said about media, as receivers tell it (RFC 5761).
pub fn is_report(packet: &[u8]) -> bool {
    packet.get(1).is_some_and(|kind| (64..96).contains(&(kind & 0x7f)))
}

/// Bytes of the header of media (RFC 3550, section 5.1); those that it says that it has.
pub fn header(packet: &[u8]) -> usize {
    let Some(first) = packet.first() else { return 12 };
    let fixed = 12 + 4 * usize::from(first & 0x0f);
    match packet.get(fixed + 2..fixed + 4) {
        Some([high, low]) if first & 0x10 != 0 => fixed + 4 + 4 * usize::from(u16::from_be_bytes([*high, *low])),
        _ => fixed,
    }
}

/// A packet with the browser's seal. What has not even the beginning that is read before the seal stays as it is.
pub fn seal(plain: &[u8]) -> Vec<u8> {
    WATCHED.with_borrow_mut(|watched| watched.seal(plain))
}

/// Four bytes as a number.
fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap())
}

impl Watched {
    /// The browser seals something.
    fn note(&mut self, key: [u8; 32], iv: [u8; 12], clear: &[u8], rest: &[u8]) {
        // Of a report eight bytes are clear, and its number comes behind them; the headers of media are longer here.
        let report = clear.len() == 12;
        let (keys, all) = match report {
            true => (&mut self.reports, &mut self.plain[1]),
            false => (&mut self.media, &mut self.plain[0]),
        };
        if keys.is_none_or(|keys| keys.key != key) {
            // The salt is what the numbers were mixed with, so mixing once more takes them out.
            let salt = match report {
                true => AeadAes256Gcm::rtcp_iv(iv, word(clear, 4), word(clear, 8) & 0x7fff_ffff),
                false => AeadAes256Gcm::rtp_iv(iv, word(clear, 8), 0, u16::from_be_bytes([clear[2], clear[3]])),
            };
            *keys = Some(Keys { key, salt });
            all.clear();
        }
        if all.len() == KEPT {
            all.remove(0);
        }
        let clear = if report { &clear[..8] } else { clear };
        all.push([clear, rest].concat());
    }

    fn seal(&mut self, plain: &[u8]) -> Vec<u8> {
        let report = is_report(plain);
        let (keys, clear, least) = if report { (self.reports, 8, 8) } else { (self.media, header(plain), 12) };
        let keys = keys.expect("the browser has sealed nothing of that kind, or by another cipher");
        if plain.len() < clear.max(least) {
            return plain.to_vec();
        }
        let (clear, rest) = plain.split_at(clear);
        let (iv, told, end) = if report {
            self.sealed += 1;
            let number = FIRST + self.sealed;
            let end = (0x8000_0000 | number).to_be_bytes().to_vec();
            (AeadAes256Gcm::rtcp_iv(keys.salt, word(clear, 4), number), [clear, &end[..]].concat(), end)
        } else {
            let number = u16::from_be_bytes([clear[2], clear[3]]);
            (AeadAes256Gcm::rtp_iv(keys.salt, word(clear, 8), 0, number), clear.to_vec(), Vec::new())
        };
        let mut sealed = vec![0; rest.len() + AeadAes256Gcm::TAG_LEN];
        real().aead_aes_256_gcm().create_cipher(keys.key, true).encrypt(&iv, &told, rest, &mut sealed).unwrap();
        [clear, &sealed[..], &end[..]].concat()
    }
}

/// The ciphers of the library.
fn real() -> &'static dyn SrtpProvider {
    from_feature_flags().srtp_provider
}

/// The same, of which that one is watched which two `str0m` agree on.
#[derive(Debug)]
struct Provider;

impl SrtpProvider for Provider {
    fn aes_128_cm_sha1_80(&self) -> &'static dyn SupportedAes128CmSha1_80 {
        real().aes_128_cm_sha1_80()
    }

    fn aead_aes_128_gcm(&self) -> &'static dyn SupportedAeadAes128Gcm {
        real().aead_aes_128_gcm()
    }

    fn aead_aes_256_gcm(&self) -> &'static dyn SupportedAeadAes256Gcm {
        &Ciphers
    }

    fn srtp_aes_128_ecb_round(&self, key: &[u8], input: &[u8], output: &mut [u8]) {
        real().srtp_aes_128_ecb_round(key, input, output);
    }

    fn srtp_aes_256_ecb_round(&self, key: &[u8], input: &[u8], output: &mut [u8]) {
        real().srtp_aes_256_ecb_round(key, input, output);
    }
}

#[derive(Debug)]
struct Ciphers;

impl SupportedAeadAes256Gcm for Ciphers {
    fn create_cipher(&self, key: [u8; 32], encrypt: bool) -> Box<dyn AeadAes256GcmCipher> {
        Box::new(Cipher { key, real: real().aead_aes_256_gcm().create_cipher(key, encrypt) })
    }
}

#[derive(Debug)]
struct Cipher {
    key: [u8; 32],
    real: Box<dyn AeadAes256GcmCipher>,
}

impl AeadAes256GcmCipher for Cipher {
    fn encrypt(&mut self, iv: &[u8; 12], aad: &[u8], input: &[u8], output: &mut [u8]) -> Result<(), CryptoError> {
        WATCHED.with_borrow_mut(|watched| watched.note(self.key, *iv, aad, input));
        self.real.encrypt(iv, aad, input, output)
    }

    fn decrypt(
        &mut self,
        iv: &[u8; 12],
        aads: &[&[u8]],
        input: &[u8],
        output: &mut [u8],
    ) -> Result<usize, CryptoError> {
        self.real.decrypt(iv, aads, input, output)
    }
}
