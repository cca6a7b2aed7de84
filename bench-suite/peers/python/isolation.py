"""What threads share and processes do not."""

import multiprocessing
import threading

ITEMS = []


def append(number):
    ITEMS.append(number)


def crash():
    import ctypes
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    ctypes.string_at(0)


def append_all(kind, amount):
    ITEMS.clear()
    workers = [kind(target=append, args=(number,)) for number in range(amount)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return len(ITEMS)


def threads_share(task):
    def do_round(amount):
        seen = append_all(threading.Thread, amount)
        return 0.0, int(seen == amount), f"{amount} threads appended an item each, the parent sees {seen}"

    return do_round


def processes_share_not(task):
    def do_round(amount):
        seen = append_all(multiprocessing.Process, amount)
        return 0.0, int(seen == 0), f"{amount} processes appended an item each, the parent sees {seen}"

    return do_round


def process_crashes(task):
    # Only Unix has it, and a crash that Python cannot make an exception of.
    import resource

    def do_round(amount):
        child = multiprocessing.Process(target=crash)
        child.start()
        child.join()
        after = multiprocessing.Process(target=append, args=(0,))
        after.start()
        after.join()
        right = child.exitcode == -11 and after.exitcode == 0
        seen = f"the child ended with exit code {child.exitcode}, the parent went on to the next"
        return 0.0, int(right), seen

    return do_round


if __name__ == "__main__":
    from runner import serve

    serve({
        "python_threads_share": threads_share,
        "python_processes_share_not": processes_share_not,
        "python_process_crashes": process_crashes,
    })
