"""The side of a runner in the conversation with the suite: a line of JSON a time.

A contender is a function that takes the task and gives a function that does one round of a given
amount. That one returns the seconds, or the bytes, it took, an answer that tells whether it was done right, and, where
there is more to say, what was seen and the seconds of the slow ones.
"""

import json
import os
import platform
import shutil
import sys


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


def say(**reply):
    sys.stdout.write(json.dumps(reply) + "\n")
    sys.stdout.flush()


def serve(contenders):
    contender, task = sys.argv[1], json.loads(sys.argv[2])
    try:
        do_round = contenders[contender](task)
    except (ImportError, NotImplementedError, ValueError) as error:
        # Not in this version of Python, or not on this system.
        say(missing={"reason": str(error)})
        return
    dismissed = converse(do_round)
    # What has to be ended in order has a way to do it.
    end = getattr(do_round, "end", None)
    if end is not None:
        end()
    if not dismissed and "BENCH_SUITE_SCRIPTS" in os.environ:
        # The suite is gone and cannot remove its folder any more.
        shutil.rmtree(os.environ["BENCH_SUITE_SCRIPTS"], ignore_errors=True)


def converse(do_round):
    """Does rounds until there are no more to do; whether the suite has said so, or is gone."""
    try:
        say(ready={"version": platform.python_version()})
        for line in sys.stdin:
            if line == "\n":
                return True
            cost, answer, *more = do_round(json.loads(line)["amount"])
            seen, tail = (more + [None, None])[:2]
            say(done={"cost": cost, "answer": answer, "seen": seen, "tail": tail})
    except BrokenPipeError:
        pass
    return False
