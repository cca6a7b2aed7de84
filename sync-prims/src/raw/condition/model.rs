//! The condition's word in every kind of order, without a thread: what is left to the system's choice is chosen by
//! proptest.

use proptest::collection::vec;
use proptest::strategy::{Just, Strategy};
use proptest::test_runner::Config;
use proptest::{prop_assert, prop_assert_eq, prop_oneof, proptest};

use super::{Left, Ordering, State, granted, sequence};
use crate::raw::face::Announced;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Place {
    /// About to see whether it may leave.
    Awake,
    /// About to sleep.
    Tired,
    Asleep,
    Left {
        at: usize,
    },
}

impl Place {
    fn can_go_on(self) -> bool {
        matches!(self, Place::Awake | Place::Tired)
    }

    fn is_asleep(self) -> bool {
        self == Place::Asleep
    }
}

#[derive(Debug)]
struct Notification {
    when: usize,
    /// How many it is for at most.
    count: usize,
    /// How many it was given to.
    granted: usize,
}

#[derive(Debug)]
struct Waiter {
    came: usize,
    seen: Announced,
    place: Place,
}

/// What somebody does. Who that is, is chosen among those who can.
#[derive(Clone, Copy, Debug)]
enum Step {
    Announce,
    Notify(usize),
    /// A waiter that does not sleep goes on.
    GoOn(usize),
    /// A sleeper wakes up although nobody has woken it: it looks at the clock, or has heard of a death.
    Rise(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => Just(Step::Announce),
        2 => (1..4_usize).prop_map(Step::Notify),
        4 => (0..8_usize).prop_map(Step::GoOn),
        1 => (0..8_usize).prop_map(Step::Rise),
    ]
}

/// A condition and those who use it.
#[derive(Debug)]
struct World {
    state: State,
    waiters: Vec<Waiter>,
    now: usize,
    notifications: Vec<Notification>,
    /// Somebody has announced itself while grants had not been taken.
    newcomers: bool,
}

impl World {
    fn new() -> World {
        let (waiters, notifications) = (Vec::new(), Vec::new());
        World { state: State::new(), waiters, now: 0, notifications, newcomers: false }
    }

    /// After these steps, when all have gone on until they sleep or have left.
    fn after(steps: impl IntoIterator<Item = Step>) -> World {
        let mut world = World::new();
        steps.into_iter().for_each(|step| world.take(step));
        while world.one(0, Place::can_go_on).is_some() {
            world.take(Step::GoOn(0));
        }
        world
    }

    fn word(&self) -> u64 {
        self.state.word.load(Ordering::Relaxed)
    }

    /// One of those in such a place.
    fn one(&mut self, who: usize, is_such: fn(Place) -> bool) -> Option<&mut Waiter> {
        let such = self.waiters.iter().filter(|waiter| is_such(waiter.place));
        let nth = who.checked_rem(such.count())?;
        self.waiters.iter_mut().filter(|waiter| is_such(waiter.place)).nth(nth)
    }

    fn take(&mut self, step: Step) {
        self.now += 1;
        match step {
            Step::Announce => {
                self.newcomers |= granted(self.word()) > 0;
                let (came, seen) = (self.now, self.state.announce());
                self.waiters.push(Waiter { came, seen, place: Place::Tired });
            }
            Step::Notify(count) => {
                let granted = self.state.grant(count) as usize;
                self.notifications.push(Notification { when: self.now, count, granted });
                for _ in 0..granted {
                    self.rise(0);
                }
            }
            Step::Rise(who) => self.rise(who),
            Step::GoOn(who) => self.go_on(who),
        }
    }

    fn rise(&mut self, who: usize) {
        if let Some(sleeper) = self.one(who, Place::is_asleep) {
            sleeper.place = Place::Awake;
        }
    }

    fn go_on(&mut self, who: usize) {
        let (now, word) = (self.now, sequence(self.word()));
        let Some(&mut Waiter { seen, place, .. }) = self.one(who, Place::can_go_on) else { return };
        let (seen, place) = match place {
            Place::Tired if word == seen.sequence => (seen, Place::Asleep),
            Place::Tired => (seen, Place::Awake),
            _ => match self.state.leave(seen, false) {
                Left::Notified => (seen, Place::Left { at: now }),
                Left::Stays(seen) => (seen, Place::Tired),
                Left::TimedOut => unreachable!("no time passes"),
            },
        };
        let waiter = self.one(who, Place::can_go_on).expect("the same");
        (waiter.seen, waiter.place) = (seen, place);
    }

    fn left(&self) -> usize {
        let has_left = |waiter: &&Waiter| matches!(waiter.place, Place::Left { .. });
        self.waiters.iter().filter(has_left).count()
    }

    /// Whether as many have left after the notification as it is for, of those who waited when it came.
    fn has_served(&self, Notification { when, count, .. }: &Notification) -> bool {
        let had_come = self.waiters.iter().filter(|waiter| waiter.came < *when);
        let (mut served, mut waiting) = (0, 0);
        for waiter in had_come {
            match waiter.place {
                Place::Left { at } if at < *when => {}
                Place::Left { .. } => served += 1,
                _ => waiting += 1,
            }
        }
        waiting == 0 || served >= *count
    }
}

#[test]
fn whoever_newcomers_took_the_grant_from_leaves_all_the_same() {
    let meanwhile = [Step::Announce, Step::Announce, Step::Notify(1)];
    let newcomers_first = [Step::GoOn(1); 4];
    let first = [Step::Announce, Step::Notify(1)];
    let world = World::after(first.into_iter().chain(meanwhile).chain(newcomers_first));
    assert_eq!(world.left(), 3, "{world:?}");
}

#[test]
fn whoever_finds_that_another_who_waited_as_long_has_left_stays() {
    let both_asleep = [Step::Announce, Step::Announce, Step::GoOn(0), Step::GoOn(0)];
    let the_other_first = [Step::Notify(1), Step::Rise(0), Step::GoOn(1)];
    let world = World::after(both_asleep.into_iter().chain(the_other_first));
    assert_eq!(world.left(), 1, "{world:?}");
}

proptest! {
    #![proptest_config(Config { cases: 4096, ..Config::default() })]

    #[test]
    fn no_notification_is_lost_and_none_wakes_too_many_unless_waiters_come_meanwhile(
        steps in vec(step(), 1..40),
    ) {
        let world = World::after(steps);
        prop_assert_eq!(granted(world.word()), 0, "{:?}", world);
        for notification in &world.notifications {
            prop_assert!(world.has_served(notification), "{:?} in {:?}", notification, world);
        }
        let notified: usize = world.notifications.iter().map(|it| it.granted).sum();
        if !world.newcomers {
            prop_assert_eq!(world.left(), notified, "{:?}", world);
        }
    }
}
