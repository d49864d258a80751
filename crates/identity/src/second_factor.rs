//! A second factor: codes that an app makes (TOTP, RFC 6238), ten codes on paper for when the phone is gone, and browsers that
//! are not asked for thirty days.
//!
//! A code is taken once, and so is each step of an app's, one step early or late; what it is shown for is done in the transaction
//! that takes it. Wrong ones count like wrong passwords; after [`FAILURES`] in a row, from wherever, the app's codes open nothing
//! until there is a new password. Codes on paper are heard whatever others type elsewhere.
//!
//! Whatever is done by a session is done while it is open, looked at once more under the person's row: setting one up, and turning
//! it on, end the others.

use crate::account::person;
use crate::letters::LetterKind;
use crate::sign_in::{Known, Second, confined};
use crate::{Identity, IdentityError, Origin, hex};
use model::audit::Act;
use model::identity::{Factors, SecondFactor};
use model::input::Email;
use model::{PersonId, TenantId};
use sqlx::types::Json;
use store::audit::{self, Entry};
use store::bus::Notice;
use store::sealing::{Older, Owner, SealedColumn, Sought, Spot};
use store::services::timestamp;
use store::sessions::{self, Proof, Shown, SignIn};
use store::{Caller, PlatformTx, Reason, StoreError};
use time::{Duration, OffsetDateTime};
use totp_rs::{Builder, Totp};
use uuid::Uuid;
use words::text;
use zeroize::Zeroizing;

/// Wrong codes in a row until there has to be a new password.
const FAILURES: i32 = 100;
/// Codes on paper.
const CODES: usize = 10;
/// Letters and digits of one: 50 bits, of those that are told apart on paper (Crockford's base 32).
const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const LENGTH: usize = 10;
/// How long a browser is not asked.
const TRUSTED: Duration = Duration::days(30);
/// People whose marks a browser keeps, and what stands between them.
const KEPT: usize = 5;
const BETWEEN: &str = ".";
/// How long one may be being set up.
const SET_UP: Duration = Duration::minutes(15);

/// A code as it was typed: spaces and dashes are nobody's.
fn plain(typed: &str) -> Zeroizing<String> {
    Zeroizing::new(typed.chars().filter(|c| !c.is_whitespace() && *c != '-').collect::<String>().to_ascii_lowercase())
}

fn spot(person: PersonId, factor: Uuid) -> Spot {
    Spot { owner: Owner::Person(person), column: "second_factors.seed_sealed", row: factor }
}

fn totp(seed: &[u8], email: &str) -> Result<Totp, IdentityError> {
    let app = Builder::new().with_secret(seed.to_vec()).with_issuer(Some("Samtal")).with_account_name(email);
    app.build().map_err(|_| StoreError::Corrupt("a seed that makes no codes").into())
}

fn wrong_code() -> IdentityError {
    IdentityError::field(
        "code",
        text!("This code is not right, or was used before. Wait for the next one that the app shows."),
    )
}

/// A code on paper, drawn.
fn draw() -> String {
    let letter = |byte: u8| LETTERS.get(usize::from(byte % 32)).copied().map_or('0', char::from);
    let code: String = rand::random::<[u8; LENGTH]>().into_iter().map(letter).collect();
    let (first, last) = code.split_at(LENGTH / 2);
    format!("{first}-{last}")
}

/// How often the password had been changed when somebody showed what they know, or a provider vouched for them; a session from
/// before shows neither.
pub(crate) fn first_shown(sign_in: &SignIn) -> Option<i32> {
    let first = |shown: &&Shown| matches!(shown.proof, Proof::Password | Proof::Provider);
    sign_in.proofs.iter().find(first).map(|shown| shown.epoch)
}

/// Somebody who acts on what opens their whole account: not by a company's word alone, which opens that company.
pub(crate) fn own(held: HeldPerson) -> Result<HeldPerson, IdentityError> {
    if confined(&held.proofs).is_none() { Ok(held) } else { Err(IdentityError::NotByACompany) }
}

/// What is asked of who signs in.
struct Asked {
    /// By what marks of trust are bound to it: the app's, or else the person.
    factor: Uuid,
    /// How often the password had been changed.
    epoch: i32,
    /// What can be shown.
    factors: Factors,
}

/// What came of turning it on: the codes for paper, how often the password has been changed now, when the session ends by which it
/// was done, and what that had shown.
type TurnedOn = (Vec<String>, i32, Option<OffsetDateTime>, Vec<Shown>);

/// A person whose row is held.
pub(crate) struct HeldPerson {
    pub email: String,
    /// How often the password had been changed.
    pub epoch: i32,
    /// When the session ends by which they act.
    pub until: Option<OffsetDateTime>,
    /// What was shown when it was opened.
    pub proofs: Vec<Shown>,
}

