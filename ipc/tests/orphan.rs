//! A death that no parent sees. Alone in its binary, since nobody can wait until nothing of it is left.

mod watchdog;

use ipc::{Receiver, RecvError, Sender, channel};
use proc_spawn::Process;
use watchdog::watch;

proc_spawn::enable_test_support!();

#[test]
fn an_orphan_is_noticed_by_its_grandparent() {
    let _watchdog = watch("an orphan");
    fn middle(sender: Sender<()>, die: Receiver<()>) {
        let child = Process::spawn(inner, (sender, die)).unwrap();
        child.wait();
    }
    fn inner(sender: Sender<()>, die: Receiver<()>) {
        sender.send(()).unwrap();
        die.recv().unwrap();
        std::process::abort();
    }
    let (sender, receiver) = channel(1).unwrap();
    let (die, told) = channel(1).unwrap();
    let child = Process::spawn(middle, (sender, told)).unwrap();
    receiver.recv().unwrap();
    child.kill().unwrap();
    child.join().unwrap_err();
    assert!(matches!(receiver.try_recv(), Err(RecvError::Empty)), "the orphan can still send");
    die.send(()).unwrap();
    assert!(matches!(receiver.recv(), Err(RecvError::Disconnected)));
}
