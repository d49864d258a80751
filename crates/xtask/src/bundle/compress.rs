//! Brotli and gzip beside each file, once, at the highest level, so that the server only picks.
//!
//! Node does Brotli: it is there for esbuild anyway. Zopfli does gzip: 4 % smaller than zlib at its best, for seconds once.

use super::{Sizes, Tools};
use crate::workspace;
use anyhow::{Context, Result};
use std::collections::BTreeMap;
use std::path::Path;

/// Endings whose content is compressed already.
const COMPRESSED: &[&str] = &["woff2", "png", "jpg", "jpeg", "webp", "avif", "gif", "ico", "mp4", "webm", "mp3", "ogg"];

const SCRIPT: &str = r"
const fs = require('node:fs'), z = require('node:zlib'), c = z.constants;
for (const file of process.argv.slice(1)) {
  const raw = fs.readFileSync(file);
  const params = { [c.BROTLI_PARAM_QUALITY]: 11, [c.BROTLI_PARAM_SIZE_HINT]: raw.length };
  fs.writeFileSync(file + '.br', z.brotliCompressSync(raw, { params }));
}
";

pub fn all(folder: &Path, sizes: &mut BTreeMap<String, Sizes>, tools: &Tools) -> Result<()> {
    let mut node = tools.node();
    node.args(["-e", SCRIPT, "--"]);
    let wanted = |name: &str| !name.rsplit_once('.').is_some_and(|(_, ending)| COMPRESSED.contains(&ending));
    for (_, s) in sizes.iter().filter(|(name, _)| wanted(name)) {
        node.arg(folder.join(&s.path));
    }
    workspace::status(&mut node)?;
    for (_, s) in sizes.iter().filter(|(name, _)| wanted(name)) {
        let path = folder.join(&s.path);
        let (raw, mut out) = (std::fs::read(&path)?, Vec::new());
        zopfli::compress(zopfli::Options::default(), zopfli::Format::Gzip, raw.as_slice(), &mut out)?;
        std::fs::write(folder.join(format!("{}.gz", s.path)), out)?;
    }
    for (_, s) in sizes.iter_mut().filter(|(name, _)| wanted(name)) {
        let length = |ending: &str| -> Result<u64> {
            let path = folder.join(format!("{}.{ending}", s.path));
            Ok(std::fs::metadata(&path).with_context(|| path.display().to_string())?.len())
        };
        (s.gzip, s.br) = (Some(length("gz")?), Some(length("br")?));
    }
    Ok(())
}
