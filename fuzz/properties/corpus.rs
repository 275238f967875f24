//! The kept inputs of a fuzz target, for the ordinary tests.

use std::path::Path;

/// No target has fewer; fewer are a folder in the wrong place.
const FEWEST: usize = 12;

/// Shows every kept input of a target to its property.
pub fn each(target: &str, property: impl Fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fuzz/corpus")
        .join(target);
    let entries = std::fs::read_dir(&folder).expect("a folder of kept inputs");
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(
        files.len() >= FEWEST,
        "{}: {}",
        folder.display(),
        files.len()
    );
    for file in files {
        // Shown when the property fails.
        println!("{}", file.display());
        property(&std::fs::read(&file).unwrap());
    }
}
