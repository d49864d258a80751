//! Telling that most of a month's budget for models is spent.

use super::LetterKind;
use crate::Identity;
use model::{PersonId, RequestId};
use store::{Reason, Scope, StoreError};

/// Most people who are told: as many members as a tenant has.
const TOLD: i64 = crate::MAX_MEMBERS as i64;

impl Identity {
    /// Asks for a letter to each owner and admin of a tenant who was not told this month, where letters arrive at all.
    ///
    /// # Errors
    /// The database's.
    #[tracing::instrument(name = "db.letter.tell_of_budget", skip_all)]
    pub async fn tell_of_budget(&self, scope: &Scope) -> Result<(), StoreError> {
        if !self.delivers() {
            return Ok(());
        }
        let (tenant, today) = (scope.tenant(), self.services.now().date());
        let month = today.replace_day(1).unwrap_or(today).midnight().assume_utc();
        let mut tx = self.services.store.platform(Reason::Jobs, RequestId::from_uuid(self.services.new_id())).await?;
        // Two that are at it at once tell nobody twice: the second one waits, and finds the letters.
        let people = sqlx::query!(
            "select p.person_id, p.email from app.people p
             where p.person_id in (
               select person_id from app.memberships
               where tenant_id = $1 and role in ('owner', 'admin') and suspended_at is null)
             order by p.person_id limit $2 for no key update",
            tenant.uuid(),
            TOLD
        );
        let people = people.fetch_all(&mut tx).await?;
        let told = sqlx::query_scalar!(
            "select person_id from app.letters where tenant_id = $1 and kind = $2 and created_at >= $3",
            tenant.uuid(),
            LetterKind::Budget.name(),
            month
        );
        let told = told.fetch_all(&mut tx).await?;
        for person in people.iter().filter(|person| !told.contains(&person.person_id)) {
            let of = (tenant, PersonId::from_uuid(person.person_id));
            self.write(&mut tx, of, &person.email, LetterKind::Budget).await?;
        }
        tx.commit().await?;
        self.post_is_due();
        Ok(())
    }
}
