//! Tenants: making one, and what its members see of it.

use crate::language::spoken;
use crate::letters::LetterKind;
use crate::members::MemberRow;
use crate::{Identity, IdentityError, NewTenant, Origin};
use futures_core::future::BoxFuture;
use model::audit::Act;
use model::identity::{ApiKey, CurrentSession, Languages, Member, Role, Tenant};
use model::permission::API_KEY;
use model::{ApiKeyId, MemberId, PersonId, TenantId};
use sign_on::Vouched;
use store::audit::{self, Entry};
use store::services::timestamp;
use store::{Actor, Caller, PlatformTx, Reason, StoreError};
use words::Language;
use zeroize::Zeroizing;

/// A tenant just made.
#[derive(Debug)]
pub struct CreatedTenant {
    /// Its id.
    pub tenant: TenantId,
    /// Its owner.
    pub person: PersonId,
    /// How often the owner's password had been changed.
    pub epoch: i32,
    /// Its owner's membership.
    pub member: MemberId,
    /// The secret of its first key, when one was asked for.
    pub api_key: Option<String>,
}

/// How a tenant comes about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Founding {
    /// Somebody signs up, who has to confirm the address where letters reach their readers.
    SignUp,
    /// The operator makes it and vouches for the address.
    Operator {
        /// Whether it gets an API key.
        with_key: bool,
    },
}

/// By what a new account is opened first.
#[derive(Debug)]
pub enum First {
    /// By a password.
    Password(Zeroizing<String>),
    /// By a provider's word, which confirms the address: what it says, and what people call it.
    Vouched(Vouched, String),
}

impl First {
    /// The name of the provider, if it is one.
    fn provider(&self) -> Option<(&Vouched, &str)> {
        match self {
            Self::Password(_) => None,
            Self::Vouched(vouched, title) => Some((vouched, title)),
        }
    }
}

/// Who a caller is, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    /// A person who is signed in, and how they are spoken to.
    Member(Member, Languages),
    /// A program.
    Key(ApiKey),
}

/// What another capability gives to each new tenant, in the transaction that makes it.
pub trait TenantSetup: std::fmt::Debug + Send + Sync {
    /// Writes it.
    fn set_up<'a>(&'a self, tx: &'a mut PlatformTx, tenant: TenantId) -> BoxFuture<'a, Result<(), StoreError>>;
}

/// What is kept of that by which an account is opened first.
pub(crate) enum Begins {
    /// The hash of a password.
    Hash(String),
    /// An account elsewhere.
    Vouched(Vouched, String),
}

impl Begins {
    fn hash(&self) -> Option<&str> {
        match self {
            Self::Hash(hash) => Some(hash),
            Self::Vouched(..) => None,
        }
    }
}

