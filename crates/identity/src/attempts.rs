//! Limits on failed sign-ins, and on sign-ups, over a sliding window.
//!
//! What fails from one address counts against that address, and against the account as seen from there, so that nobody can
//! lock another out: the owner, who comes from elsewhere, has tries of their own. Where an account is tried from many
//! addresses, only those get through from which nothing has failed lately. A device on which somebody has signed in to the
//! account before is known by a cookie, and has tries of its own, whatever fails around it.
//!
//! An attempt is counted before the password is looked at and taken back when it succeeds, so that many at once cannot
//! slip past the limit, on one server or on several. Accounts and addresses are kept as keyed hashes.

use crate::{Identity, IdentityError, hex};
use model::input::Email;
use model::{PersonId, RequestId};
use shares::Network;
use std::net::IpAddr;
use store::{PlatformTx, Reason, StoreError, audit};
use time::Duration;
use uuid::Uuid;
use words::Language;

/// How much is borne.
#[derive(Debug, Clone, Copy)]
pub struct AttemptLimits {
    /// Failures on an account from one address (an IPv6 network of 64 bits counts as one), or from one known device.
    pub account: u32,
    /// Failures on an account from everywhere; from then on only those get through who have not failed.
    pub account_everywhere: u32,
    /// Failures from one address, on whatever accounts.
    pub address: u32,
    /// Sign-ups from one address, whether they succeed or not.
    pub sign_ups: u32,
    /// Over how long.
    pub window: Duration,
}

impl Default for AttemptLimits {
    fn default() -> Self {
        Self { account: 10, account_everywhere: 100, address: 100, sign_ups: 30, window: Duration::minutes(15) }
    }
}

/// Where an attempt comes from.
#[derive(Debug, Clone, Copy)]
pub struct Origin {
    /// The client's address.
    pub address: IpAddr,
    /// The request.
    pub request: RequestId,
    /// The language that their browser asks for, if it is one of ours.
    pub language: Option<Language>,
}

impl Origin {
    /// Somebody at the computer itself.
    pub fn here(request: RequestId) -> Self {
        Self { address: IpAddr::from([127, 0, 0, 1]), request, language: None }
    }

    /// Whom the address belongs to, as limits count.
    pub fn network(&self) -> Network {
        self.address.into()
    }
}

impl From<&Origin> for audit::From {
    fn from(origin: &Origin) -> Self {
        Self { address: Some(origin.address), request: origin.request }
    }
}

/// An attempt that is counted; taken back by [`Identity::forgive`].
#[derive(Debug)]
pub(crate) struct Attempt(Uuid);

/// What an attempt counts against.
struct Subject {
    hash: [u8; 32],
    limit: u32,
    /// Those may go on for longer of whom nothing is counted under this.
    spares_without: Option<[u8; 32]>,
}

/// How many times as much an account bears from those who have not failed lately.
const CLEAN: u32 = 10;
/// Letters to one address that are sent on the word of another one's, in the window.
const LETTERS: u32 = 3;
/// Hex digits of what a device's mark begins with.
const DRAWN: usize = 32;
/// People whose marks a browser keeps.
const DEVICES: usize = 5;
/// What stands between them.
const BETWEEN: &str = ".";

impl Identity {
    /// Writes an event of security into the log, under the target `security`: from where, and of which account, by a mark that
    /// tells accounts apart and names none.
    pub(crate) fn heed(&self, what: &'static str, account: Option<&Email>, origin: &Origin) {
        let mark = account.map(|email| hex(&self.attempt_mac.mac(format!("log:{email}").as_bytes())));
        let mark = mark.as_deref().and_then(|mark| mark.get(..16)).unwrap_or("-");
        tracing::warn!(target: "security", account = mark, address = %origin.address, "{what}");
    }

    fn subject(&self, name: &str, limit: u32) -> Subject {
        Subject { hash: self.attempt_mac.mac(name.as_bytes()), limit, spares_without: None }
    }

    /// What a browser keeps, by which it is known at the next attempt to sign in with this email; it opens nothing. What it
    /// has kept for others stays, the latest few. Nothing when it is known already.
    pub fn device(&self, email: &str, kept: &str) -> Option<String> {
        let email = Email::parse(email).ok()?;
        if self.known(&email, kept).is_some() {
            return None;
        }
        let drawn = format!("{:032x}", rand::random::<u128>());
        let own = format!("{drawn}{}", self.device_mark(&email, &drawn));
        let others = kept.split(BETWEEN).filter(|mark| mark.len() == own.len()).take(DEVICES - 1);
        Some(std::iter::once(own.as_str()).chain(others).collect::<Vec<_>>().join(BETWEEN))
    }

    /// The same for a person who has shown more than a password.
    ///
    /// # Errors
    /// The database's.
    pub async fn device_of(
        &self,
        person: PersonId,
        kept: &str,
        origin: &Origin,
    ) -> Result<Option<String>, IdentityError> {
        let (email, _) = self.name_of(person, origin).await?;
        Ok(self.device(&email, kept))
    }

    fn device_mark(&self, email: &Email, drawn: &str) -> String {
        hex(&self.device_mac.mac(format!("{drawn}:{email}").as_bytes()))
    }

