//! From what is known of a sign-in to what is still owed.

use crate::account::person;
use crate::second_factor::Here;
use crate::{Identity, IdentityError, Origin, hex};
use model::identity::{Owed, Workspace};
use model::{PersonId, TenantId};
use store::bus::Notice;
use store::services::timestamp;
use store::sessions::{self, Proof, Shown, SignIn};
use store::{Caller, Reason, StoreError};
use words::text;

/// How it stands with somebody's second factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Second {
    /// There is none.
    None,
    /// It is still to be shown.
    Owed,
    /// It was shown.
    Shown,
}

/// What a workspace asks of one of its members who signs in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asks {
    pub tenant: TenantId,
    /// A second factor.
    pub second_factor: bool,
    /// The word of its own provider.
    pub provider: bool,
}

/// Where somebody stays for whom a company's own provider alone has vouched: in that company.
pub(crate) fn confined(proofs: &[Shown]) -> Option<TenantId> {
    let own = proofs.iter().find(|shown| shown.proof == Proof::Provider && shown.of.is_some());
    let personal = proofs.iter().any(|shown| matches!(shown.proof, Proof::Password | Proof::Passkey));
    own.filter(|_| !personal).and_then(|shown| shown.of)
}

/// The rules: what is owed by whom, first things first. Where everybody who signs in or up passes. `tenants`: where they work.
pub(crate) fn advance(sign_in: SignIn, second: Second, tenants: &[Asks]) -> Result<SignIn, IdentityError> {
    let chosen = match tenants {
        [] => return Err(IdentityError::WrongCredentials),
        [only] => Some(*only),
        _ => tenants.iter().find(|asks| Some(asks.tenant) == sign_in.chosen).copied(),
    };
    let vouched = |asks: Asks| {
        let own = |shown: &Shown| shown.proof == Proof::Provider && shown.of == Some(asks.tenant);
        sign_in.proofs.iter().any(own)
    };
    // Whose password it is sees where they work, and no more, before that. Who works in one place alone comes back from its
    // provider, and shows the code then.
    let owed = match chosen {
        Some(asks) if tenants.len() == 1 && asks.provider && !vouched(asks) => Some(Owed::Provider),
        _ if second == Second::Owed => Some(Owed::Code),
        None => Some(Owed::Workspace),
        Some(asks) if asks.provider && !vouched(asks) => Some(Owed::Provider),
        Some(asks) if asks.second_factor && second == Second::None => Some(Owed::Factor),
        Some(_) => None,
    };
    Ok(SignIn { chosen: chosen.map(|asks| asks.tenant), owed, ..sign_in })
}

impl Identity {
    /// A sign-in of somebody who has just shown who they are.
    pub(crate) fn begun(&self, person: PersonId, proof: Proof, epoch: i32) -> SignIn {
        let shown = Shown { proof, at: timestamp(self.services.now()), epoch, of: None };
        SignIn { person, proofs: vec![shown], chosen: None, owed: None, next: "/dashboard".to_owned(), until: None }
    }

    /// Takes what needs no asking, and says what is owed next.
    ///
    /// # Errors
    /// [`IdentityError::WrongCredentials`] for who is a member nowhere; [`IdentityError::WorkspaceSuspended`] for who is only where the
    /// tenant is suspended.
    pub(crate) async fn advance(&self, sign_in: SignIn, origin: &Origin) -> Result<SignIn, IdentityError> {
        let mut tenants = self.tenants_of(sign_in.person, origin).await?;
        let only = confined(&sign_in.proofs);
        tenants.retain(|workspace| only.is_none_or(|only| workspace.id == only));
        if tenants.is_empty() && self.works_where_suspended(sign_in.person, only, origin).await? {
            return Err(IdentityError::WorkspaceSuspended);
        }
        if tenants.is_empty() && only.is_some() {
            return Err(IdentityError::NotAMember);
        }
        let second = self.second_of(&sign_in, origin).await?;
        let asks = tenants.iter().map(|workspace| Asks {
            tenant: workspace.id,
            second_factor: workspace.second_factor,
            provider: workspace.provider.is_some(),
        });
        advance(sign_in, second, &asks.collect::<Vec<_>>())
    }

    /// Chooses one of the tenants of whoever signs in.
    ///
    /// # Errors
    /// [`IdentityError::Invalid`] when it is none of theirs, [`IdentityError::WorkspaceSuspended`] when it is suspended,
    /// [`IdentityError::SignInOver`] when there is none any more.
    pub async fn choose(
        &self,
        sign_in: SignIn,
        chosen: Option<TenantId>,
        origin: &Origin,
    ) -> Result<SignIn, IdentityError> {
        let person = sign_in.person;
        match self.advance(SignIn { chosen, ..sign_in }, origin).await {
            // Not another one in its place, even where only one is left.
            Ok(sign_in) if chosen.is_some() && sign_in.chosen == chosen => Ok(sign_in),
            Ok(_) if chosen.is_some() && self.works_where_suspended(person, chosen, origin).await? => {
                Err(IdentityError::WorkspaceSuspended)
            }
            Ok(_) => Err(IdentityError::field("workspace", text!("Choose one of these workspaces."))),
            Err(IdentityError::WrongCredentials) => Err(IdentityError::SignInOver),
            Err(error) => Err(error),
        }
    }

