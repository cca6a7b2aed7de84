"""Counts primes by trial division, as the contenders in Rust do."""

import multiprocessing
import queue
import threading
from time import perf_counter

from runner import serve, with_end_of

RANGES = 64


def ranges(limit):
    return [(i * limit // RANGES, (i + 1) * limit // RANGES) for i in range(RANGES)]


def is_prime(number):
    if number < 3 or number % 2 == 0:
        return number == 2
    divisor = 3
    while divisor * divisor <= number:
        if number % divisor == 0:
            return False
        divisor += 2
    return True


def count(start, end):
    primes = 0
    for number in range(start, end):
        if is_prime(number):
            primes += 1
    return primes


def sequential(task):
    def do_round(amount):
        start = perf_counter()
        primes = sum(count(*one) for one in ranges(amount))
        return perf_counter() - start, primes

    return do_round


def with_threads(task):
    def do_round(amount):
        work, counts = queue.SimpleQueue(), []

        def run():
            while (one := work.get()) is not None:
                counts.append(count(*one))

        start = perf_counter()
        for one in ranges(amount) + [None] * task["point"]:
            work.put(one)
        threads = [threading.Thread(target=run) for _ in range(task["point"])]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return perf_counter() - start, sum(counts)

    return do_round


def with_pool(task):
    pool = multiprocessing.Pool(task["point"])

    def do_round(amount):
        start = perf_counter()
        primes = sum(pool.starmap(count, ranges(amount)))
        return perf_counter() - start, primes

    return with_end_of(pool, do_round)


if __name__ == "__main__":
    serve({
        "python_sequential": sequential,
        "python_threading": with_threads,
        "python_pool": with_pool,
    })
