//! A database for the length of a command, on the server that `scripts/postgres` starts for tests.

use crate::workspace;
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The password of every login of that server.
const PASSWORD: &str = "test";

/// Before the number of the process whose it is.
const PREFIX: &str = "xtask_";

/// A database, dropped with this value.
#[derive(Debug)]
pub struct Database {
    name: String,
    bin: PathBuf,
    socket: PathBuf,
}

impl Database {
    /// Makes one.
    pub fn new(root: &Path) -> Result<Self> {
        let started = workspace::output(Command::new(root.join("scripts/postgres")).args(["start", "18"]))?;
        let (bin, socket) = started.trim().split_once('\n').context("scripts/postgres says something else")?;
        let name = format!("{PREFIX}{}", std::process::id());
        let database = Self { name, bin: bin.into(), socket: socket.into() };
        database.sweep()?;
        database.of_the_server(&format!("create database {} owner samtal_admin", database.name))?;
        workspace::output(database.psql_as("postgres", &database.name).args(["--command", "create extension vector"]))?;
        Ok(database)
    }

    /// Drops what runs have left that were killed.
    fn sweep(&self) -> Result<()> {
        let all = self.of_the_server("select datname from pg_database")?;
        for name in all.lines() {
            let process = name.strip_prefix(PREFIX).filter(|pid| pid.parse::<u32>().is_ok());
            if process.is_some_and(|pid| name == self.name || !Path::new("/proc").join(pid).exists()) {
                self.drop_it(name)?;
            }
        }
        Ok(())
    }

    fn drop_it(&self, name: &str) -> Result<String> {
        self.of_the_server(&format!("drop database if exists {name} with (force)"))
    }

    fn of_the_server(&self, command: &str) -> Result<String> {
        let psql = &mut self.psql_as("postgres", "postgres");
        workspace::output(psql.args(["--tuples-only", "--no-align", "--command", command]))
    }

    /// `psql` in it as who migrates, which stops at the first error.
    pub fn psql(&self) -> Command {
        self.psql_as("samtal_admin", &self.name)
    }

    fn psql_as(&self, user: &str, database: &str) -> Command {
        let mut command = Command::new(self.bin.join("psql"));
        command.args(["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--username", user, "--dbname", database]);
        command.arg("--host").arg(&self.socket).env("PGPASSWORD", PASSWORD);
        command.env("PGOPTIONS", "-c client_min_messages=warning");
        command
    }

    /// The superuser's address of it, for sqlx.
    pub fn url(&self) -> String {
        format!("postgres://postgres:{PASSWORD}@localhost/{}?host={}", self.name, self.socket.display())
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Err(error) = self.drop_it(&self.name) {
            eprintln!("{} is left behind: {error:#}", self.name);
        }
    }
}