/// What came of taking a second factor away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TakenAway {
    /// There was none.
    Nothing,
    /// It is gone; whether a letter says so.
    Gone {
        /// Whether a letter is on its way.
        told: bool,
    },
}

/// What shows once more that it is the person: a code where an app makes them, or else the password, if there is one.
#[derive(Debug, Default)]
pub struct ShownAgain {
    /// A code of the app, or one on paper.
    pub code: Zeroizing<String>,
    /// The password.
    pub password: Zeroizing<String>,
}

/// A session of a person's, by its hash: what is done by it is done only while it is open.
#[derive(Debug, Clone, Copy)]
pub struct Here<'a>(pub &'a [u8; 32]);

impl Identity {
    /// How it stands with one's own second factor. One that is being set up is shown to the session that began it alone.
    ///
    /// # Errors
    /// [`IdentityError::Denied`] for a program, or the database's.
    pub async fn second_factor(
        &self,
        caller: &Caller,
        here: Here<'_>,
        origin: &Origin,
    ) -> Result<SecondFactor, IdentityError> {
        self.factor_of(person(caller)?, here, origin).await
    }

    #[tracing::instrument(name = "db.second_factor.get", skip_all)]
    async fn factor_of(
        &self,
        person: PersonId,
        here: Here<'_>,
        origin: &Origin,
    ) -> Result<SecondFactor, IdentityError> {
        let mut tx = self.services.store.platform(Reason::SignIn, origin.request).await?;
        let found = sqlx::query!(
            r#"select f.factor_id, f.seed_sealed, f.confirmed_at, p.email,
                 f.begun_by = $2 and f.created_at > $3 as "here!",
                 (select count(*) from app.recovery_codes c where c.person_id = $1 and c.used_at is null) as "left!"
               from app.second_factors f join app.people p on p.person_id = f.person_id where f.person_id = $1"#,
            person.uuid(),
            here.0.as_slice(),
            self.services.now() - SET_UP
        )
        .fetch_optional(&mut tx)
        .await
        .map_err(StoreError::from)?;
        let Some(row) = found else { return Ok(SecondFactor::Off) };
        if let Some(since) = row.confirmed_at {
            return Ok(SecondFactor::On {
                since: timestamp(since),
                codes: u32::try_from(row.left).unwrap_or_default(),
            });
        }
        if !row.here {
            return Ok(SecondFactor::Off);
        }
        // Whoever begins anew has another one.
        let Ok(seed) = self.sealer.open(&spot(person, row.factor_id), &row.seed_sealed).inspect_err(|error| {
            tracing::error!(%person, %error, "a seed that was being set up cannot be opened");
        }) else {
            return Ok(SecondFactor::Off);
        };
        let totp = totp(&seed, &row.email)?;
        let url = totp.to_url().map_err(|_| StoreError::Corrupt("an address that an app cannot be told"))?;
        Ok(SecondFactor::Begun { url, key: totp.secret().to_base32() })
    }

    /// Begins to set one up, with a new seed, for who shows the password once more, if there is one.
    ///
    /// # Errors
    /// [`IdentityError::Invalid`] for a wrong password, [`IdentityError::FactorIsOn`], [`IdentityError::SignInOver`] for a
    /// session that ended meanwhile, or a fault; nothing is changed then.
    pub async fn begin_factor(
        &self,
        caller: &Caller,
        password: Zeroizing<String>,
        here: Here<'_>,
        origin: &Origin,
    ) -> Result<(), IdentityError> {
        let person = person(caller)?;
        match self.shown_again(person, password, here, origin).await {
            Err(IdentityError::NotThePassword) => Err(IdentityError::field(
                "password",
                text!("This is not your password. Type the one that you sign in with."),
            )),
            Ok(epoch) => self.put_seed(Known { person, epoch, confirmed: true }, here, origin).await,
            Err(error) => Err(error),
        }
    }

    #[tracing::instrument(name = "db.second_factor.begin", skip_all)]
    async fn put_seed(&self, known: Known, here: Here<'_>, origin: &Origin) -> Result<(), IdentityError> {
        let (person, factor) = (known.person, self.services.new_id());
        let mut tx = self.services.store.platform(Reason::SignIn, origin.request).await?;
        let held = self.hold_person(&mut tx, person, Some(here)).await?;
        if held.epoch != known.epoch {
            return Err(IdentityError::SignInOver);
        }
        // As late as can be: what is sealed anew meanwhile does not know of this one yet.
        let seed = Zeroizing::new(rand::random::<[u8; 20]>());
        let sealed = self.sealer.seal(&spot(person, factor), seed.as_slice())?;
        let put = sqlx::query!(
            "insert into app.second_factors (person_id, factor_id, seed_sealed, created_at, begun_by)
             values ($1, $2, $3, $4, $5)
             on conflict (person_id) do update set factor_id = $2, seed_sealed = $3, created_at = $4, begun_by = $5
             where second_factors.confirmed_at is null",
            person.uuid(),
            factor,
            sealed,
            self.services.now(),
            here.0.as_slice()
        );
        if put.execute(&mut tx).await.map_err(StoreError::from)?.rows_affected() == 0 {
            return Err(IdentityError::FactorIsOn);
        }
        Ok(tx.commit().await?)
    }

