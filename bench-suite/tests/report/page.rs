//! The page as a browser shows it, where there is one: in PATH, or named by BENCH_SUITE_BROWSER.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::suite::{Run, finish, run};

const BROWSERS: [&str; 4] =
    ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
/// A page around two others, as wide as a desk and a phone have it, which says what is to be seen of them.
const AROUND: &str = include_str!("around.html");

#[test]
fn a_browser_shows_the_page_whole_at_a_desk_and_on_a_phone_and_asks_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let page = page(folder.path());
    for part in
        ["http:", "https:", "<script", "@import", "url(", " src=", "<link rel=\"stylesheet\""]
    {
        assert!(!page.contains(part), "{part} in the page");
    }
    let Some(browser) = browser() else {
        println!("skipped: there is no browser");
        return;
    };
    let around = folder.path().join("around.html");
    let quoted = page.replace('&', "&amp;").replace('"', "&quot;");
    fs::write(&around, AROUND.replace("THE PAGE", &quoted)).unwrap();
    for scheme in ["light", "dark"] {
        let shown = show(&browser, folder.path(), &around, scheme);
        // What the page around says is heard, and so would be an error of the page.
        let console: Vec<&str> =
            shown.stderr.lines().filter(|line| line.contains("CONSOLE")).collect();
        assert!(
            matches!(console[..], [line] if line.contains("all was looked at")),
            "{}",
            shown.stderr
        );
        let told = shown.stdout.split_once("<pre>").and_then(|(_, text)| text.split_once("</pre>"));
        let (told, _) = told.unwrap_or_else(|| panic!("{}", shown.stdout));
        let told: Value = serde_json::from_str(
            &told.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"),
        )
        .unwrap();
        let views = told.as_array().unwrap();
        assert_eq!(views.len(), 2, "{told}");
        for view in views {
            assert_eq!(view["scheme"], scheme, "{view}");
            assert!(view["plots"].as_u64() > Some(5) && view["bars"].as_u64() > Some(50), "{view}");
            for fault in ["requests", "overlaps", "outside", "faint"] {
                assert_eq!(view[fault], Value::Array(Vec::new()), "{fault} of {view}");
            }
        }
    }
}

/// The page of a run of next to no work, with all that one can have.
fn page(folder: &Path) -> String {
    let [saved, out] = ["saved", "out"].map(|name| folder.join(name).to_str().unwrap().to_owned());
    let tables = ["worker", "isolation", "round_trip", "throughput", "participants", "primes"];
    let only = |tables: &[&'static str]| -> Vec<&str> {
        tables.iter().flat_map(|&table| ["--only", table]).collect()
    };
    let before = run(&[
        &only(&tables[..1])[..],
        &["--peers", "rust", "--saved", &saved, "--save", "before"],
    ]
    .concat());
    assert!(before.status.success(), "{}", before.stderr);
    let after =
        run(&[&only(&tables)[..], &["--saved", &saved, "--compare", "before", "--out", &out]]
            .concat());
    // Whether it is slower than before is nothing to this.
    assert!(matches!(after.status.code(), Some(0 | 3)), "{}", after.stderr);
    fs::read_to_string(folder.join("out/report.html")).unwrap()
}

/// One that starts: some systems have a file of that name which only tells how to install it.
fn browser() -> Option<PathBuf> {
    if let Some(browser) = env::var_os("BENCH_SUITE_BROWSER") {
        return Some(browser.into());
    }
    let starts = |browser: &PathBuf| {
        let version = Command::new(browser).arg("--version").output();
        version.is_ok_and(|output| output.status.success())
    };
    BROWSERS.into_iter().map(PathBuf::from).find(starts)
}

/// Has a browser without a window show a file, and tell what became of it.
fn show(browser: &Path, folder: &Path, file: &Path, scheme: &str) -> Run {
    let mut command = Command::new(browser);
    command.args([
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--no-first-run",
    ]);
    // A request of the page leads nowhere, and is told.
    command.arg("--host-resolver-rules=MAP * ~NOTFOUND");
    command.args(["--enable-logging=stderr", "--log-level=0", "--window-size=1400,1000"]);
    let number = if scheme == "dark" { 0 } else { 1 };
    command.arg(format!("--blink-settings=preferredColorScheme={number}"));
    command.arg(format!("--user-data-dir={}", folder.join("browser").display()));
    command.arg("--dump-dom").arg(format!("file://{}", file.display()));
    let shown = finish(&mut command);
    assert!(shown.status.success(), "{}", shown.stderr);
    shown
}
