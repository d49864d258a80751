//! Licence expressions as `Cargo.toml` has them (SPDX, annex D of its specification): names joined by AND, OR and WITH,
//! in parentheses; the old `MIT/Apache-2.0` means OR.

use anyhow::{Result, bail};

/// Whether an expression can be kept with the allowed licences: of an OR one side suffices, of an AND both must be.
///
/// A licence with an exception is asked for as `NAME WITH EXCEPTION`.
///
/// # Errors
/// What is not an expression.
pub fn satisfied(expression: &str, allowed: &dyn Fn(&str) -> bool) -> Result<bool> {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let mut tokens = spaced.split_whitespace().collect::<Vec<_>>();
    tokens.reverse();
    let verdict = or(&mut tokens, allowed)?;
    match tokens.pop() {
        None => Ok(verdict),
        Some(token) => bail!("`{expression}`: `{token}` is one too many"),
    }
}

fn or(tokens: &mut Vec<&str>, allowed: &dyn Fn(&str) -> bool) -> Result<bool> {
    let mut verdict = and(tokens, allowed)?;
    while take(tokens, "OR") {
        verdict |= and(tokens, allowed)?;
    }
    Ok(verdict)
}

fn and(tokens: &mut Vec<&str>, allowed: &dyn Fn(&str) -> bool) -> Result<bool> {
    let mut verdict = one(tokens, allowed)?;
    while take(tokens, "AND") {
        verdict &= one(tokens, allowed)?;
    }
    Ok(verdict)
}

fn one(tokens: &mut Vec<&str>, allowed: &dyn Fn(&str) -> bool) -> Result<bool> {
    match tokens.pop() {
        Some("(") => {
            let verdict = or(tokens, allowed)?;
            if !take(tokens, ")") {
                bail!("a parenthesis stays open");
            }
            Ok(verdict)
        }
        Some(token @ ("AND" | "OR" | "WITH" | ")")) => bail!("`{token}` where a licence should stand"),
        Some(name) if take(tokens, "WITH") => match tokens.pop() {
            Some(exception) => Ok(allowed(&format!("{name} WITH {exception}"))),
            None => bail!("WITH without an exception"),
        },
        Some(name) => Ok(allowed(name)),
        None => bail!("a licence is missing"),
    }
}

fn take(tokens: &mut Vec<&str>, token: &str) -> bool {
    let there = tokens.last() == Some(&token);
    if there {
        tokens.pop();
    }
    there
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ok(expression: &str) -> bool {
        satisfied(expression, &|l| ["MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception"].contains(&l)).unwrap()
    }

    #[test]
    fn one_side_of_an_or_and_both_of_an_and() {
        assert!(ok("MIT"));
        assert!(ok("GPL-3.0 OR MIT"));
        assert!(ok("MIT/GPL-3.0"));
        assert!(!ok("GPL-3.0 AND MIT"));
        assert!(!ok("GPL-3.0"));
    }

    #[test]
    fn and_binds_tighter_and_parentheses_tighter_still() {
        assert!(ok("MIT OR GPL-3.0 AND ISC"));
        assert!(!ok("(MIT OR GPL-3.0) AND ISC"));
        assert!(ok("(MIT OR GPL-3.0) AND (Apache-2.0)"));
    }

    #[test]
    fn exceptions_are_part_of_the_licence() {
        assert!(ok("Apache-2.0 WITH LLVM-exception"));
        assert!(!ok("MIT WITH LLVM-exception"));
        assert!(ok("Apache-2.0 WITH LLVM-exception OR GPL-3.0"));
    }

    #[test]
    fn broken_expressions_are_errors() {
        for bad in ["", "MIT OR", "OR MIT", "(MIT", "MIT)", "MIT Apache-2.0", "MIT WITH"] {
            assert!(satisfied(bad, &|_| true).is_err(), "{bad}");
        }
    }
}
