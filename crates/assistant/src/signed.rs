//! Receipts that were given away: what is signed of one, and how whoever has it and a public key verifies it, with nothing else of ours.
//!
//! *Guarantees:* what is verified is, to the letter, a text that who has the other half of that key has signed as a receipt; and what stands
//! beside it in the file says the same. No database, no secret and no network is needed for it.

use model::receipt::{Receipt, ReceiptKey, Record, Signed};
use model::{Page, ReceiptId, TenantId, Timestamp};
use serde::Deserialize;
use store::signing::PublicKey;

/// The form of what is signed. It stands in the text first, so that no other text of ours is one.
const FORM: u32 = 1;

/// What is signed of a receipt. The record stands in it as it was written down, so no form of it has to be agreed on.
pub(crate) fn text_of(tenant: TenantId, receipt: ReceiptId, at: Timestamp, record: &str) -> String {
    format!(
        r#"{{"samtal_receipt":{FORM},"tenant_id":"{tenant}","receipt_id":"{receipt}","created_at":"{at}","record":{record}}}"#
    )
}

/// What a text that was signed says.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedText {
    samtal_receipt: u32,
    /// The workspace that it was written down for.
    pub tenant_id: TenantId,
    /// The receipt.
    pub receipt_id: ReceiptId,
    /// When the answer was made.
    pub created_at: Timestamp,
    /// What was written down.
    pub record: Record,
}

/// Why a file is not verified.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotVerified {
    /// It is something else.
    #[error("it is no receipt as GET /api/v1/answers/{{id}} gives it")]
    NoReceipt,
    /// Nothing in it is signed.
    #[error(
        "nothing in it is signed: when it was read it was not what was written down, or it comes from an older version"
    )]
    NotSigned,
    /// What was given as keys holds none.
    #[error("what was given as a key is neither a public key in PEM nor what GET /api/v1/receipt-keys gives")]
    NoKey,
    /// The key that it names is not among those.
    #[error("it was signed by the key {0}, which is not the one that was given")]
    OtherKey(String),
    /// The signature is of something else.
    #[error("its signature is not that of its text: one of them was changed, or made up")]
    Forged,
    /// The text is in a form that this version does not know.
    #[error("its text is signed, but in a form that this version does not know: verify it with a newer one")]
    Unknown,
    /// What stands beside the text says something else.
    #[error("its text is signed, but what stands beside it in the file says something else: the text alone counts")]
    Beside,
}

/// The one of these keys that is called so.
fn key_of(keys: &str, id: &str) -> Result<PublicKey, NotVerified> {
    let pems: Vec<String> = match serde_json::from_str::<Page<ReceiptKey>>(keys) {
        Ok(page) => page.data.into_iter().map(|key| key.public_key).collect(),
        Err(_) => vec![keys.to_owned()],
    };
    // By what they are: what a list calls them counts nothing.
    let keys: Vec<PublicKey> = pems.iter().filter_map(|pem| PublicKey::of_pem(pem)).collect();
    if keys.is_empty() {
        return Err(NotVerified::NoKey);
    }
    keys.into_iter().find(|key| key.id() == id).ok_or_else(|| NotVerified::OtherKey(id.to_owned()))
}

