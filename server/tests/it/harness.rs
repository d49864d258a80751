//! A server on a database of its own with two tenants, and a client that speaks to it from outside.
//!
//! The client follows no redirects and keeps no cookies: each request says all that it brings. The clock stands still at
//! the computer's time (sessions get their end from both), and moves only when a test moves it.

mod line;

use capabilities::{Adapters, Capabilities};
use conversations::{Conversations, MessagesFrom, NewContact, NewMessage};
use http::header::{self, HeaderMap, HeaderName};
use http::{HeaderValue, Method};
use identity::{Passwords, Post, Providers};
use knowledge::{Embedder, KnowledgeError, NewDocument};
pub use line::{Bare, Heard, Line, PATIENCE, dial};
use model::DocumentId;
use model::identity::NewApiKey;
use serde_json::Value;
use server::config::Config;
use server::edge::listener;
use server::files::Files;
use server::limits::sockets::Sockets;
use server::state::App;
use server::{assets, router};
use sign_on::{Names, Outbound, SignOn};
use sqlx::{Connection as _, PgConnection, Row as _};
use std::net::{IpAddr, SocketAddr};
use std::ops::Deref;
use std::sync::OnceLock;
use std::time::Duration;
use store::jobs::{End, Slots};
use store::scope::of_widget;
use store::sealing::Sealer;
use store::secret_key::SecretKey;
use store::services::{Clock as _, SystemClock};
use store::{Services, vendor};
use testkit::{Mailbox, Provider, Tenant, TestDb, Two, reqwest};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use zeroize::Zeroizing;

/// The password of every owner.
pub const PASSWORD: &str = "correct horse battery";
/// The session cookie where the public address is not https.
pub const COOKIE: &str = "samtal";

/// One request.
#[derive(Debug, Clone)]
pub struct Ask {
    pub method: Method,
    pub path: String,
    headers: HeaderMap,
    form: Option<Vec<(String, String)>>,
    body: Option<Vec<u8>>,
}

impl Ask {
    pub fn new(method: &str, path: impl Into<String>) -> Self {
        let method = method.parse().unwrap();
        Self { method, path: path.into(), headers: HeaderMap::new(), form: None, body: None }
    }

    pub fn get(path: impl Into<String>) -> Self {
        Self::new("GET", path)
    }

    pub fn post(path: impl Into<String>) -> Self {
        Self::new("POST", path)
    }

    /// With fields of a form.
    pub fn form<const N: usize>(mut self, fields: [(&str, &str); N]) -> Self {
        self.form = Some(fields.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect());
        self
    }

    /// With a body as it is.
    pub fn body(self, media_type: &str, text: impl Into<String>) -> Self {
        let text: String = text.into();
        self.bytes(media_type, text)
    }

    /// The same, which need not be text.
    pub fn bytes(mut self, media_type: &str, bytes: impl Into<Vec<u8>>) -> Self {
        self.body = Some(bytes.into());
        self.header("content-type", media_type)
    }

    /// With one more header.
    pub fn header(mut self, name: &str, value: impl AsRef<str>) -> Self {
        let name: HeaderName = name.parse().unwrap();
        self.headers.append(name, HeaderValue::from_str(value.as_ref()).unwrap());
        self
    }

    /// As the browser's part of a page asks.
    pub fn wants_json(self) -> Self {
        self.header("accept", "application/json")
    }

    /// With a session cookie.
    pub fn cookie(self, value: impl std::fmt::Display) -> Self {
        self.header("cookie", format!("{COOKIE}={value}"))
    }

    /// As the owner of a tenant, signed in.
    pub fn session(self, tenant: &Tenant) -> Self {
        self.cookie(tenant.session)
    }

    /// As a program with a key.
    pub fn key(self, tenant: &Tenant) -> Self {
        self.bearer(&tenant.api_key)
    }

    pub fn bearer(self, secret: &str) -> Self {
        self.header("authorization", format!("Bearer {secret}"))
    }
}

