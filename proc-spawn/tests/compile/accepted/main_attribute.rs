/// Documented, with another attribute, a result, and an early return.
#[proc_spawn::main]
#[allow(clippy::needless_return, reason = "shows that attributes are kept")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    if proc_spawn::parent().is_some() {
        return Err("a child came here".into());
    }
    let child = proc_spawn::Process::spawn(|text: String| text.len(), String::from("four"))?;
    assert_eq!(child.join()?, 4);
    return Ok(());
}
