//! Builds the release again when the site it embeds has changed, or is there for the first time. Other builds read the
//! site while they run.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var("PROFILE").is_ok_and(|profile| profile == "release") {
        // A folder that is missing would count as changed each time.
        let _ = std::fs::create_dir_all("site");
        println!("cargo::rerun-if-changed=site");
    }
}
