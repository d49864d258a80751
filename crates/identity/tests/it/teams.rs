//! Teams: who makes them, who is in them, and who may decide that.

use crate::stage::{agent, caller, member};
use identity::{IdentityError, MAX_TEAMS, RoleWishes};
use model::permission::{Permission as P, Permissions};
use model::{MemberId, TeamId};
use store::Caller;
use testkit::{Tenant, TestDb, Two};

fn denied<T: std::fmt::Debug>(result: Result<T, IdentityError>) {
    assert!(matches!(result, Err(IdentityError::Denied(_))), "{result:?}");
}

fn not_found<T: std::fmt::Debug>(result: Result<T, IdentityError>) {
    assert!(matches!(result, Err(IdentityError::NotFound)), "{result:?}");
}

fn invalid<T: std::fmt::Debug>(result: Result<T, IdentityError>) {
    match result {
        Err(IdentityError::Invalid(errors)) => assert_eq!(errors[0].field, "name"),
        other => panic!("{other:?}"),
    }
}

/// Somebody who may this.
async fn who_may(db: &TestDb, tenant: &Tenant, name: &str, may: &[P]) -> (MemberId, Caller) {
    let wishes = RoleWishes { title: name.to_owned(), permissions: Permissions::of(may) };
    let role = db.identity.create_role(&tenant.owner, &wishes).await.unwrap().role;
    let (person, id) = member(db, tenant, name, &role.to_string()).await;
    (id, caller(db, tenant, person).await)
}

/// What each team is called, and who is in it.
async fn all(db: &TestDb, who: &Caller) -> Vec<(String, Vec<String>)> {
    let teams = db.identity.list_teams(who).await.unwrap().into_iter();
    teams.map(|team| (team.name, team.members.into_iter().map(|one| one.name).collect())).collect()
}

async fn count(db: &TestDb, what: &'static str) -> i64 {
    sqlx::query_scalar(what).fetch_one(&mut db.superuser().await).await.unwrap()
}

#[tokio::test]
async fn a_team_is_made_filled_renamed_and_deleted() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    let (owner, key, identity) = (&two.aurora.owner, &two.aurora.key, &db.identity);
    let (_, bo) = member(&db, &two.aurora, "Bo", "agent").await;
    let (_, ann) = member(&db, &two.aurora, "Ann", "agent").await;
    let billing = identity.create_team(owner, " Billing ").await.unwrap();
    assert_eq!((billing.name.as_str(), billing.members.len()), ("Billing", 0));
    let support = identity.create_team(owner, "Support").await.unwrap().id;
    for _ in 0..2 {
        // Twice is once.
        identity.add_to_team(owner, billing.id, bo).await.unwrap();
    }
    identity.add_to_team(owner, billing.id, ann).await.unwrap();
    identity.add_to_team(owner, support, ann).await.unwrap();
    identity.rename_team(owner, billing.id, "invoices").await.unwrap();
    let expected = [("invoices", vec!["Ann", "Bo"]), ("Support", vec!["Ann"])];
    let expected =
        expected.map(|(name, people)| (name.to_owned(), people.into_iter().map(str::to_owned).collect::<Vec<_>>()));
    assert_eq!(all(&db, key).await, expected);
    let names = identity.team_names(key).await.unwrap();
    assert_eq!(names, [(billing.id, "invoices".to_owned()), (support, "Support".to_owned())]);
    assert!(identity.team_names(&two.borealis.owner).await.unwrap().is_empty());
    assert_eq!(identity.get_team(key, support).await.unwrap().members[0].id, ann);
    identity.take_from_team(owner, billing.id, bo).await.unwrap();
    not_found(identity.take_from_team(owner, billing.id, bo).await);
    identity.delete_team(owner, billing.id).await.unwrap();
    not_found(identity.delete_team(owner, billing.id).await);
    not_found(identity.get_team(owner, billing.id).await);
    // Who leaves is in none.
    identity.remove_member(owner, ann, false).await.unwrap();
    assert_eq!(all(&db, owner).await, [("Support".to_owned(), Vec::<String>::new())]);
    let acts = "select count(distinct act) from app.audit_entries where act like 'team.%'";
    assert_eq!(count(&db, acts).await, 5);
    assert_eq!(count(&db, "select count(*) from app.audit_entries where act = 'team.member_added'").await, 3);
}

#[tokio::test]
async fn names_are_lines_each_once_in_whatever_capitals_and_there_are_so_many() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    let (owner, identity) = (&two.aurora.owner, &db.identity);
    for name in ["", "  ", "x\ny", &"x".repeat(41)] {
        invalid(identity.create_team(owner, name).await);
    }
    let first = identity.create_team(owner, "\u{c5}land").await.unwrap().id;
    invalid(identity.create_team(owner, "\u{e5}LAND").await);
    let second = identity.create_team(owner, "Other").await.unwrap().id;
    invalid(identity.rename_team(owner, second, "\u{e5}land").await);
    // Its own name in other capitals is no other team's.
    identity.rename_team(owner, first, "\u{e5}land").await.unwrap();
    // Another company's names are its own.
    identity.create_team(&two.borealis.owner, "Other").await.unwrap();
    for n in 2..MAX_TEAMS {
        identity.create_team(owner, &format!("Team {n}")).await.unwrap();
    }
    let more = identity.create_team(owner, "One more").await;
    assert!(matches!(more, Err(IdentityError::TooManyTeams(MAX_TEAMS))), "{more:?}");
}

