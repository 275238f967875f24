//! From built files to what is served: names that carry a hash, compressed forms, and a manifest.

use std::borrow::Cow;
use std::fs;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// What the server reads to write its hydration tags and to answer under `/assets/`.
#[derive(Serialize, Deserialize)]
pub struct Manifest {
    wasm: String,
    js: String,
    css: String,
    /// Every file served.
    pub files: Vec<Asset>,
}

/// One served file. Its `.br` and `.gz` forms lie beside it.
#[derive(Serialize, Deserialize)]
pub struct Asset {
    /// As it is addressed, below `/assets/`.
    pub name: String,
    /// Its media type.
    pub content_type: Cow<'static, str>,
    /// As it is.
    pub bytes: usize,
    /// As Brotli sends it.
    pub brotli_bytes: usize,
    gzip_bytes: usize,
}

/// How hard to compress. The hardest takes about a second for each 100 kB of WebAssembly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    /// As small as can be: for what is sent over a network.
    Smallest,
    /// At once: for the machine it was built on.
    Quick,
}

/// The built files, before they have their names.
pub struct Parts<'a> {
    /// The WebAssembly module.
    pub wasm: &'a [u8],
    /// The script that loads it. It is given the module's address, so it holds no name.
    pub js: &'a [u8],
    /// The style sheet.
    pub css: &'a [u8],
    /// Scripts the first imports by a relative path, with that path.
    pub snippets: &'a [(String, Vec<u8>)],
}

/// Writes the site into an empty folder.
pub fn write(folder: &Path, parts: &Parts<'_>, effort: Effort) -> Result<Manifest> {
    let add = |name: &str, kind, bytes: &[u8]| write_asset(folder, name, kind, bytes, effort);
    let wasm = hashed("wasm", parts.wasm);
    let js = hashed("js", parts.js);
    let css = hashed("css", parts.css);
    let mut files = vec![
        add(&wasm, "application/wasm", parts.wasm)?,
        add(&js, "text/javascript; charset=utf-8", parts.js)?,
        add(&css, "text/css; charset=utf-8", parts.css)?,
    ];
    for (path, bytes) in parts.snippets {
        files.push(add(path, "text/javascript; charset=utf-8", bytes)?);
    }
    let manifest = Manifest {
        wasm,
        js,
        css,
        files,
    };
    fs::write(
        folder.join("manifest.json"),
        serde_json::to_vec_pretty(&manifest)?,
    )?;
    Ok(manifest)
}

impl Manifest {
    /// Sizes for a person: each file as it is and as Brotli sends it, in kB of 1000 bytes.
    pub fn sizes(&self) -> String {
        let line = |asset: &Asset| {
            let kilobytes = |bytes: usize| bytes.div_ceil(1000);
            format!(
                "{} {} kB ({} kB br)",
                asset.name,
                kilobytes(asset.bytes),
                kilobytes(asset.brotli_bytes)
            )
        };
        self.files.iter().map(line).collect::<Vec<_>>().join(", ")
    }
}

/// `switchback.<first 16 hex digits of SHA-256>.<end>`: a changed file is a new address, so caches may keep it for ever.
fn hashed(end: &str, bytes: &[u8]) -> String {
    let digest = hex::encode(Sha256::digest(bytes));
    format!("switchback.{}.{end}", digest.get(..16).unwrap_or(&digest))
}

fn write_asset(
    folder: &Path,
    name: &str,
    content_type: &'static str,
    bytes: &[u8],
    effort: Effort,
) -> Result<Asset> {
    let path = folder.join(name);
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    let brotli = brotli(bytes, effort)?;
    let gzip = gzip(bytes, effort)?;
    fs::write(&path, bytes).with_context(|| format!("cannot write {}", path.display()))?;
    fs::write(folder.join(format!("{name}.br")), &brotli)?;
    fs::write(folder.join(format!("{name}.gz")), &gzip)?;
    Ok(Asset {
        name: name.to_owned(),
        content_type: content_type.into(),
        bytes: bytes.len(),
        brotli_bytes: brotli.len(),
        gzip_bytes: gzip.len(),
    })
}

fn brotli(bytes: &[u8], effort: Effort) -> Result<Vec<u8>> {
    let mut compressed = Vec::new();
    let quality = match effort {
        Effort::Smallest => 11,
        Effort::Quick => 4,
    };
    let parameters = brotli::enc::BrotliEncoderParams {
        quality,
        lgwin: 22,
        ..Default::default()
    };
    brotli::BrotliCompress(&mut &*bytes, &mut compressed, &parameters)?;
    Ok(compressed)
}

fn gzip(bytes: &[u8], effort: Effort) -> Result<Vec<u8>> {
    let level = match effort {
        Effort::Smallest => Compression::best(),
        Effort::Quick => Compression::fast(),
    };
    let mut encoder = GzEncoder::new(Vec::new(), level);
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    fn site(css: &[u8]) -> (tempfile::TempDir, serde_json::Value) {
        let folder = tempfile::tempdir().unwrap();
        let snippets = [("snippets/a/inline0.js".to_owned(), b"export {}".to_vec())];
        let parts = Parts {
            wasm: b"\0asm",
            js: b"export default 1",
            css,
            snippets: &snippets,
        };
        write(folder.path(), &parts, Effort::Smallest).unwrap();
        let manifest = fs::read(folder.path().join("manifest.json")).unwrap();
        (folder, serde_json::from_slice(&manifest).unwrap())
    }

    #[test]
    fn every_file_of_the_manifest_lies_there_in_three_forms() {
        let (folder, manifest) = site(b"body{color:red}body{color:red}");
        let files = manifest["files"].as_array().unwrap();
        assert_eq!(files.len(), 4);
        for file in files {
            let name = file["name"].as_str().unwrap();
            let plain = fs::read(folder.path().join(name)).unwrap();
            let mut unpacked = Vec::new();
            let brotli = fs::read(folder.path().join(format!("{name}.br"))).unwrap();
            brotli::BrotliDecompress(&mut &*brotli, &mut unpacked).unwrap();
            assert_eq!(unpacked, plain);
            let gzip = fs::read(folder.path().join(format!("{name}.gz"))).unwrap();
            unpacked.clear();
            flate2::read::GzDecoder::new(&*gzip)
                .read_to_end(&mut unpacked)
                .unwrap();
            assert_eq!(unpacked, plain);
            assert_eq!(file["brotli_bytes"], brotli.len());
        }
    }

    #[test]
    fn only_the_changed_file_has_a_new_address() {
        let (_, before) = site(b"body{color:red}");
        let (_, after) = site(b"body{color:blue}");
        assert_ne!(before["css"], after["css"]);
        assert_eq!(before["wasm"], after["wasm"]);
        assert_eq!(before["js"], after["js"]);
    }
}