    /// Holds the person's row, and makes sure that the session by which they act, if there is one, has not ended meanwhile.
    pub(crate) async fn hold_person(
        &self,
        tx: &mut PlatformTx,
        person: PersonId,
        here: Option<Here<'_>>,
    ) -> Result<HeldPerson, IdentityError> {
        let held = sqlx::query!(
            "select email, password_epoch from app.people where person_id = $1 for no key update",
            person.uuid()
        );
        let held = held.fetch_optional(&mut *tx).await.map_err(StoreError::from)?.ok_or(IdentityError::NotFound)?;
        let (email, epoch) = (held.email, held.password_epoch);
        let Some(here) = here else { return Ok(HeldPerson { email, epoch, until: None, proofs: Vec::new() }) };
        // Not held: whoever removes a membership holds that first, and ends the session after it.
        let open = sqlx::query!(
            r#"select expires_at, proofs as "proofs: Json<Vec<Shown>>" from app.sessions
               where session_hash = $1 and person_id = $2 and (tenant_id is not null or owed = 'factor')"#,
            here.0.as_slice(),
            person.uuid()
        );
        let open = open.fetch_optional(tx).await.map_err(StoreError::from)?.ok_or(IdentityError::SignInOver)?;
        Ok(HeldPerson { email, epoch, until: Some(open.expires_at), proofs: open.proofs.0 })
    }

    /// Turns it on, for who shows a code that the app makes of the seed, and gives the codes for paper. Everywhere one is signed
    /// out; the sign-in that comes back is for a new session, here.
    ///
    /// # Errors
    /// [`IdentityError::Invalid`] for a wrong code, [`IdentityError::FactorIsOn`], [`IdentityError::NotFound`] when none was
    /// begun here, [`IdentityError::SignInOver`] for a session that ended meanwhile, or a fault; nothing is changed then.
    pub async fn turn_factor_on(
        &self,
        caller: &Caller,
        typed: &str,
        here: Here<'_>,
        origin: &Origin,
    ) -> Result<(Vec<String>, SignIn), IdentityError> {
        let person = person(caller)?;
        let done = self.turn_on((person, None), typed, (here, caller.scope().tenant()), origin).await;
        let (codes, epoch, until, proofs) = done?;
        let mut sign_in = self.begun(person, Proof::Session, epoch);
        // It goes on with what had been shown.
        sign_in.proofs.extend(proofs.into_iter().map(|shown| Shown { epoch, ..shown }));
        Ok((codes, SignIn { chosen: Some(caller.scope().tenant()), until, ..sign_in }))
    }