    /// From the workspace in which a member is signed in to another one of theirs.
    ///
    /// # Errors
    /// [`IdentityError::Invalid`] when it is none of theirs, or this one; [`IdentityError::ProofElsewhere`] and
    /// [`IdentityError::FactorFirst`] where more has to be shown; [`IdentityError::SignInOver`] for a session that ended meanwhile,
    /// [`IdentityError::Denied`] for a program, or the database's.
    pub async fn switch(
        &self,
        caller: &Caller,
        chosen: Option<TenantId>,
        here: Here<'_>,
        origin: &Origin,
    ) -> Result<SignIn, IdentityError> {
        let person = person(caller)?;
        let mut tx = self.services.store.platform(Reason::SignIn, origin.request).await?;
        let held = self.hold_person(&mut tx, person, Some(here)).await?;
        drop(tx);
        if chosen == Some(caller.scope().tenant()) {
            return Err(IdentityError::field("workspace", text!("You are there already.")));
        }
        if confined(&held.proofs).is_some() {
            return Err(IdentityError::ProofElsewhere);
        }
        // It goes on, and not for longer.
        let sign_in = SignIn { until: held.until, ..self.begun(person, Proof::Elsewhere, held.epoch) };
        let sign_in = self.choose(sign_in, chosen, origin).await?;
        if sign_in.owed == Some(Owed::Factor) {
            // To set one up takes what somebody knows, and a session shows nothing of that.
            return Err(IdentityError::FactorFirst);
        }
        // One goes on in one: of two who go at once the second comes too late. Who ends sessions after this raises the epoch.
        let mut tx = self.services.store.platform(Reason::SignIn, origin.request).await?;
        let ended = sessions::end_of(&mut tx, person, &hex(here.0)).await?.ok_or(IdentityError::SignInOver)?;
        tx.commit().await?;
        self.services.publish(Notice::Ended { tenant: ended });
        Ok(sign_in)
    }

    /// Whether a person would work in this tenant, or in any, if it was not suspended.
    #[tracing::instrument(name = "db.person.works_where_suspended", skip_all)]
    async fn works_where_suspended(
        &self,
        person: PersonId,
        tenant: Option<TenantId>,
        origin: &Origin,
    ) -> Result<bool, StoreError> {
        let mut tx = self.services.store.platform(Reason::SignIn, origin.request).await?;
        let there = sqlx::query_scalar!(
            r#"select exists (select from app.memberships m join app.tenants t on t.tenant_id = m.tenant_id
                 where m.person_id = $1 and m.suspended_at is null and t.suspended_at is not null
                   and ($2::uuid is null or m.tenant_id = $2)) as "there!""#,
            person.uuid(),
            tenant.map(TenantId::uuid)
        );
        Ok(there.fetch_one(&mut tx).await?)
    }

    /// Where a person may work, by name.
    ///
    /// # Errors
    /// The database's.
    #[tracing::instrument(name = "db.person.tenants", skip_all)]
    pub async fn tenants_of(&self, person: PersonId, origin: &Origin) -> Result<Vec<Workspace>, StoreError> {
        let mut tx = self.services.store.platform(Reason::SignIn, origin.request).await?;
        let rows = sqlx::query!(
            // Owners come in without, or nobody could mend what is wrong with the provider.
            r#"select t.tenant_id, t.name, t.second_factor,
                      case when m.role <> 'owner' and d.domain is not null then o.provider_id end as provider
               from app.memberships m join app.tenants t on t.tenant_id = m.tenant_id
               join app.people p on p.person_id = m.person_id
               left join app.providers o on o.tenant_id = t.tenant_id and o.required
               left join app.domains d on d.tenant_id = t.tenant_id and d.domain = split_part(p.email, '@', 2)
                 and d.proven_at is not null
               where m.person_id = $1 and t.suspended_at is null and m.suspended_at is null
               order by t.name, t.tenant_id limit 1000"#,
            person.uuid()
        )
        .fetch_all(&mut tx)
        .await?;
        let workspace = rows.into_iter().map(|row| Workspace {
            id: TenantId::from_uuid(row.tenant_id),
            name: row.name,
            second_factor: row.second_factor,
            provider: row.provider.map(|id| id.to_string()),
        });
        Ok(workspace.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Timestamp;

    /// A company's own provider leads into that company, until the person has shown something that is theirs.
    #[test]
    fn who_is_vouched_for_by_a_company_alone_stays_there() {
        let company = TenantId::from_uuid(uuid::Uuid::from_u128(1));
        let at = "2026-01-01T00:00:00.000Z".parse::<Timestamp>().unwrap_or_else(|_| unreachable!());
        let shown = |proof, of| Shown { proof, at, epoch: 0, of };
        let own = shown(Proof::Provider, Some(company));
        assert_eq!(confined(&[own]), Some(company));
        assert_eq!(confined(&[own, shown(Proof::Totp, None)]), Some(company));
        for theirs in [Proof::Password, Proof::Passkey] {
            assert_eq!(confined(&[own, shown(theirs, None)]), None);
        }
        assert_eq!(confined(&[shown(Proof::Provider, None)]), None);
    }
}
