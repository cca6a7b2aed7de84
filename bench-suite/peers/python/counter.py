"""Four add to a counter behind a lock."""

import multiprocessing
import queue
import threading
from time import perf_counter

ADDERS = 4


def add_to_value(value, times, arrived, go, done):
    arrived.put(None)
    go.wait()
    for _ in range(times):
        with value.get_lock():
            value.value += 1
    done.put(None)


def with_value(task):
    def do_round(amount):
        value = multiprocessing.Value("Q", 0)
        arrived, done = multiprocessing.SimpleQueue(), multiprocessing.SimpleQueue()
        go = multiprocessing.Event()
        args = (value, amount // ADDERS, arrived, go, done)
        adders = [multiprocessing.Process(target=add_to_value, args=args) for _ in range(ADDERS)]
        for adder in adders:
            adder.start()
        for _ in adders:
            arrived.get()
        start = perf_counter()
        go.set()
        for _ in adders:
            done.get()
        seconds = perf_counter() - start
        for adder in adders:
            adder.join()
        return seconds, value.value

    return do_round


def with_threads(task):
    def do_round(amount):
        total, lock = 0, threading.Lock()
        arrived, done, go = queue.SimpleQueue(), queue.SimpleQueue(), threading.Event()

        def add():
            nonlocal total
            arrived.put(None)
            go.wait()
            for _ in range(amount // ADDERS):
                with lock:
                    total += 1
            done.put(None)

        adders = [threading.Thread(target=add) for _ in range(ADDERS)]
        for adder in adders:
            adder.start()
        for _ in adders:
            arrived.get()
        start = perf_counter()
        go.set()
        for _ in adders:
            done.get()
        seconds = perf_counter() - start
        for adder in adders:
            adder.join()
        return seconds, total

    return do_round


if __name__ == "__main__":
    from runner import serve

    serve({
        "python_value": with_value,
        "python_threading_lock": with_threads,
    })
