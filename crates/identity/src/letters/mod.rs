//! Letters to people: asked for in the transaction of the change, sent by a job, and what their links open.
//!
//! A link holds the letter's ids and a keyed hash of them, so that nothing in the database opens anything; its row says whether
//! it is still good: for its kind alone, once, until it expires, and as long as the person has the address that it went to. A
//! link alone signs nobody in. Of one kind a person gets some an hour, and some in all a day, whoever asks for them.
//!
//! What changes a person or what their letters open holds the person's row first, so that no two wait for each other.
//!
//! A new kind: in [`LetterKind`], and what it says in `texts.rs`; what its link opens in a file here.

mod address;
mod budget;
mod confirm;
mod reset;
pub(crate) mod texts;

use crate::{Identity, IdentityError, Origin, hex};
pub use address::NewAddress;
use mail::{Letter, MailError, Mailer};
use model::{LetterId, PersonId, RequestId, TenantId};
use store::jobs::{self, Handler, Job, JobError, Lane, Task};
use store::secret_key::DerivedKey;
use store::{PlatformTx, Reason, StoreError};
use time::Duration;
use uuid::Uuid;

/// Letters of one kind that a person gets in an hour, and of all kinds in a day.
const HOURLY: i64 = 10;
const DAILY: i64 = 30;
/// How long letters are kept.
const KEPT: Duration = Duration::days(30);
/// Bytes of the hash in a link.
const HASH: usize = 16;

/// What a letter is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LetterKind {
    /// Its link confirms an address.
    Confirm,
    /// Its link opens the form for a new password.
    Reset,
    /// Somebody wanted to sign up with an address whose account nobody has confirmed: its link opens the form for a new
    /// password, which makes the account theirs.
    Claim,
    /// Somebody wanted to sign up with an address that has an account.
    Known,
    /// The password has been changed.
    Changed,
    /// A second factor has been turned on.
    FactorOn,
    /// It has been turned off.
    FactorOff,
    /// A code on paper was used.
    CodeUsed,
    /// There are new codes on paper.
    NewCodes,
    /// Its link makes the address that it went to theirs.
    Address,
    /// They have another address than this by now.
    Moved,
    /// A passkey opens the account.
    PasskeyAdded,
    /// One does not any more.
    PasskeyRemoved,
    /// A provider's account opens this one.
    Linked,
    /// It does not any more.
    Unlinked,
    /// Most of the month's budget for models is spent.
    Budget,
}

impl LetterKind {
    const ALL: [Self; 16] = [
        Self::Confirm,
        Self::Reset,
        Self::Claim,
        Self::Known,
        Self::Changed,
        Self::FactorOn,
        Self::FactorOff,
        Self::CodeUsed,
        Self::NewCodes,
        Self::Address,
        Self::Moved,
        Self::PasskeyAdded,
        Self::PasskeyRemoved,
        Self::Linked,
        Self::Unlinked,
        Self::Budget,
    ];
    /// Those that say what has been done: once for each change, whatever else was sent, and nothing is opened by them.
    const NEWS: [Self; 11] = [
        Self::Moved,
        Self::Changed,
        Self::FactorOn,
        Self::FactorOff,
        Self::CodeUsed,
        Self::NewCodes,
        Self::PasskeyAdded,
        Self::PasskeyRemoved,
        Self::Linked,
        Self::Unlinked,
        Self::Budget,
    ];

    fn news() -> Vec<String> {
        Self::NEWS.into_iter().map(|kind| kind.name().to_owned()).collect()
    }

    /// The name in the database, and in what the hash of a link is made of.
    const fn name(self) -> &'static str {
        match self {
            Self::Confirm => "confirm",
            Self::Reset => "reset",
            Self::Claim => "claim",
            Self::Known => "known",
            Self::Changed => "changed",
            Self::FactorOn => "factor_on",
            Self::FactorOff => "factor_off",
            Self::CodeUsed => "code_used",
            Self::NewCodes => "new_codes",
            Self::Address => "address",
            Self::Moved => "moved",
            Self::PasskeyAdded => "passkey_added",
            Self::PasskeyRemoved => "passkey_removed",
            Self::Linked => "linked",
            Self::Unlinked => "unlinked",
            Self::Budget => "budget",
        }
    }

    /// How long its link is good, or the letter worth sending.
    const fn lifetime(self) -> Duration {
        match self {
            Self::Reset | Self::Address => Duration::hours(1),
            _ => Duration::days(1),
        }
    }
}

