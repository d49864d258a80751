//! From root to the system user `samtal`.
//!
//! PostgreSQL refuses to run as root, and a web server should. In development, a process that root started becomes
//! `samtal` after it has read its settings and opened its socket, before any thread exists. (In production the
//! configuration refuses root.) Where that user cannot enter the data folder or PostgreSQL's programs, both move to a
//! folder of their own, found again by the data folder's path.

use rustix::process::{Gid, Uid};
use sha2::{Digest, Sha256};
use std::{
    fs::{self, DirBuilder},
    io::ErrorKind,
    os::unix::fs::{DirBuilderExt as _, MetadataExt, PermissionsExt as _, chown},
    path::{Path, PathBuf},
    process::Command,
};

/// The user that root becomes.
const USER: &str = "samtal";
/// Where data goes when its own folder is closed to that user.
const ELSEWHERE: &str = "/var/lib/samtal";

/// What says that a data folder is Samtal's: a mark of its own, and what the embedded database has made in one from before there was a mark.
const MARK: &str = ".samtal";
const BEFORE: [&str; 2] = ["supervisor.lock", "postgres.json"];

/// Root could not be left. The text is for the operator.
#[derive(Debug, thiserror::Error)]
pub enum PrivilegeError {
    /// There is no such user.
    #[error(
        "Started as root, Samtal runs as the system user `samtal`, and there is none. Make it with `make setup`, or: useradd --system --no-create-home --shell /usr/sbin/nologin samtal"
    )]
    NoUser,
    /// The system refused.
    #[error("cannot give {0} to the user samtal: {1}")]
    Folder(PathBuf, #[source] std::io::Error),
    /// There is something in it that Samtal has not put there.
    #[error(
        "{0} is not empty, and nothing in it says that it is Samtal's: it is left alone. Set SAMTAL_DATA_DIR to a folder that is new or empty"
    )]
    Foreign(PathBuf),
    /// The system refused.
    #[error("cannot become the user samtal: {0}")]
    Become(#[source] std::io::Error),
}

/// Where things are once root is left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folders {
    /// The data folder, absolute.
    pub data_dir: PathBuf,
    /// Where PostgreSQL's programs are, when they had to move.
    pub vendor_dir: Option<PathBuf>,
    /// Whether the data folder is another one than was asked for.
    pub moved: bool,
}

/// A user and a group.
#[derive(Debug, Clone, Copy)]
struct User {
    uid: u32,
    gid: u32,
}

/// Leaves root, if this process is root, and says where the data folder is: taken for the user `samtal` if the command `keeps` data in it,
/// and else left as it is. Call before any thread is started.
///
/// # Errors
/// [`PrivilegeError`], with what to do.
pub fn leave_root(data_dir: &Path, programs: Option<&Path>, keeps: bool) -> Result<Folders, PrivilegeError> {
    let absolute = std::path::absolute(data_dir).map_err(|e| PrivilegeError::Folder(data_dir.to_owned(), e))?;
    if !rustix::process::geteuid().is_root() {
        return Ok(Folders { data_dir: absolute, vendor_dir: None, moved: false });
    }
    let user = find_user()?;
    let parent = absolute.parent().unwrap_or(Path::new("/"));
    let reachable = enterable(user, parent) && programs.is_none_or(|p| enterable(user, p));
    let places = if reachable {
        if keeps {
            give(user, &absolute)?;
        }
        Folders { data_dir: absolute, vendor_dir: None, moved: false }
    } else {
        let digest = Sha256::digest(absolute.as_os_str().as_encoded_bytes());
        let short: String = digest.iter().take(8).map(|b| format!("{b:02x}")).collect();
        let home = Path::new(ELSEWHERE).join(short);
        let data_dir = home.join("data");
        if keeps {
            fs::create_dir_all(&home).map_err(|e| PrivilegeError::Folder(home.clone(), e))?;
            give(user, &data_dir)?;
        }
        let vendor_dir = programs.map(|p| copy_programs(p, &home)).transpose()?;
        Folders { data_dir, vendor_dir, moved: true }
    };
    become_user(user).map_err(PrivilegeError::Become)?;
    Ok(places)
}

fn find_user() -> Result<User, PrivilegeError> {
    let passwd = fs::read_to_string("/etc/passwd").map_err(|_| PrivilegeError::NoUser)?;
    let line = passwd.lines().find(|l| l.split(':').next() == Some(USER)).ok_or(PrivilegeError::NoUser)?;
    let mut ids = line.split(':').skip(2).map(str::parse::<u32>);
    match (ids.next(), ids.next()) {
        (Some(Ok(uid)), Some(Ok(gid))) => Ok(User { uid, gid }),
        _ => Err(PrivilegeError::NoUser),
    }
}

/// Whether the user may pass every folder on the way to `path` that exists.
fn enterable(user: User, path: &Path) -> bool {
    let Ok(path) = path.canonicalize().or_else(|_| std::path::absolute(path)) else { return false };
    path.ancestors().filter_map(|p| fs::metadata(p).ok()).filter(fs::Metadata::is_dir).all(|m| {
        let bit = if m.uid() == user.uid {
            0o100
        } else if m.gid() == user.gid {
            0o010
        } else {
            0o001
        };
        m.mode() & bit != 0
    })
}

