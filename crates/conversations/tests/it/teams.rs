//! Who reaches what is given to teams, and what came by some channels.

use crate::reach::{changed, every_change_is_not_found, reaches};
use crate::stage::{Stage, said, words};
use conversations::{ConversationError, NewContact};
use identity::KeyWishes;
use model::conversation::{Author, Channel, ConversationState, Event, Handler, InboxFilter};
use model::live::Frame;
use model::permission::{CHANNELS, Permission as P, Permissions, ReadConversations};
use model::{ConversationId, MemberId, TeamId};
use std::collections::BTreeSet;
use store::bus::Notice;
use store::{Actor, Caller};
use uuid::Uuid;

impl Stage {
    /// A team of Aurora's, and who is in it.
    async fn team(&self, name: &str, members: &[MemberId]) -> TeamId {
        let owner = &self.two.aurora.owner;
        let team = self.db.identity.create_team(owner, name).await.unwrap().id;
        for member in members {
            self.db.identity.add_to_team(owner, team, *member).await.unwrap();
        }
        team
    }
}

fn not_found<T: std::fmt::Debug>(tried: Result<T, ConversationError>) {
    assert!(matches!(tried, Err(ConversationError::NotFound)), "{tried:?}");
}

#[tokio::test]
async fn what_is_given_to_a_team_waits_for_its_people_and_is_there_for_no_other_team() {
    let stage = Stage::new().await;
    let (c, key, owner) = (&stage.conversations, &stage.two.aurora.key, &stage.two.aurora.owner);
    let (ann_is, ann) = stage.colleague("Ann", &[P::WriteConversations, P::ReachTeams]).await;
    let (dan_is, dan) = stage.colleague("Dan", &[P::WriteConversations, P::ReachTeams]).await;
    let (ben_is, ben) = stage.colleague("Ben", &[P::WriteConversations, P::ReachTeams]).await;
    let (_, cia) = stage.colleague("Cia", &[P::WriteConversations]).await;
    let (eva_is, eva) = stage.colleague("Eva", &[P::WriteConversations]).await;
    let billing = stage.team("Billing", &[ann_is, dan_is, eva_is]).await;
    let support = stage.team("Support", &[ben_is]).await;
    let id = stage.begin(key).await.id;
    let all = [&ann, &dan, &ben, &cia, &eva];
    let who_reaches = async || {
        let mut seen = Vec::new();
        for who in all {
            let there = reaches(c, who, id).await;
            let waits = c.get(owner, id).await.unwrap().waiting_since.is_some();
            assert_eq!(c.waiting(who).await.unwrap(), u32::from(there && waits));
            who.scope().let_go();
            owner.scope().let_go();
            seen.push(there);
        }
        seen
    };
    // Of no team: for those who see what nobody has.
    assert_eq!(who_reaches().await, [false, false, false, true, true]);
    let given = c.give(owner, id, Some(billing)).await.unwrap();
    assert_eq!((given.team_id, given.handler, given.assignee), (Some(billing), Handler::People, None));
    assert_eq!(who_reaches().await, [true, true, false, false, true]);
    every_change_is_not_found(c, &ben, id).await;
    // Where it is already, nothing happens.
    assert_eq!(c.give(owner, id, Some(billing)).await.unwrap().last_seq, given.last_seq);

    // Taken, it is there for colleagues of the team who see those of the team.
    c.take_over(&ann, id).await.unwrap();
    assert_eq!(who_reaches().await, [true, true, false, false, false]);
    // Given on, it waits there, and the one who had it has it no more.
    let given = c.give(&ann, id, Some(support)).await.unwrap();
    assert_eq!((given.team_id, given.assignee), (Some(support), None));
    assert_eq!(who_reaches().await, [false, false, true, false, false]);
    every_change_is_not_found(c, &ann, id).await;
    // Settled, and asked once more, it is that team's still.
    c.take_over(&ben, id).await.unwrap();
    assert_eq!(c.resolve(&ben, id).await.unwrap().state, ConversationState::Resolved);
    assert_eq!(who_reaches().await, [false, false, true, false, false]);
    // (The key reaches all.)
    c.pass_on(key, id, &words("A person, please", "1")).await.unwrap();
    assert_eq!(who_reaches().await, [false, false, true, false, false]);
    let waiting = c.inbox(&ben, InboxFilter::Waiting, None, None).await.unwrap();
    assert_eq!((waiting.data.len(), waiting.waiting), (1, 1));
    // To no team any more.
    let given = c.give(&ben, id, None).await.unwrap();
    assert_eq!((given.team_id, given.waiting_since.is_some()), (None, true));
    assert_eq!(who_reaches().await, [false, false, false, true, true]);

    let messages = stage.messages(owner, id).await;
    let happened: Vec<_> = said(&messages).into_iter().filter(|(from, ..)| *from == Author::System).collect();
    let names: Vec<_> =
        messages.iter().filter(|one| one.event == Some(Event::HandedOff)).map(|one| &one.name).collect();
    assert_eq!(happened[0].2, "A person of the team Billing has been asked to join.");
    assert_eq!(names.first().unwrap().as_deref(), Some("Billing"));
    assert!(names.last().unwrap().is_none(), "{messages:?}");
    let written = "select count(*) from app.audit_entries where act = 'conversation.given'";
    let written: i64 = sqlx::query_scalar(written).fetch_one(&mut stage.db.superuser().await).await.unwrap();
    assert_eq!(written, 3);
}