/// One answer.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    /// A header; empty when it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|v| v.to_str().unwrap()).unwrap_or_default()
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|e| panic!("not JSON ({e}): {self}"))
    }

    pub fn is_page(&self) -> bool {
        self.header("content-type").starts_with("text/html")
    }

    /// The nonce of the content security policy.
    pub fn nonce(&self) -> Option<&str> {
        let (_, rest) = self.header("content-security-policy").split_once("'nonce-")?;
        rest.split_once('\'').map(|(nonce, _)| nonce)
    }

    /// The whole `Set-Cookie` header of a cookie.
    pub fn set_cookie(&self, name: &str) -> Option<&str> {
        let cookies = self.headers.get_all(header::SET_COOKIE).iter().map(|v| v.to_str().unwrap());
        cookies.into_iter().find(|c| c.split_once('=').is_some_and(|(n, _)| n == name))
    }

    /// The value that a cookie is given.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        self.set_cookie(name)?.split(';').next()?.split_once('=').map(|(_, value)| value)
    }

    /// Everything that went over the wire.
    pub fn text(&self) -> String {
        let mut text = format!("{}\n", self.status);
        for (name, value) in &self.headers {
            text.push_str(&format!("{name}: {}\n", String::from_utf8_lossy(value.as_bytes())));
        }
        text + "\n" + &self.body
    }

    /// The same with headers in order, and without what differs from one request to the next whatever is asked: id,
    /// nonce, date, what is left of a quota, and the client id for a next message.
    pub fn comparable(&self) -> String {
        let varies = |name: &str| name == "date" || name.starts_with("ratelimit-");
        let mut headers: Vec<_> = self.headers.iter().filter(|(name, _)| !varies(name.as_str())).collect();
        headers.sort_by_key(|(name, value)| (name.as_str(), value.as_bytes()));
        let mut text = format!("{}\n", self.status);
        for (name, value) in headers {
            text.push_str(&format!("{name}: {}\n", String::from_utf8_lossy(value.as_bytes())));
        }
        text.push_str(&self.body);
        // As JSON, and as JSON that stands in a page.
        let draft =
            [r#""draft":""#, "&quot;draft&quot;:&quot;"].into_iter().find_map(|name| self.body.split_once(name));
        let draft = draft.and_then(|(_, rest)| rest.get(..32));
        for (varying, name) in [
            (self.header("x-request-id"), "<request>"),
            (self.nonce().unwrap_or_default(), "<nonce>"),
            (draft.unwrap_or_default(), "<draft>"),
        ] {
            if !varying.is_empty() {
                text = text.replace(varying, name);
            }
        }
        text
    }

    /// The value of an input of a form, as a browser would read it.
    pub fn input(&self, name: &str) -> Option<String> {
        let tag = self.body.split("<input").skip(1).find(|tag| tag.contains(&format!(" name=\"{name}\"")))?;
        let (_, value) = tag.split_once(" value=\"")?;
        let raw = value.split('"').next()?;
        let plain = [("&quot;", "\""), ("&#x27;", "'"), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")]
            .iter()
            .fold(raw.to_owned(), |text, (entity, plain)| text.replace(entity, plain));
        Some(plain)
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text())
    }
}

/// An application that listens on a port of its own, and a client for it.
pub struct Served {
    pub address: SocketAddr,
    client: reqwest::Client,
    stop: Option<oneshot::Sender<()>>,
    /// Over when the server has stopped.
    pub done: Option<JoinHandle<()>>,
}

impl Served {
    pub async fn start(app: &App) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let (router, settings) = (router::build(app), app.config.server.clone());
        let done = tokio::spawn(async move {
            let stopped = async { stopped.await.unwrap_or_default() };
            listener::serve(listener, router, &settings, stopped).await;
        });
        Self { address, client: client(None), stop: Some(stop), done: Some(done) }
    }

    /// What a signal does.
    pub fn stop(&mut self) {
        let _ = self.stop.take().unwrap().send(());
    }

    pub async fn ask(&self, ask: Ask) -> Answer {
        send(self.client.clone(), self.address, ask).await
    }

    /// Asks without waiting for the answer.
    pub fn ask_later(&self, ask: Ask) -> JoinHandle<Answer> {
        tokio::spawn(send(self.client.clone(), self.address, ask))
    }

    /// Asks from another address of this computer, over a connection that ends with the answer.
    pub async fn ask_from(&self, place: u8, ask: Ask) -> Answer {
        send(client(Some(here(place))), self.address, ask).await
    }

    /// The same without waiting for the answer.
    pub fn ask_later_from(&self, place: u8, ask: Ask) -> JoinHandle<Answer> {
        tokio::spawn(send(client(Some(here(place))), self.address, ask))
    }

    /// A bare connection from there.
    pub async fn connect_from(&self, place: u8) -> TcpStream {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::new(here(place), 0)).unwrap();
        socket.connect(self.address).await.unwrap()
    }

    /// Sends bytes as they are and reads until the connection ends.
    pub async fn raw(&self, text: &str) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        // A reset is an end, too.
        let _ = stream.read_to_end(&mut answer).await;
        String::from_utf8_lossy(&answer).into_owned()
    }
}

