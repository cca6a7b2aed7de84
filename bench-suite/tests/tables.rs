//! Every table of the suite, with next to no work, and every peer that Linux has.
#![cfg(target_os = "linux")]

mod report;
mod suite;

use serde_json::Value;

use report::breaks::every_break_is_told;
use report::expected::{DEATHS, POOLS, PRIMITIVES, Tables, WAYS, WORKERS};
use report::faults::{faults, rows, tables, text};
use suite::{python_is_here, read, run};

#[test]
fn threads_against_processes_has_every_row_with_plausible_figures() {
    every_row_is_plausible(WORKERS);
}

#[test]
fn every_way_from_one_to_another_has_plausible_figures() {
    every_row_is_plausible(WAYS);
}

#[test]
fn every_primitive_has_plausible_figures() {
    every_row_is_plausible(PRIMITIVES);
}

#[test]
fn every_pool_has_plausible_figures() {
    every_row_is_plausible(POOLS);
}

#[test]
fn every_death_has_plausible_figures_or_is_known_to_hang() {
    every_row_is_plausible(DEATHS);
}

#[test]
fn no_table_is_left_out_of_these_tests() {
    let told = run(&["--only", "nonsense"]).stderr;
    let (_, names) = told.split_once("[possible values: ").unwrap();
    let (names, _) = names.split_once(']').unwrap();
    let tables = [WORKERS, WAYS, PRIMITIVES, POOLS, DEATHS].concat();
    let tables: Vec<&str> = tables.into_iter().map(|table| table.name).collect();
    assert_eq!(names.split(", ").collect::<Vec<_>>(), tables);
}

fn every_row_is_plausible(expected: Tables) {
    let folder = tempfile::tempdir().unwrap();
    let published = folder.path().join("RESULTS.md");
    let [out, publish] = [folder.path(), &published].map(|path| path.to_str().unwrap());
    let only = expected.iter().flat_map(|table| ["--only", table.name]);
    let only: Vec<_> = only.collect();
    let run = run(&[&only[..], &["--out", out, "--publish", publish]].concat());
    assert!(run.status.success(), "{}\n{}", run.stderr, run.stdout);

    let report = read(&folder.path().join("results.json"));
    let python_is_here = python_is_here();
    let faults = faults(&report, expected, python_is_here);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    every_break_is_told(&report, expected, python_is_here);

    let written = std::fs::read_to_string(folder.path().join("report.md")).unwrap();
    assert_eq!(written, run.stdout);
    let published = std::fs::read_to_string(&published).unwrap();
    let command = published.strip_prefix(&*written).unwrap();
    let optional = |row: &Value| text(&row["id"]) == "iceoryx2" && row["status"] != "missing";
    let flag = if tables(&report).flat_map(rows).any(optional) { "--iceoryx2 " } else { "" };
    let typed = format!("`cargo xtask bench --quick {flag}-- --tiny {}`", only.join(" "));
    assert!(command.contains(&typed), "{typed} in {command}");
    let page = std::fs::read_to_string(folder.path().join("report.html")).unwrap();
    for label in tables(&report).flat_map(rows).map(|row| text(&row["label"])) {
        assert!(written.contains(&format!("| {label} ")), "{label}");
        let escaped = label.replace('<', "&lt;").replace('>', "&gt;");
        assert!(page.contains(&escaped), "{label}");
    }
}