#[tokio::test]
async fn who_may_not_write_gives_nothing_and_another_companys_team_is_none() {
    let stage = Stage::new().await;
    let (c, owner, identity) = (&stage.conversations, &stage.two.aurora.owner, &stage.db.identity);
    let (_, viewer) = stage.colleague("Vera", &[P::ReachOthers]).await;
    let (_, ann) = stage.colleague("Ann", &[P::WriteConversations]).await;
    let billing = stage.team("Billing", &[]).await;
    let theirs = identity.create_team(&stage.two.borealis.owner, "Billing").await.unwrap().id;
    let id = stage.begin(&stage.two.aurora.key).await.id;
    let before = c.get(owner, id).await.unwrap();
    assert!(matches!(c.give(&viewer, id, Some(billing)).await, Err(ConversationError::Denied(_))));
    not_found(c.give(owner, id, Some(theirs)).await);
    not_found(c.give(owner, id, Some(TeamId::from_uuid(stage.db.services.new_id()))).await);
    not_found(c.give(&stage.two.borealis.owner, id, None).await);
    c.take_over(owner, id).await.unwrap();
    not_found(c.give(&ann, id, Some(billing)).await);
    c.hand_back(owner, id).await.unwrap();
    assert_eq!(c.get(owner, id).await.unwrap().team_id, before.team_id);
    // Whoever gives away what they do not reach afterwards is told how it is.
    let (_, bea) = stage.colleague("Bea", &[P::WriteConversations]).await;
    let other = stage.begin(&stage.two.aurora.key).await.id;
    assert_eq!(c.give(&bea, other, Some(billing)).await.unwrap().team_id, Some(billing));
    not_found(c.get(&bea, other).await);
    // A team that is deleted has no conversations: what was its own is nobody's again.
    identity.delete_team(owner, billing).await.unwrap();
    assert_eq!(c.get(&bea, other).await.unwrap().team_id, None);
}

#[tokio::test]
async fn each_conversation_says_by_which_channel_it_came() {
    let stage = Stage::new().await;
    let (c, owner, identity) = (&stage.conversations, &stage.two.aurora.owner, &stage.db.identity);
    let (contact, ..) = stage.contact(owner).await;
    let by_widget = c.open(&contact).await.unwrap();
    let by_program = stage.begin(&stage.two.aurora.key).await.id;
    let channel = async |id| c.get(owner, id).await.unwrap().channel;
    assert_eq!((channel(by_widget).await, channel(by_program).await), (Channel::Widget, Channel::Api));
    let (_, ann) = stage.colleague("Ann", &[P::WriteConversations, P::ReachWidget]).await;
    let (_, ben) = stage.colleague("Ben", &[P::WriteConversations, P::ReachApi]).await;
    for (who, widget) in [(&ann, true), (&ben, false)] {
        assert_eq!((reaches(c, who, by_widget).await, reaches(c, who, by_program).await), (widget, !widget));
    }
    every_change_is_not_found(c, &ann, by_program).await;
    // A key of one channel begins none by another one, and knows what it has begun.
    let key = async |channel| {
        let scopes = Permissions::of(&[P::ReadWorkspace, P::ReadConversations, P::WriteConversations, channel]);
        let wishes = KeyWishes { name: "Bot", scopes, lasts: None, signs: false };
        let secret = identity.create_api_key(owner, wishes).await.unwrap().secret;
        identity.authenticate_key(&secret, stage.db.request()).await.unwrap().unwrap()
    };
    let (of_widget, of_api) = (key(P::ReachWidget).await, key(P::ReachApi).await);
    let refused = c.create(&of_widget, NewContact::default()).await;
    assert!(matches!(refused, Err(ConversationError::Denied(_))), "{refused:?}");
    assert!(reaches(c, &of_api, stage.begin(&of_api).await.id).await);
    assert!(reaches(c, &of_widget, by_widget).await && !reaches(c, &of_api, by_widget).await);
}

