//! Types with `#[ipc::managed]`, on each host.

mod hosts;
mod watchdog;

use std::collections::VecDeque;

use hosts::{on_each, on_each_and_from_elsewhere};
use ipc::{Item, ManagerError};
use proc_spawn::Process;

proc_spawn::enable_test_support!();

#[derive(Debug)]
struct Account {
    owner: String,
    cents: u64,
}

#[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
enum Refused {
    TooLittle { there: u64 },
}

#[ipc::managed]
impl Account {
    fn new(owner: &str, cents: u64) -> Account {
        assert!(!owner.is_empty(), "an account has an owner");
        Account { owner: owner.to_owned(), cents }
    }

    fn owner(&self) -> String {
        self.owner.clone()
    }

    fn pay_in(&mut self, cents: u64) -> u64 {
        self.cents = self.cents.checked_add(cents).expect("nobody has so much");
        self.cents
    }

    fn pay_out(&mut self, cents: u64) -> Result<u64, Refused> {
        let left = self.cents.checked_sub(cents).ok_or(Refused::TooLittle { there: self.cents })?;
        self.cents = left;
        Ok(left)
    }
}

fn pay(account: AccountProxy, times: u64) {
    for _ in 0..times {
        account.pay_in(1).unwrap();
    }
}

#[test]
fn methods_are_those_of_the_type_and_their_errors_and_panics_come_back_as_themselves() {
    on_each_and_from_elsewhere("an account", |manager| {
        let account = manager.create::<Account>(("Ada".to_owned(), 50)).unwrap();
        assert_eq!(account.owner().unwrap(), "Ada");
        assert_eq!(account.pay_out(20).unwrap(), Ok(30));
        assert_eq!(account.pay_out(40).unwrap(), Err(Refused::TooLittle { there: 30 }));
        let Err(ManagerError::Panicked(panic)) = account.pay_in(u64::MAX) else {
            panic!("paid in")
        };
        assert_eq!(panic.message, "nobody has so much");
        assert!(panic.location.unwrap().contains("managed.rs"));
        let nobody = manager.create::<Account>((String::new(), 0));
        assert!(matches!(nobody, Err(ManagerError::Panicked(_))));
        assert_eq!(account.pay_out(0).unwrap(), Ok(30));
    });
}

#[test]
fn a_proxy_is_an_argument_and_found_by_its_name_and_no_call_is_lost() {
    on_each("payers", |manager| {
        let account = manager.create::<Account>(("Ada".to_owned(), 0)).unwrap();
        manager.publish("account", &account).unwrap();
        let payers: Vec<_> =
            (0..3).map(|_| Process::spawn(pay, (account.clone(), 100)).unwrap()).collect();
        payers.into_iter().for_each(|payer| payer.join().unwrap());
        let found = manager.find::<AccountProxy>("account").unwrap();
        assert_eq!(found.pay_in(0).unwrap(), 300);
    });
}

mod stack {
    use super::{Item, VecDeque};

    #[derive(Default)]
    pub(crate) struct Stack<T>(VecDeque<T>);

    #[ipc::managed]
    impl<T> Stack<T>
    where
        T: Item + Clone + PartialEq + Default,
    {
        /// Puts all of them on it.
        pub(crate) fn push_all(&mut self, items: &[T]) -> usize {
            self.0.extend(items.iter().cloned());
            self.hidden()
        }

        pub(crate) fn has(&self, item: &T, why: &str) -> Result<bool, String> {
            if why.is_empty() { Err("no reason".to_owned()) } else { Ok(self.0.contains(item)) }
        }

        fn hidden(&self) -> usize {
            self.0.len()
        }

        pub(crate) fn of(items: &[T]) -> Stack<T> {
            Stack(items.iter().cloned().collect())
        }
    }
}

#[test]
fn a_type_may_be_generic_and_take_references_and_what_has_no_receiver_stays_its_own() {
    on_each_and_from_elsewhere("a stack", |manager| {
        let stack: stack::StackProxy<String> = manager.create::<stack::Stack<String>>(()).unwrap();
        let items = ["a".to_owned(), "b".to_owned()];
        assert_eq!(stack.push_all(&items).unwrap(), 2);
        assert_eq!(stack.has(&items[1], "because").unwrap(), Ok(true));
        assert_eq!(stack.clone().has(&items[1], "").unwrap(), Err("no reason".to_owned()));
        assert_eq!(stack::Stack::of(&items).push_all(&items), 4);
    });
}
