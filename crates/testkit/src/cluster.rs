//! The PostgreSQL servers that tests share: one for each version, started when first needed and left running, by
//! `scripts/postgres`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// Which PostgreSQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// 18, the one that Samtal carries.
    Pg18,
    /// 16, the oldest that it works with.
    Pg16,
}

/// A running server.
#[derive(Debug, Clone)]
pub struct Cluster {
    /// The folder of its socket.
    pub socket: PathBuf,
    /// Its programs.
    pub bin: PathBuf,
}

impl Cluster {
    /// What a statement of the superuser's says, where nothing can be waited for.
    ///
    /// # Errors
    /// What `psql` says.
    pub fn psql(&self, database: &str, statement: &str) -> Result<String, String> {
        let mut psql = Command::new(self.bin.join("psql"));
        psql.arg("-h").arg(&self.socket).args(["-U", "postgres", "-d", database, "-qAtc", statement]);
        // Whatever the test holds is not waited for without end.
        psql.env("PGOPTIONS", "-c lock_timeout=10s -c statement_timeout=20s");
        let ran = psql.env("PGPASSWORD", PASSWORD).output().map_err(|error| error.to_string())?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        if ran.status.success() { Ok(text(&ran.stdout)) } else { Err(text(&ran.stderr)) }
    }
}

/// The password of every login of a test server.
pub const PASSWORD: &str = "test";

/// The root of the workspace.
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn number(version: Version) -> &'static str {
    match version {
        Version::Pg18 => "18",
        Version::Pg16 => "16",
    }
}

fn command(what: &str, version: Version, folder: Option<&Path>) -> Command {
    let mut run = Command::new(workspace().join("scripts/postgres"));
    run.args([what, number(version)]).args(folder);
    run
}

/// What the script says, line by line.
fn script(what: &str, version: Version, folder: Option<&Path>) -> Vec<PathBuf> {
    let mut run = command(what, version, folder);
    let ran = run.output().unwrap();
    assert!(ran.status.success(), "{run:?}: {}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8(ran.stdout).unwrap().lines().map(PathBuf::from).collect()
}

fn start_in(version: Version, folder: Option<&Path>) -> Cluster {
    match script("start", version, folder).as_slice() {
        [bin, socket] => Cluster { socket: socket.clone(), bin: bin.clone() },
        other => panic!("{other:?}"),
    }
}

/// The tree of a version's programs, where the user can reach it that PostgreSQL runs as.
pub fn programs(version: Version) -> PathBuf {
    script("programs", version, None).remove(0)
}

/// User and group of the system user `samtal`, when this process is root.
pub fn unprivileged() -> Option<(u32, u32)> {
    if !rustix::process::getuid().is_root() {
        return None;
    }
    let passwd = std::fs::read_to_string("/etc/passwd").unwrap();
    let line = passwd.lines().find(|line| line.starts_with("samtal:"));
    let mut ids =
        line.expect("the system user samtal: run scripts/setup").split(':').skip(2).map(|id| id.parse().unwrap());
    Some((ids.next().unwrap(), ids.next().unwrap()))
}

/// Starts the server that all tests share, unless it runs.
pub fn start(version: Version) -> Cluster {
    static STARTED: [OnceLock<Cluster>; 2] = [const { OnceLock::new() }; 2];
    let [newest, oldest] = &STARTED;
    let started = if version == Version::Pg18 { newest } else { oldest };
    started.get_or_init(|| start_in(version, None)).clone()
}

/// A server of one test's own, without any role of Samtal's: for what belongs to the server and not to a database.
/// Stopped and removed with this value.
#[derive(Debug)]
pub struct OwnCluster {
    /// The server.
    pub cluster: Cluster,
    version: Version,
    folder: PathBuf,
}

impl OwnCluster {
    /// Starts one, in a new folder.
    pub fn start(version: Version) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("samtal-own-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let folder = std::env::temp_dir().join(name);
        Self { cluster: start_in(version, Some(&folder)), version, folder }
    }
}

impl Drop for OwnCluster {
    fn drop(&mut self) {
        // Whatever it says: the test has its own verdict.
        let _ = command("stop", self.version, Some(&self.folder)).output();
    }
}