/// What the migration makes of keys and roles that were there before it: each reaches what it reached, and a key that only writes goes on.
#[tokio::test]
async fn keys_and_roles_from_before_reach_what_they_reached() {
    let stage = Stage::new().await;
    stage.db.leaves_waiting_jobs();
    let (c, owner, identity) = (&stage.conversations, &stage.two.aurora.owner, &stage.db.identity);
    let [open, taken] = [stage.begin(&stage.two.aurora.key).await.id, stage.begin(&stage.two.aurora.key).await.id];
    c.take_over(owner, taken).await.unwrap();
    // What each might, and whether that was what colleagues have as well.
    let before: [(&[&str], bool); 4] = [
        (&["conversations.read"], false),
        (&["conversations.read", "conversations.others"], true),
        (&["conversations.write"], false),
        (&["conversations.write", "conversations.others"], true),
    ];
    let mut behind = stage.db.superuser().await;
    let (mut keys, mut people) = (Vec::new(), Vec::new());
    for (at, (may, _)) in before.iter().enumerate() {
        let key = identity.create_api_key(owner, &format!("Key {at}")).await.unwrap();
        let put = sqlx::query("update app.api_keys set scopes = $2 where key_id = $1").bind(key.key.id.uuid());
        put.bind(*may).execute(&mut behind).await.unwrap();
        keys.push(key.secret);
    }
    for (at, (may, _)) in before.iter().enumerate().take(2) {
        let (_, who) = stage.colleague(&format!("N{at}"), &[P::ReadConversations]).await;
        let put = sqlx::query("update app.roles set permissions = $2 where name = $1").bind(format!("N{at}"));
        put.bind(*may).execute(&mut behind).await.unwrap();
        people.push(who);
    }
    let migration = include_str!("../../../../migrations/0036_teams.sql");
    let changes: Vec<_> = migration.split(";\n").filter(|one| one.contains("type text[] using")).collect();
    assert_eq!(changes.len(), 2, "of roles, and of keys");
    for change in changes {
        sqlx::raw_sql(testkit::sql(change.to_owned())).execute(&mut behind).await.unwrap();
    }

    for (at, (secret, (may, others))) in keys.iter().zip(&before).enumerate() {
        let key = identity.authenticate_key(secret, stage.db.request()).await.unwrap().unwrap();
        if may.contains(&"conversations.read") {
            let there = (c.get(&key, open).await.is_ok(), c.get(&key, taken).await.is_ok());
            assert_eq!(there, (true, *others), "{may:?}");
        } else {
            let begun = c.create(&key, NewContact::default()).await.unwrap().id;
            let says = async |id| c.pass_on(&key, id, &words("Hello", &format!("k{at}"))).await;
            assert!(says(begun).await.is_ok() && says(open).await.is_ok(), "{may:?}");
            assert_eq!(says(taken).await.is_ok(), *others, "{may:?}");
        }
    }
    for (who, (may, others)) in people.iter().zip(&before) {
        let Actor::Member { person, .. } = who.actor() else { panic!("a member") };
        let who = testkit::caller(&stage.db, &stage.two.aurora, person).await;
        let there = (c.get(&who, open).await.is_ok(), c.get(&who, taken).await.is_ok());
        assert_eq!(there, (true, *others), "{may:?}");
    }
}

/// Whose a conversation is, as `docs/permissions.md` has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whose {
    Own,
    Nobodys,
    AColleagues,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Team {
    None,
    Own,
    Another,
}

/// The table there.
fn written(may: Permissions, channel: Channel, team: Team, whose: Whose) -> bool {
    let needs: &[P] = match (whose, team) {
        (Whose::Own, _) => return true,
        (Whose::Nobodys, Team::None) => &[P::ReachUnassigned],
        (Whose::Nobodys, Team::Own) => &[P::ReachUnassigned, P::ReachTeams],
        (Whose::AColleagues, Team::Own) => &[P::ReachTeams],
        (_, Team::Another) | (Whose::AColleagues, Team::None) => &[P::ReachOthers],
    };
    may.has(channel.permission()) && (may.has(P::ReachOthers) || needs.iter().any(|one| may.has(*one)))
}

