//! Two tenants, so that every test can try to look from one into the other.

use crate::TestDb;
use identity::{CreatedTenant, NewTenant, Origin, SignUpForm};
use model::{MemberId, PersonId, RequestId, TenantId};
use store::sessions::{hash, key};
use store::{Caller, scope};
use tower_sessions_core::SessionStore as _;
use tower_sessions_core::session::{Id, Record};
use zeroize::Zeroizing;

/// The password of every owner in tests.
pub const OWNER_PASSWORD: &str = "correct horse battery";

/// A tenant and what opens it.
#[derive(Debug)]
pub struct Tenant {
    /// Its id.
    pub id: TenantId,
    /// Its owner.
    pub person: PersonId,
    /// Its owner's membership.
    pub member: MemberId,
    /// Its owner's email.
    pub email: String,
    /// The secret of its key.
    pub api_key: String,
    /// Its owner, signed in.
    pub owner: Caller,
    /// Its owner's session.
    pub session: Id,
    /// Its key as a caller.
    pub key: Caller,
}

/// Two tenants on one database.
#[derive(Debug)]
pub struct Two {
    /// The first.
    pub aurora: Tenant,
    /// The second.
    pub borealis: Tenant,
}

impl Two {
    /// Makes both.
    pub async fn new(db: &TestDb) -> Self {
        Self { aurora: Tenant::new(db, "Aurora").await, borealis: Tenant::new(db, "Borealis").await }
    }
}

impl Tenant {
    /// Signs a company up.
    pub async fn new(db: &TestDb, company: &str) -> Self {
        let email = format!("owner@{}.example", company.to_lowercase());
        let form = SignUpForm {
            company: company.to_owned(),
            name: format!("{company} Owner"),
            email: email.clone(),
            password: Zeroizing::new(OWNER_PASSWORD.to_owned()),
        };
        let CreatedTenant { tenant, person, member, api_key } = db
            .identity
            .create_tenant(NewTenant::parse(form).unwrap(), true, &Origin::here(db.request()))
            .await
            .unwrap();
        let api_key = api_key.unwrap();
        let session = db.open_session(person, tenant).await;
        let owner = scope::of_session(&db.services, &hash(session), db.sessions.lifetime(), db.request())
            .await
            .unwrap()
            .unwrap();
        let key = db.identity.authenticate_key(&api_key, db.request()).await.unwrap().unwrap();
        Self { id: tenant, person, member, email, api_key, owner, session, key }
    }
}

impl TestDb {
    /// A new request.
    pub fn request(&self) -> RequestId {
        RequestId::from_uuid(self.services.new_id())
    }

    /// A session as sign-in makes it.
    pub async fn open_session(&self, person: PersonId, tenant: TenantId) -> Id {
        let mut record = Record {
            id: Id::default(),
            data: [
                (key::PERSON.to_owned(), person.uuid().to_string().into()),
                (key::TENANT.to_owned(), tenant.uuid().to_string().into()),
            ]
            .into(),
            expiry_date: self.services.now() + self.sessions.lifetime().absolute,
        };
        self.sessions.create(&mut record).await.unwrap();
        record.id
    }
}