/// Verifies a receipt that was given away: `file` is what `GET /api/v1/answers/{id}` has given, `keys` a public key in PEM, or what
/// `GET /api/v1/receipt-keys` has given.
///
/// # Errors
/// Why it is not verified.
pub fn verify_signed(file: &str, keys: &str) -> Result<SignedText, NotVerified> {
    #[derive(Deserialize)]
    struct Exported {
        signed: Option<Signed>,
    }
    let exported: Exported = serde_json::from_str(file).map_err(|_| NotVerified::NoReceipt)?;
    let signed = exported.signed.ok_or(NotVerified::NotSigned)?;
    let key = key_of(keys, &signed.key_id)?;
    if !key.verifies(signed.text.as_bytes(), &signed.signature) {
        return Err(NotVerified::Forged);
    }
    let text: SignedText = serde_json::from_str(&signed.text).map_err(|_| NotVerified::Unknown)?;
    if text.samtal_receipt != FORM {
        return Err(NotVerified::Unknown);
    }
    // What cannot be read beside it does not say the same.
    let beside: Receipt = serde_json::from_str(file).map_err(|_| NotVerified::Beside)?;
    let same = beside.id == text.receipt_id && beside.created_at == text.created_at && beside.record == text.record;
    if same { Ok(text) } else { Err(NotVerified::Beside) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};
    use store::sealing::Sealer;
    use store::secret_key::SecretKey;
    use store::signing::Signer;
    use uuid::Uuid;

    const RECORD: &str = r#"{"question":"?","answer":"60 days.","outcome":"answer","verdict":"quoted","passages":[],"asked":null,"steps":[],"conversation_id":null}"#;

    fn signer(secret: u8) -> Signer {
        Signer::new(Sealer::of(&SecretKey::from_bytes([secret; 32])), "test")
    }

    fn pem(signer: &Signer) -> String {
        signer.public_keys().unwrap()[0].pem()
    }

    /// A receipt as it is given away, with this text signed.
    fn exported(signer: &Signer, text: &str) -> Value {
        let signed = signer.sign(text.as_bytes()).unwrap();
        json!({
            "id": ReceiptId::from_uuid(Uuid::from_u128(2)), "created_at": Timestamp::from_millis(1_000), "genuine": true, "seq": null,
            "signed": { "text": text, "signature": signed.signature, "key_id": signed.key_id },
            "record": serde_json::from_str::<Value>(RECORD).unwrap(),
        })
    }

    fn text() -> String {
        let (tenant, receipt) = (TenantId::from_uuid(Uuid::from_u128(1)), ReceiptId::from_uuid(Uuid::from_u128(2)));
        text_of(tenant, receipt, Timestamp::from_millis(1_000), RECORD)
    }

    #[test]
    fn what_is_signed_is_verified_by_the_key_alone() {
        let signer = signer(7);
        let file = exported(&signer, &text());
        let verified = verify_signed(&file.to_string(), &pem(&signer)).unwrap();
        assert_eq!(verified.tenant_id, TenantId::from_uuid(Uuid::from_u128(1)));
        assert_eq!((verified.record.answer.as_str(), verified.created_at), ("60 days.", Timestamp::from_millis(1_000)));
        // Among others, whatever the list calls it.
        let list = |first: &str, second: &str| {
            let key = |pem: &str| json!({ "id": "?", "public_key": pem, "signs": false });
            json!({ "data": [key(first), key(second)], "next_cursor": null }).to_string()
        };
        let keys = list(&pem(&self::signer(8)), &pem(&signer));
        assert_eq!(verify_signed(&file.to_string(), &keys), Ok(verified));
        // Spaces between its fields are not signed.
        assert!(verify_signed(&serde_json::to_string_pretty(&file).unwrap(), &pem(&signer)).is_ok());
    }

    #[test]
    fn whatever_is_changed_is_noticed() {
        let (signer, other) = (signer(7), signer(8));
        let good = exported(&signer, &text());
        let key = pem(&signer);
        let changed = |pointer: &str, to: Value| {
            let mut file = good.clone();
            *file.pointer_mut(pointer).unwrap() = to;
            verify_signed(&file.to_string(), &key).unwrap_err()
        };
        let text_of_90 = text().replace("60 days", "90 days");
        assert_eq!(changed("/signed/text", json!(text_of_90)), NotVerified::Forged);
        assert_eq!(changed("/signed/text", json!(format!("{} ", text()))), NotVerified::Forged);
        assert_eq!(changed("/signed/signature", json!("")), NotVerified::Forged);
        let by_other = other.sign(text().as_bytes()).unwrap();
        assert_eq!(changed("/signed/signature", json!(by_other.signature)), NotVerified::Forged);
        let named = NotVerified::OtherKey(by_other.key_id.clone());
        assert_eq!(changed("/signed/key_id", json!(by_other.key_id)), named);
        assert_eq!(changed("/signed", Value::Null), NotVerified::NotSigned);
        assert_eq!(changed("/record/answer", json!("90 days.")), NotVerified::Beside);
        assert_eq!(changed("/record", json!({})), NotVerified::Beside);
        assert_eq!(changed("/id", json!(ReceiptId::from_uuid(Uuid::from_u128(3)))), NotVerified::Beside);
        assert_eq!(changed("/created_at", json!(Timestamp::from_millis(2_000))), NotVerified::Beside);
        // Signed anew by somebody else.
        let forged = exported(&other, &text_of_90).to_string();
        assert_eq!(verify_signed(&forged, &key), Err(named));
        let good = good.to_string();
        for odd in ["", "key", "{}", r#"{"data":[],"next_cursor":null}"#] {
            assert_eq!(verify_signed(&good, odd), Err(NotVerified::NoKey), "{odd}");
        }
        assert_eq!(verify_signed("", &key), Err(NotVerified::NoReceipt));
        assert_eq!(verify_signed(&key, &key), Err(NotVerified::NoReceipt));
        assert_eq!(verify_signed("{}", &key), Err(NotVerified::NotSigned));
        // Something else that the same key has signed, and a form of later.
        for odd in ["text".to_owned(), text().replace(r#""samtal_receipt":1"#, r#""samtal_receipt":2"#)] {
            let file = exported(&signer, &odd).to_string();
            assert_eq!(verify_signed(&file, &key), Err(NotVerified::Unknown), "{odd}");
        }
    }
}
