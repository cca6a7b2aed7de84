"""What a kill -9 costs, and who hangs."""

import multiprocessing
import os
import signal
import sys
import threading
from concurrent.futures import ProcessPoolExecutor
from time import perf_counter

LARGE = 1 << 20


def has_no_fork(task):
    raise NotImplementedError("this system has no fork")


if "fork" not in multiprocessing.get_all_start_methods():
    from runner import serve

    serve({sys.argv[1]: has_no_fork})
    sys.exit()

# Workers inherit the pipe below, so they are forked: how they are started otherwise depends on the version of Python.
FORK = multiprocessing.get_context("fork")


def kill(pid):
    os.kill(pid, signal.SIGKILL)


def wait_for_death():
    signal.pause()


# Where a task says which process it is in; the workers inherit it. A queue would have a lock, with which
# the task could die.
PIDS, OF_TASK = FORK.Pipe()


def fatal_task():
    OF_TASK.send(os.getpid())
    wait_for_death()


def next_task():
    return 1


def rounds(die):
    def do_round(amount):
        return sum(die() for _ in range(amount)), amount

    return do_round


def pool_worker(task):
    pool = FORK.Pool(2)

    def die():
        lost = pool.apply_async(fatal_task)
        victim = PIDS.recv()
        start = perf_counter()
        kill(victim)
        try:
            lost.get()
        except Exception:
            pass
        pool.apply(next_task)
        return perf_counter() - start

    return rounds(die)


def executor_worker(make):
    def prepare(task):
        make(2).shutdown()

        def die():
            executor = make(2)
            lost = executor.submit(fatal_task)
            victim = PIDS.recv()
            start = perf_counter()
            kill(victim)
            try:
                lost.result()
            except Exception:
                # The whole pool is broken.
                pass
            following = make(2)
            following.submit(next_task).result()
            seconds = perf_counter() - start
            executor.shutdown()
            following.shutdown()
            return seconds

        return rounds(die)

    return prepare


def futures(workers):
    return ProcessPoolExecutor(workers, mp_context=FORK)


def loky(workers):
    from loky import ProcessPoolExecutor as LokyExecutor

    return LokyExecutor(workers, context=FORK)


def hold(lock, held):
    lock.acquire()
    held.send(None)
    wait_for_death()


def lock_holder(task):
    lock = FORK.Lock()

    def die():
        here, there = FORK.Pipe()
        holder = FORK.Process(target=hold, args=(lock, there))
        holder.start()
        here.recv()
        start = perf_counter()
        kill(holder.pid)
        with lock:
            seconds = perf_counter() - start
        holder.join()
        return seconds

    return rounds(die)


def hold_pipe(messages, ready):
    ready.send(None)
    wait_for_death()


def pipe_end(task):
    def die():
        (messages, theirs), (here, there) = FORK.Pipe(), FORK.Pipe()
        sender = FORK.Process(target=hold_pipe, args=(theirs, there))
        sender.start()
        theirs.close()
        here.recv()
        start = perf_counter()
        kill(sender.pid)
        try:
            messages.recv()
        except (EOFError, ConnectionResetError):
            pass
        seconds = perf_counter() - start
        sender.join()
        return seconds

    return rounds(die)


def queue_last_sender(task):
    def die():
        messages, (here, there) = FORK.Queue(), FORK.Pipe()
        sender = FORK.Process(target=hold_pipe, args=(messages, there))
        sender.start()
        here.recv()
        start = perf_counter()
        kill(sender.pid)
        messages.get()
        return perf_counter() - start

    return rounds(die)


def send_without_end(messages):
    while True:
        messages.put(bytes(LARGE))


def queue_sender(task):
    def die():
        messages = FORK.Queue(2)
        sender = FORK.Process(target=send_without_end, args=(messages,))
        sender.start()
        # When it has sent one it is about the next.
        messages.get()
        start = perf_counter()
        kill(sender.pid)
        other = threading.Thread(target=messages.put, args=(b"1",))
        other.start()
        while len(messages.get()) == LARGE:
            pass
        seconds = perf_counter() - start
        other.join()
        return seconds

    return rounds(die)


if __name__ == "__main__":
    from runner import serve

    serve({
        "python_pool_worker": pool_worker,
        "python_executor_worker": executor_worker(futures),
        "python_loky_worker": executor_worker(loky),
        "python_lock_holder": lock_holder,
        "python_pipe_end": pipe_end,
        "python_queue_last_sender": queue_last_sender,
        "python_queue_sender": queue_sender,
    })
