"""Both directions at once: answers before the body was read, events, ends before the and clients that leave."""
import socket
import threading
import time

import pytest

from fault_backend import STDOUT, err, out, records_of
from fault_house import DONE, HEAD, KIB, MIB, full_port, full_socket, told_once, backend, house, site  # noqa: F401
from house import wait_until

# ---- large bodies that nobody reads ----


def upload(house, host, size, heard=None):
    """Sends a body of `size` bytes as far as it is taken; returns the answer."""
    with house.visit(timeout_s=20) as visitor:
        stop = threading.Event()

        def send():
            piece = b"x" * 65536
            try:
                for _ in range(size // len(piece)):
                    if stop.is_set():
                        return
                    visitor.send(piece)
            except OSError:
                pass

        visitor.send(f"POST /x HTTP/1.1\r\nHost: {host}\r\nContent-Length: {size}\r\n\r\n")
        sender = threading.Thread(target=send)
        sender.start()
        try:
            return visitor.answer()
        finally:
            stop.set()
            visitor.socket.shutdown(socket.SHUT_RDWR)
            sender.join()


@pytest.mark.parametrize("size", [10 * MIB, 100 * MIB])
def test_an_application_that_answers_without_reading(site, backend, size):
    def act(talk):
        talk.read_params().say(out(b"Status: 403 No\r\nContent-Length: 4\r\n\r\nbody"), DONE)

    backend.plays(act)
    answer = upload(site.house, site.name, size)
    assert (answer.status, answer.body) == (403, b"body")


def test_an_application_that_reads_a_part_and_answers(site, backend):
    def act(talk):
        talk.read_params()
        for _ in range(10):
            talk.read_record()
        talk.say(out(HEAD + b"enough"), DONE)

    backend.plays(act)
    answer = upload(site.house, site.name, 10 * MIB)
    assert (answer.status, answer.body) == (200, b"enough")


def test_an_application_that_answers_and_never_reads_on(site, backend):
    """It leaves its side open: the answer is complete, and the house closes."""

    def act(talk):
        talk.read_params().say(out(HEAD + b"body"), DONE)
        assert talk.waits_for_hangup() < 1

    backend.plays(act)
    assert upload(site.house, site.name, 10 * MIB).body == b"body"


def test_an_application_that_never_reads_and_never_answers(house, backend):
    """A hundred megabytes for nobody: the limit of time ends it, and memory stays where it was."""
    site = house.sites["brief.test"]
    length = len(site.error_log())
    left = threading.Event()
    backend.plays(lambda talk: left.wait(10))
    begun = time.monotonic()
    try:
        answer = upload(house, site.name, 100 * MIB)
    finally:
        left.set()
    assert answer.status == 504 and time.monotonic() - begun < 5
    told_once(site, length, "TimeForCGI", "answering 504")


def test_an_application_that_closes_while_it_is_sent_a_body(site, backend):
    """Without a word of an answer: a POST is not sent again."""
    length = len(site.error_log())
    backend.plays(lambda talk: talk.read_params())
    assert upload(site.house, site.name, 10 * MIB).status == 502
    assert len(backend.talks) == 1
    told_once(site, length, "answering 502")


def test_an_answer_while_the_body_is_sent(site, backend):
    """Both ways at once, record by record."""

    def act(talk):
        talk.read_params().say(out(HEAD))
        while True:
            _, content = talk.read_record()
            if not content:
                break
            talk.say(records_of(STDOUT, content, 10000))
        talk.say(DONE)

    backend.plays(act)
    body = bytes(range(256)) * 4 * KIB * 8
    with site.house.visit(timeout_s=30) as visitor:
        sender = threading.Thread(
            target=visitor.request, args=("POST", "/x"), kwargs={"host": site.name, "body": body}
        )
        sender.start()
        answer = visitor.answer()
        sender.join()
    assert answer.body == body


# ---- an end before the end ----


def test_an_early_end_frees_the_client_and_the_connection(site, backend):
    """fastcgi_finish_request(): the answer is complete, whatever the worker still does."""

    def act(talk):
        talk.read_request().say(out(HEAD + b"body"), DONE)
        assert talk.waits_for_hangup() < 1

    backend.plays(act)
    begun = time.monotonic()
    answer = site.get("/x")
    assert (answer.body, answer.complete) == (b"body", True) and time.monotonic() - begun < 1


def test_events_arrive_when_they_are_said(site, backend):
    """What an application said is with the client before it says more."""
    go_on = threading.Event()

    def act(talk):
        talk.read_request().say(out(b"Content-Type: text/event-stream\r\n\r\n"))
        for number in range(3):
            talk.say(out(b"data: %d\n\n" % number))
            assert go_on.wait(5)
            go_on.clear()
        talk.say(DONE)

    backend.plays(act)
    with site.house.visit() as visitor:
        visitor.request("GET", "/x", host=site.name)
        assert visitor.head().status == 200
        for number in range(3):
            while b"data: %d\n\n" % number not in visitor.data:
                visitor.first_bytes(len(visitor.data) + 1)
            go_on.set()


# ---- clients that leave ----


PHASES = {
    "nothing is read": (lambda talk: None, None),
    "the body is on its way": (lambda talk: talk.read_params(), 10 * MIB),
    "a part of the body is here": (lambda talk: (talk.read_params(), talk.read_record()), 100 * KIB),
    "it thinks": (lambda talk: talk.read_request(), None),
    "it thinks about a body": (lambda talk: talk.read_request(), 0),
    "a part of the head is said": (lambda talk: talk.read_request().say(out(b"Content-Ty")), None),
    "the head is said": (lambda talk: talk.read_request().say(out(HEAD)), None),
    "a part of the body is said": (lambda talk: talk.read_request().say(out(HEAD + b"bo")), None),
    "it said words": (lambda talk: talk.read_request().say(err(b"words\n")), None),
}


@pytest.mark.parametrize("manner", ["port", "unix"])
def test_a_client_that_leaves_while_the_application_has_no_room(new_house, manner):
    house = new_house("full")
    with full_port() as port, full_socket(house.folder / "full.sock"):
        target = f"127.0.0.1:{port}" if manner == "port" else f"{house.folder}/full.sock"
        house.section(f"FastCGIserver {{\n  FastCGIid = full\n  ConnectTo = {target}\n  ConnectTimeout = 9\n}}")
        house.host("full.test", "  UseFastCGI = full\n  TimeForCGI = 9")
        house.start()
        visitor = house.visit()
        visitor.request("GET", "/x", host="full.test")
        wait_until("the request", lambda: house.status()["requests_in_progress"] == 1)
        if manner == "port":  # the visitor's and the one that is being opened
            assert len(house.server_sockets()) == len(house.sockets_before) + 2
        visitor.close()
        wait_until("the request to be over", lambda: house.status()["requests_in_progress"] == 0, 1)
        assert len(house.server_sockets()) <= len(house.sockets_before)


@pytest.mark.parametrize("manner", ["closes", "resets"])
@pytest.mark.parametrize("phase", PHASES)
def test_a_client_that_leaves_frees_the_application(site, backend, phase, manner):
    act, announced = PHASES[phase]
    ready, left = threading.Event(), threading.Event()
    held = []

    def play(talk):
        act(talk)
        ready.set()
        assert left.wait(10)
        held.append(talk.waits_for_hangup())

    backend.plays(play)
    visitor = site.house.visit()
    if announced is None:
        visitor.request("GET", "/x", host=site.name)
    elif announced == 0:
        visitor.request("POST", "/x", host=site.name, body=b"whole")
    else:
        visitor.send(f"POST /x HTTP/1.1\r\nHost: {site.name}\r\nContent-Length: {announced}\r\n\r\n" + "x" * 70000)
    assert ready.wait(10)
    visitor.close() if manner == "closes" else visitor.reset()
    left.set()
    backend.wait_until_quiet()
    assert held[0] < 1, f"the application was held for {held[0]} s"


def test_a_client_that_leaves_in_a_long_answer_frees_the_application(site, backend):
    held = []

    def play(talk):
        talk.read_request().say(out(HEAD))
        try:
            while True:
                talk.say(out(b"x" * 60000))
        finally:
            held.append(time.monotonic())

    backend.plays(play)
    visitor = site.house.visit()
    visitor.request("GET", "/x", host=site.name)
    visitor.first_bytes(100000)
    visitor.reset()
    left = time.monotonic()
    backend.wait_until_quiet()
    assert held[0] - left < 1
