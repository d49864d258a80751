//! The PostgreSQL servers that tests share: one for each version, started when first needed and left running.
//!
//! PostgreSQL refuses to run as root; started by root, it runs as the system user `samtal` (made by `scripts/setup`) in
//! a folder below the system's temporary one, with a copy of the programs there, since a checkout may be closed to that
//! user.

use rustix::fs::FlockOperation;
use sha2::{Digest, Sha256};
use std::{
    fs,
    os::unix::{fs::chown, process::CommandExt},
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicU32, Ordering},
};

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

/// Where `scripts/setup --tests` put that PostgreSQL.
pub fn programs(version: Version) -> PathBuf {
    let vendor = std::env::var_os("SAMTAL_VENDOR_DIR").map_or_else(|| workspace().join(".tools/vendor"), PathBuf::from);
    let tree = vendor.join("postgres").join(number(version));
    assert!(
        tree.join("bin/postgres").exists(),
        "PostgreSQL {} is not in {}: run scripts/setup --tests",
        number(version),
        tree.display()
    );
    tree
}

/// User and group of the system user `samtal`, when this process is root.
pub fn unprivileged() -> Option<(u32, u32)> {
    if !rustix::process::getuid().is_root() {
        return None;
    }
    let passwd = fs::read_to_string("/etc/passwd").unwrap();
    let line = passwd
        .lines()
        .find(|l| l.starts_with("samtal:"))
        .expect("started as root, tests need the system user samtal: run scripts/setup");
    let mut fields = line.split(':').skip(2).map(|f| f.parse().unwrap());
    Some((fields.next().unwrap(), fields.next().unwrap()))
}

/// A command that runs as the unprivileged user where this process is root.
pub fn command(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir("/").env("LC_ALL", "C.UTF-8");
    if let Some((uid, gid)) = unprivileged() {
        command.uid(uid).gid(gid);
    }
    command
}

fn run(command: &mut Command) {
    let out = command.output().unwrap();
    assert!(
        out.status.success(),
        "{command:?}\n{}{}",
        String::from_utf8_lossy(&out.stdout),
        String::from_utf8_lossy(&out.stderr)
    );
}

/// The folder of a version's server.
pub fn folder(version: Version) -> PathBuf {
    let root = workspace();
    let digest = Sha256::digest(root.as_os_str().as_encoded_bytes());
    let short: String = digest.iter().take(4).map(|b| format!("{b:02x}")).collect();
    std::env::temp_dir().join(format!("samtal-test-{short}")).join(number(version))
}

/// The programs where the unprivileged user can reach them: a copy beside the servers' folders, where this process is
/// root, since a checkout may be closed to that user.
pub fn reachable_programs(version: Version) -> PathBuf {
    let tree = programs(version);
    if unprivileged().is_none() {
        return tree;
    }
    let vendor = folder(version).parent().unwrap().join(format!("vendor-{}", number(version)));
    let copy = vendor.join("postgres").join(number(version));
    if !copy.join("bin/postgres").exists() {
        let draft = vendor.with_extension(std::process::id().to_string());
        fs::create_dir_all(draft.join("postgres")).unwrap();
        run(Command::new("cp").arg("-a").arg("--").arg(&tree).arg(draft.join("postgres")));
        for entry in fs::read_dir(tree.join("../..")).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|e| e == "libs") {
                run(Command::new("cp").arg("-a").arg("--").arg(path).arg(&draft));
            }
        }
        // Whoever was first wins.
        if fs::rename(&draft, &vendor).is_err() {
            fs::remove_dir_all(&draft).unwrap();
        }
    }
    copy
}

/// Starts the server that all tests share, unless it runs.
pub fn start(version: Version) -> Cluster {
    let folder = folder(version);
    let parent = folder.parent().unwrap();
    fs::create_dir_all(parent).unwrap();
    let lock = fs::File::create(parent.join(format!("{}.lock", number(version)))).unwrap();
    rustix::fs::flock(&lock, FlockOperation::LockExclusive).unwrap();
    start_in(version, &folder)
}

/// A server of one test's own, without any role of Samtal's: for what belongs to the server and not to a database.
/// Stopped and removed with this value.
#[derive(Debug)]
pub struct OwnCluster {
    /// The server.
    pub cluster: Cluster,
    folder: PathBuf,
}

impl OwnCluster {
    /// Starts one, in a new folder.
    pub fn start(version: Version) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("samtal-own-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let folder = std::env::temp_dir().join(name);
        Self { cluster: start_in(version, &folder), folder }
    }
}

impl Drop for OwnCluster {
    fn drop(&mut self) {
        stop_in(&self.cluster.bin, &self.folder);
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn start_in(version: Version, folder: &Path) -> Cluster {
    let (data, socket) = (folder.join("data"), folder.join("s"));
    let bin = reachable_programs(version).join("bin");
    let cluster = Cluster { socket: socket.clone(), bin: bin.clone() };
    let running = || {
        data.exists()
            && command(&bin.join("pg_ctl")).arg("status").arg("-D").arg(&data).output().unwrap().status.success()
    };
    if running() {
        return cluster;
    }
    if !data.join("samtal.ready").exists() {
        let _ = fs::remove_dir_all(folder);
        fs::create_dir_all(&socket).unwrap();
        let password = folder.join("password");
        fs::write(&password, PASSWORD).unwrap();
        if let Some((uid, gid)) = unprivileged() {
            for path in [folder, &socket, &password] {
                chown(path, Some(uid), Some(gid)).unwrap();
            }
        }
        run(command(&bin.join("initdb"))
            .args(["--locale=C.UTF-8", "--encoding=UTF8", "--auth=scram-sha-256", "--username=postgres", "--no-sync"])
            // The protocol as it is, without the work that makes guessing slow: tests connect thousands of times.
            .args(["-c", "scram_iterations=1"])
            .arg(format!("--pwfile={}", password.display()))
            .arg("-D")
            .arg(&data));
        fs::write(data.join("samtal.ready"), "").unwrap();
    }
    run(command(&bin.join("pg_ctl"))
        .args(["start", "-w", "-t", "60", "-l"])
        .arg(folder.join("log"))
        .arg("-D")
        .arg(&data)
        .arg("-o")
        .arg(format!(
            "-c listen_addresses= -c unix_socket_directories={} -c fsync=off -c full_page_writes=off \
             -c synchronous_commit=off -c max_connections=300 -c shared_buffers=64MB",
            socket.display()
        )));
    cluster
}

/// Stops the shared server if it runs.
pub fn stop(version: Version) {
    let folder = folder(version);
    if folder.join("data").exists() {
        stop_in(&reachable_programs(version).join("bin"), &folder);
    }
}

fn stop_in(bin: &Path, folder: &Path) {
    let _ = command(&bin.join("pg_ctl")).args(["stop", "-m", "immediate", "-D"]).arg(folder.join("data")).output();
}
