"""Fetches pages, as the contenders in Rust do: a connection for each."""

import multiprocessing
import multiprocessing.pool
from time import perf_counter
from urllib.request import ProxyHandler, build_opener

from runner import serve, with_end_of

SIZE = 4096

# Whatever proxy is set up, the pages are on this machine.
open_page = build_opener(ProxyHandler({})).open


def page(address):
    with open_page(address) as response:
        body = response.read()
    return int(body) if len(body) == SIZE else 0


def addresses(task, amount):
    return [f"{task['pages']}/{number}" for number in range(1, amount + 1)]


def sequential(task):
    def do_round(amount):
        wanted = addresses(task, amount)
        start = perf_counter()
        total = sum(map(page, wanted))
        return perf_counter() - start, total

    return do_round


def with_pool(make):
    def prepare(task):
        pool = make(task["point"])

        def do_round(amount):
            wanted = addresses(task, amount)
            start = perf_counter()
            total = sum(pool.map(page, wanted, chunksize=1))
            return perf_counter() - start, total

        return with_end_of(pool, do_round)

    return prepare


if __name__ == "__main__":
    serve({
        "python_sequential": sequential,
        "python_thread_pool": with_pool(multiprocessing.pool.ThreadPool),
        "python_pool": with_pool(multiprocessing.Pool),
    })
