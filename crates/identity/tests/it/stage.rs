//! What the tests here set up and count.

use identity::{Identity, IdentityError, Kept, Origin, SignInForm, SignUpForm};
use std::net::IpAddr;
use store::Caller;
use store::sessions::SignIn;
use testkit::{Tenant, TestDb};
pub use testkit::{caller, member};
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

/// An agent of a tenant, signed in.
pub async fn agent(db: &TestDb, tenant: &Tenant) -> Caller {
    let (person, _) = member(db, tenant, "Agent", "agent").await;
    caller(db, tenant, person).await
}
