"""Starts one after the other, each of which does nothing."""


def nothing():
    pass


def threads(task):
    import threading
    from time import perf_counter

    def do_round(amount):
        ended = 0
        start = perf_counter()
        for _ in range(amount):
            thread = threading.Thread(target=nothing)
            thread.start()
            thread.join()
            ended += not thread.is_alive()
        return perf_counter() - start, ended

    return do_round


def processes(method):
    def prepare(task):
        import multiprocessing
        from time import perf_counter

        context = multiprocessing.get_context(method)

        def do_round(amount):
            ended = 0
            start = perf_counter()
            for _ in range(amount):
                process = context.Process(target=nothing)
                process.start()
                process.join()
                ended += process.exitcode == 0
            return perf_counter() - start, ended

        return do_round

    return prepare


if __name__ == "__main__":
    # Imported here, so that a child which reads this file again is not charged for it.
    from runner import serve

    serve({
        "python_thread": threads,
        "python_fork": processes("fork"),
        "python_forkserver": processes("forkserver"),
        "python_spawn": processes("spawn"),
    })
