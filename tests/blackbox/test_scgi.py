"""SCGI: a program with Python's standard library, one with Perl's SCGI, and one that misbehaves."""
import contextlib
import hashlib
import os
import pathlib
import shutil
import sys
import threading

import pytest

from backends import Program
from fault_backend import FaultBackend, HungUp, Talk
from house import House, opened, wait_until

HERE = pathlib.Path(__file__).resolve().parent
MIB = 1024 * 1024
HEAD = b"Content-Type: text/plain\r\n\r\n"


class Scgi(Program):
    def __init__(self, interpreter, script):
        super().__init__("scgi")
        self.command = [interpreter, str(HERE / script), str(self.socket)]

    def start(self):
        self.socket.unlink(missing_ok=True)
        super().start()


class ScgiTalk(Talk):
    """A connection on which SCGI is spoken."""

    def read_request(self):
        digits = b""
        while not digits.endswith(b":"):
            digits += self._exactly(1)
        words = self._exactly(int(digits[:-1])).split(b"\0")
        assert self._exactly(1) == b","
        assert words.pop() == b""
        self.pairs = list(zip(words[::2], words[1::2]))
        assert self.pairs[0][0] == b"CONTENT_LENGTH"
        self.body = self._exactly(int(self.pairs[0][1]))
        return self


class ScgiBackend(FaultBackend):
    talk = ScgiTalk


@pytest.fixture(scope="module")
def house():
    house = House("scgi")
    house.section(f"Binding {{\n  Port = {house.port}\n  Interface = 127.0.0.1\n  MaxRequestSize = 20M\n}}")
    with contextlib.ExitStack() as stack:
        house.python = stack.enter_context(Scgi(sys.executable, "scgi_program.py"))
        house.perl = stack.enter_context(Scgi(shutil.which("perl"), "scgi_program.pl"))
        house.backend = stack.enter_context(ScgiBackend())

        def section(name, targets, more=""):
            house.section(
                f"FastCGIserver {{\n  FastCGIid = {name}\n  Protocol = scgi\n  ConnectTo = {targets}\n{more}\n}}"
            )

        section("python", house.python.socket)
        section("perl", house.perl.socket)
        section("unix", house.backend.socket, "  Queue = 256, 2s")
        section("port", f"127.0.0.1:{house.backend.port}")
        section("one", house.python.socket, "  MaxConnections = 1")
        for name in ("python", "perl", "unix", "port", "one"):
            house.host(f"{name}.test", f"  UseFastCGI = {name}\n  TimeForCGI = 8\n  Setenv GREETING = hello")
        house.host("brief.test", "  UseFastCGI = unix\n  TimeForCGI = 1")
        house.sites["python.test"].put("sent.txt", "the file")
        with opened(house):
            yield house


@pytest.fixture(params=["unix", "port"])
def site(house, request):
    yield house.sites[f"{request.param}.test"]
    house.backend.wait_until_quiet()


@pytest.fixture
def python(house):
    return house.sites["python.test"]


def told_once(site, length, *words):
    wait_until(f"a line about {words}", lambda: "\n" in site.error_log()[length:])
    lines = site.error_log()[length:].splitlines()
    assert len(lines) == 1, lines
    for word in words:
        assert word in lines[0], lines[0]


def asked(site, **more):
    """The answer, or None when the house cut the connection before a head."""
    try:
        return site.get("/x", **more)
    except ConnectionError:
        return None


# ---- real programs ----


def test_the_variables(python):
    answer = python.get("/env?a=b", fields=[("X-Two", "1"), ("X-Two", "2"), ("Authorization", "Basic x")])
    told = dict(line.split("=", 1) for line in answer.body.decode().splitlines())
    assert answer.status == 200
    assert told["CONTENT_LENGTH"] == "0"
    assert told["QUERY_STRING"] == "a=b"
    assert told["HTTP_X_TWO"] == "1, 2"
    assert told["HTTP_AUTHORIZATION"] == "Basic x"
    assert told["GREETING"] == "hello"
    assert told["GATEWAY_INTERFACE"] == "CGI/1.1"


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_a_body_and_its_echo(python, version):
    answer = python.get("/echo", method="POST", body=b"hello", version=version)
    assert (answer.status, answer.body, answer.complete) == (200, b"hello", True)


def test_perl(house):
    site = house.sites["perl.test"]
    assert site.get("/a/b?c").body == b"GET /a/b?c "
    assert site.get("/up", method="POST", body=b"x" * 100000).body == b"POST /up " + b"x" * 100000


def test_ten_megabytes_up_and_down(python):
    body = os.urandom(10 * MIB)
    answer = python.get("/digest", method="POST", body=body)
    assert answer.body.decode() == hashlib.sha256(body).hexdigest()
    answer = python.get(f"/big?{10 * MIB}")
    assert (len(answer.body), answer.complete) == (10 * MIB, True)


def test_a_chunked_body_has_a_length_for_the_program(house, python):
    with house.visit() as visitor:
        visitor.send(
            f"POST /echo HTTP/1.1\r\nHost: {python.name}\r\nTransfer-Encoding: chunked\r\n\r\n"
            "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n".encode()
        )
        assert visitor.answer().body == b"hello world"


def test_head_and_a_status(python):
    answer = python.get("/env", method="HEAD")
    assert (answer.status, answer.body) == (200, b"")
    answer = python.get("/nothing")
    assert (answer.status, answer.phrase) == (404, "No such thing")


def test_a_file_that_the_program_chose(python):
    answer = python.get("/send")
    assert (answer.status, answer["content-type"], answer.body) == (200, "text/x-sent", b"the file")