/// Makes the folder and everything in it the user's, and closes it to others. Only one that is new, empty, or Samtal's by its mark is taken.
fn give(user: User, folder: &Path) -> Result<(), PrivilegeError> {
    let fail = |e| PrivilegeError::Folder(folder.to_owned(), e);
    if let Some(parent) = folder.parent() {
        fs::create_dir_all(parent).map_err(fail)?;
    }
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(e) if e.kind() != ErrorKind::AlreadyExists => return Err(fail(e)),
        _ => {}
    }
    let close = || fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).map_err(fail);
    if fs::metadata(folder).map_err(fail)?.uid() == user.uid {
        return close();
    }
    if foreign(folder).map_err(fail)? {
        return Err(PrivilegeError::Foreign(folder.to_owned()));
    }
    // (Never through a link of somebody's.)
    match fs::File::create_new(folder.join(MARK)) {
        Err(e) if e.kind() != ErrorKind::AlreadyExists => return Err(fail(e)),
        _ => {}
    }
    close()?;
    let mut stack = vec![folder.to_owned()];
    while let Some(path) = stack.pop() {
        if fs::symlink_metadata(&path).map_err(fail)?.is_dir() {
            for entry in fs::read_dir(&path).map_err(fail)? {
                stack.push(entry.map_err(fail)?.path());
            }
        }
        std::os::unix::fs::lchown(&path, Some(user.uid), Some(user.gid)).map_err(fail)?;
    }
    chown(folder, Some(user.uid), Some(user.gid)).map_err(fail)
}

/// Whether there is something in a folder, and nothing that says that it is Samtal's.
fn foreign(folder: &Path) -> std::io::Result<bool> {
    let holds = fs::read_dir(folder)?.next().is_some();
    let file = |name: &str| fs::symlink_metadata(folder.join(name)).is_ok_and(|found| found.is_file());
    Ok(holds && !file(MARK) && !BEFORE.into_iter().all(file))
}

/// Copies the tree of programs (`<vendor>/postgres/18`), the libraries beside it (`<vendor>/*.libs`) and the models to a
/// vendor folder that everybody can enter.
fn copy_programs(programs: &Path, home: &Path) -> Result<PathBuf, PrivilegeError> {
    let vendor = home.join("vendor");
    let fail = |e| PrivilegeError::Folder(vendor.clone(), e);
    let mut ancestors = programs.ancestors();
    let (Some(tree), Some(postgres), Some(from)) = (ancestors.next(), ancestors.next(), ancestors.next()) else {
        return Err(fail(std::io::Error::other("PostgreSQL's programs are not in a folder like vendor/postgres/18")));
    };
    let inside = tree.strip_prefix(from).unwrap_or(postgres);
    if vendor.join(inside).join("bin/postgres").exists() {
        return Ok(vendor);
    }
    // Made beside and renamed when complete: a copy that was interrupted is begun again.
    let draft = home.join("vendor.new");
    let _ = fs::remove_dir_all(&draft);
    fs::create_dir_all(draft.join("postgres")).map_err(fail)?;
    copy(tree, &draft.join("postgres")).map_err(fail)?;
    for entry in fs::read_dir(from).map_err(fail)? {
        let path = entry.map_err(fail)?.path();
        if path.extension().is_some_and(|e| e == "libs") || path.file_name().is_some_and(|name| name == "models") {
            copy(&path, &draft).map_err(fail)?;
        }
    }
    let _ = fs::remove_dir_all(&vendor);
    fs::rename(&draft, &vendor).map_err(fail)?;
    Ok(vendor)
}

/// Copies a folder with everything in it into another.
fn copy(folder: &Path, into: &Path) -> std::io::Result<()> {
    let done = Command::new("cp").arg("-a").arg("--").arg(folder).arg(into).status()?;
    if done.success() { Ok(()) } else { Err(std::io::Error::other("cp failed")) }
}

/// The kernel keeps these per thread; threads started later inherit them, and there are none yet.
fn become_user(user: User) -> std::io::Result<()> {
    let (uid, gid) = (Uid::from_raw(user.uid), Gid::from_raw(user.gid));
    rustix::thread::set_thread_groups(&[gid])?;
    rustix::thread::set_thread_res_gid(gid, gid, gid)?;
    rustix::thread::set_thread_res_uid(uid, uid, uid)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{BEFORE, MARK, foreign};
    use std::fs;

    #[test]
    fn only_what_is_new_empty_or_marked_is_taken() -> std::io::Result<()> {
        let folder = std::env::temp_dir().join(format!("samtal-mark-{}", std::process::id()));
        fs::create_dir_all(&folder)?;
        assert!(!foreign(&folder)?);
        fs::write(folder.join("letters.txt"), "mine")?;
        assert!(foreign(&folder)?);
        // What others call so, too, is no mark by itself, nor is a link.
        fs::write(folder.join(BEFORE[1]), "")?;
        std::os::unix::fs::symlink("letters.txt", folder.join(MARK))?;
        assert!(foreign(&folder)?);
        fs::write(folder.join(BEFORE[0]), "")?;
        assert!(!foreign(&folder)?);
        fs::remove_file(folder.join(BEFORE[0]))?;
        fs::remove_file(folder.join(MARK))?;
        fs::write(folder.join(MARK), "")?;
        assert!(!foreign(&folder)?);
        fs::remove_dir_all(&folder)
    }
}
