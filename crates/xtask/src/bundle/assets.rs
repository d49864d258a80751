//! Fonts, images and style sheets.

use super::Tools;
use crate::workspace;
use anyhow::{Context, Result, bail};
use regex_lite::Regex;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Fonts by the name in the style sheet and their place in npm's folder: Latin, of the interface with weight as an axis, of the serif, which
/// says a few large lines, one weight each.
const FONTS: &[(&str, &str)] = &[
    (
        "fonts/schibsted-grotesk.woff2",
        "@fontsource-variable/schibsted-grotesk/files/schibsted-grotesk-latin-wght-normal.woff2",
    ),
    ("fonts/newsreader.woff2", "@fontsource/newsreader/files/newsreader-latin-400-normal.woff2"),
    ("fonts/newsreader-italic.woff2", "@fontsource/newsreader/files/newsreader-latin-400-italic.woff2"),
];

const STATIC: &str = "style/assets";
/// A file for each style sheet; what it consists of is imported there.
const SHEETS: &str = "style/sheets";

/// Names and places of the fonts.
pub fn fonts(tools: &Tools) -> Result<Vec<(String, PathBuf)>> {
    FONTS
        .iter()
        .map(|(name, place)| {
            let path = tools.modules().join(place);
            if !path.exists() {
                bail!("{} is missing: run scripts/setup", path.display());
            }
            Ok(((*name).to_owned(), path))
        })
        .collect()
}

/// Every file that goes along as it is.
pub fn files(root: &Path, tools: &Tools) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut files = BTreeMap::new();
    for (name, path) in fonts(tools)? {
        files.insert(name, std::fs::read(path)?);
    }
    for path in workspace::walk(root, Path::new(STATIC))? {
        let name = path.strip_prefix(STATIC)?.to_string_lossy().replace('\\', "/");
        if files.insert(name.clone(), std::fs::read(root.join(&path))?).is_some() {
            bail!("{name} is a font and stands in {STATIC}, too");
        }
    }
    Ok(files)
}

/// Every style sheet in one piece, by its name, with the hashed names of what it refers to.
pub fn sheets(
    root: &Path,
    release: bool,
    tools: &Tools,
    files: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>> {
    let sheet = |path: PathBuf| {
        let name = path.file_name().context("a style sheet without a name")?.to_string_lossy().into_owned();
        let mut esbuild = tools.esbuild();
        esbuild.current_dir(root).arg(&path).args(["--bundle", "--external:/assets/*", "--log-level=warning"]);
        if release {
            esbuild.arg("--minify");
        }
        let css = workspace::output(&mut esbuild).with_context(|| path.display().to_string())?;
        Ok((name, rewrite(&css, files)?))
    };
    workspace::walk(root, Path::new(SHEETS))?.into_iter().map(sheet).collect()
}

/// `url(/assets/fonts/x.woff2)` becomes `url(/assets/fonts/x.HASH.woff2)`; a name that is not there is an error.
fn rewrite(css: &str, files: &BTreeMap<String, String>) -> Result<String> {
    let url = Regex::new(r#"url\(\s*["']?/assets/([^"')?#\s]+)"#)?;
    let mut out = String::with_capacity(css.len());
    let mut last = 0;
    for c in url.captures_iter(css) {
        let Some(name) = c.get(1) else { continue };
        let Some(placed) = files.get(name.as_str()) else {
            bail!("the style sheet refers to /assets/{}, which is neither a font nor in {STATIC}", name.as_str());
        };
        out.push_str(&css[last..name.start()]);
        out.push_str(placed.strip_prefix("assets/").unwrap_or(placed));
        last = name.end();
    }
    out.push_str(&css[last..]);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_get_their_hashes() {
        let files = BTreeMap::from([("fonts/a.woff2".to_owned(), "assets/fonts/a.0123.woff2".to_owned())]);
        for (before, after) in [
            ("url(/assets/fonts/a.woff2)", "url(/assets/fonts/a.0123.woff2)"),
            (
                "url(\"/assets/fonts/a.woff2\") url('/assets/fonts/a.woff2')",
                "url(\"/assets/fonts/a.0123.woff2\") url('/assets/fonts/a.0123.woff2')",
            ),
            ("url(/assets/fonts/a.woff2#x)", "url(/assets/fonts/a.0123.woff2#x)"),
            ("url(data:image/svg+xml,x)", "url(data:image/svg+xml,x)"),
            ("", ""),
        ] {
            assert_eq!(rewrite(before, &files).unwrap(), after);
        }
        assert!(rewrite("url(/assets/fonts/b.woff2)", &files).is_err());
    }
}
