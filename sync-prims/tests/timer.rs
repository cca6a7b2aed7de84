//! What a `Timer` does.

mod support;

use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use support::guarded;
use sync_prims::Timer;
use sync_prims::thread::Event;

const LONG: Duration = Duration::from_secs(3_600);

#[test]
fn it_calls_once_when_its_time_has_come() {
    guarded(|| {
        let rang = Arc::new(Event::new());
        let bell = Arc::clone(&rang);
        let (start, delay) = (Instant::now(), Duration::from_millis(20));
        let timer = Timer::new(delay, move || bell.set());
        rang.wait();
        assert!(start.elapsed() >= delay);
        assert!(!timer.cancel());
    });
}

#[test]
fn a_cancelled_one_does_not_call() {
    guarded(|| {
        let (tell, told) = mpsc::channel::<()>();
        let timer = Timer::new(LONG, move || tell.send(()).unwrap());
        assert!(timer.cancel());
        assert!(!timer.cancel());
        // The function is dropped, and its end of the channel with it.
        assert_eq!(told.recv(), Err(mpsc::RecvError));
    });
}

#[test]
fn they_call_in_the_order_of_their_times() {
    guarded(|| {
        let (tell, told) = mpsc::channel();
        let never = Timer::new(Duration::MAX, || {});
        for delay in [30, 10, 20] {
            let tell = tell.clone();
            let _ = Timer::new(Duration::from_millis(delay), move || tell.send(delay).unwrap());
        }
        drop(tell);
        assert_eq!(told.iter().collect::<Vec<_>>(), [10, 20, 30]);
        assert!(never.cancel());
    });
}

#[test]
fn a_panic_in_one_does_not_concern_the_others() {
    guarded(|| {
        let rang = Arc::new(Event::new());
        let bell = Arc::clone(&rang);
        let _ = Timer::new(Duration::ZERO, || std::panic::resume_unwind(Box::new("on purpose")));
        let _ = Timer::new(Duration::from_millis(1), move || bell.set());
        rang.wait();
    });
}

#[test]
fn a_panic_whose_payload_panics_does_not_concern_the_others_either() {
    struct Again;

    impl Drop for Again {
        fn drop(&mut self) {
            panic!("on purpose");
        }
    }

    guarded(|| {
        let rang = Arc::new(Event::new());
        let bell = Arc::clone(&rang);
        let _ = Timer::new(Duration::ZERO, || std::panic::resume_unwind(Box::new(Again)));
        let _ = Timer::new(Duration::from_millis(1), move || bell.set());
        rang.wait();
    });
}