/// An address of this computer's own: 127.0.0.1 is what everybody comes from who does not choose.
fn here(place: u8) -> IpAddr {
    IpAddr::from([127, 0, 0, place])
}

fn client(from: Option<IpAddr>) -> reqwest::Client {
    let client = testkit::client().redirect(reqwest::redirect::Policy::none()).no_proxy();
    client.local_address(from).build().unwrap()
}

async fn send(client: reqwest::Client, address: SocketAddr, ask: Ask) -> Answer {
    let mut request = client.request(ask.method, format!("http://{address}{}", ask.path));
    if let Some(fields) = ask.form {
        request = request.form(&fields);
    }
    if let Some(body) = ask.body {
        request = request.body(body);
    }
    let response = request.headers(ask.headers).send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let body = String::from_utf8_lossy(&response.bytes().await.unwrap()).into_owned();
    Answer { status, headers, body }
}

/// The model, loaded once for all tests.
fn embedder() -> Embedder {
    static EMBEDDER: OnceLock<Embedder> = OnceLock::new();
    let start = || Embedder::start(&vendor::folders(None, &std::env::current_exe().unwrap())).unwrap();
    EMBEDDER.get_or_init(start).clone()
}

/// An application over the services of a test, as `boot` puts it together.
pub fn application(services: Services, config: Config) -> App {
    let address = config.public_url.as_ref().map_or_else(|| "http://samtal.test".to_owned(), ToString::to_string);
    let outbound = Outbound::new(config.outbound.private_addresses).unwrap();
    let adapters = Adapters {
        providers: Providers::new(SignOn::new(outbound.clone()), config.providers())
            .with_names(Names::by(config.outbound.dns)),
        outbound,
        // That of testkit's own identity, so that the keys of its tenants open something.
        secret: SecretKey::from_bytes([7; 32]),
        sealer: match &config.secret_key_file {
            Some(file) => Sealer::of_file(file).unwrap(),
            None => Sealer::of(&SecretKey::from_bytes([7; 32])),
        },
        passwords: Passwords::start(config.sign_in.hash_threads, config.sign_in.hash_queue).unwrap(),
        post: Post { mailer: config.mailer().unwrap(), address },
        embedder: Some(embedder()),
    };
    let capabilities = Capabilities::build(services, adapters, config.limits());
    App::new(config, capabilities, Files::ON_DISK, assets::load(Files::ON_DISK))
}

/// Has a server offer a provider, as `honest`.
pub fn offer(config: &mut Config, provider: &Provider) {
    let (client_id, secret) = provider.client();
    let offered = server::config::SignOn {
        name: Some("Honest".to_owned()),
        issuer: Some(provider.issuer.clone()),
        client_id: client_id.to_owned(),
        client_secret: Some(Zeroizing::new(secret.to_owned())),
    };
    config.sign_on.insert("honest".to_owned(), offered);
}

/// Has a server send letters to a mailbox.
pub fn letters_to(config: &mut Config, mailbox: &Mailbox) {
    config.mail.smtp = Some(mailbox.smtp.clone());
    config.mail.from = Some("Samtal <samtal@fjord.example>".to_owned());
}

/// So long that only a server that never answers is caught by it.
pub const NEVER: Duration = Duration::from_secs(60);

/// The table that every request needs that asks who it is from.
pub const TENANTS: &str = "app.tenants";

