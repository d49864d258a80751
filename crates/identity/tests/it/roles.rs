//! Roles of a company's own, and members who are kept out for a while.

use crate::stage::{caller, from, member, sign_in, sign_up_form};
use identity::{Identity, IdentityError, KeptMember, KeyWishes, MAX_ROLES, PageRequest, RoleWishes, SignedUp};
use model::identity::{Owed, Role};
use model::permission::{KEY_AT_MOST, Permission as P, Permissions};
use model::{MemberId, RoleId};
use store::sessions::hash;
use store::{Caller, scope};
use testkit::{OWNER_PASSWORD, Tenant, TestDb, Two};

fn wishes(title: &str, permissions: &[P]) -> RoleWishes {
    RoleWishes { title: title.to_owned(), permissions: Permissions::of(permissions) }
}

fn wishes_of_nothing() -> RoleWishes {
    RoleWishes { title: "Late".to_owned(), ..RoleWishes::default() }
}

fn denied<T: std::fmt::Debug>(result: Result<T, IdentityError>) {
    assert!(matches!(result, Err(IdentityError::Denied(_))), "{result:?}");
}

fn invalid<T: std::fmt::Debug>(result: Result<T, IdentityError>) -> String {
    match result {
        Err(IdentityError::Invalid(errors)) => errors[0].field.clone(),
        other => panic!("{other:?}"),
    }
}

/// A role of a tenant's own.
async fn role(identity: &Identity, tenant: &Tenant, title: &str, permissions: &[P]) -> RoleId {
    match identity.create_role(&tenant.owner, &wishes(title, permissions)).await.unwrap().role {
        Role::Custom(id) => id,
        other => panic!("{other:?}"),
    }
}

/// A member with it, signed in, as both ways of reading a session find them.
async fn works_as(db: &TestDb, tenant: &Tenant, name: &str, role: Role) -> (MemberId, Caller) {
    let (person, member) = member(db, tenant, name, &role.to_string()).await;
    let found = caller(db, tenant, person).await;
    let session = hash(db.open_session(person, tenant.id).await);
    // The first time the long way, then by the door.
    for _ in 0..2 {
        let entered = scope::enter_by_session(&db.services, &session, db.sessions.lifetime(), db.request(), true).await;
        assert_eq!(entered.unwrap().unwrap().actor(), found.actor());
    }
    (member, found)
}

async fn now(db: &TestDb, tenant: &Tenant, who: &Caller) -> Option<Permissions> {
    let store::Actor::Member { person, .. } = who.actor() else { panic!() };
    let session = hash(db.open_session(person, tenant.id).await);
    let found = scope::of_session(&db.services, &session, db.sessions.lifetime(), db.request()).await.unwrap();
    found.map(|found| found.permissions())
}

