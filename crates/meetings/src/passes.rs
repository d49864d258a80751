//! Passes: by one, the contact of the conversation from which a meeting was made comes to it as themself.
//!
//! It stands behind the `#` of the meeting's link, where no server sees it, in what is told to that contact alone: what is kept, what the company
//! sees and what goes to others has the link without it.
//!
//! Guarantees: nothing is kept of one. It is a keyed hash of tenant, meeting and contact, which are known by the code and by the meeting's
//! conversation, so it is good for that one alone, as long as the code opens anything and the contact is there.

use crate::rows::MeetingRow;
use crate::tokens::{hex, unhex};
use crate::{MeetingError, Meetings};
use model::conversation::{Author, Message};
use model::meeting::MeetingCode;
use model::{ContactId, MeetingId, TenantId};
use std::collections::HashMap;
use store::secret_key::DerivedKey;
use store::{Caller, Scope, TenantTx};
use uuid::Uuid;

/// What every pass begins with.
const PREFIX: &str = "smp_";
/// Bytes of the hash.
const MAC: usize = 24;
/// What stands before the code in a link.
const DOOR: &str = "/meet/";

/// Makes and knows passes.
#[derive(Debug, Clone)]
pub(crate) struct Passes(pub DerivedKey);

/// The contact with whom a meeting's conversation is.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    pub id: ContactId,
    /// What they are called, where that is known.
    pub name: Option<String>,
}

impl Passes {
    fn mac(&self, tenant: TenantId, meeting: MeetingId, contact: ContactId) -> Vec<u8> {
        let of = [tenant.uuid(), meeting.uuid(), contact.uuid()].map(Uuid::into_bytes).concat();
        self.0.mac(&of).into_iter().take(MAC).collect()
    }

    /// The pass of a contact's for a meeting.
    pub fn write(&self, tenant: TenantId, meeting: MeetingId, contact: ContactId) -> String {
        format!("{PREFIX}{}", hex(&self.mac(tenant, meeting, contact)))
    }

    /// Whether this is it.
    pub fn is(&self, given: &str, tenant: TenantId, meeting: MeetingId, contact: ContactId) -> bool {
        let digits = given.strip_prefix(PREFIX).filter(|digits| digits.len() == 2 * MAC);
        // Compared by their hashes, so that no time tells how much of it was right.
        digits.and_then(unhex).is_some_and(|mac| self.0.mac(&mac) == self.0.mac(&self.mac(tenant, meeting, contact)))
    }
}

/// The links of meetings in a text: where each ends, and the code.
fn links<'a>(address: &'a str, text: &'a str) -> impl Iterator<Item = (usize, MeetingCode)> + 'a {
    text.match_indices(DOOR).filter_map(move |(at, _)| {
        let (before, rest) = (text.get(..at)?, text.get(at + DOOR.len()..)?);
        if !before.ends_with(address) {
            return None;
        }
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '-').unwrap_or(rest.len());
        // With more behind it, it leads elsewhere.
        if rest.get(end..)?.starts_with(['/', '#']) {
            return None;
        }
        Some((at + DOOR.len() + end, MeetingCode::parse(rest.get(..end)?)?))
    })
}

/// Whether the company has said it: what contacts write is theirs.
fn by_people(message: &Message) -> bool {
    message.from == Author::Agent
}

/// A text with what is to stand behind the links of these codes.
fn with(address: &str, text: &str, behind: &HashMap<String, String>) -> String {
    let (mut out, mut from) = (String::with_capacity(text.len() + 64), 0);
    for (end, code) in links(address, text) {
        if let Some(behind) = behind.get(code.as_str()) {
            out.push_str(text.get(from..end).unwrap_or_default());
            out.push_str(behind);
            from = end;
        }
    }
    out.push_str(text.get(from..).unwrap_or_default());
    out
}

impl Meetings {
    /// Whether a link of some meeting stands in what is told.
    pub fn links(&self, told: &str) -> bool {
        links(&self.address, told).next().is_some()
    }

    /// Makes the links of meetings that were made from a contact's conversation theirs, in what people have said there. This is for what is
    /// told to that contact and to nobody else.
    ///
    /// # Errors
    /// [`MeetingError::Denied`] for who is no contact, or the database's.
    #[tracing::instrument(name = "db.meeting.personal", skip_all)]
    pub async fn personal(&self, caller: &Caller, messages: &mut [Message]) -> Result<(), MeetingError> {
        let right = caller.contact()?;
        let codes: Vec<String> = messages
            .iter()
            .filter(|message| by_people(message))
            .flat_map(|message| links(&self.address, &message.text))
            .map(|(_, code)| code.as_str().to_owned())
            .collect();
        if codes.is_empty() {
            return Ok(());
        }
        let mut tx = self.services.store.tenant(right.scope()).await?;
        let theirs = sqlx::query!(
            r#"select m.code as "code!", m.meeting_id as "meeting_id!", p.name is not null as "named!"
               from app.meetings m
               join app.conversations c on c.tenant_id = m.tenant_id and c.conversation_id = m.conversation_id
               join app.contacts p on p.tenant_id = c.tenant_id and p.contact_id = c.contact_id
               where m.code = any($1) and m.state <> 'ended' and c.contact_id = $2"#,
            &codes,
            right.id().uuid()
        );
        let theirs = theirs.fetch_all(&mut tx).await?;
        tx.leave_open();
        let behind = theirs.into_iter().map(|row| {
            let pass = self.passes.write(right.scope().tenant(), MeetingId::from_uuid(row.meeting_id), right.id());
            // With it the page need not ask who they are.
            let named = if row.named { "&named" } else { "" };
            (row.code, format!("#as={pass}{named}"))
        });
        let behind: HashMap<String, String> = behind.collect();
        for message in messages.iter_mut().filter(|message| by_people(message)) {
            message.text = with(&self.address, &message.text, &behind);
        }
        Ok(())
    }