#[tokio::test]
async fn what_is_read_and_what_is_told_of_is_what_is_written() {
    let stage = Stage::new().await;
    let c = &stage.conversations;
    let (mut people, all): (Vec<(MemberId, Caller)>, _) = (Vec::new(), CHANNELS.list());
    for reach in [&[P::ReachUnassigned][..], &[P::ReachTeams], &[P::ReachUnassigned, P::ReachTeams], &[P::ReachOthers]]
    {
        for channels in [&[P::ReachWidget][..], &[P::ReachApi], &all[..]] {
            let may = [reach, channels, &[P::WriteConversations]].concat();
            people.push(stage.colleague(&format!("N{}", people.len()), &may).await);
        }
    }
    let members: Vec<_> = people.iter().map(|(member, _)| *member).collect();
    let (own, another) = (stage.team("Own", &members).await, stage.team("Another", &[]).await);
    let mut places: Vec<(ConversationId, Channel, Team, Whose)> = Vec::new();
    let mut behind = stage.db.superuser().await;
    for channel in Channel::ALL {
        for team in [Team::None, Team::Own, Team::Another] {
            for whose in [Whose::Own, Whose::Nobodys, Whose::AColleagues] {
                let id = stage.begin(&stage.two.aurora.key).await.id;
                let given = match team {
                    Team::None => None,
                    Team::Own => Some(own.uuid()),
                    Team::Another => Some(another.uuid()),
                };
                // What is nobody's waits; what is somebody's went back to the assistant.
                let handler = if whose == Whose::Nobodys { "people" } else { "assistant" };
                let holder = (whose == Whose::AColleagues).then(|| stage.two.aurora.member.uuid());
                let put = "update app.conversations set channel = $2, team_id = $3, handler = $4, holder_id = $5
                           where conversation_id = $1";
                let put = sqlx::query(put).bind(id.uuid()).bind(channel.name()).bind(given).bind(handler).bind(holder);
                put.execute(&mut behind).await.unwrap();
                places.push((id, *channel, team, whose));
            }
        }
    }
    let owns: Vec<Uuid> = places.iter().filter(|place| place.3 == Whose::Own).map(|place| place.0.uuid()).collect();
    for (member, who) in &people {
        let theirs = "update app.conversations set holder_id = $2 where conversation_id = any($1)";
        sqlx::query(theirs).bind(&owns).bind(member.uuid()).execute(&mut behind).await.unwrap();
        let may = who.permissions();
        let expected = places.iter().filter(|(_, channel, team, whose)| written(may, *channel, *team, *whose));
        let expected: BTreeSet<ConversationId> = expected.map(|place| place.0).collect();
        let mut read = BTreeSet::new();
        for (id, ..) in &places {
            if reaches(c, who, *id).await {
                read.insert(*id);
            }
        }
        assert_eq!(read, expected, "read by who may {:?}", may.names());
        let waits = places.iter().filter(|place| place.3 == Whose::Nobodys && expected.contains(&place.0)).count();
        assert_eq!(c.waiting(who).await.unwrap() as usize, waits, "{:?}", may.names());
        who.scope().let_go();

        let mut listener = c.live().watch(who.may(ReadConversations).unwrap());
        for (conversation, ..) in &places {
            let (tenant, conversation) = (stage.two.aurora.id, *conversation);
            stage.db.services.publish(Notice::Changed { tenant, conversation });
        }
        let mut told = BTreeSet::new();
        for _ in &places {
            if let Some(line) = changed(&mut listener).await {
                assert_eq!(line.waiting as usize, waits, "{:?}", may.names());
                told.insert(line.conversation.id);
            }
        }
        assert_eq!(told, expected, "told to who may {:?}", may.names());
    }
}

#[tokio::test]
async fn of_another_teams_conversation_no_frame_says_which_it_is() {
    let stage = Stage::new().await;
    let (c, key, owner) = (&stage.conversations, &stage.two.aurora.key, &stage.two.aurora.owner);
    let (ann_is, ann) = stage.colleague("Ann", &[P::WriteConversations, P::ReachTeams]).await;
    let (ben_is, ben) = stage.colleague("Ben", &[P::WriteConversations, P::ReachTeams]).await;
    let billing = stage.team("Billing", &[ann_is]).await;
    let support = stage.team("Support", &[ben_is]).await;
    let [id, other] = [stage.begin(key).await.id, stage.begin(key).await.id];
    let [mut anns, mut bens] = [&ann, &ben].map(|who| c.live().watch(who.may(ReadConversations).unwrap()));
    c.give(owner, id, Some(billing)).await.unwrap();
    let line = changed(&mut anns).await.unwrap();
    assert_eq!((line.conversation.id, line.waiting), (id, 1));
    c.reply(&ann, id, &words("Your card is 1234", "1")).await.unwrap();
    // What Ben hears last is what is given to his own team; before it, nothing but that there was something.
    c.give(owner, other, Some(support)).await.unwrap();
    loop {
        let conversations::live::Heard::Changed { frame } = bens.next().await else { panic!("nothing is followed") };
        let text = String::from_utf8(frame.to_vec()).unwrap();
        assert!(!text.contains(&id.to_string()) && !text.contains("1234"), "{text}");
        if let Some(line) = serde_json::from_str::<Frame>(&text).unwrap().line {
            assert_eq!((line.conversation.id, line.waiting), (other, 1));
            break;
        }
    }
}
