//! What is wrong with a report of next to no work.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::suite::WATCHDOG;

use super::expected::{BARRIER, CONDITION, EVENT, Expected, Places, Tables};

/// Everything in a report that is not as it has to be, a sentence each. Where there is no Python, its rows are missing.
pub fn faults(report: &Value, expected: Tables, python_is_here: bool) -> Vec<String> {
    let mut faults = Vec::new();
    if report["schema"] != json!({"name": "bench-suite results", "version": 2}) {
        faults.push(format!("the schema is {}", report["schema"]));
    }
    let processors = report["machine"]["processors"].as_u64().unwrap_or_default();
    if processors == 0 {
        faults.push("the machine has no processors".to_owned());
    }
    let found: Vec<&str> = tables(report).map(|table| text(&table["name"])).collect();
    let names: Vec<&str> = expected.iter().map(|table| table.name).collect();
    if found != names {
        faults.push(format!("there are {found:?} instead of {names:?}"));
    }
    for (table, expected) in tables(report).zip(expected) {
        faults.extend(wrong_rows(table, expected, processors));
        let memory = report["machine"]["memory"].as_f64();
        let fault = |row| {
            let fault = fault(row, table, python_is_here).or_else(|| {
                is_out_of_all(row, table, memory).then(|| "nothing is like that".into())
            })?;
            Some(format!("{}: {fault}: {row}", expected.name))
        };
        faults.extend(rows(table).filter_map(fault));
    }
    faults
}

/// The rows that a table has too few or too many, by their ids and places.
fn wrong_rows(table: &Value, expected: &Expected, processors: u64) -> Vec<String> {
    let found: Vec<(&str, &str)> = rows(table).map(|row| (text(&row["id"]), place(row))).collect();
    let workers = [1, processors, 2 * processors].map(|workers| workers.to_string());
    let places: Vec<&str> = match expected.places {
        Places::None => vec![""],
        Places::Workers => workers.iter().map(String::as_str).collect(),
        Places::These(places) => places.to_vec(),
    };
    let mut faults = Vec::new();
    let stands = |id: &str, place: &str| {
        let some = expected.somewhere.iter().find(|(one, _)| *one == id);
        some.is_none_or(|(_, places)| places.contains(&place))
    };
    let ids = expected.rows.iter();
    let wanted = ids.flat_map(|&id| places.iter().map(move |&place| (id, place)));
    let wanted: BTreeSet<_> = wanted.filter(|(id, place)| stands(id, place)).collect();
    let is_twice = found.len() > wanted.len();
    let found = found.into_iter().collect();
    let is_missing = |row| format!("{}: {row:?} is missing", expected.name);
    let is_new = |row| format!("{}: {row:?} is not known here", expected.name);
    faults.extend(wanted.difference(&found).map(is_missing));
    faults.extend(found.difference(&wanted).map(is_new));
    if is_twice {
        faults.push(format!("{}: a row stands there twice", expected.name));
    }
    faults
}

/// Where on the axis a row stands.
fn place(row: &Value) -> &str {
    row["point"]["label"].as_str().unwrap_or_default()
}

/// What is wrong with a row of this table.
fn fault(row: &Value, table: &Value, python_is_here: bool) -> Option<String> {
    let (id, table) = (text(&row["id"]), text(&table["name"]));
    let expected = match table {
        _ if row["family"] == "python" && !python_is_here => "missing",
        _ if is_optional(id) && row["status"] == "missing" => "missing",
        "recovery" if may_hang(id) && row["status"] == "hung" => "hung",
        "isolation" => "seen",
        _ => "measured",
    };
    if row["status"] != expected {
        return Some(format!("it should be {expected}"));
    }
    match expected {
        "seen" => {
            (!text(&row["what"]).contains(seen(id))).then(|| format!("{:?} was not seen", seen(id)))
        }
        "measured" => implausible(row, table).map(ToOwned::to_owned),
        _ => text(&row["reason"]).is_empty().then(|| "it has no reason".to_owned()),
    }
}

