//! The members of a tenant.

use crate::{Identity, IdentityError};
use model::MemberId;
use model::identity::{Member, Role};
use model::page::{DEFAULT_LIMIT, MAX_LIMIT, Page};
use model::permission::ReadWorkspace;
use store::services::timestamp;
use store::{Caller, StoreError};

/// Which part of a list is asked for.
#[derive(Debug, Clone, Default)]
pub struct PageRequest {
    /// Most entries; the default is [`model::page::DEFAULT_LIMIT`], the most [`model::page::MAX_LIMIT`].
    pub limit: Option<u32>,
    /// Where the page before said that the next one begins.
    pub cursor: Option<String>,
}

impl Identity {
    /// The members of the caller's tenant, in the order in which they joined.
    ///
    /// # Errors
    /// [`IdentityError::Invalid`] for a limit or cursor that cannot be, or the database's.
    #[tracing::instrument(name = "db.member.list", skip_all)]
    pub async fn list_members(&self, caller: &Caller, page: &PageRequest) -> Result<Page<Member>, IdentityError> {
        let right = caller.may(ReadWorkspace)?;
        let limit = page.limit.unwrap_or(DEFAULT_LIMIT);
        if !(1..=MAX_LIMIT).contains(&limit) {
            return Err(IdentityError::field("limit", format!("Use a number from 1 to {MAX_LIMIT}.")));
        }
        let after = page.cursor.as_deref().map(str::parse::<MemberId>).transpose();
        let after = after.map_err(|_| IdentityError::field("cursor", "Use the next_cursor of the page before."))?;
        let mut tx = self.services.store.tenant(right.scope()).await?;
        let rows = sqlx::query!(
            "select member_id, name, email, role, created_at from app.memberships
             where member_id > $1 order by member_id limit $2",
            after.map_or(uuid::Uuid::nil(), MemberId::uuid),
            i64::from(limit) + 1
        )
        .fetch_all(&mut tx)
        .await
        .map_err(StoreError::from)?;
        tx.leave_open();
        let more = rows.len() > limit as usize;
        let data = rows
            .into_iter()
            .take(limit as usize)
            .map(|row| {
                Ok(Member {
                    id: MemberId::from_uuid(row.member_id),
                    name: row.name,
                    email: row.email,
                    role: Role::from_name(&row.role).ok_or(StoreError::Corrupt("memberships.role"))?,
                    created_at: timestamp(row.created_at),
                })
            })
            .collect::<Result<Vec<_>, StoreError>>()?;
        let next_cursor = data.last().filter(|_| more).map(|last| last.id.to_string());
        Ok(Page { data, next_cursor })
    }
}
