"""Visitors who come again and again, each in a thread of its own, while a test does something to the house."""
import threading


class Again:
    """`_visit(number)` is what each does until `ended` is set."""

    def __init__(self, count):
        self.ended = threading.Event()
        self.threads = [threading.Thread(target=self._visit, args=(number,)) for number in range(count)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        for thread in self.threads:
            thread.join()

    def _visit(self, number):
        raise NotImplementedError