#[tokio::test]
async fn a_role_is_what_was_chosen_and_changes_at_once() {
    let db = TestDb::new().await;
    db.leaves_waiting_jobs();
    let two = Two::new(&db).await;
    let (aurora, identity) = (&two.aurora, &db.identity);
    let night = role(identity, aurora, " Night shift ", &[P::WriteConversations]).await;
    let (bo, who) = works_as(&db, aurora, "Bo", Role::Custom(night)).await;
    let reaches = [P::ReachUnassigned, P::ReachWidget, P::ReachApi];
    let expected = [&reaches[..], &[P::ReadWorkspace, P::ReadConversations, P::WriteConversations]].concat();
    assert_eq!(who.permissions(), Permissions::of(&expected), "what it cannot do without comes with it");
    let shown = identity.list_members(&aurora.owner, &PageRequest::default()).await.unwrap().data;
    let shown = shown.iter().find(|one| one.id == bo).unwrap();
    assert_eq!(
        (shown.role, shown.role_title.as_str(), shown.permissions),
        (Role::Custom(night), "Night shift", who.permissions())
    );
    let session = identity.current_session(&who).await.unwrap().unwrap();
    assert_eq!((session.member.role_title.as_str(), session.member.permissions), ("Night shift", who.permissions()));

    identity.edit_role(&aurora.owner, night, &wishes("Day shift", &[P::ManageDocuments])).await.unwrap();
    let expected = Permissions::of(&[P::ReadWorkspace, P::ReadDocuments, P::ManageDocuments]);
    assert_eq!(now(&db, aurora, &who).await, Some(expected));
    // Who came before a change acts no more with what they had.
    let leads = role(identity, aurora, "Lead", &[P::ManageMembers, P::ReadConversations]).await;
    let (_, lead) = works_as(&db, aurora, "Lea", Role::Custom(leads)).await;
    let less = RoleWishes { title: "Less".to_owned(), ..RoleWishes::default() };
    identity.create_role(&lead, &less).await.unwrap();
    identity.edit_role(&aurora.owner, leads, &wishes("Lead", &[P::ReadConversations])).await.unwrap();
    denied(identity.create_role(&lead, &wishes("Least", &[])).await);

    // In use it stays; of each the list says how many have it.
    assert!(matches!(identity.delete_role(&aurora.owner, night).await, Err(IdentityError::RoleInUse)));
    let count = async |role| {
        let all = identity.list_roles(&aurora.owner).await.unwrap();
        all.iter().find(|one| one.role == role).map(|one| (one.title.clone(), one.members))
    };
    assert_eq!(count(Role::Custom(night)).await, Some(("Day shift".to_owned(), 1)));
    assert_eq!(count(Role::Owner).await, Some(("Owner".to_owned(), 1)));
    identity.change_role(&aurora.owner, bo, Role::Agent).await.unwrap();
    let asked = identity.invite(&aurora.owner, "cia@fjord.example", Role::Custom(night)).await.unwrap();
    assert_eq!(asked.invitation.role_title, "Day shift");
    assert!(matches!(identity.delete_role(&aurora.owner, night).await, Err(IdentityError::RoleInUse)));
    identity.take_back(&aurora.owner, asked.invitation.id).await.unwrap();
    identity.delete_role(&aurora.owner, night).await.unwrap();
    assert_eq!(count(Role::Custom(night)).await, None);
    assert!(matches!(identity.delete_role(&aurora.owner, night).await, Err(IdentityError::NotFound)));
    assert_eq!(invalid(identity.change_role(&aurora.owner, bo, Role::Custom(night)).await), "role");
    assert_eq!(invalid(identity.invite(&aurora.owner, "dag@fjord.example", Role::Custom(night)).await), "role");
}

#[tokio::test]
async fn nobody_makes_gives_or_changes_more_than_they_may() {
    let db = TestDb::new().await;
    db.leaves_waiting_jobs();
    let two = Two::new(&db).await;
    let (aurora, borealis, identity) = (&two.aurora, &two.borealis, &db.identity);
    let leads = role(identity, aurora, "Lead", &[P::ManageMembers, P::WriteConversations]).await;
    let keys = role(identity, aurora, "Keys", &[P::ManageKeys]).await;
    let (lead, who) = works_as(&db, aurora, "Lea", Role::Custom(leads)).await;
    let (other, _) = works_as(&db, aurora, "Kai", Role::Custom(keys)).await;
    // No more than they may, in what they make, give, take away and change; their own included.
    denied(identity.create_role(&who, &wishes("More", &[P::ManageKeys])).await);
    denied(identity.edit_role(&who, keys, &wishes("Keys", &[P::ReadConversations])).await);
    denied(identity.edit_role(&who, leads, &wishes("Lead", &[P::ManageMembers, P::ManageKeys])).await);
    denied(identity.delete_role(&who, keys).await);
    denied(identity.change_role(&who, lead, Role::Admin).await);
    denied(identity.change_role(&who, lead, Role::Custom(keys)).await);
    denied(identity.change_role(&who, other, Role::Custom(leads)).await);
    denied(identity.invite(&who, "x@fjord.example", Role::Agent).await);
    denied(identity.keep_member(&who, other, KeptMember::Out { keys: true }).await);
    denied(identity.keep_member(&who, aurora.member, KeptMember::Out { keys: true }).await);
    let less = role(identity, aurora, "Less", &[P::ReadConversations]).await;
    identity.invite(&who, "x@fjord.example", Role::Custom(less)).await.unwrap();
    // What makes an owner is in no role, whoever asks, and whatever is written behind the program's back.
    for one in [P::ManageOwners, P::ManageSignOn] {
        assert_eq!(invalid(identity.create_role(&aurora.owner, &wishes("Owners", &[one])).await), "permissions");
    }
    sqlx::query("update app.roles set permissions = '{owners.manage,sign_on.manage,documents.burn,workspace.read}' where role_id = $1")
        .bind(leads.uuid())
        .execute(&mut db.superuser().await)
        .await
        .unwrap();
    assert_eq!(now(&db, aurora, &who).await, Some(Permissions::of(&[P::ReadWorkspace])));
    // Who may not see to members sees to no roles; another company's are none.
    let (_, agent) = works_as(&db, aurora, "Ada", Role::Agent).await;
    denied(identity.create_role(&agent, &wishes("x", &[])).await);
    denied(identity.edit_role(&agent, less, &wishes("x", &[])).await);
    denied(identity.delete_role(&agent, less).await);
    let theirs = role(identity, borealis, "Lead", &[P::ReadConversations]).await;
    assert_eq!(invalid(identity.invite(&aurora.owner, "y@fjord.example", Role::Custom(theirs)).await), "role");
    assert_eq!(invalid(identity.change_role(&aurora.owner, lead, Role::Custom(theirs)).await), "role");
    for result in [
        identity.edit_role(&aurora.owner, theirs, &wishes("x", &[])).await,
        identity.delete_role(&aurora.owner, theirs).await,
    ] {
        assert!(matches!(result, Err(IdentityError::NotFound)), "{result:?}");
    }
    // The database does not take one either.
    let foreign = sqlx::query("update app.memberships set role = $2 where member_id = $1")
        .bind(lead.uuid())
        .bind(theirs.to_string());
    assert!(foreign.execute(&mut db.superuser().await).await.is_err());
}

