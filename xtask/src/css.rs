//! The style sheet: `style/main.css` and what it imports, in one minified file.

use std::path::Path;

use anyhow::{Result, anyhow};
use lightningcss::bundler::{Bundler, FileProvider};
use lightningcss::stylesheet::{MinifyOptions, ParserOptions, PrinterOptions};
use lightningcss::targets::{Browsers, Targets};

/// Bundles and minifies the sheet.
///
/// # Errors
/// A file that cannot be read or parsed, with its name and line.
pub fn bundle(entry: &Path) -> Result<String> {
    let provider = FileProvider::new();
    let mut bundler = Bundler::new(&provider, None, ParserOptions::default());
    let mut sheet = bundler.bundle(entry).map_err(|error| anyhow!("{error}"))?;
    let targets = targets();
    sheet
        .minify(MinifyOptions {
            targets,
            ..MinifyOptions::default()
        })
        .map_err(|error| anyhow!("{error}"))?;
    let printer = PrinterOptions {
        minify: true,
        targets,
        ..PrinterOptions::default()
    };
    Ok(sheet
        .to_css(printer)
        .map_err(|error| anyhow!("{error}"))?
        .code)
}

/// Browsers of the middle of 2024: they know nesting, `light-dark()`, `<dialog>` and popover, so nothing of that is
/// rewritten; what came later is.
fn targets() -> Targets {
    let version = |major: u32, minor: u32| Some((major << 16) | (minor << 8));
    Targets::from(Browsers {
        chrome: version(123, 0),
        edge: version(123, 0),
        firefox: version(125, 0),
        safari: version(17, 5),
        ios_saf: version(17, 5),
        ..Browsers::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn imports_become_one_minified_sheet_that_keeps_both_colour_schemes() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(
            folder.path().join("tokens.css"),
            ":root { --ink: light-dark(#111, #eee); }",
        )
        .unwrap();
        let main = folder.path().join("main.css");
        fs::write(
            &main,
            "@import \"tokens.css\" layer(tokens);\nbody { color: var(--ink); }",
        )
        .unwrap();
        assert_eq!(
            bundle(&main).unwrap(),
            "@layer tokens{:root{--ink:light-dark(#111,#eee)}}body{color:var(--ink)}"
        );
    }

    #[test]
    fn a_missing_import_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let main = folder.path().join("main.css");
        fs::write(&main, "@import \"absent.css\";").unwrap();
        assert!(bundle(&main).unwrap_err().to_string().contains("main.css"));
    }
}
