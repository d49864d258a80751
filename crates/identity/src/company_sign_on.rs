//! A company's own provider, and the domains that it has proven to be its own: for addresses in those its word counts, and for no
//! others. Only owners change either: who sets the provider can come in as anybody of these addresses.

use crate::account::person;
use crate::members::hold;
use crate::providers::Named;
use crate::second_factor::Here;
use crate::{Identity, IdentityError, Origin, hex};
use model::audit::Act;
use model::identity::{CompanyDomain, CompanyProvider, CompanySignOn};
use model::input::{DomainName, Email, ProviderName};
use model::permission::ManageSignOn;
use model::{FieldError, TenantId};
use sign_on::{Provider, Whose};
use store::audit::{self, Entry};
use store::sealing::{Older, Owner, SealedColumn, Sought, Spot};
use store::services::timestamp;
use store::{Caller, PlatformTx, Reason, StoreError};
use uuid::Uuid;
use words::{Text, text};
use zeroize::Zeroizing;

/// Domains of a company.
const MAX_DOMAINS: i64 = 20;

/// What the form for the provider holds.
#[derive(Debug, Default)]
pub struct ProviderForm {
    /// What its people call it.
    pub name: String,
    /// Its address, as it calls itself.
    pub issuer: String,
    /// What it calls this installation.
    pub client_id: String,
    /// What shows that; nothing: as it was.
    pub client_secret: Zeroizing<String>,
    /// Whether members sign in by it, owners aside.
    pub required: bool,
    /// The password of who sets it, once more.
    pub password: Zeroizing<String>,
}

/// Where the secret is sealed.
fn spot(tenant: TenantId, provider: Uuid) -> Spot {
    Spot { owner: Owner::Tenant(tenant), column: "providers.secret", row: provider }
}

/// Under which name the proof of a domain stands, and what it says.
fn record_of(domain: &str, proof: &str) -> (String, String) {
    (format!("_samtal.{domain}"), format!("samtal={proof}"))
}

impl Identity {
    /// The provider, and the domains.
    ///
    /// # Errors
    /// [`IdentityError::Denied`], or the database's.
    #[tracing::instrument(name = "db.company_sign_on.get", skip_all)]
    pub async fn company_sign_on(&self, caller: &Caller) -> Result<CompanySignOn, IdentityError> {
        let right = caller.may(ManageSignOn)?;
        let mut tx = self.services.store.tenant(right.scope()).await?;
        let provider = sqlx::query!(
            r#"select provider_id, name, issuer, client_id, secret_sealed is not null as "secret!", required from app.providers"#
        );
        let provider = provider.fetch_optional(&mut tx).await.map_err(StoreError::from)?;
        let domains = sqlx::query!(
            "select domain_id, domain, proof, proven_at from app.domains order by domain limit $1",
            MAX_DOMAINS
        );
        let domains = domains.fetch_all(&mut tx).await.map_err(StoreError::from)?;
        tx.leave_open();
        let provider = provider.map(|row| CompanyProvider {
            back: self.way_back(&row.provider_id.to_string()),
            name: row.name,
            issuer: row.issuer,
            client_id: row.client_id,
            secret: row.secret,
            required: row.required,
        });
        let domains = domains.into_iter().map(|row| {
            let (record, says) = record_of(&row.domain, &row.proof);
            let (id, proven_at) = (row.domain_id.to_string(), row.proven_at.map(timestamp));
            CompanyDomain { id, domain: row.domain, record, says, proven_at }
        });
        Ok(CompanySignOn { provider, domains: domains.collect() })
    }

    /// Sets the provider, which has to answer, for who shows the password once more, if there is one: whoever sets it can come in as
    /// others.
    ///
    /// # Errors
    /// [`IdentityError::Denied`], [`IdentityError::NotThePassword`], [`IdentityError::Invalid`] for what was typed, or does not answer,
    /// [`IdentityError::SignInOver`] for a session that ended meanwhile, or the database's.
    pub async fn set_provider(
        &self,
        caller: &Caller,
        mut form: ProviderForm,
        here: Here<'_>,
        origin: &Origin,
    ) -> Result<(), IdentityError> {
        let right = caller.may(ManageSignOn)?;
        let person = person(caller)?;
        let mut errors = Vec::new();
        let mut wrong = |field: &str, message: Text| errors.push(FieldError { field: field.to_owned(), message });
        let name = ProviderName::parse(&form.name).map_err(|e| wrong("name", e.0)).ok();
        let (issuer, client_id) = (form.issuer.trim().to_owned(), form.client_id.trim().to_owned());
        if issuer.is_empty() || issuer.len() > 500 {
            wrong("issuer", text!("Enter the provider's address, as it calls itself."));
        }
        if client_id.is_empty() || client_id.len() > 500 || client_id.chars().any(char::is_control) {
            wrong("client_id", text!("Enter what the provider calls this installation."));
        }
        if form.client_secret.len() > 1000 {
            wrong("client_secret", text!("A secret has at most 1,000 characters."));
        }
        let Some(name) = name.filter(|_| errors.is_empty()) else { return Err(IdentityError::Invalid(errors)) };
        self.shown_again(person, std::mem::take(&mut form.password), here, origin).await?;
        let provider = Provider {
            issuer: issuer.clone(),
            client_id: client_id.clone(),
            client_secret: None,
            edov: false,
            whose: Whose::Tenant,
            share: Some(right.scope().tenant().uuid().as_u128()),
        };
        // Before anything is held: it may take its time.
        if let Err(error) = self.providers.speaks()?.try_out(&provider).await {
            let what = text!("The provider cannot be asked there: {error}.", error);
            return Err(IdentityError::field("issuer", what));
        }
        self.put_provider(caller, right.scope().tenant(), (name.as_str(), &issuer, &client_id), &form).await
    }