    /// By what a browser is known for this account. Its mark is compared as a whole, by its hash, so that no time tells how
    /// much of it was right.
    fn known<'d>(&self, email: &Email, kept: &'d str) -> Option<&'d str> {
        kept.split(BETWEEN).take(DEVICES).find(|device| {
            device.split_at_checked(DRAWN).is_some_and(|(drawn, mark)| {
                self.attempt_mac.mac(self.device_mark(email, drawn).as_bytes()) == self.attempt_mac.mac(mark.as_bytes())
            })
        })
    }

    /// Counts an attempt to sign in, or refuses it when a limit is reached. A refusal is not counted.
    pub(crate) async fn attempt(
        &self,
        email: &Email,
        origin: &Origin,
        device: Option<&str>,
    ) -> Result<Attempt, IdentityError> {
        let (network, limits) = (origin.network(), &self.limits);
        if let Some(device) = device.and_then(|kept| self.known(email, kept)) {
            // All known devices together, too: whoever knew the password once may have made many of them.
            let known = [
                self.subject(&format!("device:{device}"), limits.account),
                self.subject(&format!("devices:{email}"), limits.account_everywhere),
            ];
            return self.count(&known, Some(email), origin).await;
        }
        let address = self.subject(&format!("address:{network}"), limits.address);
        let everywhere = self.subject(&format!("account:{email}"), limits.account_everywhere);
        let subjects = [
            Subject { spares_without: Some(address.hash), ..everywhere },
            self.subject(&format!("account:{email}:{network}"), limits.account),
            address,
        ];
        self.count(&subjects, Some(email), origin).await
    }

    /// Counts a code of a second factor, or refuses it: as attempts on an account from here; of those of an app, of which there
    /// are only a million, some more from everywhere. With a new password all begins anew.
    pub(crate) async fn attempt_code(
        &self,
        factor: Uuid,
        epoch: i32,
        paper: bool,
        origin: &Origin,
    ) -> Result<Attempt, IdentityError> {
        let (network, most) = (origin.network(), self.limits.account);
        if paper {
            return self.count(&[self.subject(&format!("paper:{factor}:{epoch}:{network}"), most)], None, origin).await;
        }
        let subjects = [
            self.subject(&format!("code:{factor}:{epoch}:{network}"), most),
            self.subject(&format!("code:{factor}:{epoch}"), most.saturating_mul(3)),
        ];
        self.count(&subjects, None, origin).await
    }

    /// Counts a code by which somebody turns a second factor on, or refuses it.
    pub(crate) async fn attempt_begun(&self, person: PersonId, origin: &Origin) -> Result<Attempt, IdentityError> {
        self.count(&[self.subject(&format!("begun:{}", person.uuid()), self.limits.account)], None, origin).await
    }

    /// Counts somebody who comes back from a provider, or refuses it: what fails so fails for no account.
    pub(crate) async fn attempt_sign_on(&self, origin: &Origin) -> Result<Attempt, IdentityError> {
        let network = origin.network();
        self.count(&[self.subject(&format!("sign-on:{network}"), self.limits.address)], None, origin).await
    }

    /// Counts a passkey, or refuses it: one that fails, fails for no account.
    pub(crate) async fn attempt_passkey(&self, origin: &Origin) -> Result<Attempt, IdentityError> {
        let network = origin.network();
        self.count(&[self.subject(&format!("passkey:{network}"), self.limits.address)], None, origin).await
    }

    /// Counts a sign-up, or refuses it. It says nothing of any account, and so counts against none.
    pub(crate) async fn attempt_sign_up(&self, origin: &Origin) -> Result<Attempt, IdentityError> {
        let network = origin.network();
        self.count(&[self.subject(&format!("sign-up:{network}"), self.limits.sign_ups)], None, origin).await
    }

    /// Counts somebody who has a letter sent, or refuses it: as a sign-up.
    pub(crate) async fn attempt_letter(&self, origin: &Origin) -> Result<Attempt, IdentityError> {
        let network = origin.network();
        self.count(&[self.subject(&format!("letter:{network}"), self.limits.sign_ups)], None, origin).await
    }

    /// Counts a letter to this address that is asked for from here, or says that there were enough. Silence is for the caller.
    pub(crate) async fn attempt_letter_to(&self, email: &Email, origin: &Origin) -> Result<Attempt, IdentityError> {
        let network = origin.network();
        self.count(&[self.subject(&format!("letter:{email}:{network}"), LETTERS)], None, origin).await
    }

    /// Writes what counts against nobody: what is done for an account that is not there takes as long as for one that is.
    pub(crate) async fn write_nothing(&self, tx: &mut PlatformTx) -> Result<(), StoreError> {
        let subject = self.attempt_mac.mac(&rand::random::<[u8; 16]>());
        sqlx::query!(
            "insert into app.sign_in_attempts (attempt_id, subject, attempted_at) values ($1, $2, $3)",
            self.services.new_id(),
            subject.as_slice(),
            self.services.now()
        )
        .execute(tx)
        .await?;
        Ok(())
    }

    /// Forgets what failed on an account, from here and from everywhere.
    #[tracing::instrument(name = "db.sign_in_attempt.forgive_account", skip_all)]
    pub(crate) async fn forgive_account(&self, email: &Email, origin: &Origin) -> Result<(), IdentityError> {
        let network = origin.network();
        let names = [format!("account:{email}"), format!("account:{email}:{network}"), format!("devices:{email}")];
        let subjects: Vec<Vec<u8>> = names.iter().map(|name| self.subject(name, 0).hash.to_vec()).collect();
        let mut tx = self.services.store.platform(Reason::SignIn, origin.request).await?;
        sqlx::query!("delete from app.sign_in_attempts where subject = any($1)", &subjects)
            .execute(&mut tx)
            .await
            .map_err(StoreError::from)?;
        Ok(tx.commit().await?)
    }

    #[tracing::instrument(name = "db.sign_in_attempt.count", skip_all)]
    async fn count(
        &self,
        limits: &[Subject],
        account: Option<&Email>,
        origin: &Origin,
    ) -> Result<Attempt, IdentityError> {
        // Attempts wait for each other in the database, with a connection that others need: here they wait without one.
        let _place = self.attempting.enter(origin.network()).await.map_err(|_| IdentityError::Busy)?;
        let now = self.services.now();
        let subjects: Vec<Vec<u8>> = limits.iter().map(|subject| subject.hash.to_vec()).collect();
        // One lock a subject, in one order, so that two attempts neither miss each other nor wait for each other.
        let mut locks: Vec<i64> = limits
            .iter()
            .map(|subject| subject.hash.iter().take(8).fold(0i64, |n, b| (n << 8) | i64::from(*b)))
            .collect();
        locks.sort_unstable();

        let mut tx = self.services.store.platform(Reason::SignIn, origin.request).await?;
        sqlx::query!(r#"select pg_advisory_xact_lock(lock) as "lock: ()" from unnest($1::bigint[]) as lock"#, &locks)
            .fetch_all(&mut tx)
            .await
            .map_err(StoreError::from)?;
        let counted = sqlx::query!(
            r#"select subject, count(*) as "count!", min(attempted_at) as "oldest!" from app.sign_in_attempts
               where subject = any($1) and attempted_at > $2 group by subject"#,
            &subjects,
            now - self.limits.window
        )
        .fetch_all(&mut tx)
        .await
        .map_err(StoreError::from)?;
        let of = |hash: [u8; 32]| counted.iter().find(|row| row.subject == hash);
        let wait = limits.iter().filter_map(|subject| {
            let row = of(subject.hash)?;
            // Who comes from many addresses is slowed down, not free to guess.
            let clean = subject.spares_without.is_some_and(|hash| of(hash).is_none());
            let limit = subject.limit.saturating_mul(if clean { CLEAN } else { 1 });
            let full = row.count >= i64::from(limit);
            full.then(|| (row.oldest + self.limits.window - now).whole_seconds().max(1).unsigned_abs())
        });
        if let Some(retry_after) = wait.max() {
            self.heed("too many attempts", account, origin);
            return Err(IdentityError::TooManyAttempts { retry_after });
        }
        let attempt = self.services.new_id();
        sqlx::query!(
            "insert into app.sign_in_attempts (attempt_id, subject, attempted_at)
             select $1, subject, $3 from unnest($2::bytea[]) as subject",
            attempt,
            &subjects,
            now
        )
        .execute(&mut tx)
        .await
        .map_err(StoreError::from)?;
        tx.commit().await?;
        Ok(Attempt(attempt))
    }

    /// The same in a transaction that is open.
    pub(crate) async fn forgive_in(&self, tx: &mut PlatformTx, attempt: &Attempt) -> Result<(), StoreError> {
        sqlx::query!("delete from app.sign_in_attempts where attempt_id = $1", attempt.0).execute(tx).await?;
        Ok(())
    }

    /// Takes an attempt back: it succeeded, or failed through no fault of whoever made it.
    #[tracing::instrument(name = "db.sign_in_attempt.forgive", skip_all)]
    pub(crate) async fn forgive(&self, attempt: Attempt, request: RequestId) -> Result<(), IdentityError> {
        let mut tx = self.services.store.platform(Reason::SignIn, request).await?;
        self.forgive_in(&mut tx, &attempt).await?;
        Ok(tx.commit().await?)
    }

    /// Removes attempts that no longer count, and answers of providers that could not come again; returns how many rows.
    ///
    /// # Errors
    /// The database's.
    #[tracing::instrument(name = "db.sign_in_attempt.clean_up", skip_all)]
    pub async fn delete_old_attempts(&self) -> Result<u64, StoreError> {
        let request = RequestId::from_uuid(self.services.new_id());
        let mut tx = self.services.store.platform(Reason::CleanUp, request).await?;
        let done = sqlx::query!(
            "delete from app.sign_in_attempts where attempted_at <= $1",
            self.services.now() - self.limits.window
        )
        .execute(&mut tx)
        .await?;
        let answers = self.delete_old_answers(&mut tx).await?;
        tx.commit().await?;
        Ok(done.rows_affected() + answers)
    }
}
