"""A house that does everything, and visitors who ask it for everything at once."""
import collections
import contextlib
import random
import socket
import threading

from again import Again
from backends import PhpFpm, Worker
from house import House
from wire import BadAnswer

# method, target, body, whether an answer of 200 is right
REQUESTS = [
    ("GET", "/one.txt", None, lambda answer: len(answer.body) == 1024),
    ("GET", "/big.bin", None, lambda answer: len(answer.body) == 1_000_000),
    ("GET", "/min.cgi", None, lambda answer: answer.text == "hello from C\r\n"),
    ("POST", "/mirror.cgi", b"z" * 100_000, lambda answer: answer.body == b"z" * 100_000),
    ("GET", "/hello.php?name=load", None, lambda answer: answer.text == "hello load from fpm-fcgi"),
    ("GET", "/who.fcgi", None, lambda answer: answer.text[:4] in ("one ", "two ")),
    ("POST", "/mirror.fcgi", b"w" * 50_000, lambda answer: answer.body == b"w" * 50_000),
]


@contextlib.contextmanager
def everything(name):
    """Files, programs, PHP and FastCGI workers; not yet started."""
    house = House(name)
    for line in (
        "CGIextension = cgi", "CGIhandler = /bin/sh:sh", "ConnectionsPerIP = 20000", "ExecuteCGI = yes",
        "UseFastCGI = php, workers", "TimeForCGI = 30", "KillGrace = 300ms",
    ):  # fmt: skip
        house.option(line)
    site = house.default
    site.program("cgi_min", "min.cgi")
    site.program("cgi_mirror", "mirror.cgi")
    site.copy("cgi")
    site.copy("php")
    for path in ("who.fcgi", "mirror.fcgi"):
        site.put(path, "the workers answer for this")
    site.put("one.txt", "x" * 1024)
    site.put("big.bin", "y" * 1_000_000)
    with contextlib.ExitStack() as stack:
        php = stack.enter_context(PhpFpm())
        workers = [stack.enter_context(Worker(n)) for n in ("one", "two")]
        house.section(f"FastCGIserver {{\n  FastCGIid = php\n  ConnectTo = {php.socket}\n  Extension = php\n}}")
        house.section(
            f"FastCGIserver {{\n  FastCGIid = workers\n  ConnectTo = {workers[0].socket}, {workers[1].socket}\n"
            "  Extension = fcgi\n  SessionTimeout = 0\n}"
        )
        yield house


def outcome_of(visitor, request, fields=()):
    """What became of a request: the status of a whole answer, or a word."""
    method, target, body, is_right = request
    try:
        visitor.request(method, target, body=body, fields=fields)
        answer = visitor.answer(method)
    except socket.timeout:
        return "late"
    except BadAnswer as wrong:
        return f"bad: {wrong}"
    except OSError:
        return "cut"
    if not answer.complete:
        return "cut"
    return "wrong" if answer.status == 200 and not is_right(answer) else answer.status


class Crowd(Again):
    """Visitors who ask for everything, again and again; `outcomes` counts each (target, outcome)."""

    def __init__(self, house, count, seed, requests=REQUESTS):
        self.house = house
        self.requests = requests
        self.outcomes = collections.Counter()
        self.lock = threading.Lock()
        self.seed = seed
        super().__init__(count)

    @property
    def done(self):
        return sum(self.outcomes.values())

    def unlike(self, *allowed):
        """The outcomes that are none of these."""
        return {key: count for key, count in self.outcomes.items() if key[1] not in allowed}

    def _note(self, target, outcome):
        with self.lock:
            self.outcomes[target, outcome] += 1
        return outcome

    def _visit(self, number):
        dice = random.Random(self.seed * 1000 + number)
        while not self.ended.is_set():
            try:
                visitor = self.house.visit(timeout_s=30)
            except OSError as error:
                self._note("connect", type(error).__name__)
                continue
            with visitor:
                for _ in range(dice.randint(1, 6)):
                    request = dice.choice(self.requests)
                    if self._note(request[1], outcome_of(visitor, request)) != 200:
                        break
