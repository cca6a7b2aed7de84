//! Linux: `/proc`.

use std::fs;

pub(crate) use super::unix::{processor_time, thread_time};

pub(crate) fn system() -> String {
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!("Linux {}", release.trim()).trim_end().to_owned()
}

/// Not on every architecture.
pub(crate) fn processor() -> Option<String> {
    field(&fs::read_to_string("/proc/cpuinfo").ok()?, "model name")
}

pub(crate) fn memory() -> Option<u64> {
    let total = field(&fs::read_to_string("/proc/meminfo").ok()?, "MemTotal")?;
    kibibytes(&total)
}

pub(crate) fn load() -> Option<f64> {
    fs::read_to_string("/proc/loadavg").ok()?.split_whitespace().next()?.parse().ok()
}

/// The value behind the first `name:`.
fn field(text: &str, name: &str) -> Option<String> {
    let mut fields = text.lines().filter_map(|line| line.split_once(':'));
    fields.find(|(key, _)| key.trim() == name).map(|(_, value)| value.trim().to_owned())
}

fn kibibytes(text: &str) -> Option<u64> {
    Some(text.strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}

#[cfg(test)]
mod tests {
    use super::{field, kibibytes};

    #[test]
    fn a_field_is_found_by_its_name() {
        let text = "processor\t: 0\nmodel name\t: Example CPU @ 2: x\nmodel name : other\n";
        assert_eq!(field(text, "model name").as_deref(), Some("Example CPU @ 2: x"));
        assert_eq!(field(text, "model"), None);
    }

    #[test]
    fn kibibytes_are_made_bytes() {
        assert_eq!(kibibytes("16384 kB"), Some(16 << 20));
        assert_eq!(kibibytes("x kB"), None);
    }
}
