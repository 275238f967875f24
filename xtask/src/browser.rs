//! The browser of the browser tests.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::debian;
use crate::node;
use crate::tools::{find_program, missing, note, run_program, step};

const NAMES: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
];
const ON_MACOS: &str = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome";

/// The browser to start, installed if need be; `None` when Playwright has one of its own.
pub fn find_or_install(e2e: &Path) -> Result<Option<PathBuf>> {
    if let Some(path) = env::var_os("CHROMIUM").map(PathBuf::from) {
        if !path.is_file() {
            bail!("CHROMIUM names {}, which is no file", path.display());
        }
        return Ok(Some(path));
    }
    if let Some(path) = find() {
        return Ok(Some(path));
    }
    if find_program("apt-get").is_some() {
        match debian::install(&["chromium"]) {
            Ok(()) if find().is_some() => return Ok(find()),
            Ok(()) => note("Debian's chromium was installed, but is not on PATH"),
            Err(error) => note(&format!("{error:#}")),
        }
    }
    let mut download = node::local_program(e2e, "playwright");
    download.args(["install", "chromium"]);
    match step("Playwright's own Chromium", || run_program(&mut download)) {
        Ok(()) => Ok(None),
        Err(_) => Err(missing(
            "Chromium, for the browser tests",
            "apt-get install chromium (or set CHROMIUM to its path)",
        )),
    }
}

fn find() -> Option<PathBuf> {
    let on_path = NAMES.iter().find_map(|name| find_program(name));
    on_path.or_else(|| Some(PathBuf::from(ON_MACOS)).filter(|path| path.is_file()))
}
