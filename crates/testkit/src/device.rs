//! A device that makes passkeys and shows them (W3C Web Authentication, Level 3), which can lie.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// In what a device lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceLie {
    /// The page was another one's.
    Origin,
    /// It is for another site.
    Site,
    /// Nobody was there.
    NotPresent,
    /// Nobody has unlocked it.
    NotUnlocked,
    /// It answers what was not asked.
    Challenge,
    /// It is an answer to another kind of question.
    Kind,
    /// It is signed with another key.
    Key,
    /// What was signed has been changed.
    Changed,
    /// It is another person's.
    Person,
    /// It says that it is nobody's.
    Nobody,
    /// It has counted no further than before: there are two of it.
    Counter,
    /// It is one that nobody knows.
    Unknown,
    /// It is no answer at all.
    Nonsense,
}

/// Every one.
pub const DEVICE_LIES: [DeviceLie; 13] = [
    DeviceLie::Origin,
    DeviceLie::Site,
    DeviceLie::NotPresent,
    DeviceLie::NotUnlocked,
    DeviceLie::Challenge,
    DeviceLie::Kind,
    DeviceLie::Key,
    DeviceLie::Changed,
    DeviceLie::Person,
    DeviceLie::Nobody,
    DeviceLie::Counter,
    DeviceLie::Unknown,
    DeviceLie::Nonsense,
];

/// Of a byte of flags: somebody was there, and has unlocked it; a new key follows.
const PRESENT: u8 = 0x01;
const UNLOCKED: u8 = 0x04;
const NEW_KEY: u8 = 0x40;

/// A device with one passkey.
pub struct Device {
    key: EcdsaKeyPair,
    id: [u8; 32],
    person: String,
    site: String,
    origin: String,
    counted: u32,
}

fn key() -> EcdsaKeyPair {
    let random = SystemRandom::new();
    let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).unwrap();
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, document.as_ref(), &random).unwrap()
}

fn base64url(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A text or bytes in CBOR (RFC 8949), shorter than 64 KB.
fn cbor(major: u8, bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).unwrap();
    let mut out = vec![major << 5 | 25];
    out.extend(length.to_be_bytes());
    out.extend(bytes);
    out
}

fn client(kind: &str, challenge: &str, origin: &str) -> String {
    json!({ "type": kind, "challenge": challenge, "origin": origin, "crossOrigin": false }).to_string()
}

impl Device {
    /// Makes a passkey, as it is told, on a page of this origin; gives what it answers.
    pub fn make(told: &str, origin: &str, lie: Option<DeviceLie>) -> (Self, String) {
        let told: Value = serde_json::from_str(told).unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let mut id = [0; 32];
        ring::rand::SecureRandom::fill(&SystemRandom::new(), &mut id).unwrap();
        let device = Self {
            key: key(),
            id,
            person: text(&told["user"]["id"]),
            site: text(&told["rp"]["id"]),
            origin: origin.to_owned(),
            counted: 1,
        };
        let selection = &told["authenticatorSelection"];
        assert_eq!(
            (selection["residentKey"].as_str(), selection["userVerification"].as_str()),
            (Some("required"), Some("required"))
        );
        let (x, y) = device.key.public_key().as_ref()[1..].split_at(32);
        // A map of five: the kind of key, its algorithm, its curve, x, y (RFC 9053, section 7.1.1).
        let public =
            [&[0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21][..], &cbor(2, x), &[0x22], &cbor(2, y)].concat();
        let mut data = device.data(NEW_KEY, lie);
        data.extend([0; 16]);
        data.extend(32_u16.to_be_bytes());
        data.extend(device.id);
        data.extend(public);
        // A map of three.
        let object = [
            &[0xa3][..],
            &cbor(3, b"fmt"),
            &cbor(3, b"none"),
            &cbor(3, b"attStmt"),
            &[0xa0],
            &cbor(3, b"authData"),
            &cbor(2, &data),
        ];
        let client = device.client("webauthn.create", "webauthn.get", &text(&told["challenge"]), lie);
        let answer = json!({
            "id": base64url(device.id), "rawId": base64url(device.id), "type": "public-key",
            "response": { "attestationObject": base64url(object.concat()), "clientDataJSON": base64url(client), "transports": ["internal"] },
            "clientExtensionResults": { "credProps": { "rk": true } }, "authenticatorAttachment": "platform",
        });
        (device, if lie == Some(DeviceLie::Nonsense) { "{}".to_owned() } else { answer.to_string() })
    }

    /// Shows it, as it is told.
    pub fn show(&mut self, told: &str, lie: Option<DeviceLie>) -> String {
        let told: Value = serde_json::from_str(told).unwrap();
        assert_eq!(told["userVerification"], "required");
        if lie == Some(DeviceLie::Nonsense) {
            return "[".to_owned();
        }
        if lie != Some(DeviceLie::Counter) {
            self.counted += 1;
        }
        let mut data = self.data(0, lie);
        let client = self.client("webauthn.get", "webauthn.create", told["challenge"].as_str().unwrap(), lie);
        let signed = [&data[..], &Sha256::digest(client.as_bytes())].concat();
        let key = if lie == Some(DeviceLie::Key) { &key() } else { &self.key };
        let signature = key.sign(&SystemRandom::new(), &signed).unwrap();
        if lie == Some(DeviceLie::Changed) {
            // One more than was signed.
            *data.last_mut().unwrap() += 1;
        }
        let person = match lie {
            Some(DeviceLie::Person) => Some(base64url([7; 16])),
            Some(DeviceLie::Nobody) => Some(String::new()),
            _ => Some(self.person.clone()),
        };
        let id = if lie == Some(DeviceLie::Unknown) { base64url([9; 32]) } else { base64url(self.id) };
        json!({
            "id": id, "rawId": id, "type": "public-key",
            "response": {
                "authenticatorData": base64url(data), "clientDataJSON": base64url(client),
                "signature": base64url(signature), "userHandle": person,
            },
            "clientExtensionResults": {}, "authenticatorAttachment": "platform",
        })
        .to_string()
    }

    /// What is signed of the device itself.
    fn data(&self, more: u8, lie: Option<DeviceLie>) -> Vec<u8> {
        let site = if lie == Some(DeviceLie::Site) { "elsewhere.example" } else { &self.site };
        let flags = match lie {
            Some(DeviceLie::NotPresent) => UNLOCKED,
            Some(DeviceLie::NotUnlocked) => PRESENT,
            _ => PRESENT | UNLOCKED,
        };
        [&Sha256::digest(site.as_bytes())[..], &[flags | more], &self.counted.to_be_bytes()].concat()
    }

    /// What is signed of the page.
    fn client(&self, kind: &str, other: &str, challenge: &str, lie: Option<DeviceLie>) -> String {
        match lie {
            Some(DeviceLie::Origin) => client(kind, challenge, "https://elsewhere.example"),
            Some(DeviceLie::Challenge) => client(kind, &base64url([5; 32]), &self.origin),
            Some(DeviceLie::Kind) => client(other, challenge, &self.origin),
            _ => client(kind, challenge, &self.origin),
        }
    }
}