#[tokio::test]
async fn nobody_lets_others_into_what_they_do_not_reach_themselves() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    let (aurora, identity) = (&two.aurora, &db.identity);
    let (_, bo) = member(&db, aurora, "Bo", "agent").await;
    let theirs = identity.create_team(&aurora.owner, "Theirs").await.unwrap().id;
    let others = identity.create_team(&aurora.owner, "Others").await.unwrap().id;
    let (lead_is, lead) = who_may(&db, aurora, "Lea", &[P::ManageMembers, P::ReachTeams]).await;
    let (staff_is, staff) = who_may(&db, aurora, "Staff", &[P::ManageMembers, P::ReadConversations]).await;
    for team in [theirs, others] {
        identity.add_to_team(&aurora.owner, team, staff_is).await.unwrap();
    }
    identity.add_to_team(&aurora.owner, theirs, lead_is).await.unwrap();
    identity.add_to_team(&lead, theirs, bo).await.unwrap();
    denied(identity.add_to_team(&lead, others, lead_is).await);
    denied(identity.delete_team(&lead, others).await);
    // To be in it is not enough for who does not see all of it.
    denied(identity.add_to_team(&staff, theirs, bo).await);
    denied(identity.delete_team(&staff, theirs).await);
    // Nor is it to see what is other teams', of one channel alone.
    let (half_is, half) = who_may(&db, aurora, "Half", &[P::ManageMembers, P::ReachOthers, P::ReachWidget]).await;
    denied(identity.add_to_team(&half, theirs, half_is).await);
    denied(identity.delete_team(&half, theirs).await);
    // What takes nothing but the right to see to members.
    identity.rename_team(&staff, others, "The others").await.unwrap();
    identity.take_from_team(&staff, theirs, bo).await.unwrap();
    identity.create_team(&staff, "Empty").await.unwrap();
    identity.delete_team(&lead, theirs).await.unwrap();

    let agent = agent(&db, aurora).await;
    assert_eq!(all(&db, &agent).await.len(), 2);
    denied(identity.create_team(&agent, "x").await);
    denied(identity.rename_team(&agent, others, "x").await);
    denied(identity.delete_team(&agent, others).await);
    denied(identity.add_to_team(&agent, others, bo).await);
    denied(identity.take_from_team(&agent, others, staff_is).await);
}

#[tokio::test]
async fn nobody_gives_others_a_reach_that_they_have_not() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    let (aurora, identity) = (&two.aurora, &db.identity);
    let theirs = identity.create_team(&aurora.owner, "Theirs").await.unwrap().id;
    let others = identity.create_team(&aurora.owner, "Others").await.unwrap().id;
    let reads = [P::ManageMembers, P::ReachTeams, P::ReachUnassigned, P::ReachWidget, P::ReachApi];
    let (lead_is, lead) = who_may(&db, aurora, "Lea", &reads).await;
    let role = async |title: &str, may: &[P]| {
        let wishes = RoleWishes { title: title.to_owned(), permissions: Permissions::of(may) };
        identity.create_role(&aurora.owner, &wishes).await.unwrap().role
    };
    let (sees, teams) = (role("Sees", &[P::ReadWorkspace]).await, role("Teams", &[P::ReachTeams]).await);
    let (_, near) = member(&db, aurora, "Near", &sees.to_string()).await;
    let (_, far) = member(&db, aurora, "Far", &sees.to_string()).await;
    for (team, who) in [(theirs, lead_is), (theirs, near), (theirs, far), (others, far)] {
        identity.add_to_team(&aurora.owner, team, who).await.unwrap();
    }
    // Where both are in the same teams it is hers to give; what is another team's is not.
    identity.change_role(&lead, near, teams).await.unwrap();
    denied(identity.change_role(&lead, far, teams).await);
    // Nor is it by a change of the role that somebody has.
    let model::identity::Role::Custom(id) = sees else { panic!("{sees:?}") };
    let wishes = |may: &[P]| RoleWishes { title: "Sees".to_owned(), permissions: Permissions::of(may) };
    denied(identity.edit_role(&lead, id, &wishes(&[P::ReachTeams])).await);
    // What opens nothing of a team's is; and who reaches all gives it as before, after which she takes it away, and not back.
    identity.edit_role(&lead, id, &wishes(&[P::ReachUnassigned])).await.unwrap();
    identity.change_role(&aurora.owner, far, teams).await.unwrap();
    identity.change_role(&lead, far, sees).await.unwrap();
    denied(identity.change_role(&lead, far, teams).await);
}

#[tokio::test]
async fn another_companys_team_and_members_are_none() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    let (owner, identity) = (&two.aurora.owner, &db.identity);
    let own = identity.create_team(owner, "Own").await.unwrap().id;
    let foreign = identity.create_team(&two.borealis.owner, "Foreign").await.unwrap().id;
    identity.add_to_team(&two.borealis.owner, foreign, two.borealis.member).await.unwrap();
    for team in [foreign, TeamId::from_uuid(db.services.new_id())] {
        not_found(identity.get_team(owner, team).await);
        not_found(identity.rename_team(owner, team, "x").await);
        not_found(identity.delete_team(owner, team).await);
        not_found(identity.add_to_team(owner, team, two.aurora.member).await);
        not_found(identity.take_from_team(owner, team, two.aurora.member).await);
    }
    not_found(identity.add_to_team(owner, own, two.borealis.member).await);
    not_found(identity.take_from_team(owner, own, two.borealis.member).await);
    assert_eq!(all(&db, owner).await, [("Own".to_owned(), Vec::<String>::new())]);
    assert_eq!(all(&db, &two.borealis.owner).await.len(), 1);
}
