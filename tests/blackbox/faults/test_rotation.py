"""Log files are moved away under load: each line is in one of them, once and whole."""
import itertools
import re
import signal

import pytest

from everything import Crowd
from house import House, opened, wait_until
from long_run import SEED, TIMES

TURNS = 10 * TIMES


@pytest.fixture(scope="module")
def house():
    house = House("rotation")
    house.option("ConnectionsPerIP = 1000")
    house.option("Reactors = 2")
    house.default.put("one.txt", "x" * 1024)
    with opened(house):
        yield house


class Numbered:
    """Requests that are told apart by a number of their own."""

    def __init__(self):
        self.numbers = itertools.count()

    def __len__(self):
        return 1

    def __getitem__(self, _):
        return ("GET", f"/one.txt?{next(self.numbers)}", None, lambda answer: len(answer.body) == 1024)


def test_each_line_is_there_once(house):
    path = house.default.access_path
    with Crowd(house, 4, SEED, Numbered()) as crowd:
        for turn in range(TURNS):
            goal = crowd.done + 50
            wait_until("some answers", lambda: crowd.done >= goal, 30)
            path.rename(path.with_suffix(f".{turn}"))
            house.process.send_signal(signal.SIGUSR1)
            wait_until("a new log file", path.exists)
    assert not crowd.unlike(200)

    def lines():
        files = [path, *(path.with_suffix(f".{turn}") for turn in range(TURNS))]
        return [line for file in files for line in file.read_text().splitlines() if "/one.txt?" in line]

    wait_until("all lines", lambda: len(lines()) >= crowd.done)
    numbers = [int(re.search(r"/one\.txt\?(\d+)", line)[1]) for line in lines()]
    assert sorted(numbers) == list(range(len(numbers))) and len(numbers) == crowd.done
    assert len({len(line.split("|")) for line in lines()}) == 1
