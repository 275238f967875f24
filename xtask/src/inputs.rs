//! What a build depends on, as one hash: work is skipped when it has not changed.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

/// Every file under the given files and folders, in one fixed order; build folders and hidden files are left out.
/// What does not exist contributes nothing.
pub fn files(root: &Path, places: &[&str]) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for place in places {
        collect(&root.join(place), &mut found)?;
    }
    found.sort();
    Ok(found)
}

fn collect(place: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    if place.is_file() {
        found.push(place.to_path_buf());
        return Ok(());
    }
    let Ok(entries) = fs::read_dir(place) else {
        return Ok(());
    };
    for entry in entries {
        let entry = entry.with_context(|| format!("cannot list {}", place.display()))?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if !name.starts_with('.') && name != "target" && name != "node_modules" {
            collect(&entry.path(), found)?;
        }
    }
    Ok(())
}

/// A hash of the files' names and contents, and of the words beside them.
pub fn fingerprint(root: &Path, places: &[&str], words: &[&str]) -> Result<String> {
    let mut hash = Sha256::new();
    for word in words {
        hash.update(word.as_bytes());
        hash.update([0]);
    }
    for file in files(root, places)? {
        let bytes = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
        hash.update(
            file.strip_prefix(root)
                .unwrap_or(&file)
                .as_os_str()
                .as_encoded_bytes(),
        );
        hash.update([0]);
        hash.update(Sha256::digest(&bytes));
    }
    Ok(hex::encode(hash.finalize()))
}

/// Whether the stamp file says that the work of this fingerprint is done.
pub fn is_done(stamp: &Path, fingerprint: &str) -> bool {
    fs::read_to_string(stamp).is_ok_and(|text| text == fingerprint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_or_renamed_file_changes_the_fingerprint() {
        let root = tempfile::tempdir().unwrap();
        let of = || fingerprint(root.path(), &["src"], &["release"]).unwrap();
        fs::create_dir(root.path().join("src")).unwrap();
        fs::write(root.path().join("src/a.rs"), "1").unwrap();
        let first = of();
        assert_eq!(first, of());
        fs::write(root.path().join("src/a.rs"), "2").unwrap();
        let second = of();
        assert_ne!(first, second);
        fs::rename(root.path().join("src/a.rs"), root.path().join("src/b.rs")).unwrap();
        assert_ne!(second, of());
    }

    #[test]
    fn another_profile_has_another_fingerprint() {
        let root = tempfile::tempdir().unwrap();
        let of = |word| fingerprint(root.path(), &["src"], &[word]).unwrap();
        assert_ne!(of("release"), of("dev"));
    }
}