    #[tracing::instrument(name = "db.company_sign_on.set", skip_all)]
    async fn put_provider(
        &self,
        caller: &Caller,
        tenant: TenantId,
        (name, issuer, client_id): (&str, &str, &str),
        form: &ProviderForm,
    ) -> Result<(), IdentityError> {
        let mut tx = self.services.store.tenant(caller.scope()).await?;
        hold(&mut tx, caller).await?;
        let before =
            sqlx::query!("select provider_id, name, issuer, client_id, required, secret_sealed from app.providers");
        let before = before.fetch_optional(&mut tx).await.map_err(StoreError::from)?;
        // Another issuer is another provider: what stands in its address there does not lead here by chance.
        let same = before.as_ref().filter(|row| row.issuer == issuer);
        if same.is_none()
            && form.client_secret.trim().is_empty()
            && before.as_ref().is_some_and(|row| row.secret_sealed.is_some())
        {
            return Err(IdentityError::field(
                "client_secret",
                text!("Type the secret of this provider: the one that is kept is another's."),
            ));
        }
        let id = same.map_or_else(|| self.services.new_id(), |row| row.provider_id);
        let sealed = match form.client_secret.trim() {
            "" => same.and_then(|row| row.secret_sealed.clone()),
            secret => Some(self.sealer.seal(&spot(tenant, id), secret.as_bytes())?),
        };
        sqlx::query!(
            "insert into app.providers (tenant_id, provider_id, name, issuer, client_id, secret_sealed, required, changed_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8)
             on conflict (tenant_id) do update set provider_id = $2, name = $3, issuer = $4, client_id = $5, secret_sealed = $6,
               required = $7, changed_at = $8",
            tenant.uuid(),
            id,
            name,
            issuer,
            client_id,
            sealed,
            form.required,
            self.services.now()
        )
        .execute(&mut tx)
        .await
        .map_err(StoreError::from)?;
        let required = |required: bool| if required { "yes" } else { "no" };
        let mut entry = Entry::new(Act::ProviderSet).to(id, name);
        entry = entry.is("issuer", issuer).is("client_id", client_id).is("required", required(form.required));
        if let Some(row) = &before {
            entry = entry.was("name", &row.name).was("issuer", &row.issuer).was("client_id", &row.client_id);
            entry = entry.was("required", required(row.required));
        }
        audit::record(&mut tx, &self.services, caller, entry).await?;
        Ok(tx.commit().await?)
    }

    /// Takes the provider away. Where there is none it does nothing.
    ///
    /// # Errors
    /// [`IdentityError::Denied`], or the database's.
    #[tracing::instrument(name = "db.company_sign_on.remove", skip_all)]
    pub async fn remove_provider(&self, caller: &Caller) -> Result<(), IdentityError> {
        let right = caller.may(ManageSignOn)?;
        let mut tx = self.services.store.tenant(right.scope()).await?;
        hold(&mut tx, caller).await?;
        let gone = sqlx::query!("delete from app.providers returning provider_id, name, issuer");
        let Some(row) = gone.fetch_optional(&mut tx).await.map_err(StoreError::from)? else { return Ok(()) };
        let entry = Entry::new(Act::ProviderRemoved).to(row.provider_id, &row.name).was("issuer", &row.issuer);
        audit::record(&mut tx, &self.services, caller, entry).await?;
        Ok(tx.commit().await?)
    }

