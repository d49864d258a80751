//! An app on a phone that makes codes.

use crate::{OWNER_PASSWORD, Tenant, TestDb};
use identity::{Here, Origin};
use model::identity::SecondFactor;
use store::sessions::hash;
use time::OffsetDateTime;
use totp_rs::{Builder, Secret, Totp};
use zeroize::Zeroizing;

/// An app that knows a key.
pub struct App(Totp);

impl App {
    /// As whoever types the key into it.
    pub fn new(key: &str) -> Self {
        Self(Builder::new().with_secret(Secret::try_from_base32(key).unwrap()).build().unwrap())
    }

    /// What it shows then.
    pub fn code(&self, at: OffsetDateTime) -> String {
        self.0.generate(at.unix_timestamp().unsigned_abs()).to_string()
    }

    /// The app of a tenant's owner who has begun to set up a second factor.
    pub async fn begun(db: &TestDb, tenant: &Tenant) -> Self {
        let (origin, hash) = (Origin::here(db.request()), hash(tenant.session));
        let here = Here(&hash);
        let password = Zeroizing::new(OWNER_PASSWORD.to_owned());
        db.identity.begin_factor(&tenant.owner, password, here, &origin).await.unwrap();
        match db.identity.second_factor(&tenant.owner, here, &origin).await.unwrap() {
            SecondFactor::Begun { key, .. } => Self::new(&key),
            other => panic!("{other:?}"),
        }
    }

    /// The same who has turned it on, with the codes for paper. Their session is a new one.
    pub async fn on(db: &TestDb, tenant: &mut Tenant) -> (Self, Vec<String>) {
        let app = Self::begun(db, tenant).await;
        let (code, here, origin) = (app.code(db.services.now()), hash(tenant.session), Origin::here(db.request()));
        let turned = db.identity.turn_factor_on(&tenant.owner, &code, Here(&here), &origin).await;
        let (codes, sign_in) = turned.unwrap();
        tenant.session = db.keep_sign_in(&sign_in).await;
        (app, codes)
    }
}