impl Identity {
    /// Makes a person, a tenant with that person as its owner and, where asked, a first API key: all or nothing.
    ///
    /// # Errors
    /// [`IdentityError::EmailTaken`] when there is such a person already, or a fault of the database's.
    #[tracing::instrument(name = "db.tenant.create", skip_all)]
    pub async fn create_tenant(
        &self,
        new: NewTenant,
        founding: Founding,
        origin: &Origin,
    ) -> Result<CreatedTenant, IdentityError> {
        let now = self.services.now();
        let (tenant, member) = (self.services.new_id(), self.services.new_id());
        let key = (founding == Founding::Operator { with_key: true }).then(|| self.draw_key());
        // Where nobody could confirm it, the address is taken for confirmed.
        let confirms = founding == Founding::SignUp && self.delivers() && new.first.provider().is_none();
        let verified_at = (!confirms).then_some(now);
        let begins = self.begins(new.first, origin).await?;

        let store = |e: sqlx::Error| IdentityError::Store(e.into());
        let mut tx = self.services.store.platform(Reason::SignUp, origin.request).await?;
        let begun = self.begin_person(&mut tx, (new.email.as_str(), new.name.as_str()), &begins, verified_at);
        let (person, epoch) = begun.await?.ok_or(IdentityError::EmailTaken)?;
        let person = person.uuid();
        sqlx::query!(
            "insert into app.tenants (tenant_id, name, created_at) values ($1, $2, $3)",
            tenant,
            new.company.as_str(),
            now
        )
        .execute(&mut tx)
        .await
        .map_err(store)?;
        sqlx::query!(
            "insert into app.memberships (tenant_id, member_id, person_id, name, email, role, created_at, language)
             values ($1, $2, $3, $4, $5, $6, $7, $8)",
            tenant,
            member,
            person,
            new.name.as_str(),
            new.email.as_str(),
            Role::Owner.to_string(),
            now,
            origin.language.map(Language::tag)
        )
        .execute(&mut tx)
        .await
        .map_err(store)?;
        for setup in self.setups.iter() {
            setup.set_up(&mut tx, TenantId::from_uuid(tenant)).await?;
        }
        if let Some(key) = &key {
            sqlx::query!(
                "insert into app.api_keys (tenant_id, key_id, name, prefix, key_hash, created_by, created_at, scopes)
                 values ($1, $2, 'First key', $3, $4, $5, $6, $7)",
                tenant,
                self.services.new_id(),
                key.prefix,
                key.hash.as_slice(),
                member,
                now,
                &API_KEY.names()
            )
            .execute(&mut tx)
            .await
            .map_err(store)?;
        }
        if confirms {
            let whose = (TenantId::from_uuid(tenant), PersonId::from_uuid(person));
            self.write(&mut tx, whose, new.email.as_str(), LetterKind::Confirm).await?;
        }
        let whose = (TenantId::from_uuid(tenant), PersonId::from_uuid(person));
        let (services, act) = (&self.services, Act::WorkspaceCreated);
        if founding == Founding::SignUp {
            audit::record_in(&mut tx, services, whose, origin.into(), Entry::new(act)).await?;
        } else {
            audit::record_of_operator(&mut tx, services, whose.1, origin.request, Entry::new(act)).await?;
            if let Some(key) = &key {
                let entry = Entry::new(Act::KeyCreated).is("prefix", &key.prefix);
                let entry = entry.is("name", "First key").is("scopes", API_KEY.names().join(" "));
                audit::record_of_operator(&mut tx, services, whose.1, origin.request, entry).await?;
            }
        }
        tx.commit().await?;
        if confirms {
            self.post_is_due();
        }
        let tenant = TenantId::from_uuid(tenant);
        tracing::info!(%tenant, "tenant created");
        Ok(CreatedTenant {
            tenant,
            person: PersonId::from_uuid(person),
            epoch,
            member: MemberId::from_uuid(member),
            api_key: key.map(|k| k.secret),
        })
    }

    /// What is kept of that by which an account is opened first.
    pub(crate) async fn begins(&self, first: First, origin: &Origin) -> Result<Begins, IdentityError> {
        Ok(match first {
            First::Password(password) => Begins::Hash(self.passwords.hash(origin.network(), password).await?),
            First::Vouched(vouched, title) => Begins::Vouched(vouched, title),
        })
    }

    /// Makes a person, or lets one begin anew who is a member nowhere any more, and says how often the password has been changed;
    /// `None` for everybody else with this address.
    pub(crate) async fn begin_person(
        &self,
        tx: &mut PlatformTx,
        (email, name): (&str, &str),
        begins: &Begins,
        verified_at: Option<time::OffsetDateTime>,
    ) -> Result<Option<(PersonId, i32)>, IdentityError> {
        let begun = self.put_person(tx, (email, name), begins.hash(), verified_at).await?;
        if let (Some((person, _)), Begins::Vouched(vouched, title)) = (begun, begins) {
            self.put_identity(tx, person, vouched, title).await?;
        }
        Ok(begun)
    }

    async fn put_person(
        &self,
        tx: &mut PlatformTx,
        (email, name): (&str, &str),
        password_hash: Option<&str>,
        verified_at: Option<time::OffsetDateTime>,
    ) -> Result<Option<(PersonId, i32)>, StoreError> {
        let (person, now) = (self.services.new_id(), self.services.now());
        let made = sqlx::query!(
            "insert into app.people (person_id, email, name, password_hash, created_at, verified_at)
             values ($1, $2, $3, $4, $5, $6) on conflict (email) do nothing",
            person,
            email,
            name,
            password_hash,
            now,
            verified_at
        )
        .execute(&mut *tx)
        .await?;
        if made.rows_affected() == 1 {
            return Ok(Some((PersonId::from_uuid(person), 0)));
        }
        // Statement by statement: each sees what the one before has waited for.
        let there = sqlx::query_scalar!("select person_id from app.people where email = $1 for no key update", email);
        let Some(person) = there.fetch_optional(&mut *tx).await? else { return Ok(None) };
        let anew = sqlx::query_scalar!(
            "update app.people set name = $2, password_hash = $3, verified_at = $4, password_epoch = password_epoch + 1
             where person_id = $1 and not exists (select from app.memberships where person_id = $1)
             returning password_epoch",
            person,
            name,
            password_hash,
            verified_at
        )
        .fetch_optional(&mut *tx)
        .await?;
        let Some(epoch) = anew else { return Ok(None) };
        // As if they had never been here: the phone may be somebody else's.
        sqlx::query!("delete from app.second_factors where person_id = $1", person).execute(&mut *tx).await?;
        sqlx::query!("delete from app.passkeys where person_id = $1", person).execute(&mut *tx).await?;
        sqlx::query!("delete from app.recovery_codes where person_id = $1", person).execute(&mut *tx).await?;
        sqlx::query!("delete from app.identities where person_id = $1", person).execute(tx).await?;
        Ok(Some((PersonId::from_uuid(person), epoch)))
    }

