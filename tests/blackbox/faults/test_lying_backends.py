"""Backends that lie: answers with random changes, in FastCGI, SCGI and HTTP."""
import contextlib

import pytest

from fault_backend import FaultBackend, HungUp, end, err, out
from house import House, opened, wait_until
from ledger import Ledger
from long_run import TIMES, dice
from test_http_backend import HttpTalk
from test_scgi import ScgiTalk
from wire import BadAnswer

LIES = 150 * TIMES
HEAD = b"Content-Type: text/plain\r\nX-Word: one\r\n"
BODY = b"hello " * 40
TRUTH = {
    "fastcgi": out(HEAD + b"\r\n") + err(b"a word\n") + out(BODY, padding=3) + out(b"") + end(),
    "scgi": b"Status: 200 OK\r\n" + HEAD + b"\r\n" + BODY,
    "http": b"HTTP/1.1 200 OK\r\n" + HEAD + b"Transfer-Encoding: chunked\r\n\r\nf0\r\n" + BODY + b"\r\n0\r\n\r\n",
}


class Liar(FaultBackend):
    """Says the truth of its protocol with changes that the dice choose."""

    def __init__(self, protocol):
        super().__init__()
        self.truth = TRUTH[protocol]
        self.talk = {"fastcgi": FaultBackend.talk, "scgi": ScgiTalk, "http": HttpTalk}[protocol]
        self.throw = dice(protocol)
        self.honest = False
        self.act = self._answer

    def _answer(self, talk):
        if not self.honest and self.throw.random() < 0.1:
            return  # hangs up before it has read anything
        with contextlib.suppress(HungUp, AssertionError):  # it may be cut off at any point
            talk.read_request()
            if self.honest:
                talk.say(self.truth)
                return
            said = self._changed()
            cut = self.throw.randrange(len(said) + 1)
            talk.say(said[:cut])
            talk.settle()
            talk.say(said[cut:])
            if self.throw.random() < 0.2:
                talk.reset()

    def _changed(self):
        throw, said = self.throw, bytearray(self.truth)
        for _ in range(throw.randint(1, 5)):
            at = throw.randrange(len(said))
            act = throw.choice(("write", "insert", "remove", "repeat", "end"))
            if act == "write":
                said[at] = throw.randrange(256)
            elif act == "insert":
                said[at:at] = throw.randbytes(throw.randint(1, 300))
            elif act == "remove":
                del said[at : at + throw.randint(1, 30)]
            elif act == "repeat":
                said[at:at] = said[at : at + 100] * throw.randint(1, 100)
            else:
                del said[at:]
            said = said or bytearray(b"\n")
        return bytes(said)


@pytest.fixture(scope="module")
def liars():
    with contextlib.ExitStack() as stack:
        yield {protocol: stack.enter_context(Liar(protocol)) for protocol in TRUTH}


@pytest.fixture(scope="module")
def house(liars):
    house = House("lying")
    for protocol, liar in liars.items():
        kept = "" if protocol == "scgi" else "  KeepConnections = 4\n"
        house.section(
            f"FastCGIserver {{\n  FastCGIid = {protocol}\n  ConnectTo = {liar.socket}\n  Protocol = {protocol}\n"
            f"  RestAfter = 0\n{kept}}}"
        )
        house.host(f"{protocol}.test", f"  UseFastCGI = {protocol}\n  TimeForCGI = 1")
    with opened(house):
        yield house


def told(site):
    """What the client hears: a status, or that there was no whole answer."""
    try:
        answer = site.get("/x")
    except (ConnectionError, BadAnswer) as error:
        return type(error).__name__
    return answer.status if answer.complete else "cut"


@pytest.mark.parametrize("protocol", TRUTH)
def test_who_lies_is_found_out_and_nothing_else_happens(house, liars, protocol):
    site, liar = house.sites[f"{protocol}.test"], liars[protocol]
    ledger, server = Ledger(house), house.server_pid()
    outcomes = [told(site) for _ in range(LIES)]
    assert "BadAnswer" not in outcomes, outcomes
    assert house.server_pid() == server
    bad = [outcome for outcome in outcomes if outcome in (500, 502, 503, 504, "cut")]
    liar.honest = True
    wait_until("the truth to be believed again", lambda: told(site) == 200, 10)
    liar.wait_until_quiet()
    assert len(site.error_log().splitlines()) <= 3 * LIES
    assert bad, outcomes
    ledger.balances()
