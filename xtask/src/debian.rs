//! Debian's packages: installing them, and a WebAssembly toolchain made from them.
//!
//! Debian packages a compiler and the standard library's source, but no library for WebAssembly and no linker for it.
//! The library is built once from that source; the linker is the active toolchain's.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::IsTerminal;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::project::{Project, forget_outer_toolchain};
use crate::tools::{find_program, missing, note, output_of, run_program, step};
use crate::wasm_target::{TARGET, has_standard_library};

const PACKAGES: [&str; 5] = [
    "rustc-web",
    "cargo-web",
    "rust-web-src",
    "libstd-rust-web-dev",
    "rust-web-llvm",
];
const PREFIX: &str = "/usr";
const SOURCE: &str = "/usr/lib/rustlib/src/rust/library";
/// Holds the version of the compiler that built the library: a newer compiler cannot read it.
const STAMP: &str = "switchback-built-by";

/// Debian's compiler, whatever toolchain is active.
pub fn rustc() -> Command {
    let mut command = Command::new(Path::new(PREFIX).join("bin/rustc"));
    forget_outer_toolchain(&mut command);
    command
}

/// Whether a toolchain made earlier is there and complete.
pub fn is_ready() -> bool {
    let built_by = fs::read_to_string(library_folder().join(STAMP)).ok();
    built_by.is_some()
        && built_by == output_of(rustc().arg("-vV"))
        && has_standard_library(&library_folder())
        && is_linked()
}

/// Installs the packages, builds the library, links the linker and names the toolchain `debian`.
pub fn make(project: &Project) -> Result<()> {
    if find_program("rustup").is_none() {
        return Err(missing(
            "rustup, which chooses between toolchains",
            "your system's package manager, or the installer on Rust's own site",
        ));
    }
    if !PACKAGES.iter().all(|package| is_installed(package)) {
        install(&PACKAGES)?;
    }
    if is_ready() {
        return Ok(());
    }
    let built = step(
        "standard library for WebAssembly (once, about a minute)",
        || build_library(project),
    )?;
    copy_library(&built)?;
    link_linker()?;
    let mut link = Command::new("rustup");
    forget_outer_toolchain(&mut link);
    run_program(link.args(["toolchain", "link", "debian", PREFIX]))?;
    if !is_ready() {
        bail!("the toolchain was made, but `cargo +debian` does not find it");
    }
    Ok(())
}

/// Installs Debian packages as root, or through sudo; refreshes the lists where they are missing or too old.
pub fn install(packages: &[&str]) -> Result<()> {
    let names = packages.join(" ");
    let mend = format!("apt-get install --no-install-recommends {names}");
    if find_program("apt-get").is_none() {
        return Err(missing(
            &format!("the programs of Debian's {names}"),
            "your system's package manager",
        ));
    }
    step(&format!("apt-get install {names}"), || {
        let mut install = vec!["apt-get", "install", "--yes", "--no-install-recommends"];
        install.extend(packages);
        if have_package_lists() && run_program(&mut as_root(&install)?).is_ok() {
            return Ok(());
        }
        note("fetching the package lists");
        run_program(&mut as_root(&["apt-get", "update"])?)?;
        run_program(&mut as_root(&install)?)
    })
    .map_err(|error| missing(&format!("{names} ({error:#})"), &mend))
}

/// Whether clippy of the same version is there, or could be installed.
pub fn have_clippy() -> bool {
    is_installed("rust-web-clippy") || install(&["rust-web-clippy"]).is_ok()
}

fn is_installed(package: &str) -> bool {
    let mut query = Command::new("dpkg-query");
    query.args(["--show", "--showformat=${db:Status-Status}", package]);
    output_of(&mut query).is_some_and(|status| status == "installed")
}

fn is_linked() -> bool {
    let mut query = Command::new("rustc");
    forget_outer_toolchain(&mut query);
    let sysroot = output_of(query.args(["+debian", "--print", "sysroot"]));
    sysroot.is_some_and(|sysroot| sysroot == PREFIX)
}

fn have_package_lists() -> bool {
    let Ok(entries) = fs::read_dir("/var/lib/apt/lists") else {
        return false;
    };
    entries
        .flatten()
        .any(|entry| entry.file_name().to_string_lossy().contains("_Packages"))
}

