//! The links of a Markdown file.

/// The line and target of every link in `text`, those in code left out.
pub(crate) fn links(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut fenced = false;
    for (index, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if !fenced {
            found.extend(targets(&without_code(line)).map(|target| (index + 1, target)));
        }
    }
    found
}

/// `[text](target)`, `[text](target "title")` and `[text]: target`.
fn targets(line: &str) -> impl Iterator<Item = String> {
    let definition = line.trim_start().strip_prefix('[').and_then(|rest| rest.split_once("]: "));
    let inline = line.split("](").skip(1).filter_map(|rest| Some(rest.split_once(')')?.0));
    let targets = definition.map(|(_, target)| target).into_iter().chain(inline);
    let first_word = |target: &str| target.split_whitespace().next().map(str::to_owned);
    targets.filter_map(first_word).collect::<Vec<_>>().into_iter()
}

fn without_code(line: &str) -> String {
    let parts = line.split('`').enumerate();
    parts.map(|(index, part)| if index % 2 == 0 { part } else { "" }).collect()
}

#[cfg(test)]
mod tests {
    use super::links;

    #[test]
    fn links_are_found_outside_code_only() {
        let text =
            "See [a](b.md) and [c](d.md#e \"t\").\n`[f](g.md)`\n```\n[h](i.md)\n```\n[j]: k.md\n";
        let expected = [(1, "b.md".to_owned()), (1, "d.md#e".to_owned()), (6, "k.md".to_owned())];
        assert_eq!(links(text), expected);
    }
}