/// A table that is locked: who needs it waits until it is let go, or this is dropped.
pub struct Held(PgConnection);

impl Held {
    pub async fn new(server: &TestServer, table: &str) -> Self {
        Self::in_line(server.db.superuser().await, table.to_owned()).await
    }

    /// Locks the table when those before have let it go. (PostgreSQL grants locks in the order of the questions.)
    async fn in_line(mut conn: PgConnection, table: String) -> Self {
        let lock = testkit::sql(format!("begin; lock table {table} in access exclusive mode"));
        sqlx::raw_sql(lock).execute(&mut conn).await.unwrap();
        Self(conn)
    }

    /// Stands in line behind those who wait for the table now.
    pub async fn next(server: &TestServer, table: &str) -> JoinHandle<Self> {
        let waiting = "select count(*) from pg_stat_activity
                       where datname = current_database() and application_name <> 'samtal' and wait_event_type = 'Lock'";
        let held = tokio::spawn(Self::in_line(server.db.superuser().await, table.to_owned()));
        server.until(waiting, 1).await;
        held
    }

    /// Until this many requests wait for it.
    pub async fn wait_for(&self, server: &TestServer, requests: i64) {
        let waiting = "select count(*) from pg_stat_activity
                       where datname = current_database() and application_name = 'samtal' and wait_event_type = 'Lock'";
        server.until(waiting, requests).await;
    }

    pub async fn let_go(mut self) {
        sqlx::raw_sql("commit").execute(&mut self.0).await.unwrap();
        self.0.close().await.unwrap();
    }
}

/// A server with two tenants.
pub struct TestServer {
    served: Served,
    app: App,
    pub two: Two,
    // Last, so that the database outlives the rest.
    pub db: TestDb,
}

impl Deref for TestServer {
    type Target = Served;
    fn deref(&self) -> &Served {
        &self.served
    }
}

impl TestServer {
    pub async fn start() -> Self {
        Self::with(|_| {}).await
    }

