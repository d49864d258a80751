//! Passkeys: making, removing, signing in by one.

use super::{By, Ids, Kind, Malformed, Place, Probe, Stranger, World};
use crate::harness::{Ask, TestServer};
use identity::{Here, Origin, PasskeyForm, ShownAgain};
use model::identity::Owed;
use store::services::timestamp;
use store::sessions::{Proof, Shown, SignIn, hash};
use testkit::{Device, OWNER_PASSWORD, Tenant};
use tower_sessions::session::Id;
use zeroize::Zeroizing;

const ADDRESS: &str = "http://samtal.test";

/// People with passkeys: what their browsers keep, and their devices answer.
pub struct Devices {
    /// Whose device has made one.
    pub making: (Tenant, String, String),
    /// Whose device has made one on the way of a sign-in.
    pub led: (Id, String, String),
    /// Whose device shows one.
    pub shown: (String, String),
    /// Who has others, which the probes remove.
    pub removes: Tenant,
    pub removed: String,
}

impl Devices {
    pub async fn new(server: &TestServer) -> Self {
        let [petra, quinn, rune] = [
            Tenant::new(&server.db, "Petra").await,
            Tenant::new(&server.db, "Quinn").await,
            Tenant::new(&server.db, "Rune").await,
        ];
        let (identity, origin) = (&server.capabilities().identity, Origin::here(server.db.request()));
        let made = async |tenant: &Tenant| {
            let here = hash(tenant.session);
            let shown = ShownAgain { password: Zeroizing::new(OWNER_PASSWORD.to_owned()), ..ShownAgain::default() };
            let form = PasskeyForm { name: "Phone".to_owned(), shown };
            let begun = identity.begin_passkey(&tenant.owner, form, Here(&here), &origin).await.unwrap();
            let (device, answer) = Device::make(&begun.options, ADDRESS, None);
            (device, begun.kept, answer)
        };
        let (mut device, kept, answer) = made(&quinn).await;
        let here = hash(quinn.session);
        identity.add_passkey(&quinn.owner, (&kept, &answer), Here(&here), &origin).await.unwrap();
        let asked = identity.ask_for_passkey(None, &origin).await.unwrap();
        let shown = (asked.kept, device.show(&asked.options, None));
        let (_, kept, answer) = made(&petra).await;
        let solveig = Tenant::new(&server.db, "Solveig").await;
        let proof = Shown { proof: Proof::Password, at: timestamp(server.db.services.now()), epoch: 0, of: None };
        let led =
            SignIn { owed: Some(Owed::Factor), proofs: vec![proof], ..testkit::sign_in(solveig.person, solveig.id) };
        let id = server.db.keep_sign_in(&led).await;
        let new = identity.begin_passkey_on_the_way(&led, Here(&hash(id)), &origin).await.unwrap();
        let (_, made) = Device::make(&new.options, ADDRESS, None);
        let led = (id, new.kept, made);
        // Not sent: the outbox shows nothing of anybody's.
        server.execute("delete from app.jobs where kind = 'send_letter'").await;
        let removed = passkey(server, &rune).await;
        Self { making: (petra, kept, answer), led, shown, removes: rune, removed }
    }
}

/// A passkey of a tenant's owner, whose device nobody has.
pub async fn passkey(server: &TestServer, tenant: &Tenant) -> String {
    let id = server.db.services.new_id();
    sqlx::query(
        "insert into app.passkeys (passkey_id, person_id, credential_id, credential, name, created_at)
         values ($1, $2, uuid_send($1), '{}', 'Elsewhere', $3)",
    )
    .bind(id)
    .bind(tenant.person.uuid())
    .bind(server.db.services.now())
    .execute(&mut server.db.superuser().await)
    .await
    .unwrap();
    id.to_string()
}

fn keeps(ask: Ask, kept: &str) -> Ask {
    ask.header("cookie", format!("samtal_passkey={kept}"))
}

/// By somebody who is signed out elsewhere by it.
fn remove(world: &World, passkey: &str) -> Ask {
    let ask = Ask::post(format!("/dashboard/account/passkeys/{passkey}/remove"));
    ask.form([("password", OWNER_PASSWORD)]).cookie(world.devices.removes.session)
}

pub const PROBES: &[Probe] = &[
    Probe {
        method: "GET",
        path: "/login/passkey",
        by: By::Anybody("nothing: everybody is asked the same"),
        ask: |_| Ask::get("/login/passkey"),
        ids: Ids::None("a device says whose it is"),
    },
    Probe {
        method: "POST",
        path: "/login/passkey",
        by: By::Anybody("what the browser keeps, sealed, and what a device has signed"),
        ask: |world| {
            let (kept, answer) = &world.devices.shown;
            keeps(Ask::post("/login/passkey").form([("credential", answer)]), kept)
        },
        ids: Ids::Secret("a device's passkey is known by 32 random bytes, and signs"),
    },
    Probe {
        method: "POST",
        path: "/login/factor/passkey",
        by: By::Anybody(
            "the cookie of a sign-in that is not finished, what the browser keeps, and what a device has made",
        ),
        ask: |world| {
            let (id, kept, answer) = &world.devices.led;
            keeps(Ask::post("/login/factor/passkey").form([("credential", answer)]).cookie(id), kept)
        },
        ids: Ids::None("the person is the one who signs in"),
    },
    Probe {
        method: "GET",
        path: "/dashboard/account/passkeys",
        by: By::Session(Stranger::SignIn),
        ask: |_| Ask::get("/dashboard/account/passkeys"),
        ids: Ids::None("the person is the session's"),
    },
    Probe {
        method: "POST",
        path: "/dashboard/account/passkeys",
        by: By::Anybody("the password that somebody has, and a session of theirs"),
        ask: |world| {
            let form = [("name", "Laptop"), ("password", OWNER_PASSWORD)];
            Ask::post("/dashboard/account/passkeys").form(form).cookie(world.codes.off.session)
        },
        ids: Ids::None("the person is the session's"),
    },
    Probe {
        method: "POST",
        path: "/dashboard/account/passkeys/made",
        by: By::Anybody("what the browser keeps, sealed, what a device has made, and the session that began"),
        ask: |world| {
            let (tenant, kept, answer) = &world.devices.making;
            let ask = Ask::post("/dashboard/account/passkeys/made").form([("credential", answer)]);
            keeps(ask.cookie(tenant.session), kept)
        },
        ids: Ids::None("the person is the session's"),
    },
    Probe {
        method: "POST",
        path: "/dashboard/account/passkeys/{passkey}/remove",
        by: By::Anybody("a session, and the password of its person"),
        ask: |world| remove(world, &world.devices.removed),
        ids: Ids::At(&[Place { name: "passkey", kind: Kind::Passkey, ask: remove, malformed: Malformed::AsUnknown }]),
    },
];
