//! Two tenants, so that every test can try to look from one into the other.

use crate::TestDb;
use identity::{CreatedTenant, Founding, NewTenant, Origin, SignUpForm};
use model::{MemberId, PersonId, RequestId, TenantId};
use std::collections::HashMap;
use store::sessions::{Client, SignIn, hash};
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
        let CreatedTenant { tenant, person, member, api_key, .. } = db
            .identity
            .create_tenant(
                NewTenant::parse(form).unwrap(),
                Founding::Operator { with_key: true },
                &Origin::here(db.request()),
            )
            .await
            .unwrap();
        let api_key = api_key.unwrap();
        let session = db.open_session(person, tenant).await;
        let owner = scope::of_session(&db.services, &hash(session), db.sessions.lifetime(), db.request())
            .await
            .unwrap()
            .unwrap();
        let key = db.identity.authenticate_key(&api_key, db.request()).await.unwrap().unwrap();
        // Clones are no request's, which would have ended by now: they hold no connection.
        Self { id: tenant, person, member, email, api_key, owner: owner.clone(), session, key: key.clone() }
    }
}

/// A person who is made a member of a tenant.
pub async fn member(db: &TestDb, tenant: &Tenant, name: &str, role: &str) -> (PersonId, MemberId) {
    let (person, member) = (db.services.new_id(), db.services.new_id());
    let email = format!("{}@{}.example", name.to_lowercase(), tenant.id.uuid().simple());
    let mut behind = db.superuser().await;
    sqlx::query("insert into app.people (person_id, email, name, created_at) values ($1, $2, $3, $4)")
        .bind(person)
        .bind(&email)
        .bind(name)
        .bind(db.services.now())
        .execute(&mut behind)
        .await
        .unwrap();
    sqlx::query(
        "insert into app.memberships (tenant_id, member_id, person_id, name, email, role, created_at)
         values ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(tenant.id.uuid())
    .bind(member)
    .bind(person)
    .bind(name)
    .bind(&email)
    .bind(role)
    .bind(db.services.now())
    .execute(&mut behind)
    .await
    .unwrap();
    (PersonId::from_uuid(person), MemberId::from_uuid(member))
}

/// That person, signed in.
pub async fn caller(db: &TestDb, tenant: &Tenant, person: PersonId) -> Caller {
    let session = db.open_session(person, tenant.id).await;
    scope::of_session(&db.services, &hash(session), db.sessions.lifetime(), db.request()).await.unwrap().unwrap()
}

/// A sign-in that owes nothing.
pub fn sign_in(person: PersonId, tenant: TenantId) -> SignIn {
    SignIn { person, proofs: Vec::new(), chosen: Some(tenant), owed: None, next: String::new(), until: None }
}

impl TestDb {
    /// A new request.
    pub fn request(&self) -> RequestId {
        RequestId::from_uuid(self.services.new_id())
    }

    /// A session as sign-in makes it.
    pub async fn open_session(&self, person: PersonId, tenant: TenantId) -> Id {
        self.keep_sign_in(&sign_in(person, tenant)).await
    }

    /// A session with a sign-in, as far as that has come.
    pub async fn keep_sign_in(&self, sign_in: &SignIn) -> Id {
        let expiry_date = self.services.now() + self.sessions.lifetime().absolute;
        let mut record = Record { id: Id::default(), data: HashMap::new(), expiry_date };
        self.sessions.create(&mut record).await.unwrap();
        self.sessions
            .sign_in(&record.id, sign_in, Client { device: "Firefox", address: None, request: self.request() })
            .await
            .unwrap();
        record.id
    }

    /// Makes the owner of one tenant work in another one as well, as an agent and since later.
    pub async fn joins(&self, who: &Tenant, other: &Tenant) {
        sqlx::query(
            "insert into app.memberships (tenant_id, member_id, person_id, name, email, role, created_at)
             select $1, $2, person_id, name, email, 'agent', created_at + interval '1 day' from app.memberships
             where member_id = $3",
        )
        .bind(other.id.uuid())
        .bind(self.services.new_id())
        .bind(who.member.uuid())
        .execute(&mut self.superuser().await)
        .await
        .unwrap();
    }
}
