"""One produces messages, one consumes them."""

import multiprocessing
import queue
import threading
from time import perf_counter

CAPACITY = 1024


def produce(messages, arrived, go, amount):
    arrived.set()
    go.wait()
    for number in range(amount):
        messages.put((number, f"{number:032}"))
    messages.put(None)


def through(start_producer, make_queue, make_event):
    def prepare(task):
        def do_round(amount):
            messages, arrived, go = make_queue(CAPACITY), make_event(), make_event()
            producer = start_producer(target=produce, args=(messages, arrived, go, amount))
            producer.start()
            arrived.wait()
            start = perf_counter()
            go.set()
            received = 0
            while (message := messages.get()) is not None:
                number, text = message
                if number == received and len(text) == 32:
                    received += 1
            seconds = perf_counter() - start
            producer.join()
            return seconds, received

        return do_round

    return prepare


if __name__ == "__main__":
    from runner import serve

    serve({
        "python_mp_queue": through(
            multiprocessing.Process, multiprocessing.Queue, multiprocessing.Event
        ),
        "python_queue": through(threading.Thread, queue.Queue, threading.Event),
    })
