//! A company's own provider: its word counts for addresses in domains that the company has proven, for its own people, and nowhere
//! else.

use crate::stage::{agent, from, member, sign_in};
use identity::{Came, Here, Identity, IdentityError, Kept, ProviderForm, Purpose};
use model::Fault as _;
use model::identity::{Owed, Role};
use serde_json::Value;
use store::sealing::Sealer;
use store::secret_key::SecretKey;
use store::sessions::{Proof, Shown, SignIn, hash};
use testkit::{Dns, Lie, OWNER_PASSWORD, Provider, Says, Tenant, TestDb, Two};
use uuid::Uuid;
use zeroize::Zeroizing;

/// What is there: a provider, the DNS, and identity that knows both.
struct Stage {
    provider: Provider,
    dns: Dns,
    identity: Identity,
}

impl Stage {
    async fn new(db: &TestDb) -> Self {
        let (provider, dns) = (Provider::start().await, Dns::start().await);
        let identity = db.identity.clone().with_providers(provider.reached_by_tenants(dns.address));
        Self { provider, dns, identity }
    }

    /// Sets a provider as a tenant's owner does.
    async fn sets(&self, db: &TestDb, tenant: &Tenant, form: ProviderForm) -> Result<(), IdentityError> {
        let form = ProviderForm { password: Zeroizing::new(OWNER_PASSWORD.to_owned()), ..form };
        self.identity.set_provider(&tenant.owner, form, Here(&hash(tenant.session)), &from(db, "192.0.2.1")).await
    }

    fn form(&self, required: bool) -> ProviderForm {
        let (client_id, secret) = self.provider.client();
        ProviderForm {
            name: "Own".into(),
            issuer: self.provider.issuer.clone(),
            client_id: client_id.into(),
            client_secret: Zeroizing::new(secret.into()),
            required,
            ..ProviderForm::default()
        }
    }

    /// Sets the provider of a tenant and proves its domain; says how the provider is named in addresses.
    async fn set_up(&self, db: &TestDb, tenant: &Tenant, required: bool) -> String {
        self.sets(db, tenant, self.form(required)).await.unwrap();
        self.prove(tenant, tenant.email.split('@').nth(1).unwrap()).await.unwrap();
        let found = self.identity.company_sign_on(&tenant.owner).await.unwrap();
        let back = found.provider.unwrap().back;
        back.split('/').rev().nth(1).unwrap().to_owned()
    }

    async fn prove(&self, tenant: &Tenant, domain: &str) -> Result<(), IdentityError> {
        self.identity.add_domain(&tenant.owner, domain).await?;
        let found = self.identity.company_sign_on(&tenant.owner).await?;
        let named = found.domains.iter().find(|one| one.domain == domain).unwrap();
        self.dns.says(&named.record, &named.says);
        self.identity.prove_domain(&tenant.owner, named.id.parse().unwrap()).await
    }

    async fn comes(&self, db: &TestDb, slug: &str, says: Says) -> Result<Came, IdentityError> {
        let here = from(db, "192.0.2.1");
        let gone = self.identity.go_to_provider(slug, Purpose::SignIn, "/dashboard".into(), &here).await?;
        let returned = self.provider.signs_in(&gone.address, says);
        let came = self.identity.back_from_provider((slug, &gone.kept), returned, (None, Kept::default()), &here).await;
        came.map_err(|lost| lost.error)
    }

    /// Links an account there by the password here.
    async fn link(&self, db: &TestDb, slug: &str, says: Says) -> SignIn {
        let came = self.comes(db, slug, says).await;
        let Ok(Came::Password(kept)) = came else { panic!("{came:?}") };
        let password = Zeroizing::new(OWNER_PASSWORD.to_owned());
        self.identity.link_by_password(&kept, password, Kept::default(), &from(db, "192.0.2.1")).await.unwrap()
    }
}

/// As companies' own providers do, which say nothing of whether an address is confirmed.
fn says(subject: &str, email: &str) -> Says {
    Says { verified: Value::Null, ..Says::of(subject, email) }
}