    /// The contact who comes with a pass; nobody, where it opens nothing here.
    pub(crate) async fn contact_with(
        &self,
        tx: &mut TenantTx,
        scope: &Scope,
        row: &MeetingRow,
        pass: &str,
    ) -> Result<Option<Known>, MeetingError> {
        let Some(conversation) = row.conversation_id else { return Ok(None) };
        let found = sqlx::query!(
            "select p.contact_id, p.name
             from app.conversations c
             join app.contacts p on p.tenant_id = c.tenant_id and p.contact_id = c.contact_id
             where c.conversation_id = $1",
            conversation
        );
        let Some(found) = found.fetch_optional(tx).await? else { return Ok(None) };
        let known = Known { id: ContactId::from_uuid(found.contact_id), name: found.name };
        Ok(self.passes.is(pass, scope.tenant(), row.id(), known.id).then_some(known))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use store::secret_key::SecretKey;

    const HERE: &str = "https://talk.example";
    const LINK: &str = "https://talk.example/meet/abcde-fghjk-mnpqr-stuvw";

    fn passes(secret: u8) -> Passes {
        Passes(SecretKey::from_bytes([secret; 32]).derive("meetings/pass/1"))
    }

    fn ids(tenant: u128, meeting: u128, contact: u128) -> (TenantId, MeetingId, ContactId) {
        let [tenant, meeting, contact] = [tenant, meeting, contact].map(Uuid::from_u128);
        (TenantId::from_uuid(tenant), MeetingId::from_uuid(meeting), ContactId::from_uuid(contact))
    }

    proptest! {
        #[test]
        fn a_pass_is_of_one_contact_in_one_meeting_of_one_tenant(
            of in any::<[u128; 3]>(), other in any::<[u128; 3]>(), place in any::<prop::sample::Index>(),
            to in any::<char>()
        ) {
            let made = passes(7);
            let (tenant, meeting, contact) = ids(of[0], of[1], of[2]);
            let pass = made.write(tenant, meeting, contact);
            prop_assert!(made.is(&pass, tenant, meeting, contact));
            prop_assert!(!passes(8).is(&pass, tenant, meeting, contact), "of this installation alone");
            let (t, m, c) = ids(other[0], other[1], other[2]);
            prop_assert_eq!(made.is(&pass, t, meeting, contact), t == tenant);
            prop_assert_eq!(made.is(&pass, tenant, m, contact), m == meeting);
            prop_assert_eq!(made.is(&pass, tenant, meeting, c), c == contact);
            let mut changed: Vec<char> = pass.chars().collect();
            let place = place.index(changed.len());
            changed[place] = to;
            let text: String = changed.iter().collect();
            prop_assert_eq!(made.is(&text, tenant, meeting, contact), text == pass);
        }

        #[test]
        fn nothing_else_is_one(rest in "\\PC{0,100}", digits in "[0-9a-f]{48}") {
            let (tenant, meeting, contact) = ids(1, 2, 3);
            for text in [format!("{PREFIX}{rest}"), format!("{PREFIX}{digits}"), rest.clone(), digits.clone()] {
                prop_assert!(!passes(7).is(&text, tenant, meeting, contact));
            }
        }

        #[test]
        fn any_text_is_read_and_what_is_no_link_of_ours_stays(text in "\\PC{0,60}(/meet/)?\\PC{0,60}") {
            prop_assert_eq!(with(HERE, &text, &HashMap::new()), text);
        }
    }

    #[test]
    fn what_is_behind_a_link_stands_where_it_ends() {
        let behind = HashMap::from([("abcdefghjkmnpqrstuvw".to_owned(), "#as=smp_1".to_owned())]);
        let with = |text: &str| with(HERE, text, &behind);
        let mine = format!("{LINK}#as=smp_1");
        for end in ["", " ", ".", "?", ")", "\n", "…"] {
            assert_eq!(with(&format!("Join: {LINK}{end}")), format!("Join: {mine}{end}"), "{end:?}");
        }
        assert_eq!(with(&format!("{LINK} or {LINK}")), format!("{mine} or {mine}"));
        for text in [
            format!("{LINK}/invite.ics"),
            format!("{LINK}#token=x"),
            LINK.replace("talk", "evil"),
            LINK.replace("/meet/", "/meet"),
            LINK.replace("abcde", "abcd"),
            LINK.replace("abcde", "zzzzz"),
            LINK.replace("/meet/", "/embed/meet/"),
        ] {
            assert_eq!(with(&text), text);
        }
    }
}
