"""The side of a runner in the conversation with the suite: a line of JSON a time.

A contender is a function that takes the task and gives a function that does one round of a given
amount. That one returns the seconds, or the bytes, it took, an answer that tells whether it was done right, and, where
there is more to say, what was seen and the seconds of the slow ones.
"""

import errno
import json
import os
import platform
import queue
import shutil
import signal
import sys
import threading


def of_each(seconds):
    """What a round took and what its slow ones did, given how long each of it took: as if all had taken as long as
    the median, and as long as 99 of 100 did not exceed."""
    seconds, count = sorted(seconds), len(seconds)
    return seconds[count // 2] * count, seconds[max(0, -(-count * 99 // 100) - 1)] * count


def with_end_of(pool, do_round):
    """The same function, with the way to end its pool in order."""
    def end():
        pool.close()
        pool.join()

    do_round.end = end
    return do_round


class SuiteIsGone(Exception):
    """Nobody hears what is said."""


def say(**reply):
    try:
        sys.stdout.write(json.dumps(reply) + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        raise SuiteIsGone from None


def serve(contenders):
    contender, task = sys.argv[1], json.loads(sys.argv[2])
    requests = queue.SimpleQueue()
    listener = threading.Thread(target=listen, args=(requests,), daemon=True)
    listener.start()
    try:
        answer(requests, contenders[contender], task)
    except SuiteIsGone:
        # Its input ends as well, and that is seen to there.
        listener.join()


def answer(requests, prepare, task):
    try:
        do_round = prepare(task)
    except (ImportError, NotImplementedError, ValueError) as error:
        # Not in this version of Python, or not on this system.
        say(missing={"reason": str(error)})
        return
    say(ready={"version": platform.python_version()})
    # An empty line is the last.
    for line in iter(requests.get, b""):
        cost, answer, *more = do_round(json.loads(line)["amount"])
        seen, tail = (more + [None, None])[:2]
        say(done={"cost": cost, "answer": answer, "seen": seen, "tail": tail})
    # What has to be ended in order has a way to do it.
    end = getattr(do_round, "end", None)
    if end is not None:
        end()


def listen(requests):
    """Hears what the suite wants, beside the rounds, one of which may hang; if the suite is gone, nobody else ends it."""
    text = b""
    # Nothing that a forked process would find locked: no buffer of Python's.
    while part := os.read(0, 4096):
        *lines, text = (text + part).split(b"\n")
        for line in lines:
            requests.put(line)
            if not line:
                return
    if "BENCH_SUITE_SCRATCH" in os.environ:
        remove(os.environ["BENCH_SUITE_SCRATCH"])
    # Windows ends the others with the first of them.
    if hasattr(os, "getpgrp") and os.getpgrp() == os.getpid():
        # Not killed: who removes named memory when nobody needs it any more outlives this.
        os.killpg(0, signal.SIGTERM)
    os._exit(1)


def remove(folder):
    """Removes a folder in which other runners, which end as well, may make or remove a file meanwhile."""
    while os.path.lexists(folder):
        try:
            shutil.rmtree(folder)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.ENOENT):
                return