def test_many_wait_for_one_connection(house):
    site = house.sites["one.test"]
    bodies = []
    threads = [threading.Thread(target=lambda: bodies.append(site.get("/echo", method="POST", body=b"x").body))
               for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert bodies == [b"x"] * 20


def test_a_restart_is_waited_for(house, python):
    house.python.process.kill()
    house.python.process.wait()
    answers = []
    thread = threading.Thread(target=lambda: answers.append(python.get("/echo", method="POST", body=b"back")))
    thread.start()
    wait_until("the house to notice", lambda: "SCGI python" in house.system_log())
    house.python.start()
    thread.join()
    assert (answers[0].status, answers[0].body) == (200, b"back")


def test_the_status_names_it(house):
    status, output, errors = house.verb("status")
    assert status == 0, errors
    assert "SCGI python" in output


# ---- one that misbehaves ----


def says(*parts):
    def act(talk):
        talk.read_request()
        talk.say(*parts)

    return act


def test_an_answer_split_at_every_byte(house):
    site = house.sites["unix.test"]
    whole = b"Status: 201 Made\r\nContent-Type: text/plain\r\n\r\nbody"
    for cut in range(1, len(whole)):
        house.backend.plays(lambda talk, cut=cut: talk.read_request().say_apart(whole, cut))
        answer = site.get("/split")
        assert (answer.status, answer.phrase, answer.body, answer.complete) == (201, "Made", b"body", True), cut


@pytest.mark.parametrize(
    "said, words",
    [
        (b"", ("closed before the head",)),
        (b"Content-Type: text/pl", ("closed before the head",)),
        (b"Content-Type: text/plain\r\n", ("closed before the head",)),
        (b"no head at all\r\n\r\n", ("is refused",)),
        (b"Content-Length: x\r\n\r\n", ("is refused",)),
    ],
)
def test_an_end_before_the_head_is_a_502(site, said, words):
    length = len(site.error_log())
    site.house.backend.plays(says(said))
    answer = site.get("/x", method="POST", body=b"")
    assert answer.status == 502
    told_once(site, length, "SCGI", *words)


def test_an_end_in_the_middle_of_a_body_of_known_length_is_noticed(site):
    length = len(site.error_log())
    site.house.backend.plays(says(b"Content-Length: 10\r\n\r\nhello"))
    answer = asked(site, method="POST", body=b"")
    assert answer is None or not answer.complete
    told_once(site, length, "5 of the 10 bytes")


def test_a_reset_in_the_middle_of_a_body_is_noticed(house):
    site = house.sites["port.test"]  # a unix socket knows no reset
    length = len(site.error_log())

    def act(talk):
        talk.read_request()
        talk.say(HEAD, b"hello")
        talk.settle()
        talk.reset()

    site.house.backend.plays(act)
    answer = asked(site, method="POST", body=b"")
    assert answer is None or not answer.complete
    told_once(site, length, "in the middle of its answer")
    house.backend.wait_until_quiet()


def test_an_answer_without_a_length_is_whole_at_its_end(site):
    site.house.backend.plays(says(HEAD, b"as long as it is"))
    answer = site.get("/x")
    assert (answer.body, answer.complete) == (b"as long as it is", True)


def test_one_that_is_slow_runs_out_of_time(house):
    site = house.sites["brief.test"]
    length = len(site.error_log())
    house.backend.plays(lambda talk: talk.read_request().waits_for_hangup())
    assert site.get("/x").status == 504
    told_once(site, length, "TimeForCGI", "without an answer")
    house.backend.wait_until_quiet()


def test_an_early_answer_to_a_large_upload(site):
    def act(talk):
        talk._exactly(100)
        talk.say(b"Status: 413\r\nContent-Type: text/plain\r\n\r\ntoo long")
        talk.socket.shutdown(1)
        talk.waits_for_hangup()

    site.house.backend.plays(act)
    answer = asked(site, method="POST", body=b"x" * (2 * MIB))
    assert answer is None or answer.status == 413


def test_a_client_that_leaves_ends_the_connection(house, site):
    gone = []

    def act(talk):
        with contextlib.suppress(HungUp):
            talk.read_request()
            talk.say(HEAD, b"first")
            talk.waits_for_hangup()
        gone.append(talk)

    house.backend.plays(act)
    with house.visit() as visitor:
        visitor.request("GET", "/x", host=site.name)
        wait_until("the program to be asked", lambda: house.backend.talks)
    house.backend.wait_until_quiet()
    assert gone


def test_a_get_that_was_reset_is_asked_once_more(house):
    site = house.sites["port.test"]
    acts = []

    def act(talk):
        acts.append(1)
        talk.read_request()
        if len(acts) == 1:
            talk.reset()
            raise HungUp
        talk.say(HEAD, b"again")

    house.backend.plays(act)
    answer = site.get("/x")
    assert (answer.status, answer.body, len(acts)) == (200, b"again", 2)
    house.backend.plays(lambda talk: talk.read_request().reset())
    assert site.get("/x", method="POST", body=b"once").status == 502
    assert len(house.backend.talks) == 1
    house.backend.wait_until_quiet()


def test_kept_connections_are_refused_at_check(new_house):
    house = new_house("kept")
    house.section("FastCGIserver {\n  FastCGIid = s\n  Protocol = scgi\n  ConnectTo = /s\n  KeepConnections = 2\n}")
    status, said = house.check()
    assert status != 0
    assert "KeepConnections in FastCGIserver 's', which speaks SCGI" in said
