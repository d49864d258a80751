//! Behind a transaction-pooling proxy that does not carry prepared statements: Debian's PgBouncer 1.18, with
//! `Settings::prepared` off.

use sqlx::Executor as _;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;
use store::sessions::hash;
use store::{Services, Settings, Store, scope};
use testkit::{TestDb, Two, cluster};

/// A PgBouncer in front of one database, with two connections a login. Ends with this value.
struct PgBouncer {
    folder: PathBuf,
    process: Child,
}

impl PgBouncer {
    fn before(db: &TestDb) -> Self {
        let program = ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer", "/usr/local/bin/pgbouncer"]
            .map(Path::new)
            .into_iter()
            .find(|path| path.exists())
            .expect("PgBouncer is not installed: run scripts/setup --tests");
        let folder = std::env::temp_dir().join(format!("samtal-proxy-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir(&folder).unwrap();
        let ini = format!(
            "[databases]\n{name} = host={socket} port=5432 dbname={name}\n\
             [pgbouncer]\nlisten_addr =\nlisten_port = 5432\nunix_socket_dir = {folder}\n\
             auth_type = scram-sha-256\nauth_file = {folder}/users\npool_mode = transaction\n\
             default_pool_size = 2\nmax_client_conn = 200\nlogfile = {folder}/log\n",
            name = db.name,
            socket = db.cluster.socket.display(),
            folder = folder.display(),
        );
        let users = ["samtal_tenant", "samtal_platform"].map(|user| format!("\"{user}\" \"{}\"\n", cluster::PASSWORD));
        fs::write(folder.join("ini"), ini).unwrap();
        fs::write(folder.join("users"), users.concat()).unwrap();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
        if let Some((user, group)) = cluster::unprivileged() {
            for path in [folder.clone(), folder.join("ini"), folder.join("users")] {
                chown(path, Some(user), Some(group)).unwrap();
            }
        }
        let mut command = Command::new(program);
        if let Some((user, group)) = cluster::unprivileged() {
            command.uid(user).gid(group);
        }
        let process = command
            .current_dir("/")
            .arg("--quiet")
            .arg(folder.join("ini"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self { folder, process }
    }

    async fn ready(&mut self) {
        for _ in 0..5_000 {
            if self.folder.join(".s.PGSQL.5432").exists() {
                return;
            }
            if let Some(status) = self.process.try_wait().unwrap() {
                panic!("PgBouncer ended, {status}: {}", self.log());
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        panic!("PgBouncer opens no socket: {}", self.log());
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    /// Settings that go through it, with more connections than it has.
    fn settings(&self, db: &TestDb) -> Settings {
        let through = |user: &str| db.login(user).socket(&self.folder);
        let mut settings = Settings::new(through("samtal_tenant"), through("samtal_platform"));
        settings.tenant_connections = 20;
        settings.platform_connections = 10;
        settings.acquire_timeout = Duration::from_secs(60);
        settings.prepared = false;
        settings
    }
}

impl Drop for PgBouncer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tenants_stay_apart_behind_a_proxy_that_carries_no_statements() {
    let db = TestDb::new().await;
    let two = Arc::new(Two::new(&db).await);
    let mut proxy = PgBouncer::before(&db);
    proxy.ready().await;
    let store = Store::new(proxy.settings(&db));
    let services = Services::new(store.clone(), Arc::clone(&db.clock) as _, &testkit::secret());
    let (lifetime, request) = (db.sessions.lifetime(), db.request());

    let tasks: Vec<_> = (0..20)
        .map(|task| {
            let (two, store, services) = (Arc::clone(&two), store.clone(), services.clone());
            tokio::spawn(async move {
                for round in 0..15 {
                    let tenant = if (task + round) % 2 == 0 { &two.aurora } else { &two.borealis };
                    let mut tx = store.tenant(tenant.owner.scope()).await.unwrap();
                    // Other texts and other parameters in each, so that one statement in another's place would show.
                    let email: String = match round % 3 {
                        0 => sqlx::query_scalar("select email from app.memberships where member_id <> $1")
                            .bind(uuid::Uuid::nil())
                            .fetch_one(&mut tx)
                            .await
                            .unwrap(),
                        1 => sqlx::query_scalar("select email from app.memberships where role = $1 and name <> $2")
                            .bind("owner")
                            .bind("nobody")
                            .fetch_one(&mut tx)
                            .await
                            .unwrap(),
                        _ => sqlx::query_scalar("select email from app.memberships").fetch_one(&mut tx).await.unwrap(),
                    };
                    assert_eq!(email, tenant.email);
                    tx.execute(sqlx::query("update app.tenants set name = name || $1").bind(".")).await.unwrap();
                    let seen: Vec<uuid::Uuid> =
                        sqlx::query_scalar("select tenant_id from app.tenants").fetch_all(&mut tx).await.unwrap();
                    assert_eq!(seen, [tenant.id.uuid()]);
                    // Every other one is given up.
                    if round % 2 == 0 {
                        tx.commit().await.unwrap();
                    } else {
                        drop(tx);
                    }
                    // Work across tenants, through its own login, in between.
                    let caller =
                        scope::of_session(&services, &hash(tenant.session), lifetime, request).await.unwrap().unwrap();
                    assert_eq!(caller.scope().tenant(), tenant.id);
                    // What is asked without a transaction holds no connection between its trips.
                    if round % 8 == 0 {
                        store.check().await.unwrap();
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }

    // What was committed is there, once each, and nothing else: 8 of 15 rounds, ten tasks for each tenant.
    let mut behind = db.superuser().await;
    let names: Vec<String> =
        sqlx::query_scalar("select name from app.tenants order by name").fetch_all(&mut behind).await.unwrap();
    assert_eq!(names, [format!("Aurora{}", ".".repeat(80)), format!("Borealis{}", ".".repeat(80))]);
}