    /// With other settings than the default.
    pub async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let db = TestDb::new().await;
        // A worker may be at them.
        db.leaves_waiting_jobs();
        db.clock.advance(SystemClock.now() - db.clock.now());
        let two = Two::new(&db).await;
        let mut config = Config::default();
        change(&mut config);
        let app = application(db.services.clone(), config);
        let served = Served::start(&app).await;
        Self { served, app, two, db }
    }

    /// The server itself, to stop it.
    pub fn served(&mut self) -> &mut Served {
        &mut self.served
    }

    /// One more key of a tenant's.
    pub async fn new_key(&self, tenant: &Tenant, name: &str) -> NewApiKey {
        self.db.identity.create_api_key(&tenant.owner, name).await.unwrap()
    }

    /// A document of a tenant's, read to the end.
    pub async fn new_document(&self, tenant: &Tenant, text: &str) -> DocumentId {
        let mut bytes = text.as_bytes().to_vec();
        // Each is another file, also where it says the same.
        let document = loop {
            let new = NewDocument { file_name: "returns.md".into(), bytes: bytes.clone(), ..NewDocument::default() };
            match self.app.capabilities.knowledge.upload(&tenant.owner, new).await {
                Err(KnowledgeError::There(_)) => bytes.push(b' '),
                document => break document.unwrap(),
            }
        };
        self.do_jobs().await;
        document.id
    }

    /// A conversation of a tenant's in which this was said, answered or not.
    pub async fn new_conversation(&self, tenant: &Tenant, text: &str) -> String {
        let conversations = &self.app.capabilities.conversations;
        let id = conversations.create(&tenant.key, NewContact::default()).await.unwrap().id;
        let new = NewMessage { text: text.to_owned(), client_id: "first".to_owned() };
        conversations.pass_on(&tenant.key, id, &new).await.unwrap();
        id.to_string()
    }

    /// A visitor who has become a contact of a tenant's.
    pub async fn new_visitor(&self, tenant: &Tenant) {
        let conversations = &self.app.capabilities.conversations;
        let widget = conversations.widget(&tenant.owner).await.unwrap().id;
        let visitor = of_widget(&self.app.capabilities.services, widget, self.db.request()).await.unwrap().unwrap();
        conversations.visit(&visitor, widget, &conversations::token()).await.unwrap();
    }

    /// The id of the last message of a conversation.
    pub async fn last_message(&self, tenant: &Tenant, conversation: &str) -> String {
        let latest = MessagesFrom::Latest;
        let page = self
            .app
            .capabilities
            .conversations
            .messages(&tenant.key, conversation.parse().unwrap(), latest, None)
            .await
            .unwrap();
        page.data.last().unwrap().id.to_string()
    }

    /// All capabilities.
    pub fn capabilities(&self) -> &Capabilities {
        &self.app.capabilities
    }

    /// The capability for conversations.
    pub fn conversations(&self) -> &Conversations {
        &self.app.capabilities.conversations
    }

    /// Until nobody waits for an answer any more.
    pub async fn until_nobody_asks(&self) {
        timeout(NEVER, self.app.answering.empty()).await.unwrap();
    }

    /// The sockets that are open.
    pub fn sockets(&self) -> &Sockets {
        &self.app.sockets
    }

    /// A job that nobody does today.
    pub async fn queue_for_tomorrow(&self, tenant: &Tenant, document: DocumentId) {
        self.app.capabilities.knowledge.reindex_document(&tenant.owner, document).await.unwrap();
        // With a state that others have, too: what only one tenant's rows hold is looked for everywhere.
        self.execute(
            "update app.jobs set run_at = run_at + interval '1 day'; update app.documents set state = 'ready'",
        )
        .await;
    }

    /// Does every job that is due.
    pub async fn do_jobs(&self) {
        let ends = self.app.capabilities.worker(Slots::default()).run_due().await.unwrap();
        assert!(ends.iter().all(|end| *end == End::Done), "{ends:?}");
    }

    /// One number from the database, behind every wall.
    pub async fn count(&self, sql: &'static str) -> i64 {
        let mut conn = self.db.superuser().await;
        sqlx::query_scalar(sql).fetch_one(&mut conn).await.unwrap()
    }

    /// Until a number from the database is so large.
    pub async fn until(&self, sql: &'static str, least: i64) {
        let grown = async { while self.count(sql).await < least {} };
        timeout(NEVER, grown).await.unwrap();
    }

    /// One statement behind every wall.
    pub async fn execute(&self, sql: &'static str) {
        let mut conn = self.db.superuser().await;
        sqlx::raw_sql(sql).execute(&mut conn).await.unwrap();
    }

    /// Every row of a tenant's in every table that has a tenant, and the people who are its members: table and row, in
    /// one order. Read behind every wall.
    pub async fn rows_of(&self, tenant: &Tenant) -> Vec<(String, Value)> {
        let mut conn = self.db.superuser().await;
        sqlx::raw_sql(
            "create function pg_temp.rows_of(tenant uuid) returns table (name text, data jsonb) language plpgsql as $$
             declare t text;
             begin
               for t in select c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid
                 where c.relnamespace = 'app'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
                   and a.attname = 'tenant_id' and not a.attisdropped
               loop
                 return query execute
                   format('select %L::text, to_jsonb(r) from app.%I r where r.tenant_id = $1', t, t) using tenant;
               end loop;
               return query select 'people', to_jsonb(p) from app.people p
                 join app.memberships m on m.person_id = p.person_id where m.tenant_id = tenant;
             end $$",
        )
        .execute(&mut conn)
        .await
        .unwrap();
        sqlx::query("select name, data from pg_temp.rows_of($1) order by name, data::text")
            .bind(tenant.id.uuid())
            .fetch_all(&mut conn)
            .await
            .unwrap()
            .iter()
            .map(|row| (row.get(0), row.get(1)))
            .collect()
    }

    /// The tables that have a tenant.
    pub async fn tenant_tables(&self) -> Vec<String> {
        let mut conn = self.db.superuser().await;
        sqlx::query_scalar(
            "select c.relname::text from pg_class c join pg_attribute a on a.attrelid = c.oid
             where c.relnamespace = 'app'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
               and a.attname = 'tenant_id' and not a.attisdropped
             order by 1",
        )
        .fetch_all(&mut conn)
        .await
        .unwrap()
    }
}