/// Where letters go, and where their links lead.
#[derive(Debug, Clone)]
pub struct Post {
    /// Sends them.
    pub mailer: Mailer,
    /// The address of this installation, without a slash at the end.
    pub address: String,
}

impl Post {
    /// Sends a letter, as a job does.
    pub(crate) async fn send(&self, letter: &Letter) -> Result<(), JobError> {
        self.mailer.send(letter).await.map_err(|error| match error {
            MailError::Later(_) => JobError::Retry(error.to_string()),
            _ => JobError::Hopeless(error.to_string()),
        })
    }
}

impl Default for Post {
    fn default() -> Self {
        Self { mailer: Mailer::outbox(), address: "http://localhost".to_owned() }
    }
}

/// Sends a letter.
#[derive(Debug)]
pub struct SendLetter;

impl Job for SendLetter {
    const NAME: &'static str = "send_letter";
    const LANE: Lane = Lane::Mail;
    const DEADLINE: std::time::Duration = std::time::Duration::from_secs(60);
    // Over some half an hour: a mail server that restarts, or greets strangers late.
    const TRIES: i32 = 10;
    type Subject = LetterId;
}

/// What a link names, if it was made here.
#[derive(Debug, Clone, Copy)]
struct Named {
    kind: LetterKind,
    tenant: TenantId,
    letter: Uuid,
}

/// The person behind a link that is still good.
struct Opened {
    person: PersonId,
    name: String,
    email: String,
}

/// Makes and reads what stands in links.
#[derive(Debug, Clone)]
pub(crate) struct Links(pub DerivedKey);

impl Links {
    fn hash(&self, kind: &str, ids: &[u8]) -> [u8; 32] {
        self.0.mac(&[kind.as_bytes(), b":", ids].concat())
    }

    /// What stands in a link of this kind for a row of a tenant's.
    pub(crate) fn token(&self, kind: &str, tenant: TenantId, row: Uuid) -> String {
        let mut link = [tenant.uuid().into_bytes(), row.into_bytes()].concat();
        let hash = self.hash(kind, &link);
        link.extend(hash.iter().take(HASH));
        hex(&link)
    }

    /// Of which row it is; `None` for what was not made here, or for something else.
    pub(crate) fn read(&self, kind: &str, token: &str) -> Option<(TenantId, Uuid)> {
        let digits = token.as_bytes();
        if digits.len() != 2 * (32 + HASH) || !digits.iter().all(|d| matches!(d, b'0'..=b'9' | b'a'..=b'f')) {
            return None;
        }
        let bytes: Vec<u8> = digits
            .chunks_exact(2)
            .map(|pair| std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok()))
            .collect::<Option<_>>()?;
        let (ids, hash) = bytes.split_at_checked(32)?;
        // Compared as a whole, by their hashes, so that no time tells how much of it was right.
        if self.0.mac(self.hash(kind, ids).get(..HASH)?) != self.0.mac(hash) {
            return None;
        }
        let (tenant, row) = ids.split_at_checked(16)?;
        Some((TenantId::from_uuid(Uuid::from_slice(tenant).ok()?), Uuid::from_slice(row).ok()?))
    }
}

impl Identity {
    /// Whether letters reach their readers: then addresses have to be confirmed.
    pub fn delivers(&self) -> bool {
        self.post.mailer.delivers()
    }

    /// Where letters go.
    pub fn mailer(&self) -> &Mailer {
        &self.post.mailer
    }

