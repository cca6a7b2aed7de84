"""A large array that another process is to read."""

import multiprocessing
from multiprocessing.shared_memory import SharedMemory
from time import perf_counter

FILL = 7
PAGE = 4096


def look(array):
    return sum(array[::PAGE])


def look_at_shared(connection):
    while (name := connection.recv()) is not None:
        array = SharedMemory(name)
        connection.send(look(array.buf))
        array.close()


def shared(size):
    here, there = multiprocessing.Pipe()
    array = SharedMemory(create=True, size=size)
    array.buf[:] = bytes([FILL]) * size
    child = multiprocessing.Process(target=look_at_shared, args=(there,), daemon=True)
    child.start()

    def give():
        here.send(array.name)
        return here.recv()

    def end():
        here.send(None)
        child.join()
        array.close()
        array.unlink()

    return give, end


def look_at_bytes(connection):
    while array := connection.recv_bytes():
        connection.send(look(array))


def through_pipe(size):
    here, there = multiprocessing.Pipe()
    array = bytes([FILL]) * size
    child = multiprocessing.Process(target=look_at_bytes, args=(there,), daemon=True)
    child.start()

    def give():
        here.send_bytes(array)
        return here.recv()

    def end():
        here.send_bytes(b"")
        child.join()

    return give, end


def look_at_items(arrays, connection):
    while array := arrays.get():
        connection.send(look(array))


def through_queue(size):
    arrays, (here, there) = multiprocessing.Queue(1), multiprocessing.Pipe()
    array = bytes([FILL]) * size
    child = multiprocessing.Process(target=look_at_items, args=(arrays, there), daemon=True)
    child.start()

    def give():
        arrays.put(array)
        return here.recv()

    def end():
        arrays.put(b"")
        child.join()

    return give, end


def through(make):
    def prepare(task):
        size = task["point"]
        give, end = make(size)
        expected = -(-size // PAGE) * FILL

        def do_round(amount):
            right = 0
            start = perf_counter()
            for _ in range(amount):
                right += give() == expected
            return perf_counter() - start, right

        do_round.end = end
        return do_round

    return prepare


if __name__ == "__main__":
    from runner import serve

    serve({
        "python_shared_memory": through(shared),
        "python_pipe": through(through_pipe),
        "python_queue": through(through_queue),
    })
