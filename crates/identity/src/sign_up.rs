//! Sign up: a person, a tenant, and the person as its owner, in one transaction or not at all.

use crate::sign_in::{Asks, Second, advance};
use crate::tenants::{CreatedTenant, First, Founding};
use crate::{Identity, IdentityError, Origin};
use model::FieldError;
use model::input::{CompanyName, Email, NewPassword, PersonName};
use store::sessions::{Proof, SignIn};
use zeroize::Zeroizing;

/// What the form holds, as it was typed.
#[derive(Debug, Default)]
pub struct SignUpForm {
    /// The company's name.
    pub company: String,
    /// The person's name.
    pub name: String,
    /// The person's email address.
    pub email: String,
    /// The new password.
    pub password: Zeroizing<String>,
}

/// What has become of a sign-up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignedUp {
    /// Whoever signed up is in.
    In(SignIn),
    /// A letter is on its way. It says whether there was an account; nothing else does.
    Sent,
}

/// A form whose fields are all right.
#[derive(Debug)]
pub struct NewTenant {
    pub(crate) company: CompanyName,
    pub(crate) name: PersonName,
    pub(crate) email: Email,
    pub(crate) first: First,
}

impl NewTenant {
    /// Checks every field and reports all that are wrong at once.
    ///
    /// # Errors
    /// [`IdentityError::Invalid`] with a message for each wrong field.
    pub fn parse(form: SignUpForm) -> Result<Self, IdentityError> {
        let mut errors = Vec::new();
        let mut wrong = |field: &str, rejected: model::input::Rejected| {
            errors.push(FieldError { field: field.to_owned(), message: rejected.0 });
        };
        let company = CompanyName::parse(&form.company).map_err(|e| wrong("company", e)).ok();
        let name = PersonName::parse(&form.name).map_err(|e| wrong("name", e)).ok();
        let email = Email::parse(&form.email).map_err(|e| wrong("email", e)).ok();
        let known = [form.email.as_str(), form.name.as_str(), form.company.as_str()];
        let password = NewPassword::parse(&form.password, &known).map_err(|e| wrong("password", e)).ok();
        match (company, name, email, password) {
            (Some(company), Some(name), Some(email), Some(password)) => {
                let first = First::Password(Zeroizing::new(password.expose().to_owned()));
                Ok(Self { company, name, email, first })
            }
            _ => Err(IdentityError::Invalid(errors)),
        }
    }
}

impl Identity {
    /// Makes the tenant and its owner. Where letters reach their readers, the answer is the same for an email that is taken,
    /// and costs as much; elsewhere that one gets a neutral refusal. Every attempt counts against its address, and against no
    /// account.
    ///
    /// # Errors
    /// [`IdentityError`]; nothing is kept then.
    pub async fn sign_up(&self, form: SignUpForm, origin: &Origin) -> Result<SignedUp, IdentityError> {
        let new = NewTenant::parse(form)?;
        let attempt = self.attempt_sign_up(origin).await?;
        let email = new.email.clone();
        match self.create_tenant(new, Founding::SignUp, origin).await {
            Ok(_) if self.delivers() => Ok(SignedUp::Sent),
            Ok(CreatedTenant { person, epoch, tenant, .. }) => {
                // Nothing is asked of the database after it was made: it would be kept, and look as if it was not.
                advance(
                    self.begun(person, Proof::Password, epoch),
                    Second::None,
                    &[Asks { tenant, second_factor: false, provider: false }],
                )
                .map(SignedUp::In)
            }
            Err(IdentityError::EmailTaken) if self.delivers() => {
                self.tell_known(&email, origin).await?;
                Ok(SignedUp::Sent)
            }
            Err(IdentityError::EmailTaken) => Err(IdentityError::EmailTaken),
            Err(fault) => {
                // Ours, not theirs. If even this fails, the attempt counts for a quarter of an hour.
                let _ = self.forgive(attempt, origin.request).await;
                Err(fault)
            }
        }
    }
}