#[tokio::test]
async fn its_word_counts_in_proven_domains_alone() {
    let db = TestDb::new().await;
    db.leaves_waiting_jobs();
    let two = Two::new(&db).await;
    let stage = Stage::new(&db).await;
    let (identity, owner, email) = (&stage.identity, &two.aurora.owner, &two.aurora.email);
    // By who shows the password once more.
    let (session, here) = (hash(two.aurora.session), from(&db, "192.0.2.1"));
    let unshown = identity.set_provider(owner, stage.form(false), Here(&session), &here).await;
    assert!(matches!(unshown, Err(IdentityError::NotThePassword)), "{unshown:?}");
    stage.sets(&db, &two.aurora, stage.form(false)).await.unwrap();
    identity.add_domain(owner, "@Aurora.example ").await.unwrap();
    let found = identity.company_sign_on(owner).await.unwrap();
    let (domain, slug) = (&found.domains[0], found.provider.as_ref().unwrap().back.split('/').rev().nth(1).unwrap());
    assert_eq!((domain.domain.as_str(), domain.record.as_str()), ("aurora.example", "_samtal.aurora.example"));
    // Not before it is proven: nobody is even sent there.
    let came = stage.comes(&db, slug, Says::of("astrid", email)).await;
    assert!(matches!(came, Err(IdentityError::NotFound)), "{came:?}");
    assert!(identity.provider_for(email, &from(&db, "192.0.2.1")).await.is_err());
    let id: Uuid = domain.id.parse().unwrap();
    let silent = identity.prove_domain(owner, id).await.unwrap_err().problem();
    assert!(silent.field("domain").unwrap().to_string().contains("does not say it yet"), "{silent:?}");
    stage.dns.says(&domain.record, "samtal=something else");
    stage.dns.says(&domain.record, &domain.says);
    identity.prove_domain(owner, id).await.unwrap();
    identity.prove_domain(owner, id).await.unwrap();
    assert_eq!(identity.provider_for(&format!("x@{}", "aurora.example"), &from(&db, "192.0.2.1")).await.unwrap(), slug);

    let sign_in = stage.link(&db, slug, says("astrid", email)).await;
    assert_eq!((sign_in.chosen, sign_in.owed), (Some(two.aurora.id), None));
    let Ok(Came::In(again)) = stage.comes(&db, slug, says("astrid", email)).await else { panic!() };
    assert_eq!((again.proofs[0].proof, again.proofs[0].of), (Proof::Provider, Some(two.aurora.id)));
    // Not where it says that the address is not theirs.
    let denied = stage.comes(&db, slug, Says { verified: false.into(), ..says("new", "new@aurora.example") }).await;
    assert!(matches!(denied, Err(IdentityError::Unconfirmed(_))), "{denied:?}");
    // For nobody else's address, whatever it says of it.
    for other in [two.borealis.email.as_str(), "astrid@sub.aurora.example", "astrid@aurora.example.evil.example"] {
        let came = stage.comes(&db, slug, Says::of("eve", other)).await;
        assert!(matches!(came, Err(IdentityError::Unconfirmed(_))), "{other}: {came:?}");
    }
    // Nor for what was linked, once the domain is off the list.
    stage.prove(&two.aurora, "other.example").await.unwrap();
    identity.remove_domain(owner, id).await.unwrap();
    let came = stage.comes(&db, slug, says("astrid", email)).await;
    assert!(matches!(came, Err(IdentityError::Unconfirmed(_))), "{came:?}");
    assert!(matches!(identity.remove_domain(owner, id).await, Err(IdentityError::NotFound)));
}

