//! The program's own commands, as whoever runs the installation calls them: what they refuse, and what `samtal doctor` finds.

use crate::harness::{NEVER, TestServer};
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use testkit::cluster::{self, PASSWORD};
use tokio::process::Command;
use tokio::time::timeout;

/// A folder of one test.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = Path::new("/tmp").join(format!("samtal-it-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        Self(path)
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }

    /// A file of the user that the program becomes.
    fn file(&self, name: &str, holds: &str, mode: u32) -> String {
        let path = self.path(name);
        fs::write(&path, holds).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        if let Some((user, group)) = cluster::unprivileged() {
            chown(&path, Some(user), Some(group)).unwrap();
        }
        path
    }

    /// Runs the program here, with these settings: how it ended, and all that it said.
    async fn run(&self, arguments: &[&str], settings: &[(&str, &str)]) -> (Option<i32>, String) {
        let tree = tokio::task::spawn_blocking(|| cluster::programs(testkit::Version::Pg18)).await.unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_samtal"));
        command
            .args(arguments)
            .current_dir(&self.0)
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("SAMTAL_DATA_DIR", self.path("data"))
            .env("SAMTAL_VENDOR_DIR", tree.ancestors().nth(2).unwrap())
            .env("SAMTAL_LISTEN", "127.0.0.1:0")
            .env("SAMTAL__MEDIA__LISTEN", "127.0.0.1:0")
            .envs(settings.iter().copied())
            .stdin(Stdio::null())
            .kill_on_drop(true);
        let output = timeout(NEVER, command.output()).await.unwrap().unwrap();
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        (output.status.code(), said)
    }

    /// Runs `samtal doctor`.
    async fn doctor(&self, settings: &[(&str, &str)]) -> (Option<i32>, String) {
        self.run(&["doctor"], settings).await
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Whether a line with these words says that something is wrong.
fn is_wrong(said: &str, words: &str) -> bool {
    said.lines().any(|line| line.starts_with("wrong  ") && line.contains(words))
}

#[tokio::test]
async fn where_there_is_no_database_no_command_makes_one() {
    let scratch = Scratch::new("nothing");
    for arguments in [
        &["audit", "verify"][..],
        &["receipt", "verify"],
        &["keys", "rotate"],
        &["operator-key", "list"],
        &["person", "forget-second-factor", "--email", "anna@fjord.example"],
        &["tenant", "create", "--name", "Fjord", "--email", "anna@fjord.example", "--password-stdin"],
    ] {
        let (code, said) = scratch.run(arguments, &[]).await;
        let words = format!("there is no database in {}", scratch.path("data"));
        assert!(code == Some(1) && said.contains(&words) && said.contains("samtal serve"), "{arguments:?}: {said}");
        assert!(!Path::new(&scratch.path("data")).exists(), "{arguments:?}");
    }
}

#[tokio::test]
async fn doctor_says_what_serve_would_refuse() {
    let scratch = Scratch::new("refused");
    let (code, said) = scratch.doctor(&[]).await;
    assert!(code == Some(0) && said.contains("the first `samtal serve` makes it"), "{said}");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let open = scratch.file("open.key", &"07".repeat(32), 0o644);
    let garbage = scratch.file("garbage.key", "hush", 0o600);
    let missing = scratch.path("missing.key");
    for (setting, value, words) in [
        ("SAMTAL_LISTEN", &address, "something else listens on"),
        ("SAMTAL__SECRET_KEY_FILE", &open, "can be read by others"),
        ("SAMTAL__SECRET_KEY_FILE", &garbage, "must hold 64 hexadecimal digits"),
        ("SAMTAL__SECRET_KEY_FILE", &missing, "missing.key cannot be used"),
    ] {
        let (code, said) = scratch.doctor(&[(setting, value.as_str())]).await;
        assert!(code == Some(1) && is_wrong(&said, words), "{words}: {said}");
    }
    assert!(!Path::new(&scratch.path("data")).exists());
}

#[tokio::test]
async fn doctor_knows_whose_the_secret_is_and_which_login_is_kept_out() {
    let server = TestServer::start().await;
    let scratch = Scratch::new("whose");
    let own = scratch.file("own.key", &"07".repeat(32), 0o600);
    let other = scratch.file("other.key", &"08".repeat(32), 0o600);
    let listen = server.address.to_string();
    let (name, socket) = (&server.db.name, server.db.cluster.socket.display().to_string());
    let url = |user: &str, password: &str| format!("postgres://{user}:{password}@localhost/{name}?host={socket}");
    let (tenant, platform) = (url("samtal_tenant", PASSWORD), url("samtal_platform", PASSWORD));
    let refused = url("samtal_tenant", "hush");
    let nowhere = "postgres://samtal_tenant:hush@127.0.0.1:1/samtal";
    let beside = |tenant| {
        [
            ("SAMTAL_LISTEN", listen.as_str()),
            ("DATABASE_URL", tenant),
            ("SAMTAL__DATABASE__PLATFORM_URL", platform.as_str()),
            ("SAMTAL__DATABASE__ACQUIRE_TIMEOUT_MS", "20000"),
        ]
    };
    let with = |file| {
        let mut all = beside(tenant.as_str()).to_vec();
        all.push(("SAMTAL__SECRET_KEY_FILE", file));
        all
    };

    let (code, said) = scratch.doctor(&with(own.as_str())).await;
    assert_eq!(code, Some(0), "{said}");
    for words in
        ["a Samtal answers at ", "secret key file", "secret key: it is this database's", "walls between tenants"]
    {
        assert!(said.contains(&format!("ok     {words}")), "{words}: {said}");
    }
    let (code, said) = scratch.doctor(&with(other.as_str())).await;
    assert!(
        code == Some(1) && is_wrong(&said, "other.key is not the one that this database was written with"),
        "{said}"
    );
    // Where none is set, one is made in the data folder; but not beside what was written with another.
    let (code, said) = scratch.doctor(&beside(tenant.as_str())).await;
    assert!(
        code == Some(1) && is_wrong(&said, "secret.key is not there, and the database was written with it"),
        "{said}"
    );
    assert!(!Path::new(&scratch.path("data")).exists());

    for (tenant, words) in [
        (refused.as_str(), format!("samtal_tenant at {socket}/{name} is refused: password authentication failed")),
        (nowhere, "samtal_tenant at 127.0.0.1:1/samtal does not answer: ".to_owned()),
    ] {
        let (code, said) = scratch.doctor(&beside(tenant)).await;
        assert!(code == Some(1) && is_wrong(&said, &words) && is_wrong(&said, "look at DATABASE_URL"), "{said}");
        assert!(!said.contains("hush") && !said.contains("samtal_platform at") && !said.contains("schema"), "{said}");
    }
}
