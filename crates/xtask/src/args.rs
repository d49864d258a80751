//! Command-line arguments, without a library: a handful of flags do not earn one.

use anyhow::{Result, bail};

/// What is left of the command line.
#[derive(Debug)]
pub struct Args(Vec<String>);

impl Args {
    pub fn new(args: impl Iterator<Item = String>) -> Self {
        Args(args.collect())
    }

    /// Takes the first argument.
    pub fn command(&mut self) -> Option<String> {
        if self.0.is_empty() { None } else { Some(self.0.remove(0)) }
    }

    /// Takes a flag; true if it was there.
    pub fn flag(&mut self, name: &str) -> bool {
        let before = self.0.len();
        self.0.retain(|a| a != name);
        self.0.len() != before
    }

    /// Takes `--name VALUE`.
    pub fn value(&mut self, name: &str) -> Result<Option<String>> {
        let Some(at) = self.0.iter().position(|a| a == name) else { return Ok(None) };
        self.0.remove(at);
        if at == self.0.len() {
            bail!("{name} needs a value");
        }
        Ok(Some(self.0.remove(at)))
    }

    /// Everything that no one took.
    pub fn rest(&mut self) -> Vec<String> {
        std::mem::take(&mut self.0)
    }

    /// An error if anything is left, so that a mistyped flag is not ignored.
    pub fn done(&self) -> Result<()> {
        match self.0.first() {
            Some(left) => bail!("what is `{left}`? See `cargo xtask help`"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(line: &str) -> Args {
        Args::new(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn flags_and_values_are_taken_in_any_order() {
        let mut a = args("bundle --surface meeting --release");
        assert_eq!(a.command().as_deref(), Some("bundle"));
        assert!(a.flag("--release"));
        assert!(!a.flag("--release"));
        assert_eq!(a.value("--surface").unwrap().as_deref(), Some("meeting"));
        assert!(a.done().is_ok());
    }

    #[test]
    fn leftovers_and_missing_values_are_errors() {
        assert!(args("--relase").done().is_err());
        assert!(args("--surface").value("--surface").is_err());
    }
}