#[tokio::test]
async fn another_companys_provider_opens_no_account_of_this_one() {
    let db = TestDb::new().await;
    db.leaves_waiting_jobs();
    let two = Two::new(&db).await;
    let stage = Stage::new(&db).await;
    let aurora = stage.set_up(&db, &two.aurora, false).await;
    let borealis = stage.set_up(&db, &two.borealis, false).await;
    stage.link(&db, &aurora, says("astrid", &two.aurora.email)).await;
    // The same account at the same issuer, by the way of another company.
    let came = stage.comes(&db, &borealis, says("astrid", &two.aurora.email)).await;
    assert!(matches!(came, Err(IdentityError::Unconfirmed(_))), "{came:?}");
    // A domain is one company's.
    let taken = stage.prove(&two.borealis, "aurora.example").await.unwrap_err().problem();
    assert!(taken.field("domain").unwrap().to_string().contains("Another workspace"), "{taken:?}");
    // Nobody sees or changes what is another's.
    let found = stage.identity.company_sign_on(&two.borealis.owner).await.unwrap();
    assert!(found.domains.iter().all(|one| one.proven_at.is_none() || one.domain == "borealis.example"), "{found:?}");
    let theirs = stage.identity.company_sign_on(&two.aurora.owner).await.unwrap().domains[0].id.parse().unwrap();
    assert!(matches!(stage.identity.remove_domain(&two.borealis.owner, theirs).await, Err(IdentityError::NotFound)));
    let agent = agent(&db, &two.aurora).await;
    for denied in [
        stage.identity.set_provider(&agent, stage.form(false), Here(&[0; 32]), &from(&db, "192.0.2.1")).await,
        stage.identity.remove_provider(&agent).await,
        stage.identity.add_domain(&agent, "x.example").await,
        stage.identity.prove_domain(&two.aurora.key, theirs).await,
        stage.identity.remove_domain(&agent, theirs).await,
    ] {
        assert!(matches!(denied, Err(IdentityError::Denied(_))), "{denied:?}");
    }
}

#[tokio::test]
async fn where_it_is_asked_for_a_password_is_not_enough_but_for_owners() {
    let db = TestDb::new().await;
    db.leaves_waiting_jobs();
    let two = Two::new(&db).await;
    let stage = Stage::new(&db).await;
    let here = from(&db, "192.0.2.1");
    // Somebody with a password and an address of the company's, and somebody from elsewhere.
    let joins = async |email: &str| {
        let link = stage.identity.invite(&two.aurora.owner, email, Role::Agent).await.unwrap().link.unwrap();
        let form = identity::JoinForm { name: "Bo Ek".into(), password: Zeroizing::new("green lamp river".into()) };
        stage.identity.join(link.rsplit('/').next().unwrap(), form, &here).await.unwrap();
    };
    joins("bo@aurora.example").await;
    joins("bo@elsewhere.example").await;
    let owes = async |email: &str, password: &str| sign_in(&stage.identity, email, password, &here).await.unwrap().owed;
    let slug = stage.set_up(&db, &two.aurora, true).await;
    assert_eq!(owes("bo@aurora.example", "green lamp river").await, Some(Owed::Provider));
    assert_eq!(owes("bo@elsewhere.example", "green lamp river").await, None, "it cannot vouch for them");
    assert_eq!(owes(&two.aurora.email, OWNER_PASSWORD).await, None, "somebody has to be able to mend it");
    // By its word they are in, and by that of an account that everybody offers they are not.
    let came = stage.comes(&db, &slug, says("bo", "bo@aurora.example")).await;
    let Ok(Came::Password(kept)) = came else { panic!("{came:?}") };
    let password = Zeroizing::new("green lamp river".to_owned());
    let done = stage.identity.link_by_password(&kept, password, Kept::default(), &here).await.unwrap();
    assert_eq!(done.owed, None);
    let Ok(Came::In(again)) = stage.comes(&db, &slug, says("bo", "bo@aurora.example")).await else { panic!() };
    assert_eq!(again.owed, None);
    let mut other = again.clone();
    other.proofs[0].of = None;
    let other = stage.identity.choose(other, Some(two.aurora.id), &here).await.unwrap();
    assert_eq!(other.owed, Some(Owed::Provider));
    // Nor by a passkey, whatever it shows.
    let mut other = again.clone();
    other.proofs[0] = Shown { proof: Proof::Passkey, of: None, ..other.proofs[0] };
    let other = stage.identity.choose(other, Some(two.aurora.id), &here).await.unwrap();
    assert_eq!(other.owed, Some(Owed::Provider));
    // Not asked for any more, and taken away.
    stage.sets(&db, &two.aurora, stage.form(false)).await.unwrap();
    assert_eq!(owes("bo@aurora.example", "green lamp river").await, None);
    stage.identity.remove_provider(&two.aurora.owner).await.unwrap();
    stage.identity.remove_provider(&two.aurora.owner).await.unwrap();
    let gone = stage.comes(&db, &slug, says("bo", "bo@aurora.example")).await;
    assert!(matches!(gone, Err(IdentityError::NotFound)), "{gone:?}");
}