fn as_root(words: &[&str]) -> Result<Command> {
    let is_root = fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0);
    let mut command = if is_root {
        Command::new("env")
    } else if find_program("sudo").is_some() {
        let mut sudo = Command::new("sudo");
        if !std::io::stdin().is_terminal() {
            sudo.arg("--non-interactive");
        }
        sudo.arg("env");
        sudo
    } else {
        bail!("`{}` needs root, and there is no sudo", words.join(" "));
    };
    command.arg("DEBIAN_FRONTEND=noninteractive").args(words);
    Ok(command)
}

fn library_folder() -> PathBuf {
    Path::new(PREFIX)
        .join("lib/rustlib")
        .join(TARGET)
        .join("lib")
}

/// Builds the standard library out of Debian's source; gives the folder of its `.rlib` files.
fn build_library(project: &Project) -> Result<PathBuf> {
    let target = project.target.join("wasm-std");
    // Libraries of another compiler version would be copied along with the new ones.
    if target.exists() {
        fs::remove_dir_all(&target)?;
    }
    let bin = Path::new(PREFIX).join("bin");
    let mut command = Command::new(bin.join("cargo"));
    forget_outer_toolchain(&mut command);
    let mut path = OsString::from(&bin);
    path.push(":");
    path.push(env::var_os("PATH").unwrap_or_default());
    command
        .current_dir(SOURCE)
        .env("PATH", path)
        .env("CARGO_TARGET_DIR", &target)
        .env("RUSTC_BOOTSTRAP", "1")
        .env("__CARGO_DEFAULT_LIB_METADATA", "stablestd")
        .env(
            "RUSTFLAGS",
            "-Cforce-unwind-tables=no -Cembed-bitcode=yes -Zforce-unstable-if-unmarked",
        )
        .args(["build", "--release", "--target", TARGET])
        .args([
            "--manifest-path",
            "sysroot/Cargo.toml",
            "--features",
            "panic-unwind",
        ]);
    run_program(&mut command)?;
    Ok(target.join(TARGET).join("release/deps"))
}

fn copy_library(built: &Path) -> Result<()> {
    let folder = library_folder();
    let folder = folder.to_str().context("the library folder is not UTF-8")?;
    let stamp = built.join(STAMP);
    fs::write(
        &stamp,
        output_of(rustc().arg("-vV")).context("Debian's rustc does not tell its version")?,
    )?;
    let mut files: Vec<String> = Vec::new();
    for entry in fs::read_dir(built)? {
        let path = entry?.path();
        if path.extension().is_some_and(|end| end == "rlib") {
            files.push(path.to_string_lossy().into_owned());
        }
    }
    // The stamp last: a copy cut short must not look complete.
    files.push(stamp.to_string_lossy().into_owned());
    run_program(&mut as_root(&["rm", "-rf", folder])?)?;
    run_program(&mut as_root(&["mkdir", "-p", folder])?)?;
    let mut words = vec!["cp"];
    words.extend(files.iter().map(String::as_str));
    words.push(folder);
    run_program(&mut as_root(&words)?)
}

/// Debian's packages leave out `rust-lld`; the active toolchain's does the same work.
fn link_linker() -> Result<()> {
    let version =
        output_of(rustc().arg("-vV")).context("Debian's rustc does not tell its version")?;
    let host = version
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .context("rustc names no host")?;
    let inside = Path::new("lib/rustlib").join(host).join("bin");
    let wanted = Path::new(PREFIX).join(&inside).join("rust-lld");
    if wanted.exists() {
        return Ok(());
    }
    let sysroot = output_of(Command::new("rustc").args(["--print", "sysroot"]))
        .context("rustc names no sysroot")?;
    let ours = Path::new(&sysroot).join(&inside).join("rust-lld");
    if !ours.exists() {
        return Err(missing(
            "rust-lld, the linker for WebAssembly",
            "rustup component add llvm-tools",
        ));
    }
    let (ours, wanted) = (ours.to_string_lossy(), wanted.to_string_lossy());
    run_program(&mut as_root(&["ln", "-sfn", &ours, &wanted])?)
}
