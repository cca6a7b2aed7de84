"""Starts a process that does nothing, by the method that each line of input names, and prints the
seconds from its start to its joined end."""

import multiprocessing
import sys
import time


def nothing():
    pass


if __name__ == "__main__":
    for line in sys.stdin:
        context = multiprocessing.get_context(line.strip())
        begun = time.perf_counter()
        process = context.Process(target=nothing)
        process.start()
        process.join()
        print(time.perf_counter() - begun, flush=True)