#[tokio::test]
async fn a_newcomer_by_it_joins_that_company_alone_and_founds_none() {
    let db = TestDb::new().await;
    db.leaves_waiting_jobs();
    let two = Two::new(&db).await;
    let stage = Stage::new(&db).await;
    let here = from(&db, "192.0.2.1");
    let slug = stage.set_up(&db, &two.aurora, false).await;
    let own = stage.identity.invite(&two.aurora.owner, "new@aurora.example", Role::Agent).await.unwrap().link.unwrap();
    let other =
        stage.identity.invite(&two.borealis.owner, "new@aurora.example", Role::Admin).await.unwrap().link.unwrap();
    let token = |link: &str| link.rsplit('/').next().unwrap().to_owned();
    let Ok(Came::Asked(kept)) = stage.comes(&db, &slug, says("new", "new@aurora.example")).await else { panic!() };
    let asked = stage.identity.newcomer(&kept, &here).await.unwrap();
    assert!(asked.joins && asked.invited.len() == 1 && asked.invited[0].1.company == "Aurora", "{asked:?}");
    let founds = stage.identity.found_as_newcomer(&kept, ("Evil", "Eve"), &here).await;
    assert!(matches!(founds, Err(IdentityError::SignInOver)), "{founds:?}");
    let joins = stage.identity.join_as_newcomer(&kept, &token(&other), Kept::default(), &here).await;
    assert!(matches!(joins, Err(IdentityError::LinkOver)), "{joins:?}");
    let done = stage.identity.join_as_newcomer(&kept, &token(&own), Kept::default(), &here).await.unwrap();
    assert_eq!((done.chosen, done.owed), (Some(two.aurora.id), None));
}