    /// Asks for a letter to a person who works in this tenant, unless that one has had enough, and one that is still good is
    /// there. The person's row is held. Says whether one is on its way. Call [`Identity::post_is_due`] after the commit.
    pub(crate) async fn write(
        &self,
        tx: &mut PlatformTx,
        (tenant, person): (TenantId, PersonId),
        email: &str,
        kind: LetterKind,
    ) -> Result<bool, StoreError> {
        let (now, letter) = (self.services.now(), self.services.new_id());
        let written = sqlx::query!(
            "insert into app.letters (tenant_id, letter_id, person_id, kind, email, created_at, expires_at)
             select tenant_id, $3, person_id, $4, $5, $6, $7 from app.memberships
             where tenant_id = $1 and person_id = $2
               and ((select count(*) from app.letters
                     where tenant_id = $1 and person_id = $2 and kind = $4 and created_at > $8) < $9
                    and (select count(*) from app.letters
                         where tenant_id = $1 and person_id = $2 and created_at > $10) < $11
                 or $4 = any($12)
                 or not exists (select from app.letters
                      where tenant_id = $1 and person_id = $2 and kind = $4 and used_at is null and expires_at > $6))",
            tenant.uuid(),
            person.uuid(),
            letter,
            kind.name(),
            email,
            now,
            now + kind.lifetime(),
            now - Duration::hours(1),
            HOURLY,
            now - Duration::days(1),
            DAILY,
            &LetterKind::news()
        )
        .execute(&mut *tx)
        .await?;
        let written = written.rows_affected() == 1;
        if written {
            jobs::enqueue_for::<SendLetter>(tx, &self.services, tenant, LetterId::from_uuid(letter)).await?;
        }
        Ok(written)
    }

    /// Tells workers of letters that were asked for.
    pub(crate) fn post_is_due(&self) {
        self.services.wake_workers::<SendLetter>();
    }

    /// The tenant of a person's that letters are sent for: where they have been the longest.
    pub(crate) async fn tenant_of(
        &self,
        tx: &mut PlatformTx,
        person: PersonId,
    ) -> Result<Option<TenantId>, StoreError> {
        let found = sqlx::query_scalar!(
            "select m.tenant_id from app.memberships m join app.tenants t on t.tenant_id = m.tenant_id
             where m.person_id = $1 and t.suspended_at is null order by m.created_at, m.tenant_id limit 1",
            person.uuid()
        );
        Ok(found.fetch_optional(tx).await?.map(TenantId::from_uuid))
    }

    /// What a link of one of these kinds names. Asks nobody.
    fn named(&self, kinds: &[LetterKind], token: &str) -> Result<Named, IdentityError> {
        let read = |kind: &LetterKind| {
            let (tenant, letter) = self.links.read(kind.name(), token)?;
            Some(Named { kind: *kind, tenant, letter })
        };
        kinds.iter().find_map(read).ok_or(IdentityError::LinkOver)
    }

    /// Who a link belongs to, if it is good. `hold`: until the transaction ends, so that it opens once.
    async fn open(&self, tx: &mut PlatformTx, named: Named, hold: bool) -> Result<Opened, IdentityError> {
        if hold {
            sqlx::query!(
                "select person_id from app.people where person_id =
                   (select person_id from app.letters where tenant_id = $1 and letter_id = $2) for no key update",
                named.tenant.uuid(),
                named.letter
            )
            .fetch_optional(&mut *tx)
            .await
            .map_err(StoreError::from)?;
        }
        let found = sqlx::query!(
            "select p.person_id, p.name, p.email from app.letters l join app.people p on p.person_id = l.person_id
             where l.tenant_id = $1 and l.letter_id = $2 and l.kind = $3 and l.email = p.email
               and l.used_at is null and l.expires_at > $4",
            named.tenant.uuid(),
            named.letter,
            named.kind.name(),
            self.services.now()
        )
        .fetch_optional(tx)
        .await
        .map_err(StoreError::from)?
        .ok_or(IdentityError::LinkOver)?;
        Ok(Opened { person: PersonId::from_uuid(found.person_id), name: found.name, email: found.email })
    }

    /// The address that a link of one of these kinds went to, if it is good. Changes nothing.
    #[tracing::instrument(name = "db.letter.find", skip_all)]
    async fn address_of(&self, kinds: &[LetterKind], token: &str, origin: &Origin) -> Result<String, IdentityError> {
        let named = self.named(kinds, token)?;
        let mut tx = self.services.store.platform(Reason::SignIn, origin.request).await?;
        Ok(self.open(&mut tx, named, false).await?.email)
    }