/// Whether a peer is one that most do not have: it is not of Python's own, or needs more than this workspace to build.
pub fn is_optional(id: &str) -> bool {
    id.contains("loky") || id == "iceoryx2"
}

/// Whether that is one that waits for the dead for ever, with the Pythons that there are.
pub fn may_hang(id: &str) -> bool {
    ["python_pool_worker", "python_lock_holder", "python_queue_last_sender", "python_queue_sender"]
        .contains(&id)
}

/// What has to be seen of who shares and of who crashes.
fn seen(id: &str) -> &str {
    match id {
        "threads_share" | "python_threads_share" => "the parent sees 4",
        "processes_share_not" | "python_processes_share_not" => "the parent sees 0",
        "thread_crashes" => "the whole program died",
        _ => "the parent went on",
    }
}

/// What no measurement can have given.
fn implausible(row: &Value, table: &str) -> Option<&'static str> {
    let order = |figures: &Value| {
        let [median, min, max] =
            ["median", "min", "max"].map(|key| figures[key].as_f64().unwrap_or_default());
        0.0 < min && min <= median && median <= max && max.is_finite()
    };
    let is_tail = match table {
        "round_trip" => true,
        "primitives" => [EVENT, CONDITION, BARRIER].contains(&place(row)),
        _ => false,
    };
    let is_compared = ["primes", "fetch", "task_length"].contains(&table)
        && !text(&row["id"]).ends_with("sequential");
    let over = if row["family"] == "python" { "python_sequential" } else { "sequential" };
    let speed_up = &row["speed_up"];
    let ends = |samples: &Vec<Value>| {
        let samples = samples.iter().filter_map(Value::as_f64);
        let ends = samples.map(|one| (one, one)).reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
        ends == row["min"].as_f64().zip(row["max"].as_f64())
    };
    if !order(row) {
        Some("its figures are none")
    } else if !row["samples"].as_array().is_some_and(ends) {
        Some("its figures are not those of its rounds")
    } else if row["samples"].as_array().is_none_or(|samples| samples.len() != 2) {
        Some("it has not made two rounds")
    } else if row["amount"].as_u64().is_none_or(|amount| amount == 0) {
        Some("it has done nothing")
    } else if is_tail != row["tail"].is_object()
        || is_tail && !order(&row["tail"])
        || is_tail && row["tail"]["median"].as_f64() < row["median"].as_f64()
    {
        Some("the slow ones are not told right")
    } else if is_compared != speed_up.is_object() {
        Some("it is not compared as it should be")
    } else if is_compared
        && (speed_up["over"] != over
            || speed_up["factor"].as_f64().is_none_or(|factor| factor <= 0.0))
    {
        Some("it is compared with another")
    } else {
        None
    }
}

/// Whether no run of these can have given that figure: all of them are over long before the watchdog, nothing is done
/// in less than a nanosecond, and nobody has more memory than the machine or less than a byte.
fn is_out_of_all(row: &Value, table: &Value, memory: Option<f64>) -> bool {
    let [median, amount, at] = [&row["median"], &row["amount"], &row["point"]["at"]]
        .map(|value| value.as_f64().unwrap_or(1.0));
    let seconds = match text(&table["measure"]) {
        _ if row["status"] != "measured" => return false,
        "seconds" => median,
        "seconds_each" => median * amount,
        "per_second" => amount / median,
        "bytes_per_second" => amount * at / median,
        "bytes_each" => return !(1.0..=memory.unwrap_or(f64::MAX)).contains(&median),
        _ => return true,
    };
    !(1e-9..WATCHDOG.as_secs_f64()).contains(&seconds)
}

/// The tables of a report.
pub fn tables(report: &Value) -> impl Iterator<Item = &Value> {
    report["tables"].as_array().unwrap().iter()
}

/// The rows of a table.
pub fn rows(table: &Value) -> impl Iterator<Item = &Value> {
    table["rows"].as_array().unwrap().iter()
}

/// A text; none where there is no text.
pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
