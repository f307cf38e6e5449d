"""Each call that a request costs fails once: the house answers or hangs up, says why, and serves the next as ever."""
import os
import subprocess
import time

import family
import pytest

from everything import outcome_of
from house import BINARY, wait_until
from long_run import TIMES, dice
from page import CALLS, MEMORY
from secure import SecureVisitor

BODY = b"z" * 100_000
CHUNKED = [("Transfer-Encoding", "chunked")]
FAILURES = (500, 502, 503, 507)
CHOICES = 2  # errors that a call may have
ALLOCATIONS = 3 * TIMES  # that fail; the server ends with most
LIVED_WELL_S = 1.1  # who dies after that is started again at once


class Plain:
    """A request, asked on a connection of its own."""

    def __init__(self, method, target, body=None, right=lambda answer: True, fields=(), status=200):
        self.request = (method, target, body, right)
        self.fields = fields
        self.status = status

    def connect(self, house):
        return house.visit(timeout_s=30)

    def ask(self, house):
        try:
            visitor = self.connect(house)
        except TimeoutError:
            return "late"
        except OSError:
            return "cut"
        with visitor:
            return outcome_of(visitor, self.request, self.fields)


class Secure(Plain):
    def connect(self, house):
        return SecureVisitor(house.secure_port, timeout_s=30)


class Fresh(Plain):
    """A file that is not yet in the cache."""

    def __init__(self):
        super().__init__("GET", None)
        self.count = 0

    def ask(self, house):
        self.count += 1
        house.default.put(f"fresh/{self.count}.txt", "x" * 1024)
        self.request = ("GET", f"/fresh/{self.count}.txt", None, lambda answer: len(answer.body) == 1024)
        return super().ask(house)


def is_big(answer):
    return len(answer.body) == 1_000_000


def is_middling(answer):
    return len(answer.body) == 200_000


def echoes(answer):
    return answer.body == BODY


REQUESTS = {
    "file": Fresh(),
    "large": Plain("GET", "/big.bin", right=is_big),
    "listing": Plain("GET", "/folder/", right=lambda answer: "<html" in answer.text),
    "cgi": Plain("GET", "/min.cgi", right=lambda answer: answer.text == "hello from C\r\n"),
    "cgi-body": Plain("POST", "/mirror.cgi", BODY, echoes),
    "cgi-chunked": Plain("POST", "/mirror.cgi", b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY), echoes, CHUNKED),
    "fastcgi": Plain("GET", "/who.fcgi", right=lambda answer: answer.text[:4] in ("one ", "two ")),
    "fastcgi-body": Plain("POST", "/mirror.fcgi", BODY, echoes),
    "upload": Plain("PUT", "/inbox/new.bin", BODY, status=204),
    "tls": Secure("GET", "/middling.bin", right=is_middling),
    "tls-body": Secure("POST", "/mirror.fcgi", BODY, echoes),
}


def name_of(process, failed):
    """The call that failed, with its place in the source."""
    if failed is None:
        return "no call"
    call, error, caller = failed
    words = ["addr2line", "-sfpe", BINARY.parent / process, hex(caller - 1)]
    return f"{call} (errno {error}), {subprocess.run(words, capture_output=True, text=True, check=False).stdout.strip()}"


def age_s(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        ticks = int(file.read().rpartition(")")[2].split()[19])
    return time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")


def one_failure(house, process, request, what, nth, choice):
    """(the call that failed, the outcome); the next one is served as ever."""
    page = house.pages[process]
    page.arm(what, nth, choice)
    outcome = request.ask(house)
    failed = page.disarm()
    assert outcome in (request.status, "cut", *FAILURES), f"{outcome} after {name_of(process, failed)}"
    wait_until(f"service after {name_of(process, failed)}", lambda: request.ask(house) == request.status, 15)
    return failed, outcome


def every_failure(house, process, request, choice):
    """The outcomes of a request, each with the next of its calls that failed."""
    outcomes = []
    pids = (house.server_pid(), house.spawner_pid())
    while True:
        failed, outcome = one_failure(house, process, request, CALLS, len(outcomes) + 1, choice)
        assert all(map(family.is_alive, pids)), name_of(process, failed)
        if failed is None:
            return outcomes
        outcomes.append(outcome)


@pytest.mark.parametrize(
    "process, name", [*(("server", name) for name in REQUESTS), ("spawner", "cgi"), ("spawner", "cgi-chunked")]
)
def test_each_call_fails_once(house, process, name):
    for choice in range(CHOICES):
        before = house.default.error_log().count("\n")
        outcomes = every_failure(house, process, REQUESTS[name], choice)
        assert len(outcomes) >= 5, outcomes
        failures = sum(outcome in FAILURES for outcome in outcomes)
        wait_until("each to be told", lambda: house.default.error_log().count("\n") >= before + failures)
        assert house.default.error_log().count("\n") <= before + 2 * len(outcomes)


@pytest.mark.parametrize("name", ["file", "cgi", "fastcgi", "tls"])
def test_memory_that_cannot_be_had_costs_one_server_at_most(house, name):
    """True exhaustion ends the process, and the next one serves."""
    throw = dice(name)
    request = REQUESTS[name]
    for _ in range(ALLOCATIONS):
        wait_until("a server that has lived well", lambda: age_s(house.server_pid()) > LIVED_WELL_S)
        one_failure(house, "server", request, MEMORY, throw.randint(1, 12), 0)