#[tokio::test]
async fn a_provider_has_to_answer_before_it_is_set_and_its_secret_is_sealed() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    let stage = Stage::new(&db).await;
    let owner = &two.aurora.owner;
    for lie in [Lie::Broken, Lie::Nonsense, Lie::Description, Lie::Elsewhere, Lie::Endless] {
        stage.provider.lies(Some(lie));
        let refused = stage.sets(&db, &two.aurora, stage.form(false)).await.unwrap_err().problem();
        let what = refused.field("issuer").unwrap().to_string();
        assert!(what.contains("cannot be asked there"), "{lie:?}: {refused:?}");
    }
    stage.provider.lies(None);
    // Into a private network nobody of a tenant leads the server, but where the operator lets them.
    let guarded = db.identity.clone().with_providers(stage.provider.offered());
    let refused = guarded
        .set_provider(
            owner,
            ProviderForm { password: Zeroizing::new(OWNER_PASSWORD.to_owned()), ..stage.form(false) },
            Here(&hash(two.aurora.session)),
            &from(&db, "192.0.2.1"),
        )
        .await
        .unwrap_err()
        .problem();
    assert!(refused.field("issuer").is_some(), "{refused:?}");
    let empty = stage.sets(&db, &two.aurora, ProviderForm::default()).await.unwrap_err().problem();
    assert_eq!(empty.errors.len(), 3, "{empty:?}");
    stage.sets(&db, &two.aurora, stage.form(false)).await.unwrap();
    let (_, secret) = stage.provider.client();
    assert_eq!(db.columns_with(secret).await, Vec::<String>::new(), "it stands nowhere");
    // Without a secret in the form it stays; another issuer has its own.
    let keeps = ProviderForm { client_secret: Zeroizing::default(), name: "Other".into(), ..stage.form(true) };
    stage.sets(&db, &two.aurora, keeps).await.unwrap();
    let found = stage.identity.company_sign_on(owner).await.unwrap().provider.unwrap();
    assert!(found.secret && found.required && found.name == "Other", "{found:?}");
    let another = Provider::start().await;
    let other = |secret: &str| ProviderForm {
        issuer: another.issuer.clone(),
        client_secret: Zeroizing::new(secret.to_owned()),
        ..stage.form(true)
    };
    let lost = stage.sets(&db, &two.aurora, other("")).await.unwrap_err().problem();
    assert!(lost.field("client_secret").is_some(), "a secret is not lost by a slip: {lost:?}");
    stage.sets(&db, &two.aurora, other("its own")).await.unwrap();
    let moved = stage.identity.company_sign_on(owner).await.unwrap().provider.unwrap();
    assert!(moved.secret && moved.back != found.back, "{moved:?}");
    for bad in ["", "x", "a b.example", "-a.example", "1.2.3.4", "a..example", "ä.example", &"a.".repeat(200)] {
        let refused = stage.identity.add_domain(owner, bad).await.unwrap_err().problem();
        assert!(refused.field("domain").is_some(), "{bad}: {refused:?}");
    }
    stage.identity.add_domain(owner, "aurora.example").await.unwrap();
    assert!(stage.identity.add_domain(owner, "AURORA.example").await.is_err(), "once");
    for n in 1..20 {
        stage.identity.add_domain(owner, &format!("a{n}.example")).await.unwrap();
    }
    assert!(stage.identity.add_domain(owner, "one-more.example").await.is_err(), "twenty at most");
}

#[tokio::test]
async fn who_switches_into_it_owes_its_word() {
    let db = TestDb::new().await;
    db.leaves_waiting_jobs();
    let two = Two::new(&db).await;
    let stage = Stage::new(&db).await;
    let here = from(&db, "192.0.2.1");
    stage.set_up(&db, &two.aurora, true).await;
    // An owner elsewhere, who is an agent here, with an address of this company's.
    let (person, _) = member(&db, &two.aurora, "Cleo", "agent").await;
    let mut behind = db.superuser().await;
    sqlx::query("update app.people set email = 'cleo@aurora.example' where person_id = $1")
        .bind(person.uuid())
        .execute(&mut behind)
        .await
        .unwrap();
    sqlx::query(
        "insert into app.memberships (tenant_id, member_id, person_id, name, email, role, created_at)
         values ($1, gen_random_uuid(), $2, 'Cleo', 'cleo@aurora.example', 'owner', now())",
    )
    .bind(two.borealis.id.uuid())
    .bind(person.uuid())
    .execute(&mut behind)
    .await
    .unwrap();
    let session = db.open_session(person, two.borealis.id).await;
    let found = store::scope::of_session(&db.services, &hash(session), db.sessions.lifetime(), db.request()).await;
    let caller = found.unwrap().unwrap();
    let goes = stage.identity.switch(&caller, Some(two.aurora.id), Here(&hash(session)), &here).await.unwrap();
    assert_eq!(goes.owed, Some(Owed::Provider));
}

