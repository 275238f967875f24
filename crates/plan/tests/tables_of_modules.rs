//! Modules from CSV and JSON: any column order, every error by line, nothing half imported.
#![expect(clippy::expect_used, reason = "a failure here is a failed test")]

use std::fmt::Write as _;

use plan::{
    LineError, ModuleInput, ModuleRow, check_modules, parse_modules_csv, parse_modules_json,
};

fn errors(result: Result<Vec<ModuleRow>, Vec<LineError>>) -> Vec<String> {
    result
        .expect_err("errors")
        .iter()
        .map(ToString::to_string)
        .collect()
}

#[test]
fn columns_come_in_any_order_and_cells_may_be_quoted() {
    let csv = "\u{feff}owner,Key,old path,name,phase\r\nDana,billing,\"src/a,b.py\",\"The \"\"old\"\" one\",Week 1-2\r\n,search,,,2\r\n";
    let rows = parse_modules_csv(csv.as_bytes()).unwrap();
    assert_eq!(rows.len(), 2);
    assert_eq!(
        (rows[0].key.as_str(), rows[0].name.as_str(), rows[0].line),
        ("billing", "The \"old\" one", 2)
    );
    assert_eq!(rows[0].old_path.as_deref(), Some("src/a,b.py"));
    assert_eq!(
        (rows[0].phase.as_deref(), rows[0].owner.as_deref()),
        (Some("Week 1-2"), Some("Dana"))
    );
    assert_eq!(
        (
            rows[1].name.as_str(),
            rows[1].owner.as_deref(),
            rows[1].line
        ),
        ("search", None, 3)
    );
}

#[test]
fn semicolons_and_tabs_separate_too() {
    assert_eq!(
        parse_modules_csv(b"key;name\na;A, B\n").unwrap()[0].name,
        "A, B"
    );
    assert_eq!(
        parse_modules_csv(b"key\tname\na\tA; B\n").unwrap()[0].name,
        "A; B"
    );
}

#[test]
fn every_error_is_told_by_line_and_no_row_comes_back() {
    let csv = "key,name\ngood,Fine\nBad Key,x\na-b,y\na_b,z\nmode,m\nshort\ngood,again\n\"multi\nline\",w\nlast,\"two\nlines\"\n";
    assert_eq!(
        errors(parse_modules_csv(csv.as_bytes())),
        [
            "line 3, key: a key holds only a-z, 0-9, - and _: replace 'B' (capitals in lower case, spaces as -)",
            "line 5, key: a_b is the same as a-b on line 4, since - and _ count as one: rename one of them",
            "line 6, key: \"mode\" is reserved for questions about a mode: choose another key",
            "line 7: 1 cells where the header names 2: quote cells that hold the separator",
            "line 8, key: good stands on line 2 already: keep one of them",
            "line 9, key: a key holds only a-z, 0-9, - and _: replace '\\n' (capitals in lower case, spaces as -)",
            "line 11, name: holds a line break or another control character: remove it",
        ]
    );
}

#[test]
fn headers_must_be_known_and_name_the_key() {
    assert_eq!(
        errors(parse_modules_csv(b"")),
        [
            "line 1: the file is empty: its first line names the columns, such as key,name,phase,owner,old_path,new_path"
        ]
    );
    let unknown = errors(parse_modules_csv(b"key,colour,name,name\na,b,c,d\n"));
    assert_eq!(unknown.len(), 2);
    assert!(
        unknown[0].starts_with("line 1, colour: unknown column"),
        "{unknown:?}"
    );
    assert!(
        unknown[1].starts_with("line 1, name: this column stands twice"),
        "{unknown:?}"
    );
    assert!(
        errors(parse_modules_csv(b"name\nx\n"))[0]
            .starts_with("line 1, key: the column is missing")
    );
}

#[test]
fn files_that_are_no_tables_are_refused() {
    assert!(errors(parse_modules_csv(b"key\na\0b\n"))[0].contains("line 2: not a text file"));
    assert!(errors(parse_modules_csv(b"key\n\xff\n"))[0].contains("line 2: not UTF-8"));
    assert!(errors(parse_modules_csv(&vec![b'a'; 6 << 20]))[0].contains("5 MiB are allowed"));
    let mut many = String::from("key\n");
    for n in 0..10_001 {
        writeln!(many, "m{n}").unwrap();
    }
    assert!(errors(parse_modules_csv(many.as_bytes()))[0].contains("more than 10000 modules"));
}

#[test]
fn the_same_comes_as_json_with_the_same_checks() {
    let json = br#"[
  {"key": "a", "name": "A", "phase": 2, "owner": "Dana", "old_path": "x", "new_path": "y"},
  {"key": "b"}
]"#;
    let rows = parse_modules_json(json).unwrap();
    assert_eq!((rows[0].phase.as_deref(), rows[0].line), (Some("2"), 2));
    assert_eq!((rows[1].name.as_str(), rows[1].line), ("b", 3));
    let bad = b"[\n {\"key\": \"a-1\"},\n {\"key\": \"a_1\"},\n {\"key\": \"c\", \"colour\": 1},\n {\"name\": \"x\"},\n {\"key\": \"\"}\n]";
    let errors_found = errors(parse_modules_json(bad));
    let lines: Vec<&str> = errors_found
        .iter()
        .map(|error| error.split([':', ',']).next().unwrap())
        .collect();
    assert_eq!(
        lines,
        ["line 3", "line 4", "line 5", "line 6"],
        "{errors_found:?}"
    );
    assert!(errors(parse_modules_json(b"{}"))[0].contains("not a list of modules"));
    let listed = check_modules(vec![ModuleInput {
        key: "x".into(),
        ..ModuleInput::default()
    }])
    .unwrap();
    assert_eq!((listed[0].name.as_str(), listed[0].line), ("x", 1));
}
