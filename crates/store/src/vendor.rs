//! Where `scripts/setup` puts what Samtal brings along besides its own program: PostgreSQL and the model.

use std::path::{Path, PathBuf};

/// The vendor folders that are looked at, in this order: `vendor_dir` (`SAMTAL_VENDOR_DIR`), `vendor/` beside `exe`, and
/// `.tools/vendor` in the first parent of `exe` that has one.
pub fn folders(vendor_dir: Option<&Path>, exe: &Path) -> Vec<PathBuf> {
    // A binary that is started through a link belongs to the place that the link leads to.
    let exe = exe.canonicalize().unwrap_or_else(|_| exe.to_owned());
    let beside = exe.parent().map(|dir| dir.join("vendor"));
    let above = exe.ancestors().skip(1).map(|dir| dir.join(".tools/vendor")).find(|dir| dir.is_dir());
    vendor_dir.map(Path::to_owned).into_iter().chain(beside).chain(above).collect()
}