    /// With how often the password had been changed when it was shown, on the way of a sign-in.
    async fn turn_on(
        &self,
        (person, epoch): (PersonId, Option<i32>),
        typed: &str,
        acting: (Here<'_>, TenantId),
        origin: &Origin,
    ) -> Result<TurnedOn, IdentityError> {
        let attempt = self.attempt_begun(person, origin).await?;
        let done = self.put_on((person, epoch), typed, acting, origin).await;
        if !matches!(done, Err(IdentityError::Invalid(_))) {
            // It is done, whatever becomes of this.
            let _ = self.forgive(attempt, origin.request).await;
        }
        done
    }

    #[tracing::instrument(name = "db.second_factor.turn_on", skip_all)]
    async fn put_on(
        &self,
        (person, epoch): (PersonId, Option<i32>),
        typed: &str,
        (here, acting): (Here<'_>, TenantId),
        origin: &Origin,
    ) -> Result<TurnedOn, IdentityError> {
        let now = self.services.now();
        let mut tx = self.services.store.platform(Reason::SignIn, origin.request).await?;
        let held = self.hold_person(&mut tx, person, Some(here)).await?;
        if epoch.is_some_and(|epoch| epoch != held.epoch) {
            return Err(IdentityError::SignInOver);
        }
        let found = sqlx::query!(
            r#"select factor_id, seed_sealed, confirmed_at is not null as "on!",
                 begun_by = $2 and created_at > $3 as "here!"
               from app.second_factors where person_id = $1 for update"#,
            person.uuid(),
            here.0.as_slice(),
            now - SET_UP
        );
        let begun = found.fetch_optional(&mut tx).await.map_err(StoreError::from)?.ok_or(IdentityError::NotFound)?;
        if begun.on {
            return Err(IdentityError::FactorIsOn);
        }
        if !begun.here {
            return Err(IdentityError::NotFound);
        }
        let totp = totp(&self.sealer.open(&spot(person, begun.factor_id), &begun.seed_sealed)?, &held.email)?;
        let step = totp.check(&plain(typed), now.unix_timestamp().unsigned_abs()).ok_or_else(|| {
            IdentityError::field("code", text!("This code is not right. Type the six digits that the app shows now."))
        })?;
        // A sign-in that began without it opens nothing any more.
        sqlx::query!("update app.people set password_epoch = password_epoch + 1 where person_id = $1", person.uuid())
            .execute(&mut tx)
            .await
            .map_err(StoreError::from)?;
        sqlx::query!(
            "update app.second_factors set confirmed_at = $2, last_step = $3 where person_id = $1",
            person.uuid(),
            now,
            step.cast_signed()
        )
        .execute(&mut tx)
        .await
        .map_err(StoreError::from)?;
        let codes = self.put_codes(&mut tx, person).await?;
        self.tell(&mut tx, person, &held.email, LetterKind::FactorOn).await?;
        let ended = sessions::end_all_of(&mut tx, person, None).await?;
        self.write_down(&mut tx, (person, Some(acting)), Act::FactorOn, origin).await?;
        tx.commit().await?;
        for tenant in ended {
            self.services.publish(Notice::Ended { tenant });
        }
        self.post_is_due();
        tracing::info!("a second factor was turned on");
        Ok((codes, held.epoch + 1, held.until, held.proofs))
    }

    /// Has a person show once more that it is them: what it is for is done in the transaction that comes back, which takes the
    /// code. The person's row is held.
    ///
    /// # Errors
    /// [`IdentityError::Invalid`] for a wrong code or password, [`IdentityError::TooManyAttempts`],
    /// [`IdentityError::SignInOver`] for a session that ended meanwhile, or a fault.
    pub(crate) async fn shown_once_more(
        &self,
        person: PersonId,
        shown: ShownAgain,
        here: Here<'_>,
        origin: &Origin,
    ) -> Result<(PlatformTx, HeldPerson), IdentityError> {
        if self.factors_of(person, origin).await?.is_some_and(|factors| factors.app) {
            let (tx, held, _) = self.by_code(person, &shown.code, Some(here), origin).await?;
            return own(held).map(|held| (tx, held));
        }
        let epoch = match self.shown_again(person, shown.password, here, origin).await {
            Err(IdentityError::NotThePassword) => {
                let what = text!("This is not your password. Type the one that you sign in with.");
                return Err(IdentityError::field("password", what));
            }
            epoch => epoch?,
        };
        let mut tx = self.services.store.platform(Reason::SignIn, origin.request).await?;
        let held = self.hold_person(&mut tx, person, Some(here)).await?;
        if held.epoch == epoch { own(held).map(|held| (tx, held)) } else { Err(IdentityError::SignInOver) }
    }

    /// New codes for paper in place of those that were there, for who shows once more that it is them.
    ///
    /// # Errors
    /// [`IdentityError::NotFound`] where there is no second factor, and those of showing that; nothing is changed then.
    #[tracing::instrument(name = "db.second_factor.new_codes", skip_all)]
    pub async fn new_codes(
        &self,
        caller: &Caller,
        shown: ShownAgain,
        here: Here<'_>,
        origin: &Origin,
    ) -> Result<Vec<String>, IdentityError> {
        let person = person(caller)?;
        self.factors_of(person, origin).await?.ok_or(IdentityError::NotFound)?;
        let (mut tx, held) = self.shown_once_more(person, shown, here, origin).await?;
        let codes = self.put_codes(&mut tx, person).await?;
        self.tell(&mut tx, person, &held.email, LetterKind::NewCodes).await?;
        self.write_down(&mut tx, (person, Some(caller.scope().tenant())), Act::CodesRenewed, origin).await?;
        tx.commit().await?;
        self.post_is_due();
        Ok(codes)
    }

    pub(crate) async fn put_codes(&self, tx: &mut PlatformTx, person: PersonId) -> Result<Vec<String>, StoreError> {
        let codes: Vec<String> = std::iter::repeat_with(draw).take(CODES).collect();
        let hashes: Vec<Vec<u8>> = codes.iter().map(|code| self.code_hash(person, &plain(code)).to_vec()).collect();
        sqlx::query!("delete from app.recovery_codes where person_id = $1", person.uuid()).execute(&mut *tx).await?;
        sqlx::query!(
            "insert into app.recovery_codes (person_id, code_hash) select $1, hash from unnest($2::bytea[]) as hash",
            person.uuid(),
            &hashes
        )
        .execute(tx)
        .await?;
        Ok(codes)
    }

    /// Removes the codes on paper of who has no second factor any more, for which they stand in; says whether that is so. The
    /// person's row is held.
    pub(crate) async fn drop_needless_codes(&self, tx: &mut PlatformTx, person: PersonId) -> Result<bool, StoreError> {
        let none = sqlx::query_scalar!(
            r#"select not exists (select from app.second_factors where person_id = $1 and confirmed_at is not null)
                 and not exists (select from app.passkeys where person_id = $1) as "none!""#,
            person.uuid()
        );
        let none = none.fetch_one(&mut *tx).await?;
        if none {
            sqlx::query!("delete from app.recovery_codes where person_id = $1", person.uuid()).execute(tx).await?;
        }
        Ok(none)
    }

    fn code_hash(&self, person: PersonId, code: &str) -> [u8; 32] {
        self.code_mac.mac(format!("{}:{code}", person.uuid()).as_bytes())
    }

    /// Turns it off, for who shows a code.
    ///
    /// # Errors
    /// [`IdentityError::FactorIsRequired`] where a workspace of theirs asks for one; then:
    /// [`IdentityError::Invalid`] for a wrong code, [`IdentityError::TooManyAttempts`], [`IdentityError::NotFound`] when there
    /// is none, [`IdentityError::SignInOver`] for a session that ended meanwhile, or a fault; nothing is changed then.
    #[tracing::instrument(name = "db.second_factor.turn_off", skip_all)]
    pub async fn turn_factor_off(
        &self,
        caller: &Caller,
        typed: &str,
        here: Here<'_>,
        origin: &Origin,
    ) -> Result<(), IdentityError> {
        let person = person(caller)?;
        let factors = self.factors_of(person, origin).await?.filter(|factors| factors.app);
        let passkeys = factors.ok_or(IdentityError::NotFound)?.passkeys;
        if !passkeys && self.tenants_of(person, origin).await?.iter().any(|workspace| workspace.second_factor) {
            return Err(IdentityError::FactorIsRequired);
        }
        let (mut tx, held) = self.by_code(person, typed, Some(here), origin).await.map(|(tx, held, _)| (tx, held))?;
        let gone = sqlx::query!(
            "delete from app.second_factors where person_id = $1 and confirmed_at is not null",
            person.uuid()
        );
        if gone.execute(&mut tx).await.map_err(StoreError::from)?.rows_affected() == 0 {
            return Err(IdentityError::NotFound);
        }
        if self.drop_needless_codes(&mut tx, person).await? && passkeys {
            // The last passkey was removed meanwhile; what a workspace asks for is looked at anew.
            return Err(IdentityError::SignInOver);
        }
        self.tell(&mut tx, person, &held.email, LetterKind::FactorOff).await?;
        self.write_down(&mut tx, (person, Some(caller.scope().tenant())), Act::FactorOff, origin).await?;
        tx.commit().await?;
        self.post_is_due();
        tracing::info!("a second factor was turned off");
        Ok(())
    }

    /// Gives up one that was begun.
    ///
    /// # Errors
    /// [`IdentityError::Denied`] for a program, [`IdentityError::SignInOver`] for a session that ended meanwhile, or the database's.
    #[tracing::instrument(name = "db.second_factor.give_up", skip_all)]
    pub async fn give_factor_up(&self, caller: &Caller, here: Here<'_>, origin: &Origin) -> Result<(), IdentityError> {
        let person = person(caller)?;
        let mut tx = self.services.store.platform(Reason::SignIn, origin.request).await?;
        self.hold_person(&mut tx, person, Some(here)).await?;
        self.forget_begun(&mut tx, person).await?;
        Ok(tx.commit().await?)
    }

    /// Takes a code on the way of a sign-in.
    ///
    /// # Errors
    /// [`IdentityError::Invalid`] for a wrong code, [`IdentityError::TooManyAttempts`], or a fault.
    pub async fn show_code(&self, sign_in: SignIn, typed: &str, origin: &Origin) -> Result<SignIn, IdentityError> {
        let mut proofs = sign_in.proofs;
        match self.by_code(sign_in.person, typed, None, origin).await {
            Ok((tx, _, proof)) => {
                tx.commit().await?;
                self.post_is_due();
                proofs.push(Shown { proof, at: timestamp(self.services.now()), epoch: 0, of: None });
            }
            // Turned off meanwhile.
            Err(IdentityError::NotFound) => {}
            Err(error) => return Err(error),
        }
        self.advance(SignIn { proofs, ..sign_in }, origin).await
    }

    /// Takes a code, which is used up by that: what it is shown for is done in the transaction that comes back. The person's row
    /// is held.
    pub(crate) async fn by_code(
        &self,
        person: PersonId,
        typed: &str,
        here: Option<Here<'_>>,
        origin: &Origin,
    ) -> Result<(PlatformTx, HeldPerson, Proof), IdentityError> {
        let code = plain(typed);
        if code.is_empty() {
            return Err(IdentityError::field(
                "code",
                text!("Type the code that the app shows, or one of those on paper."),
            ));
        }
        let paper = code.len() == LENGTH;
        let asked = self.asked(person, origin).await?.ok_or(IdentityError::NotFound)?;
        let attempt = self.attempt_code(asked.factor, asked.epoch, paper, origin).await?;
        let mut taken = self.take(person, &code, here, origin).await;
        match &mut taken {
            // In the transaction that is open: another connection is not waited for with this one in hand.
            Ok((tx, ..)) => self.forgive_in(tx, &attempt).await?,
            Err(IdentityError::Invalid(_)) => self.heed("a code was refused", None, origin),
            Err(_) => {
                let _ = self.forgive(attempt, origin.request).await;
            }
        }
        taken
    }

    #[tracing::instrument(name = "db.second_factor.take", skip_all)]
    async fn take(
        &self,
        person: PersonId,
        code: &str,
        here: Option<Here<'_>>,
        origin: &Origin,
    ) -> Result<(PlatformTx, HeldPerson, Proof), IdentityError> {
        let mut tx = self.services.store.platform(Reason::SignIn, origin.request).await?;
        let held = self.hold_person(&mut tx, person, here).await?;
        if code.len() == LENGTH {
            let hash = self.code_hash(person, code);
            let taken = sqlx::query!(
                "update app.recovery_codes set used_at = $3 where person_id = $1 and code_hash = $2 and used_at is null",
                person.uuid(),
                hash.as_slice(),
                self.services.now()
            );
            if taken.execute(&mut tx).await.map_err(StoreError::from)?.rows_affected() == 0 {
                return Err(wrong_code());
            }
            self.tell(&mut tx, person, &held.email, LetterKind::CodeUsed).await?;
            return Ok((tx, held, Proof::RecoveryCode));
        }
        let found = sqlx::query!(
            "select factor_id, seed_sealed, last_step, failures from app.second_factors
             where person_id = $1 and confirmed_at is not null for update",
            person.uuid()
        );
        // Who has passkeys alone has no app.
        let row = found.fetch_optional(&mut tx).await.map_err(StoreError::from)?.ok_or_else(wrong_code)?;
        if row.failures >= FAILURES {
            return Err(IdentityError::field(
                "code",
                text!(
                    "Too many wrong codes have been typed for this account. Choose a new password (“Forgot your password?”), or \
                     take one of the codes on paper."
                ),
            ));
        }
        let totp = totp(&self.sealer.open(&spot(person, row.factor_id), &row.seed_sealed)?, &held.email)?;
        let now = self.services.now().unix_timestamp().unsigned_abs();
        let step = totp.check(code, now).map(u64::cast_signed).filter(|step| *step > row.last_step);
        sqlx::query!(
            "update app.second_factors set last_step = coalesce($2, last_step),
               failures = case when $2::bigint is null then failures + 1 else 0 end where person_id = $1",
            person.uuid(),
            step
        )
        .execute(&mut tx)
        .await
        .map_err(StoreError::from)?;
        if step.is_none() {
            // It is counted, whatever else is not done.
            tx.commit().await?;
            return Err(wrong_code());
        }
        Ok((tx, held, Proof::Totp))
    }

    /// What is asked for at sign-in, if anything.
    #[tracing::instrument(name = "db.second_factor.find", skip_all)]
    async fn asked(&self, person: PersonId, origin: &Origin) -> Result<Option<Asked>, StoreError> {
        let mut tx = self.services.store.platform(Reason::SignIn, origin.request).await?;
        let found = sqlx::query!(
            r#"select f.factor_id as "factor_id?", p.password_epoch,
                 exists (select from app.passkeys k where k.person_id = p.person_id) as "passkeys!"
               from app.people p left join app.second_factors f on f.person_id = p.person_id and f.confirmed_at is not null
               where p.person_id = $1"#,
            person.uuid()
        );
        let found = found.fetch_optional(&mut tx).await?.filter(|row| row.factor_id.is_some() || row.passkeys);
        Ok(found.map(|row| Asked {
            factor: row.factor_id.unwrap_or_else(|| person.uuid()),
            epoch: row.password_epoch,
            factors: Factors { app: row.factor_id.is_some(), passkeys: row.passkeys },
        }))
    }

    /// By what a person shows a second factor, if they have one.
    ///
    /// # Errors
    /// The database's.
    pub async fn factors_of(&self, person: PersonId, origin: &Origin) -> Result<Option<Factors>, StoreError> {
        Ok(self.asked(person, origin).await?.map(|asked| asked.factors))
    }

    /// How a sign-in stands with the second factor.
    pub(crate) async fn second_of(&self, sign_in: &SignIn, origin: &Origin) -> Result<Second, StoreError> {
        let shown = sign_in.proofs.iter().any(|shown| shown.proof.is_second());
        Ok(match self.asked(sign_in.person, origin).await? {
            None => Second::None,
            Some(_) if shown => Second::Shown,
            Some(_) => Second::Owed,
        })
    }

    /// The same for who is led through it on the way of a sign-in: one is begun, if none was.
    ///
    /// # Errors
    /// [`IdentityError::SignInOver`] for a sign-in that is over, or owes something else by now, or the database's.
    pub async fn factor_on_the_way(
        &self,
        sign_in: &SignIn,
        here: Here<'_>,
        origin: &Origin,
    ) -> Result<SecondFactor, IdentityError> {
        let begun = self.factor_of(sign_in.person, here, origin).await?;
        if matches!(begun, SecondFactor::Begun { .. }) {
            return Ok(begun);
        }
        let epoch = first_shown(sign_in).ok_or(IdentityError::SignInOver)?;
        self.put_seed(Known { person: sign_in.person, epoch, confirmed: true }, here, origin).await?;
        self.factor_of(sign_in.person, here, origin).await
    }

    /// Turns it on for who is led through it, and goes on with the sign-in, which has shown it by that.
    ///
    /// # Errors
    /// As [`Identity::turn_factor_on`].
    pub async fn turn_on_on_the_way(
        &self,
        sign_in: SignIn,
        typed: &str,
        here: Here<'_>,
        origin: &Origin,
    ) -> Result<(Vec<String>, SignIn), IdentityError> {
        let chosen = sign_in.chosen.ok_or(IdentityError::SignInOver)?;
        let shown = first_shown(&sign_in).ok_or(IdentityError::SignInOver)?;
        let (codes, epoch, ..) = self.turn_on((sign_in.person, Some(shown)), typed, (here, chosen), origin).await?;
        // What was shown before it, and it.
        let proofs = sign_in.proofs.into_iter().map(|shown| Shown { epoch, ..shown });
        let proofs = proofs.chain(self.begun(sign_in.person, Proof::Totp, epoch).proofs).collect();
        let sign_in = SignIn { proofs, owed: None, ..sign_in };
        Ok((codes, sign_in))
    }

    /// What a browser keeps so that whoever signs in is not asked there for a while; it opens nothing alone, and nothing after
    /// another password than the one that was shown. What it has kept for others stays, the latest few.
    ///
    /// # Errors
    /// The database's.
    pub async fn trust(&self, sign_in: &SignIn, kept: &str, origin: &Origin) -> Result<Option<String>, IdentityError> {
        let Some(asked) = self.asked(sign_in.person, origin).await? else { return Ok(None) };
        if first_shown(sign_in) != Some(asked.epoch) {
            return Ok(None);
        }
        let until = (self.services.now() + TRUSTED).unix_timestamp();
        let own = format!("{until}~{}", self.trust_mark(sign_in.person, &asked, until));
        let others = kept.split(BETWEEN).filter(|mark| mark.len() == own.len()).take(KEPT - 1);
        Ok(Some(std::iter::once(own.as_str()).chain(others).collect::<Vec<_>>().join(BETWEEN)))
    }

    /// Whether a browser keeps what says that this person is not asked here.
    pub(crate) async fn trusts(&self, person: PersonId, kept: &str, origin: &Origin) -> Result<bool, StoreError> {
        let Some(asked) = self.asked(person, origin).await? else { return Ok(false) };
        let now = self.services.now().unix_timestamp();
        Ok(kept.split(BETWEEN).take(KEPT).any(|entry| {
            entry.split_once('~').is_some_and(|(until, mark)| {
                // As a whole, by its hash, so that no time tells how much of it was right.
                until.parse().is_ok_and(|until: i64| {
                    until > now
                        && self.code_mac.mac(self.trust_mark(person, &asked, until).as_bytes())
                            == self.code_mac.mac(mark.as_bytes())
                })
            })
        }))
    }

    fn trust_mark(&self, person: PersonId, asked: &Asked, until: i64) -> String {
        let text = format!("{}:{}:{}:{until}", person.uuid(), asked.factor, asked.epoch);
        hex(&self.device_mac.mac(format!("trusted:{text}").as_bytes()))
    }

    async fn write_down(
        &self,
        tx: &mut PlatformTx,
        whose: (PersonId, Option<TenantId>),
        act: Act,
        origin: &Origin,
    ) -> Result<(), StoreError> {
        audit::record_everywhere(tx, &self.services, whose, origin.into(), &Entry::new(act)).await
    }

    /// Tells a person by letter what has been done; `false` where they work nowhere.
    pub(crate) async fn tell(
        &self,
        tx: &mut PlatformTx,
        person: PersonId,
        email: &str,
        kind: LetterKind,
    ) -> Result<bool, StoreError> {
        match self.tenant_of(tx, person).await? {
            Some(tenant) => self.write(tx, (tenant, person), email, kind).await,
            None => Ok(false),
        }
    }

    pub(crate) async fn forget_begun(&self, tx: &mut PlatformTx, person: PersonId) -> Result<(), StoreError> {
        sqlx::query!("delete from app.second_factors where person_id = $1 and confirmed_at is null", person.uuid())
            .execute(tx)
            .await?;
        Ok(())
    }

    /// There is a new password: wrong codes from before say nothing of it, and what was being set up was by somebody who may not
    /// know it. The person's row is held.
    pub(crate) async fn begin_codes_anew(&self, tx: &mut PlatformTx, person: PersonId) -> Result<(), StoreError> {
        self.forget_begun(&mut *tx, person).await?;
        sqlx::query!("update app.second_factors set failures = 0 where person_id = $1", person.uuid())
            .execute(tx)
            .await?;
        Ok(())
    }

    /// Takes the second factor of somebody away who has lost phone and paper: for who runs the installation.
    ///
    /// # Errors
    /// [`IdentityError::NotFound`] when nobody has this address, [`IdentityError::LastWay`] where a passkey is all that opens the
    /// account and no letter could lead to a password, or the database's.
    #[tracing::instrument(name = "db.second_factor.take_away", skip_all)]
    pub async fn take_factor_away(&self, email: &str, origin: &Origin) -> Result<TakenAway, IdentityError> {
        let email = Email::parse(email).map_err(|e| IdentityError::field("email", e.0))?;
        let mut tx = self.services.store.platform(Reason::SignIn, origin.request).await?;
        let person =
            sqlx::query_scalar!("select person_id from app.people where email = $1 for no key update", email.as_str());
        let person = person.fetch_optional(&mut tx).await.map_err(StoreError::from)?.ok_or(IdentityError::NotFound)?;
        let person = PersonId::from_uuid(person);
        let on = sqlx::query_scalar!(
            r#"delete from app.second_factors where person_id = $1 returning confirmed_at is not null as "on!""#,
            person.uuid()
        );
        let on = on.fetch_optional(&mut tx).await.map_err(StoreError::from)?.unwrap_or_default();
        let passkeys = sqlx::query!("delete from app.passkeys where person_id = $1", person.uuid());
        let passkeys = passkeys.execute(&mut tx).await.map_err(StoreError::from)?.rows_affected();
        self.drop_needless_codes(&mut tx, person).await?;
        let on = on || passkeys > 0;
        if passkeys > 0 {
            if !self.has_a_way(&mut tx, person).await? && !self.delivers() {
                return Err(IdentityError::LastWay);
            }
            // What they have opened, and what is on its way by one, ends with them; sockets at their next beat.
            sqlx::query!(
                "update app.people set password_epoch = password_epoch + 1 where person_id = $1",
                person.uuid()
            )
            .execute(&mut tx)
            .await
            .map_err(StoreError::from)?;
            sessions::end_all_of(&mut tx, person, None).await?;
        }
        let mut told = false;
        if on {
            told = self.tell(&mut tx, person, email.as_str(), LetterKind::FactorOff).await? && self.delivers();
            audit::record_of_operator(&mut tx, &self.services, person, origin.request, Entry::new(Act::FactorOff))
                .await?;
        }
        tx.commit().await?;
        Ok(match (on, told) {
            (false, _) => TakenAway::Nothing,
            (true, told) => TakenAway::Gone { told },
        })
    }
}

/// The seeds of second factors, for `samtal keys rotate`.
pub(crate) struct Seeds;

impl SealedColumn for Seeds {
    type Key = Uuid;

    async fn older(tx: &mut PlatformTx, sought: Sought<'_, Uuid>) -> Result<Vec<Older<Uuid>>, StoreError> {
        let old = sqlx::query!(
            "select person_id, factor_id, seed_sealed from app.second_factors
                 where person_id > $4 and substring(seed_sealed from 1 for $1) <> $2 order by person_id limit $3 for update",
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
                key: row.person_id,
                spot: spot(PersonId::from_uuid(row.person_id), row.factor_id),
                sealed: row.seed_sealed,
            })
            .collect())
    }

    async fn keep(tx: &mut PlatformTx, person: &Uuid, sealed: &[u8]) -> Result<(), StoreError> {
        sqlx::query!("update app.second_factors set seed_sealed = $2 where person_id = $1", *person, sealed)
            .execute(tx)
            .await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B: the last six digits of those for SHA-1.
    #[test]
    fn codes_are_those_of_the_standard() -> Result<(), IdentityError> {
        let totp = totp(b"12345678901234567890", "astrid@fjallhus.example")?;
        for (at, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(totp.check(code, at), Some(at / 30), "{at}");
            // One step early or late, and no more.
            assert_eq!(totp.check(code, at + 30), Some(at / 30), "{at}");
            assert_eq!(totp.check(code, at + 60), None, "{at}");
        }
        Ok(())
    }

    #[test]
    fn codes_are_taken_as_people_type_them() {
        assert_eq!(*plain(" 287 082 "), "287082");
        assert_eq!(*plain("ABCDE-23456\n"), "abcde23456");
        let (one, other) = (draw(), draw());
        assert!(one != other && plain(&one).len() == LENGTH && one.len() == LENGTH + 1, "{one} {other}");
    }
}
