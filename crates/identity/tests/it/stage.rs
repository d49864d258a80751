//! What the tests here set up and count.

use identity::{Identity, IdentityError, Kept, Origin, SignInForm, SignUpForm};
use model::{MemberId, PersonId};
use std::net::IpAddr;
use store::sessions::{SignIn, hash};
use store::{Caller, scope};
use testkit::{Tenant, TestDb};
use zeroize::Zeroizing;

/// A request from an address.
pub fn from(db: &TestDb, address: &str) -> Origin {
    Origin { address: address.parse::<IpAddr>().unwrap(), request: db.request(), language: None }
}

/// A form to sign up with that is all right.
pub fn sign_up_form(company: &str, email: &str) -> SignUpForm {
    SignUpForm {
        company: company.to_owned(),
        name: "Anna Berg".to_owned(),
        email: email.to_owned(),
        password: Zeroizing::new("green lamp river".to_owned()),
    }
}

/// Tries to sign in.
pub async fn sign_in(
    identity: &Identity,
    email: &str,
    password: &str,
    origin: &Origin,
) -> Result<SignIn, IdentityError> {
    let form = SignInForm { email: email.to_owned(), password: Zeroizing::new(password.to_owned()) };
    identity.sign_in(form, origin, Kept::default()).await
}

/// How many people, tenants, memberships, keys and counted attempts there are.
pub async fn counts(db: &TestDb) -> [i64; 5] {
    let row: (i64, i64, i64, i64, i64) = sqlx::query_as(
        "select (select count(*) from app.people), (select count(*) from app.tenants), (select count(*) from app.memberships),
                (select count(*) from app.api_keys), (select count(*) from app.sign_in_attempts)",
    )
    .fetch_one(&mut db.superuser().await)
    .await
    .unwrap();
    row.into()
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

/// An agent of a tenant, signed in.
pub async fn agent(db: &TestDb, tenant: &Tenant) -> Caller {
    let (person, _) = member(db, tenant, "Agent", "agent").await;
    caller(db, tenant, person).await
}
