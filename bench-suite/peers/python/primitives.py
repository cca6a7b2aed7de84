"""The primitives of threading and of multiprocessing, which have the same names."""

import multiprocessing
import threading
from time import perf_counter

from runner import of_each, serve

# The columns of the table.
LOCK, SEMAPHORE, EVENT, CONDITION, BARRIER = 0, 3, 4, 5, 6


def echo_events(there, back):
    while True:
        there.wait()
        there.clear()
        back.set()


def take_turn(condition, turn, mine):
    with condition:
        while turn[0] != mine:
            condition.wait()
        turn[0] = 1 - mine
        condition.notify()


def echo_turns(condition, turn):
    while True:
        take_turn(condition, turn, 1)


def meet_always(barrier):
    while True:
        barrier.wait()


def operation(module, start, turn, point):
    if point in (LOCK, SEMAPHORE):
        lock = module.Lock() if point == LOCK else module.Semaphore(1)

        def take():
            with lock:
                pass

        return take
    if point == EVENT:
        there, back = module.Event(), module.Event()
        start(target=echo_events, args=(there, back), daemon=True).start()

        def ask():
            there.set()
            back.wait()
            back.clear()

        return ask
    if point == CONDITION:
        condition = module.Condition()
        start(target=echo_turns, args=(condition, turn), daemon=True).start()
        return lambda: take_turn(condition, turn, 0)
    barrier = module.Barrier(2)
    start(target=meet_always, args=(barrier,), daemon=True).start()
    return barrier.wait


def primitives(module, start, make_turn):
    def prepare(task):
        point = task["point"]
        do = operation(module, start, make_turn(), point)

        def alone(amount):
            begin = perf_counter()
            for _ in range(amount):
                do()
            return perf_counter() - begin, amount

        def together(amount):
            seconds = []
            for _ in range(amount):
                begin = perf_counter()
                do()
                seconds.append(perf_counter() - begin)
            cost, tail = of_each(seconds)
            return cost, amount, None, tail

        return alone if point in (LOCK, SEMAPHORE) else together

    return prepare


if __name__ == "__main__":
    serve({
        "python_threading": primitives(threading, threading.Thread, lambda: [0]),
        "python_multiprocessing": primitives(
            multiprocessing,
            multiprocessing.Process,
            lambda: multiprocessing.Array("b", 1, lock=False),
        ),
    })
