//! An app on a phone that makes codes.

use crate::{OWNER_PASSWORD, Tenant, TestDb};
use identity::Origin;
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
        let origin = Origin::here(db.request());
        let password = Zeroizing::new(OWNER_PASSWORD.to_owned());
        db.identity.begin_factor(&tenant.owner, password, &origin).await.unwrap();
        match db.identity.second_factor(&tenant.owner, &origin).await.unwrap() {
            SecondFactor::Begun { key, .. } => Self::new(&key),
            other => panic!("{other:?}"),
        }
    }

    /// The same who has turned it on: with the codes for paper.
    pub async fn on(db: &TestDb, tenant: &Tenant) -> (Self, Vec<String>) {
        let app = Self::begun(db, tenant).await;
        let (code, here, origin) = (app.code(db.services.now()), hash(tenant.session), Origin::here(db.request()));
        let codes = db.identity.turn_factor_on(&tenant.owner, &code, &here, &origin).await.unwrap();
        (app, codes)
    }
}
