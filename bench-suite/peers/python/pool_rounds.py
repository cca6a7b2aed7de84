"""Python's multiprocessing.Pool, one round for each line read: `chunk1 N`, `map N` or `apply N`."""

import multiprocessing
import sys
import time


def succ(n):
    return n + 1


def main():
    with multiprocessing.get_context("fork").Pool(2) as pool:
        pool.map(succ, range(1000))
        for line in sys.stdin:
            what, count = line.split()
            count = int(count)
            begun = time.perf_counter()
            if what == "chunk1":
                pool.map(succ, range(count), chunksize=1)
            elif what == "map":
                pool.map(succ, range(count))
            else:
                for n in range(count):
                    pool.apply(succ, (n,))
            print(time.perf_counter() - begun, flush=True)


if __name__ == "__main__":
    main()