    /// Nothing that the person was sent opens anything any more.
    pub(crate) async fn use_up(&self, tx: &mut PlatformTx, person: PersonId) -> Result<(), StoreError> {
        sqlx::query!(
            "update app.letters set used_at = $2
             where tenant_id in (select tenant_id from app.memberships where person_id = $1)
               and person_id = $1 and used_at is null and kind <> all($3)",
            person.uuid(),
            self.services.now(),
            &LetterKind::news()
        )
        .execute(tx)
        .await?;
        Ok(())
    }

    /// Removes letters that are old; returns how many.
    ///
    /// # Errors
    /// The database's.
    #[tracing::instrument(name = "db.letter.clean_up", skip_all)]
    pub async fn delete_old_letters(&self) -> Result<u64, StoreError> {
        let request = RequestId::from_uuid(self.services.new_id());
        let mut tx = self.services.store.platform(Reason::CleanUp, request).await?;
        let done = sqlx::query!("delete from app.letters where created_at <= $1", self.services.now() - KEPT)
            .execute(&mut tx)
            .await?;
        tx.commit().await?;
        Ok(done.rows_affected())
    }
}

impl Handler<SendLetter> for Identity {
    #[tracing::instrument(name = "job.send_letter", skip_all)]
    async fn run(&self, task: &Task<SendLetter>) -> Result<(), JobError> {
        let mut tx = self.services.store.tenant(task.scope()).await?;
        let found = sqlx::query!(
            "select l.kind, l.email, m.name, t.name as company, coalesce(m.language, t.language) as language from app.letters l
             join app.memberships m on m.tenant_id = l.tenant_id and m.person_id = l.person_id
             join app.tenants t on t.tenant_id = l.tenant_id
             where l.letter_id = $1 and l.sent_at is null and l.used_at is null and l.expires_at > $2",
            task.subject().uuid(),
            self.services.now()
        )
        .fetch_optional(&mut tx)
        .await?;
        // No connection is held while the mail server thinks.
        drop(tx);
        let Some(row) = found else { return Ok(()) };
        let kind = LetterKind::ALL.into_iter().find(|kind| kind.name() == row.kind);
        let kind = kind.ok_or_else(|| JobError::Hopeless(format!("no letter is of the kind {}", row.kind)))?;
        let token = self.links.token(kind.name(), task.scope().tenant(), task.subject().uuid());
        let language = crate::language::spoken(row.language).unwrap_or_default();
        let letter = texts::letter(kind, language, (row.name, row.email), &row.company, &self.post.address, &token);
        self.post.send(&letter).await?;
        let mut tx = self.services.store.tenant(task.scope()).await?;
        sqlx::query!(
            "update app.letters set sent_at = $2 where letter_id = $1",
            task.subject().uuid(),
            self.services.now()
        )
        .execute(&mut tx)
        .await?;
        Ok(tx.commit().await?)
    }

    async fn gave_up(&self, task: &Task<SendLetter>, error: &str) -> Result<(), JobError> {
        tracing::warn!(letter = %task.subject(), error, "a letter was not sent");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use store::secret_key::SecretKey;

    #[test]
    fn a_link_is_read_as_it_was_made_and_no_other_way() {
        let links = Links(SecretKey::from_bytes([7; 32]).derive("links"));
        let (tenant, letter) = (TenantId::from_uuid(Uuid::from_u128(1)), Uuid::from_u128(2));
        let (reset, confirm) = (LetterKind::Reset.name(), LetterKind::Confirm.name());
        let token = links.token(reset, tenant, letter);
        assert_eq!(links.read(reset, &token), Some((tenant, letter)));
        assert_eq!(links.read(confirm, &token), None, "for its kind alone");
        let other = Links(SecretKey::from_bytes([8; 32]).derive("links"));
        assert_eq!(other.read(reset, &token), None, "of this installation alone");
        for at in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[at] = if changed[at] == b'0' { b'1' } else { b'0' };
            assert_eq!(links.read(reset, &String::from_utf8_lossy(&changed)), None, "{at}");
        }
        for bad in ["", "0", &token[1..], &token.to_uppercase(), &format!("{token}0"), &"é".repeat(48)] {
            assert_eq!(links.read(reset, bad), None, "{bad}");
        }
    }
}