    /// Names a domain as the company's, which is to be proven.
    ///
    /// # Errors
    /// [`IdentityError::Denied`], [`IdentityError::Invalid`] for what is no domain or there already, or too many, or the database's.
    #[tracing::instrument(name = "db.domain.add", skip_all)]
    pub async fn add_domain(&self, caller: &Caller, domain: &str) -> Result<(), IdentityError> {
        let right = caller.may(ManageSignOn)?;
        let domain = DomainName::parse(domain).map_err(|e| IdentityError::field("domain", e.0))?;
        let mut tx = self.services.store.tenant(right.scope()).await?;
        hold(&mut tx, caller).await?;
        let there = sqlx::query!(
            r#"select count(*) as "all!", count(*) filter (where domain = $1) as "same!" from app.domains"#,
            domain.as_str()
        );
        let there = there.fetch_one(&mut tx).await.map_err(StoreError::from)?;
        if there.same > 0 {
            return Err(IdentityError::field("domain", text!("This domain stands in the list already.")));
        }
        if there.all >= MAX_DOMAINS {
            return Err(IdentityError::field("domain", text!("A workspace can name 20 domains. Remove one first.")));
        }
        let id = self.services.new_id();
        sqlx::query!(
            "insert into app.domains (tenant_id, domain_id, domain, proof, created_at) values ($1, $2, $3, $4, $5)",
            right.scope().tenant().uuid(),
            id,
            domain.as_str(),
            hex(&rand::random::<[u8; 16]>()),
            self.services.now()
        )
        .execute(&mut tx)
        .await
        .map_err(StoreError::from)?;
        let entry = Entry::new(Act::DomainAdded).to(id, domain.as_str());
        audit::record(&mut tx, &self.services, caller, entry).await?;
        Ok(tx.commit().await?)
    }

    /// Looks whether the proof stands in the DNS.
    ///
    /// # Errors
    /// [`IdentityError::Denied`], [`IdentityError::NotFound`], [`IdentityError::Invalid`] where it does not stand there or the domain is
    /// another workspace's, or the database's.
    pub async fn prove_domain(&self, caller: &Caller, id: Uuid) -> Result<(), IdentityError> {
        let right = caller.may(ManageSignOn)?;
        let mut tx = self.services.store.tenant(right.scope()).await?;
        let row = sqlx::query!("select domain, proof, proven_at from app.domains where domain_id = $1", id);
        let row = row.fetch_optional(&mut tx).await.map_err(StoreError::from)?.ok_or(IdentityError::NotFound)?;
        // Nothing is held while the DNS thinks.
        drop(tx);
        if row.proven_at.is_some() {
            return Ok(());
        }
        let (record, says) = record_of(&row.domain, &row.proof);
        let texts = self.providers.texts(right.scope().tenant(), &record).await.map_err(|error| {
            let what = text!("The DNS was not heard ({error}). Try again in a minute.", error);
            IdentityError::field("domain", what)
        })?;
        if !texts.iter().any(|text| text.trim() == says) {
            let what =
                text!("{record} does not say it yet. It may take some minutes until a new record is seen.", record);
            return Err(IdentityError::field("domain", what));
        }
        self.put_proof(caller, id, &row.domain).await
    }

    #[tracing::instrument(name = "db.domain.prove", skip_all)]
    async fn put_proof(&self, caller: &Caller, id: Uuid, domain: &str) -> Result<(), IdentityError> {
        let mut tx = self.services.store.tenant(caller.scope()).await?;
        hold(&mut tx, caller).await?;
        let proven = sqlx::query!(
            "update app.domains set proven_at = $2 where domain_id = $1 and proven_at is null",
            id,
            self.services.now()
        );
        match proven.execute(&mut tx).await {
            Ok(done) if done.rows_affected() == 1 => {}
            Ok(_) => return Ok(()),
            Err(sqlx::Error::Database(error)) if error.constraint() == Some("domains_proven_key") => {
                return Err(IdentityError::field(
                    "domain",
                    text!("Another workspace here has proven this domain to be its own."),
                ));
            }
            Err(error) => return Err(StoreError::from(error).into()),
        }
        audit::record(&mut tx, &self.services, caller, Entry::new(Act::DomainProven).to(id, domain)).await?;
        Ok(tx.commit().await?)
    }

    /// Takes a domain off the list: for its addresses the provider's word counts no more.
    ///
    /// # Errors
    /// [`IdentityError::Denied`], [`IdentityError::NotFound`], or the database's.
    #[tracing::instrument(name = "db.domain.remove", skip_all)]
    pub async fn remove_domain(&self, caller: &Caller, id: Uuid) -> Result<(), IdentityError> {
        let right = caller.may(ManageSignOn)?;
        let mut tx = self.services.store.tenant(right.scope()).await?;
        hold(&mut tx, caller).await?;
        let gone = sqlx::query_scalar!("delete from app.domains where domain_id = $1 returning domain", id);
        let domain = gone.fetch_optional(&mut tx).await.map_err(StoreError::from)?.ok_or(IdentityError::NotFound)?;
        audit::record(&mut tx, &self.services, caller, Entry::new(Act::DomainRemoved).to(id, &domain)).await?;
        Ok(tx.commit().await?)
    }

