//! What was written in a meeting, for the company to read: while it goes on, and as long as it is kept.

use crate::{MeetingError, Meetings, rows};
use model::meeting::Written;
use model::page::{self, Page};
use model::permission::ManageMeetings;
use model::{AttendeeId, MeetingId};
use std::collections::HashMap;
use store::services::timestamp;
use store::{Caller, TenantTx};
use time::OffsetDateTime;
use uuid::Uuid;

/// Messages of each meeting that a list shows, and bytes of them.
const SHOWN: i32 = 200;
const SHOWN_BYTES: i64 = 20_000;

fn written(seq: i32, person: Uuid, name: String, text: String, at: OffsetDateTime) -> Written {
    Written {
        seq: u64::try_from(seq).unwrap_or_default(),
        person: AttendeeId::from_uuid(person),
        name,
        text,
        at: timestamp(at),
    }
}

impl Meetings {
    /// What was written in a meeting, in the order in which it was.
    ///
    /// # Errors
    /// [`MeetingError::Denied`]; [`MeetingError::Invalid`] for a limit or cursor that cannot be; [`MeetingError::NotFound`]; or the database's.
    #[tracing::instrument(name = "db.meeting.written", skip_all)]
    pub async fn written(
        &self,
        caller: &Caller,
        id: MeetingId,
        limit: Option<u32>,
        cursor: Option<&str>,
    ) -> Result<Page<Written>, MeetingError> {
        let right = caller.may(ManageMeetings)?;
        let limit = page::limit(limit).map_err(|why| MeetingError::field("limit", why))?;
        let after = page::cursor::<u32>(cursor).map_err(|why| MeetingError::field("cursor", why))?;
        let mut tx = self.services.store.tenant(right.scope()).await?;
        rows::meeting(&mut tx, id).await?;
        let rows = sqlx::query!(
            "select m.seq, m.person_id, p.name, m.text, m.created_at
             from app.meeting_messages m
             join app.meeting_people p
               on p.tenant_id = m.tenant_id and p.meeting_id = m.meeting_id and p.person_id = m.person_id
             where m.meeting_id = $1 and m.seq > $2 order by m.seq limit $3",
            id.uuid(),
            after.map_or(0, |after| i32::try_from(after).unwrap_or(i32::MAX)),
            i64::from(limit) + 1
        );
        let rows = rows.fetch_all(&mut tx).await?;
        tx.leave_open();
        let more = rows.len() > limit as usize;
        let data: Vec<Written> = rows
            .into_iter()
            .take(limit as usize)
            .map(|row| written(row.seq, row.person_id, row.name, row.text, row.created_at))
            .collect();
        let next_cursor = data.last().filter(|_| more).map(|last| last.seq.to_string());
        Ok(Page { data, next_cursor })
    }
}

/// What was written first in each of these meetings, as far as a list shows it; and how much there is of each. (Numbers have no gaps, so the last one
/// is how many.)
pub(crate) async fn first_of(
    tx: &mut TenantTx,
    meetings: &[Uuid],
) -> Result<HashMap<Uuid, (Vec<Written>, usize)>, MeetingError> {
    let rows = sqlx::query!(
        r#"select m.meeting_id as "meeting_id!", m.seq as "seq!", m.person_id as "person_id!", m.name as "name!", m.text as "text!",
             m.created_at as "created_at!", m.last as "last!"
           from unnest($1::uuid[]) one (id)
           cross join lateral (
             select w.meeting_id, w.seq, w.person_id, p.name, w.text, w.created_at, w.bytes,
               (select max(seq) from app.meeting_messages where meeting_id = one.id) as last
             from (
               select meeting_id, tenant_id, seq, person_id, text, created_at, sum(octet_length(text)) over (order by seq) as bytes
               from app.meeting_messages where meeting_id = one.id and seq <= $2) w
             join app.meeting_people p
               on p.tenant_id = w.tenant_id and p.meeting_id = w.meeting_id and p.person_id = w.person_id) m
           where m.bytes <= $3 order by m.seq"#,
        meetings,
        SHOWN,
        SHOWN_BYTES
    );
    let mut all: HashMap<Uuid, (Vec<Written>, usize)> = HashMap::new();
    for row in rows.fetch_all(tx).await? {
        let of = all.entry(row.meeting_id).or_default();
        of.1 = usize::try_from(row.last).unwrap_or_default();
        of.0.push(written(row.seq, row.person_id, row.name, row.text, row.created_at));
    }
    Ok(all)
}
