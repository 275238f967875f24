//! The browser's half of the pages: `frontend` compiled to WebAssembly, its script and the style sheet, named by hash,
//! compressed, and laid where the server's build embeds them.
//!
//! Each part has a stamp of what it was made from, and is not made again while that has not changed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use wasm_bindgen_cli_support::Bindgen;

use crate::assets::{self, Effort, Parts};
use crate::css;
use crate::inputs::{files, fingerprint, is_done};
use crate::node;
use crate::project::Project;
use crate::tools::{note, run_program, step};
use crate::wasm_target::{self, TARGET};

/// Everything the WebAssembly module is compiled from.
const WASM_SOURCES: [&str; 9] = [
    "app",
    "crates/domain",
    "crates/flags",
    "frontend",
    "Cargo.toml",
    "Cargo.lock",
    ".cargo/config.toml",
    "xtask/src/site.rs",
    "xtask/src/assets.rs",
];
const CSS_SOURCES: [&str; 2] = ["style", "xtask/src/css.rs"];

const BINARYEN: &str = "132.0.0";
/// Exactly the features the compiler and wasm-bindgen use. With `--all-features` wasm-opt writes a form of import that
/// browsers refuse.
const WASM_OPT: [&str; 7] = [
    "-Oz",
    "--enable-bulk-memory",
    "--enable-nontrapping-float-to-int",
    "--enable-sign-ext",
    "--enable-mutable-globals",
    "--enable-reference-types",
    "--enable-multivalue",
];

/// How the module is compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WasmProfile {
    /// For small files: what is released, shown and tested.
    Release,
    /// For short builds: what `cargo xtask dev` serves.
    Dev,
}

impl WasmProfile {
    fn effort(self) -> Effort {
        match self {
            Self::Release => Effort::Smallest,
            Self::Dev => Effort::Quick,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Release => "wasm-release",
            Self::Dev => "wasm-dev",
        }
    }
}

/// Builds what has changed and lays the site into `server/site`.
pub fn build(project: &Project, profile: WasmProfile) -> Result<()> {
    let parts = project.target.join("site-parts").join(profile.name());
    fs::create_dir_all(&parts)?;
    // Two builds at once would lay half of each other's files.
    let lock = fs::File::create(project.target.join("site.lock"))?;
    lock.lock()?;
    let wasm_stamp = build_wasm(project, profile, &parts)?;
    let css_stamp = build_css(project, &parts)?;
    assemble(project, profile, &parts, &[&wasm_stamp, &css_stamp])?;
    lay_into_server(project)
}

/// Every file the site is built from, for who watches them.
pub fn sources(project: &Project) -> Result<Vec<PathBuf>> {
    files(
        &project.root,
        &[&WASM_SOURCES[..], &CSS_SOURCES[..]].concat(),
    )
}

fn build_wasm(project: &Project, profile: WasmProfile, parts: &Path) -> Result<String> {
    let toolchain = wasm_target::find_or_make(project)?;
    let version = toolchain.version(project)?;
    let wanted = fingerprint(&project.root, &WASM_SOURCES, &[profile.name(), &version])?;
    let stamp = parts.join("wasm.stamp");
    if is_done(&stamp, &wanted) {
        return Ok(wanted);
    }
    step(
        "frontend to WebAssembly (the first time some minutes)",
        || {
            let mut cargo = toolchain.cargo(project);
            run_program(cargo.args([
                "build",
                "--locked",
                "--package",
                "frontend",
                "--target",
                TARGET,
                "--profile",
                profile.name(),
            ]))
        },
    )?;
    let module = project
        .target
        .join("wasm")
        .join(TARGET)
        .join(profile.name())
        .join("frontend.wasm");
    step("wasm-bindgen", || bind(&module, &parts.join("bound")))?;
    let bound = parts.join("bound/switchback_bg.wasm");
    match profile {
        WasmProfile::Release => optimise(project, &bound)?,
        WasmProfile::Dev => {}
    }
    fs::write(stamp, &wanted)?;
    Ok(wanted)
}