    /// Who the caller is, and the tenant it works in.
    ///
    /// # Errors
    /// [`IdentityError::NotFound`] when the membership or key has just been removed.
    #[tracing::instrument(name = "db.tenant.get", skip_all)]
    pub async fn whoami(&self, caller: &Caller) -> Result<(Tenant, Who), IdentityError> {
        // Everybody may know that.
        let mut tx = self.services.store.tenant(caller.scope()).await?;
        match caller.actor() {
            Actor::Member { member, .. } => {
                let row = sqlx::query!(
                    r#"select t.tenant_id, t.name as tenant_name, t.created_at as tenant_created_at,
                         m.member_id, m.name, m.email, m.role, m.created_at, m.suspended_at, r.name as "title?",
                         r.permissions as "permissions?", m.language, t.language as workspace_language
                       from app.tenants t join app.memberships m on m.tenant_id = t.tenant_id
                       left join app.roles r on r.tenant_id = m.tenant_id and r.role_id = m.role_id
                       where m.member_id = $1"#,
                    member.uuid()
                )
                .fetch_optional(&mut tx)
                .await
                .map_err(StoreError::from)?
                .ok_or(IdentityError::NotFound)?;
                tx.leave_open();
                let tenant = Tenant {
                    id: TenantId::from_uuid(row.tenant_id),
                    name: row.tenant_name,
                    created_at: timestamp(row.tenant_created_at),
                };
                let member = Member::try_from(MemberRow {
                    member_id: row.member_id,
                    name: row.name,
                    email: row.email,
                    role: row.role,
                    created_at: row.created_at,
                    suspended_at: row.suspended_at,
                    title: row.title,
                    permissions: row.permissions,
                })?;
                let languages = Languages { chosen: spoken(row.language), workspace: spoken(row.workspace_language) };
                Ok((tenant, Who::Member(member, languages)))
            }
            Actor::ApiKey { key, scopes } => {
                let row = sqlx::query!(
                    "select t.tenant_id, t.name as tenant_name, t.created_at as tenant_created_at,
                            k.key_id, k.name, k.prefix, k.signs, k.created_at, k.expires_at, k.last_used_at, k.revoked_at
                     from app.tenants t join app.api_keys k on k.tenant_id = t.tenant_id
                     where k.key_id = $1",
                    key.uuid()
                )
                .fetch_optional(&mut tx)
                .await
                .map_err(StoreError::from)?
                .ok_or(IdentityError::NotFound)?;
                let tenant = Tenant {
                    id: TenantId::from_uuid(row.tenant_id),
                    name: row.tenant_name,
                    created_at: timestamp(row.tenant_created_at),
                };
                let key = ApiKey {
                    id: ApiKeyId::from_uuid(row.key_id),
                    name: row.name,
                    prefix: row.prefix,
                    signs: row.signs,
                    scopes: scopes.list(),
                    created_at: timestamp(row.created_at),
                    expires_at: row.expires_at.map(timestamp),
                    last_used_at: row.last_used_at.map(timestamp),
                    revoked_at: row.revoked_at.map(timestamp),
                };
                Ok((tenant, Who::Key(key)))
            }
            Actor::Widget { .. } | Actor::Contact { .. } | Actor::Meeting { .. } | Actor::Job => {
                Err(IdentityError::NotFound)
            }
        }
    }

    /// The session of a caller who is a person; `None` for a key.
    ///
    /// # Errors
    /// As [`Identity::whoami`].
    pub async fn current_session(&self, caller: &Caller) -> Result<Option<CurrentSession>, IdentityError> {
        Ok(match self.whoami(caller).await? {
            (tenant, Who::Member(member, languages)) => Some(CurrentSession { tenant, member, languages }),
            (_, Who::Key(_)) => None,
        })
    }
}
