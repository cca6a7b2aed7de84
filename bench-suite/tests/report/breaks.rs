//! That what is wrong with a report is told.

use serde_json::{Value, json};

use super::expected::Tables;
use super::faults::{faults, is_optional, may_hang, rows, tables, text};

/// Breaks a sound report in every way that one can be broken, and tries whether that is told.
pub fn every_break_is_told(report: &Value, expected: Tables, python_is_here: bool) {
    let told = |what: &str, change: &dyn Fn(&mut Value)| {
        let mut broken = report.clone();
        change(&mut broken);
        assert_ne!(broken, *report, "{what} changes nothing");
        assert!(!faults(&broken, expected, python_is_here).is_empty(), "{what} is not told");
    };
    told("another schema", &|report| report["schema"]["version"] = json!(1));
    told("no machine", &|report| report["machine"]["processors"] = json!(0));
    for (index, table) in tables(report).enumerate() {
        let name = text(&table["name"]);
        told(&format!("{name} left out"), &|report| {
            report["tables"].as_array_mut().unwrap().remove(index);
        });
        for (number, row) in rows(table).enumerate() {
            let told = |what: &str, change: &dyn Fn(&mut Value)| {
                told(&format!("{what} of {name}, {row}"), &|report| {
                    change(&mut report["tables"][index]["rows"][number]);
                });
            };
            told("another name", &|row| row["id"] = json!("nobody"));
            told("another status", &|row| row["status"] = json!("failed"));
            if !may_hang(text(&row["id"])) {
                told("a hang", &|row| {
                    (row["status"], row["reason"]) = (json!("hung"), json!("killed after 2 s"));
                });
            }
            match text(&row["status"]) {
                "measured" => {
                    told("a peer that is missing", &|row| {
                        row["status"] = if is_optional(text(&row["id"])) {
                            json!("hung")
                        } else {
                            json!("missing")
                        };
                    });
                    for key in ["median", "min", "max", "amount"] {
                        told("a figure 0", &|row| row[key] = json!(0));
                    }
                    for factor in [1e-12, 1e12] {
                        told("a figure that is out of all", &|row| scale(row, factor));
                    }
                    told("figures of other rounds", &|row| {
                        row["max"] = json!(row["max"].as_f64().unwrap() * 2.0);
                    });
                    told("a round left out", &|row| row["samples"] = json!([1.0]));
                    told("slow ones", &|row| {
                        row["tail"] = if row["tail"].is_null() { json!({}) } else { Value::Null }
                    });
                    if row["tail"].is_object() {
                        told("slow ones that are fast", &|row| {
                            let half = row["min"].as_f64().unwrap() / 2.0;
                            row["tail"] = json!({"median": half, "min": half, "max": half});
                        });
                    }
                    told("a comparison", &|row| {
                        row["speed_up"] = if row["speed_up"].is_null() {
                            json!({"over": "x", "factor": 1.0})
                        } else {
                            Value::Null
                        };
                    });
                }
                "seen" => told("what was seen", &|row| row["what"] = json!("nothing")),
                _ => told("the reason", &|row| row["reason"] = json!("")),
            }
        }
        told(&format!("a row of {name} left out"), &|report| {
            report["tables"][index]["rows"].as_array_mut().unwrap().pop();
        });
        told(&format!("a row of {name} twice"), &|report| {
            let rows = report["tables"][index]["rows"].as_array_mut().unwrap();
            rows.push(rows[0].clone());
        });
    }
}

/// Makes all figures of a row so many times as large.
fn scale(row: &mut Value, factor: f64) {
    let larger = |figure: &Value| json!(figure.as_f64().unwrap() * factor);
    for key in ["median", "min", "max"] {
        row[key] = larger(&row[key]);
    }
    row["samples"] = row["samples"].as_array().unwrap().iter().map(larger).collect();
}