/// A company's own word opens that company, whatever else its people do elsewhere, and whoever they were.
#[tokio::test]
async fn its_word_leads_into_that_company_and_no_further() {
    let db = TestDb::new().await;
    db.leaves_waiting_jobs();
    let two = Two::new(&db).await;
    let stage = Stage::new(&db).await;
    let here = from(&db, "192.0.2.1");
    let slug = stage.set_up(&db, &two.aurora, false).await;
    // Somebody who works in both: an owner there, an agent here.
    let link = stage.identity.invite(&two.aurora.owner, "pia@aurora.example", Role::Agent).await.unwrap().link.unwrap();
    let form = || identity::JoinForm { name: "Pia".into(), password: Zeroizing::new(OWNER_PASSWORD.into()) };
    stage.identity.join(link.rsplit('/').next().unwrap(), form(), &here).await.unwrap();
    let link =
        stage.identity.invite(&two.borealis.owner, "pia@aurora.example", Role::Owner).await.unwrap().link.unwrap();
    stage.identity.join(link.rsplit('/').next().unwrap(), form(), &here).await.unwrap();
    // With the password as well it is hers to choose; it begins here.
    let linked = stage.link(&db, &slug, says("pia", "pia@aurora.example")).await;
    assert_eq!((linked.chosen, linked.owed), (Some(two.aurora.id), None));
    let Ok(Came::In(by_word)) = stage.comes(&db, &slug, says("pia", "pia@aurora.example")).await else { panic!() };
    assert_eq!((by_word.chosen, by_word.owed), (Some(two.aurora.id), None));
    let chosen = stage.identity.choose(by_word.clone(), Some(two.borealis.id), &here).await;
    assert!(matches!(chosen, Err(IdentityError::Invalid(_))), "{chosen:?}");
    let session = db.keep_sign_in(&by_word).await;
    let found = store::scope::of_session(&db.services, &hash(session), db.sessions.lifetime(), db.request()).await;
    let caller = found.unwrap().unwrap();
    let goes = stage.identity.switch(&caller, Some(two.borealis.id), Here(&hash(session)), &here).await;
    assert!(matches!(goes, Err(IdentityError::ProofElsewhere)), "{goes:?}");
    // Removed, she is in nowhere by it.
    let members = stage.identity.list_members(&two.aurora.owner, &Default::default()).await.unwrap().data;
    let pia = members.iter().find(|one| one.email == "pia@aurora.example").unwrap().id;
    stage.identity.remove_member(&two.aurora.owner, pia, true).await.unwrap();
    let came = stage.comes(&db, &slug, says("pia", "pia@aurora.example")).await;
    assert!(matches!(came, Err(IdentityError::NotAMember)), "{came:?}");
}

/// The secret of a provider is sealed anew with a new key, and opens with that one alone then.
#[tokio::test]
async fn its_secret_is_sealed_anew_with_a_new_key() {
    let db = TestDb::new().await;
    db.leaves_waiting_jobs();
    let two = Two::new(&db).await;
    let mut stage = Stage::new(&db).await;
    let folder = std::env::temp_dir().join(format!("samtal-provider-rotation-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("secret.key");
    SecretKey::read_or_make(&file).unwrap();
    stage.identity = stage.identity.with_sealer(Sealer::of_file(&file).unwrap());
    let slug = stage.set_up(&db, &two.aurora, false).await;
    stage.link(&db, &slug, says("astrid", &two.aurora.email)).await;
    SecretKey::add_to(&file).unwrap();
    assert_eq!(stage.identity.seal_anew().await.unwrap(), (1, 0));
    assert_eq!(stage.identity.seal_anew().await.unwrap(), (0, 0));
    assert!(matches!(stage.comes(&db, &slug, says("astrid", &two.aurora.email)).await, Ok(Came::In(_))));
    // Without that key it opens nothing, and is named.
    let lines = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("{}\n", lines.lines().next().unwrap())).unwrap();
    let lost = stage.comes(&db, &slug, says("astrid", &two.aurora.email)).await;
    assert!(matches!(lost, Err(IdentityError::Store(_))), "{lost:?}");
    SecretKey::add_to(&file).unwrap();
    assert_eq!(stage.identity.seal_anew().await.unwrap(), (0, 1));
    std::fs::remove_dir_all(&folder).unwrap();
}