    /// The provider of a company, by its name in addresses.
    #[tracing::instrument(name = "db.company_sign_on.find", skip_all)]
    pub(crate) async fn provider_of(&self, slug: &str, origin: &Origin) -> Result<Named, IdentityError> {
        let id = Uuid::try_parse(slug).map_err(|_| IdentityError::NotFound)?;
        let mut tx = self.services.store.platform(Reason::SignIn, origin.request).await?;
        let row = sqlx::query!(
            "select p.tenant_id, p.provider_id, p.name, p.issuer, p.client_id, p.secret_sealed
             from app.providers p join app.tenants t on t.tenant_id = p.tenant_id
             where p.provider_id = $1 and t.suspended_at is null
               -- Nobody is sent anywhere by somebody who has proven nothing.
               and exists (select from app.domains d where d.tenant_id = p.tenant_id and d.proven_at is not null)",
            id
        );
        let row = row.fetch_optional(&mut tx).await.map_err(StoreError::from)?.ok_or(IdentityError::NotFound)?;
        // Nothing is held while the keys are looked at.
        drop(tx);
        let tenant = TenantId::from_uuid(row.tenant_id);
        let secret = row.secret_sealed.map(|sealed| self.sealer.open(&spot(tenant, row.provider_id), &sealed));
        let client_secret = match secret {
            Some(secret) => Some(Zeroizing::new(String::from_utf8_lossy(&secret?).into_owned())),
            None => None,
        };
        let provider = Provider {
            issuer: row.issuer,
            client_id: row.client_id,
            client_secret,
            edov: false,
            whose: Whose::Tenant,
            share: Some(row.tenant_id.as_u128()),
        };
        Ok(Named { title: row.name, provider, of: Some(tenant) })
    }

    /// The provider to which people of an address are led: its name in addresses.
    ///
    /// # Errors
    /// [`IdentityError::Invalid`] for what is no address, or whose company has none; or the database's.
    #[tracing::instrument(name = "db.company_sign_on.of_address", skip_all)]
    pub async fn provider_for(&self, email: &str, origin: &Origin) -> Result<String, IdentityError> {
        let email = Email::parse(email).map_err(|e| IdentityError::field("email", e.0))?;
        let mut tx = self.services.store.platform(Reason::SignIn, origin.request).await?;
        let row = sqlx::query_scalar!(
            "select p.provider_id from app.domains d join app.providers p on p.tenant_id = d.tenant_id
             join app.tenants t on t.tenant_id = d.tenant_id
             where d.domain = split_part($1, '@', 2) and d.proven_at is not null and t.suspended_at is null",
            email.as_str()
        );
        let found = row.fetch_optional(&mut tx).await.map_err(StoreError::from)?;
        found.map(|id| id.to_string()).ok_or_else(|| {
            IdentityError::field(
                "email",
                text!("No company with this domain has a sign-in of its own here. Sign in with your password."),
            )
        })
    }

    /// Whether an address is in a domain that a company has proven.
    #[tracing::instrument(name = "db.domain.has", skip_all)]
    pub(crate) async fn has_address(&self, tenant: TenantId, email: &str, origin: &Origin) -> Result<bool, StoreError> {
        let mut tx = self.services.store.platform(Reason::SignIn, origin.request).await?;
        let has = sqlx::query_scalar!(
            r#"select exists (select from app.domains
                 where tenant_id = $1 and domain = split_part($2, '@', 2) and proven_at is not null) as "has!""#,
            tenant.uuid(),
            email
        );
        Ok(has.fetch_one(&mut tx).await?)
    }
}

/// The secrets of companies' providers, for `samtal keys rotate`.
pub(crate) struct ProviderSecrets;

impl SealedColumn for ProviderSecrets {
    type Key = Uuid;

    async fn older(tx: &mut PlatformTx, sought: Sought<'_, Uuid>) -> Result<Vec<Older<Uuid>>, StoreError> {
        let old = sqlx::query!(
            r#"select tenant_id, provider_id, secret_sealed as "sealed!" from app.providers
                   where tenant_id > $4 and substring(secret_sealed from 1 for $1) <> $2 order by tenant_id limit $3 for update"#,
            sought.length,
            sought.begins,
            sought.most,
            *sought.after
        )
        .fetch_all(tx)
        .await?;
        Ok(old
            .into_iter()
            .map(|row| Older {
                key: row.tenant_id,
                spot: spot(TenantId::from_uuid(row.tenant_id), row.provider_id),
                sealed: row.sealed,
            })
            .collect())
    }

    async fn keep(tx: &mut PlatformTx, tenant: &Uuid, sealed: &[u8]) -> Result<(), StoreError> {
        sqlx::query!("update app.providers set secret_sealed = $2 where tenant_id = $1", *tenant, sealed)
            .execute(tx)
            .await?;
        Ok(())
    }
}