#[tokio::test]
async fn names_are_lines_each_once_and_there_are_so_many() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    let (owner, identity) = (&two.aurora.owner, &db.identity);
    for title in ["", "  ", "x\ny", "Owner", "AGENT", &"x".repeat(41)] {
        assert_eq!(invalid(identity.create_role(owner, &wishes(title, &[])).await), "title", "{title:?}");
    }
    let first = role(identity, &two.aurora, "Lead", &[]).await;
    assert_eq!(invalid(identity.create_role(owner, &wishes("Lead", &[])).await), "title");
    let second = role(identity, &two.aurora, "Other", &[]).await;
    assert_eq!(invalid(identity.edit_role(owner, second, &wishes("Lead", &[])).await), "title");
    identity.edit_role(owner, first, &wishes("Lead", &[P::ReadDocuments])).await.unwrap();
    for n in 2..MAX_ROLES {
        role(identity, &two.aurora, &format!("Role {n}"), &[]).await;
    }
    let more = identity.create_role(owner, &wishes("One more", &[])).await;
    assert!(matches!(more, Err(IdentityError::TooManyRoles(MAX_ROLES))), "{more:?}");
}

#[tokio::test]
async fn who_is_kept_out_has_no_session_and_finds_the_workspace_nowhere() {
    let db = TestDb::new().await;
    db.leaves_waiting_jobs();
    let (two, identity) = (Two::new(&db).await, &db.identity);
    let (aurora, borealis) = (&two.aurora, &two.borealis);
    // Borealis' owner works at Aurora as well, and has made a key there, and asked somebody.
    db.joins(borealis, aurora).await;
    let person = borealis.person;
    let here = from(&db, "192.0.2.1");
    let session = hash(db.open_session(person, aurora.id).await);
    let members = identity.list_members(&aurora.owner, &PageRequest::default()).await.unwrap().data;
    let there = members.iter().find(|one| one.id != aurora.member).unwrap().id;
    let admin = async |role| identity.change_role(&aurora.owner, there, role).await.unwrap();
    admin(Role::Admin).await;
    let found = || async {
        let lifetime = db.sessions.lifetime();
        let long = scope::of_session(&db.services, &session, lifetime, db.request()).await.unwrap();
        let door = scope::enter_by_session(&db.services, &session, lifetime, db.request(), false).await.unwrap();
        assert_eq!(long.is_some(), door.is_some());
        long
    };
    let who = found().await.unwrap();
    let key = identity.create_api_key(&who, "Theirs").await.unwrap();
    let wishes = KeyWishes { name: "To keep", scopes: KEY_AT_MOST, lasts: None, signs: false };
    let kept = identity.create_api_key(&who, wishes).await.unwrap();
    let by_key = identity.authenticate_key(&kept.secret, db.request()).await.unwrap().unwrap();
    let by_other = identity.authenticate_key(&key.secret, db.request()).await.unwrap().unwrap();
    identity.invite(&who, "x@fjord.example", Role::Agent).await.unwrap();
    let asked = sign_in(identity, &borealis.email, OWNER_PASSWORD, &here).await.unwrap();
    assert_eq!(asked.owed, Some(Owed::Workspace));

    admin(Role::Agent).await;
    // A key of one's own changes nothing of oneself.
    denied(identity.change_role(&by_key, there, Role::Viewer).await);
    denied(identity.keep_member(&by_key, there, KeptMember::Out { keys: false }).await);
    identity.keep_member(&aurora.owner, there, KeptMember::Out { keys: false }).await.unwrap();
    denied(identity.keep_member(&by_key, there, KeptMember::In).await);
    identity.keep_member(&aurora.owner, there, KeptMember::In).await.unwrap();
    identity.keep_member(&aurora.owner, there, KeptMember::Out { keys: true }).await.unwrap();
    // What came by a key before it was revoked does nothing after that.
    denied(identity.create_role(&by_key, &wishes_of_nothing()).await);
    denied(identity.invite(&by_other, "y@fjord.example", Role::Agent).await);
    assert!(found().await.is_none());
    denied(identity.list_invitations(&who).await.and(identity.invite(&who, "y@fjord.example", Role::Agent).await));
    assert!(identity.authenticate_key(&key.secret, db.request()).await.unwrap().is_none());
    assert!(identity.list_invitations(&aurora.owner).await.unwrap().is_empty(), "what they asked is taken back");
    let shown = identity.list_members(&aurora.owner, &PageRequest::default()).await.unwrap().data;
    assert!(shown.iter().find(|one| one.id == there).unwrap().suspended_at.is_some());
    // Elsewhere they go on; here nothing is offered, and what was being chosen leads nowhere.
    let now = sign_in(identity, &borealis.email, OWNER_PASSWORD, &here).await.unwrap();
    assert_eq!((now.owed, now.chosen), (None, Some(borealis.id)));
    assert!(identity.choose(asked, Some(aurora.id), &here).await.is_err());
    assert_eq!(identity.tenants_of(person, &here).await.unwrap().len(), 1);
    // Twice is once, and a changed role lets nobody in.
    identity.keep_member(&aurora.owner, there, KeptMember::Out { keys: false }).await.unwrap();
    admin(Role::Owner).await;
    assert!(found().await.is_none());
    // Who is out is no owner who could see to anything.
    let last = identity.remove_member(&aurora.owner, aurora.member, false).await;
    assert!(matches!(last, Err(IdentityError::LastOwner)), "{last:?}");
    denied(identity.keep_member(&aurora.owner, aurora.member, KeptMember::Out { keys: false }).await);

    // What is opened all the same, by a sign-in that was on its way, leads nowhere, then and later.
    let behind = hash(db.open_session(person, aurora.id).await);
    let leads = || async {
        let lifetime = db.sessions.lifetime();
        let long = scope::of_session(&db.services, &behind, lifetime, db.request()).await.unwrap();
        let door = scope::enter_by_session(&db.services, &behind, lifetime, db.request(), false).await.unwrap();
        long.is_some() || door.is_some()
    };
    assert!(!leads().await);
    // (The door knows it: it was open before.)
    sqlx::query("update app.memberships set suspended_at = null where member_id = $1")
        .bind(there.uuid())
        .execute(&mut db.superuser().await)
        .await
        .unwrap();
    assert!(leads().await);
    sqlx::query("update app.memberships set suspended_at = now() where member_id = $1")
        .bind(there.uuid())
        .execute(&mut db.superuser().await)
        .await
        .unwrap();
    assert!(!leads().await);
    identity.keep_member(&aurora.owner, there, KeptMember::In).await.unwrap();
    assert!(found().await.is_none() && !leads().await, "what was open then stays ended");
    let now = sign_in(identity, &borealis.email, OWNER_PASSWORD, &here).await.unwrap();
    assert_eq!(now.owed, Some(Owed::Workspace));
    assert!(identity.authenticate_key(&key.secret, db.request()).await.unwrap().is_none(), "revoked is revoked");
    // Whoever works nowhere else is told what everybody is told.
    let anna = sign_up_form("Anna", "anna@lund.example");
    let SignedUp::In(_) = identity.sign_up(anna, &here).await.unwrap() else { panic!() };
    sqlx::query("update app.memberships set suspended_at = now() where email = 'anna@lund.example'")
        .execute(&mut db.superuser().await)
        .await
        .unwrap();
    let out = sign_in(identity, "anna@lund.example", "green lamp river", &here).await;
    assert!(matches!(out, Err(IdentityError::WrongCredentials)), "{out:?}");
}

