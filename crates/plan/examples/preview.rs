//! Prints what a plan is read as: `cargo run -p plan --example preview -- FILE START_DATE [--markdown]`.

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [file, start, options @ ..] = arguments.as_slice() else {
        eprintln!("usage: preview FILE START_DATE [--markdown]");
        return ExitCode::FAILURE;
    };
    match preview(
        file,
        start,
        options.iter().any(|option| option == "--markdown"),
    ) {
        Ok(text) => {
            println!("{text}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn preview(file: &str, start: &str, markdown: bool) -> Result<String, Box<dyn std::error::Error>> {
    let plan = plan::parse_markdown(&std::fs::read(file)?, start.parse()?)?;
    Ok(if markdown {
        plan::to_markdown(&plan)
    } else {
        serde_json::to_string_pretty(&plan)?
    })
}
