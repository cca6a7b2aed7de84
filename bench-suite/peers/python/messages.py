"""What goes from one process to another: numbers that come back, and bytes of all sizes."""

import multiprocessing
import threading
from time import perf_counter

from runner import of_each, serve

BURST = 16


def echo_pipe(connection):
    while (number := connection.recv()) is not None:
        connection.send(number)


def pipe_ask(task):
    here, there = multiprocessing.Pipe()
    child = multiprocessing.Process(target=echo_pipe, args=(there,), daemon=True)
    child.start()

    def ask(number):
        here.send(number)
        return here.recv()

    return ask, child, lambda: here.send(None)


def echo_queue(source, sink):
    while (number := source.get()) is not None:
        sink.put(number)


def queue_ask(task):
    there, back = multiprocessing.Queue(1), multiprocessing.Queue(1)
    child = multiprocessing.Process(target=echo_queue, args=(there, back), daemon=True)
    child.start()

    def ask(number):
        there.put(number)
        return back.get()

    return ask, child, lambda: there.put(None)


def round_trips(make):
    def prepare(task):
        ask, child, stop = make(task)

        def do_round(amount):
            seconds, right = [], 0
            for number in range(amount):
                start = perf_counter()
                back = ask(number)
                seconds.append(perf_counter() - start)
                right += back == number
            cost, tail = of_each(seconds)
            return cost, right, None, tail

        def end():
            stop()
            child.join()

        do_round.end = end
        return do_round

    return prepare


def sink_pipe(connection, size):
    while (count := connection.recv()) is not None:
        whole = 0
        for _ in range(count):
            whole += len(connection.recv_bytes()) == size
        connection.send(whole)


def pipe_carry(task):
    here, there = multiprocessing.Pipe()
    size = task["point"]
    message = bytes(size)
    child = multiprocessing.Process(target=sink_pipe, args=(there, size), daemon=True)
    child.start()

    def carry(amount):
        here.send(amount)
        for _ in range(amount):
            here.send_bytes(message)
        return here.recv()

    return carry, child, lambda: here.send(None)


def sink_queue(messages, connection, size):
    while (count := connection.recv()) is not None:
        whole = 0
        for _ in range(count):
            whole += len(messages.get()) == size
        connection.send(whole)


def queue_carry(task):
    messages, (here, there) = multiprocessing.Queue(BURST), multiprocessing.Pipe()
    size = task["point"]
    message = bytes(size)
    child = multiprocessing.Process(
        target=sink_queue, args=(messages, there, size), daemon=True
    )
    child.start()

    def carry(amount):
        here.send(amount)
        for _ in range(amount):
            messages.put(message)
        return here.recv()

    return carry, child, lambda: here.send(None)


def throughput(make):
    def prepare(task):
        carry, child, stop = make(task)

        def do_round(amount):
            start = perf_counter()
            whole = carry(amount)
            return perf_counter() - start, whole

        def end():
            stop()
            child.join()

        do_round.end = end
        return do_round

    return prepare


SIZE = 48
CAPACITY = 1024
MANY = 4
# The columns of the table: one to one, both ways, many to one, one to many, many to many.
BOTH_WAYS, TO_ONE, FROM_ONE, MANY_TO_MANY = 1, 2, 3, 4


def send_some(messages, orders):
    while (count := orders.recv()) is not None:
        for _ in range(count):
            messages.put(bytes(SIZE))


def receive_some(messages, orders):
    while (count := orders.recv()) is not None:
        orders.send(sum(len(messages.get()) == SIZE for _ in range(count)))


def queue_crowd(task):
    messages = multiprocessing.Queue(CAPACITY)
    point = task["point"]
    senders = MANY if point in (TO_ONE, MANY_TO_MANY) else 1
    receivers = MANY if point in (FROM_ONE, MANY_TO_MANY) else 1
    children = []

    def start(target):
        here, there = multiprocessing.Pipe()
        child = multiprocessing.Process(target=target, args=(messages, there), daemon=True)
        child.start()
        children.append((child, here))
        return here

    send = [start(send_some) for _ in range(senders)]
    receive = [start(receive_some) for _ in range(receivers)]

    def carry(amount):
        amount = amount // MANY * MANY
        for order in receive:
            order.send(amount // receivers)
        for order in send:
            order.send(amount // senders)
        return sum(order.recv() for order in receive)

    def stop():
        for _, order in children:
            order.send(None)
        for child, _ in children[1:]:
            child.join()

    return carry, children[0][0], stop


def exchange(connection, amount):
    def send_all():
        for _ in range(amount):
            connection.send_bytes(bytes(SIZE))

    sender = threading.Thread(target=send_all)
    sender.start()
    whole = sum(len(connection.recv_bytes()) == SIZE for _ in range(amount))
    sender.join()
    return whole


def partner(connection):
    while (amount := connection.recv()) is not None:
        connection.send(exchange(connection, amount))


def pipe_pair(task):
    if task["point"] != BOTH_WAYS:
        carry, child, stop = pipe_carry({"point": SIZE})
        return lambda amount: carry(amount // MANY * MANY), child, stop
    here, there = multiprocessing.Pipe()
    child = multiprocessing.Process(target=partner, args=(there,), daemon=True)
    child.start()

    def carry(amount):
        amount = amount // MANY * MANY
        here.send(amount)
        return min(exchange(here, amount), here.recv())

    return carry, child, lambda: here.send(None)


if __name__ == "__main__":
    serve({
        "python_pipe": round_trips(pipe_ask),
        "python_queue": round_trips(queue_ask),
        "python_pipe_bytes": throughput(pipe_carry),
        "python_queue_bytes": throughput(queue_carry),
        "python_pipe_pair": throughput(pipe_pair),
        "python_queue_crowd": throughput(queue_crowd),
    })