#[tokio::test]
async fn who_sees_to_members_signs_them_out() {
    let db = TestDb::new().await;
    let (two, identity) = (Two::new(&db).await, &db.identity);
    let (aurora, borealis) = (&two.aurora, &two.borealis);
    let (member, who) = works_as(&db, aurora, "Bo", Role::Admin).await;
    let store::Actor::Member { person, .. } = who.actor() else { panic!() };
    db.joins(borealis, aurora).await;
    let hex = |session| hash(session).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let [one, other] = [db.open_session(person, aurora.id).await, db.open_session(person, aurora.id).await];
    let elsewhere = db.open_session(borealis.person, borealis.id).await;
    let open = async |session| {
        let lifetime = db.sessions.lifetime();
        scope::of_session(&db.services, &hash(session), lifetime, db.request()).await.unwrap().is_some()
    };
    // Page by page, each once, and none of another company's.
    let (mut seen, mut cursor) = (Vec::new(), None);
    loop {
        let page = PageRequest { limit: Some(2), cursor };
        let found = identity.list_member_sessions(&aurora.owner, &page).await.unwrap();
        seen.extend(found.data);
        cursor = found.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    let all = identity.list_member_sessions(&aurora.owner, &PageRequest::default()).await.unwrap().data;
    assert_eq!(seen, all);
    assert!(
        all.iter().any(|session| session.id == hex(one) && session.member_id == member && session.device == "Firefox")
    );
    assert!(!all.iter().any(|session| session.id == hex(elsewhere)));
    for (limit, cursor) in [(Some(0), None), (Some(201), None), (None, Some("x")), (None, Some("00"))] {
        let page = PageRequest { limit, cursor: cursor.map(str::to_owned) };
        invalid(identity.list_member_sessions(&aurora.owner, &page).await);
    }

    // Not of who may more, and not another company's.
    denied(identity.end_member_session(&who, &hex(aurora.session)).await);
    denied(identity.sign_member_out(&who, aurora.member).await);
    for id in [hex(elsewhere), "x".to_owned(), String::new(), hex(one).to_uppercase(), hex(one) + "0"] {
        let none = identity.end_member_session(&aurora.owner, &id).await;
        assert!(matches!(none, Err(IdentityError::NotFound)), "{none:?}");
    }
    let (_, agent) = works_as(&db, aurora, "Ada", Role::Agent).await;
    denied(identity.list_member_sessions(&agent, &PageRequest::default()).await);
    denied(identity.end_member_session(&agent, &hex(one)).await);
    denied(identity.sign_member_out(&agent, member).await);

    // Of who may more an admin sees that they are there, and not from where.
    let seen = identity.list_member_sessions(&who, &PageRequest::default()).await.unwrap().data;
    let of = |session: String| seen.iter().find(|one| one.id == session).unwrap().device.clone();
    assert_eq!((of(hex(one)).as_str(), of(hex(aurora.session)).as_str()), ("Firefox", ""));

    identity.end_member_session(&aurora.owner, &hex(one)).await.unwrap();
    assert_eq!((open(one).await, open(other).await), (false, true));
    identity.sign_member_out(&aurora.owner, member).await.unwrap();
    assert!(!open(other).await && open(elsewhere).await && open(aurora.session).await);
}
