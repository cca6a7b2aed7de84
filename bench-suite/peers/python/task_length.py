"""Tasks that take a given time of the processor, through pools."""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from time import perf_counter, thread_time_ns

from runner import serve, with_end_of


def work(nanoseconds):
    if nanoseconds:
        end = thread_time_ns() + nanoseconds
        while thread_time_ns() < end:
            pass
    return 1


def rounds(task, do_all):
    def do_round(amount):
        tasks = [task["point"]] * amount
        start = perf_counter()
        done = do_all(tasks)
        return perf_counter() - start, done

    return do_round


def sequential(task):
    return rounds(task, lambda tasks: sum(map(work, tasks)))


def with_pool(chunk):
    def prepare(task):
        pool = multiprocessing.Pool(task["workers"])
        do_round = rounds(task, lambda tasks: sum(pool.map(work, tasks, chunksize=chunk)))
        return with_end_of(pool, do_round)

    return prepare


def with_executor(make):
    def prepare(task):
        executor = make(task["workers"])
        do_round = rounds(task, lambda tasks: sum(executor.map(work, tasks)))
        do_round.end = executor.shutdown
        return do_round

    return prepare


def loky(workers):
    from loky import get_reusable_executor

    return get_reusable_executor(max_workers=workers)


if __name__ == "__main__":
    serve({
        "python_sequential": sequential,
        "python_pool": with_pool(1),
        "python_pool_chunks": with_pool(None),
        "python_executor": with_executor(ProcessPoolExecutor),
        "python_thread_executor": with_executor(ThreadPoolExecutor),
        "python_loky": with_executor(loky),
    })