/// Writes `switchback.js` and `switchback_bg.wasm`. The script holds no address of the module: the page gives it.
fn bind(module: &Path, folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    Bindgen::new()
        .input_path(module)
        .out_name("switchback")
        .web(true)?
        .typescript(false)
        .omit_default_module_path(true)
        .remove_name_section(true)
        .remove_producers_section(true)
        .generate(folder)
        .with_context(|| format!("wasm-bindgen cannot bind {}", module.display()))
}

/// Makes the module smaller where binaryen can be had. Without it the module works all the same.
fn optimise(project: &Project, module: &Path) -> Result<()> {
    let programs = match node::tool(project, "binaryen", BINARYEN) {
        Ok(programs) => programs,
        Err(error) => {
            note(&format!(
                "wasm-opt is left out, the module stays larger: {error:#}"
            ));
            return Ok(());
        }
    };
    let smaller = module.with_extension("opt.wasm");
    step("wasm-opt", || {
        let mut command = Command::new(programs.join("wasm-opt"));
        run_program(command.args(WASM_OPT).arg(module).arg("-o").arg(&smaller))
    })?;
    fs::rename(smaller, module)?;
    Ok(())
}

fn build_css(project: &Project, parts: &Path) -> Result<String> {
    let wanted = fingerprint(&project.root, &CSS_SOURCES, &[])?;
    let stamp = parts.join("css.stamp");
    if is_done(&stamp, &wanted) {
        return Ok(wanted);
    }
    let sheet = step("style sheet", || {
        css::bundle(&project.root.join("style/main.css"))
    })?;
    fs::write(parts.join("switchback.css"), sheet)?;
    fs::write(stamp, &wanted)?;
    Ok(wanted)
}

fn assemble(project: &Project, profile: WasmProfile, parts: &Path, stamps: &[&str]) -> Result<()> {
    let site = project.site();
    let stamp = project.target.join("site.stamp");
    let wanted = stamps.join("\n");
    if is_done(&stamp, &wanted) && site.join("manifest.json").exists() {
        return Ok(());
    }
    if site.exists() {
        fs::remove_dir_all(&site)?;
    }
    fs::create_dir_all(&site)?;
    let manifest = step("hashed names and compression", || {
        let bound = parts.join("bound");
        let snippets = read_snippets(&bound)?;
        let wasm = fs::read(bound.join("switchback_bg.wasm"))?;
        let js = fs::read(bound.join("switchback.js"))?;
        let css = fs::read(parts.join("switchback.css"))?;
        let parts = Parts {
            wasm: &wasm,
            js: &js,
            css: &css,
            snippets: &snippets,
        };
        assets::write(&site, &parts, profile.effort())
    })?;
    note(&format!("site: {}", manifest.sizes()));
    fs::write(stamp, wanted)?;
    Ok(())
}

/// Scripts that crates bring along, with the relative path by which `switchback.js` imports them.
fn read_snippets(bound: &Path) -> Result<Vec<(String, Vec<u8>)>> {
    let mut snippets = Vec::new();
    for file in files(bound, &["snippets"])? {
        let path = file.strip_prefix(bound)?.to_string_lossy().into_owned();
        snippets.push((path, fs::read(&file)?));
    }
    Ok(snippets)
}

/// Makes `server/site`, which the server embeds, the same as the finished site, and leaves alone what already is.
fn lay_into_server(project: &Project) -> Result<()> {
    let site = project.site();
    let embedded = project.root.join("server/site");
    let wanted = files(&site, &["."])?;
    for file in &wanted {
        let copy = embedded.join(file.strip_prefix(&site)?);
        let bytes = fs::read(file)?;
        if fs::read(&copy).is_ok_and(|old| old == bytes) {
            continue;
        }
        if let Some(parent) = copy.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(copy, bytes)?;
    }
    for file in files(&embedded, &["."])? {
        if !site.join(file.strip_prefix(&embedded)?).exists() {
            fs::remove_file(file)?;
        }
    }
    Ok(())
}
