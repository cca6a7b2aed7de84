"""What idle workers need."""

import multiprocessing
import os
import threading


def share(pid):
    """The proportional set of a process in bytes, but for what it has of files: who else has those depends on who
    else runs on the machine."""
    try:
        with open(f"/proc/{pid}/smaps_rollup") as rollup:
            counted = [line for line in rollup if line.startswith(("Pss_Anon:", "Pss_Shmem:"))]
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return sum(int(line.split()[1]) for line in counted) * 1024


def parents():
    """Every process, and its parent."""
    found = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat") as stat:
                found[int(name)] = int(stat.read().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            pass
    return found


def of_family(pid):
    """What a process and all that descend from it have, in bytes."""
    family, everybody = [pid], parents()
    for member in family:
        family += [other for other, parent in everybody.items() if parent == member]
    return sum(map(share, family))


def idle(there, end):
    there.put(None)
    end.acquire()


def workers(start, make_queue, make_semaphore):
    if not os.path.exists("/proc/self/smaps_rollup"):
        raise NotImplementedError("Python tells what processes have by Linux's /proc alone")
    # They end with the last round: a thread of the next would else have what one of the last has left.
    waiting = []

    def do_round(amount):
        there, end = make_queue(), make_semaphore(0)
        before = of_family(os.getpid())
        workers = [start(target=idle, args=(there, end)) for _ in range(amount)]
        for worker in workers:
            worker.start()
        for _ in workers:
            there.get()
        waiting.extend((worker, end) for worker in workers)
        return max(of_family(os.getpid()) - before, 0), amount

    def end():
        for _, end in waiting:
            end.release()
        for worker, _ in waiting:
            worker.join()

    do_round.end = end
    return do_round


def threads(task):
    import queue

    return workers(threading.Thread, queue.SimpleQueue, threading.Semaphore)


def processes(method):
    def prepare(task):
        context = multiprocessing.get_context(method)
        return workers(context.Process, context.SimpleQueue, context.Semaphore)

    return prepare


if __name__ == "__main__":
    from runner import serve

    serve({
        "python_thread": threads,
        "python_fork": processes("fork"),
        "python_forkserver": processes("forkserver"),
        "python_spawn": processes("spawn"),
    })
