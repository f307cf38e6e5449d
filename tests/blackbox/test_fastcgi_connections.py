"""Connections to a FastCGI application that is busy, gone for a moment, closes in between, or is another's."""
import contextlib
import os
import socket
import threading
import time

import pytest

from fault_backend import CANT_MULTIPLEX, OVERLOADED, HungUp, Talk, end, out
from fault_house import (  # noqa: F401
    DONE,
    HEAD,
    full_socket,
    lines_since,
    logged,
    says,
    told_once,
    backend,
    house,
    site,
)
from house import wait_until

# ---- busy ----


@pytest.mark.parametrize("status", [OVERLOADED, CANT_MULTIPLEX])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_application_that_is_busy_is_asked_again(site, backend, status, method):
    """Nothing was executed: also a POST may be sent once more, with all of its body."""
    heard = []

    def act(talk):
        heard.append(talk.read_request().body)
        talk.say(end(status) if len(heard) < 4 else out(HEAD + b"at last") + DONE)

    length = len(site.error_log())
    backend.plays(act)
    body = b"x" * 20000 if method == "POST" else b""
    answer = site.get("/busy", method=method, body=body or None)
    assert (answer.status, answer.body) == (200, b"at last") and heard == [body] * 4
    logged(site)
    assert not lines_since(site, length)


def test_an_application_that_stays_busy_is_503(house, backend):
    site = house.sites["short.test"]
    length = len(site.error_log())
    backend.plays(says(end(OVERLOADED)))
    answer = site.get("/busy")
    assert answer.status == 503 and int(answer["retry-after"]) > 0
    told_once(site, length, "busy", "answering 503")


# ---- gone for a moment ----


def sockets_of_its_own(new_house, more=""):
    house = new_house("moment")
    house.path = house.folder / "app.sock"
    house.section(f"FastCGIserver {{\n  FastCGIid = app\n  ConnectTo = {house.path}\n{more}\n}}")
    house.host("app.test", "  UseFastCGI = app\n  TimeForCGI = 8")
    house.start()
    return house


def asks_aside(house, method):
    """A request on a thread of its own; call the result to have the answer."""
    answers = []
    body = b"x" * 1000 if method == "POST" else None
    thread = threading.Thread(
        target=lambda: answers.append(house.get("/x", host="app.test", method=method, body=body))
    )
    thread.start()

    def answer():
        thread.join(20)
        return answers[0]

    return answer


def answer_next(listener):
    """Accepts until a connection holds a request, and answers that."""
    listener.settimeout(10)
    while True:
        connection, _ = listener.accept()
        with connection:
            connection.settimeout(10)
            talk = Talk(connection)
            try:
                talk.read_request()
            except HungUp:
                continue  # one that only filled the queue
            talk.say(out(HEAD + b"body"), DONE)
            return talk


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_queue_that_is_full_for_a_second(new_house, method):
    """EAGAIN is no failure: the request waits, and nobody hears of it."""
    house = sockets_of_its_own(new_house)
    with full_socket(house.path) as (listener, others):
        answer = asks_aside(house, method)
        time.sleep(1)
        others.close()
        talk = answer_next(listener)
        answer = answer()
    assert (answer.status, answer.body) == (200, b"body") and len(talk.body) == (1000 if method == "POST" else 0)
    assert house.sites["app.test"].error_log() == ""


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_socket_that_is_removed_and_made_again(new_house, method):
    """RestartHold: the request waits for the new one."""
    house = sockets_of_its_own(new_house)
    with socket.socket(socket.AF_UNIX) as first:
        first.bind(str(house.path))
        house.path.chmod(0o666)
        first.listen(5)
        answer = asks_aside(house, method)
        assert len(answer_next(first).body) == (1000 if method == "POST" else 0)
        assert answer().body == b"body"
    house.path.unlink()
    answer = asks_aside(house, method)
    time.sleep(0.7)
    with socket.socket(socket.AF_UNIX) as second:
        second.bind(str(house.path))
        house.path.chmod(0o666)
        second.listen(5)
        talk = answer_next(second)
        answer = answer()
    assert (answer.status, answer.body) == (200, b"body") and len(talk.body) == (1000 if method == "POST" else 0)
    assert house.sites["app.test"].error_log() == ""


# ---- kept connections ----


@pytest.fixture
def kept(house):
    """A host whose connection is kept; nothing is left of it afterwards."""
    yield house.sites["kept.test"]
    wait_until("the kept connection to go", lambda: house.backend.running == 0, 5)


def body_for(method):
    return b"x" * 1000 if method == "POST" else None


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_kept_connection_serves_many_requests(kept, backend, method):
    def act(talk):
        for number in range(5):
            talk.read_request()
            assert talk.keep
            talk.say(out(HEAD + b"%d" % number), DONE)

    backend.plays(act)
    answers = [kept.get("/x", method=method, body=body_for(method)).body for _ in range(5)]
    assert answers == [b"0", b"1", b"2", b"3", b"4"] and len(backend.talks) == 1


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_kept_connection_that_was_closed_while_idle(kept, backend, method):
    length = len(kept.error_log())
    backend.plays(says(out(HEAD + b"body"), DONE))  # and closes, although it was asked to keep
    for _ in range(3):
        answer = kept.get("/x", method=method, body=body_for(method))
        assert (answer.status, answer.body) == (200, b"body")
        backend.wait_until_quiet()
    assert len(backend.talks) == 3 and kept.error_log()[length:] == ""


@pytest.mark.parametrize("method, status, talks", [("GET", 200, 2), ("POST", 502, 1)])
def test_a_kept_connection_that_is_closed_in_the_face_of_a_request(kept, backend, method, status, talks):
    """It had read all of it, and may have done what it says: only what is safe is sent once more."""

    def act(talk):
        talk.read_request().say(out(HEAD + b"body"), DONE)
        if len(backend.talks) == 1:
            talk.read_request()

    backend.plays(act)
    assert kept.get("/x").body == b"body"
    answer = kept.get("/x", method=method, body=body_for(method))
    backend.wait_until_quiet()
    assert answer.status == status and len(backend.talks) == talks


def test_what_lies_behind_an_answer_is_never_the_next_one(kept, backend):
    """A connection with a byte too many is not used again."""

    def act(talk):
        talk.read_request().say(out(HEAD + b"first"), DONE, out(HEAD + b"for nobody"), DONE)
        with contextlib.suppress(HungUp):
            talk.read_request().say(out(HEAD + b"second"), DONE)

    backend.plays(act)
    assert kept.get("/x").body == b"first"
    assert kept.get("/x").body == b"first" and len(backend.talks) == 2


# ---- whose socket it is ----


@pytest.mark.parametrize("owner, good", [("us", True), ("daemon", False), ("no-such-user", False)])
def test_the_owner_of_a_socket(new_house, backend, owner, good):
    """Another's socket is not told a word."""
    house = new_house("owner")
    user = str(os.getuid()) if owner == "us" else owner
    house.section(
        f"FastCGIserver {{\n  FastCGIid = own\n  ConnectTo = {backend.socket}\n  SocketOwner = USER\n}}"
    )
    site = house.host("own.test", "  UseFastCGI = own")
    if owner == "no-such-user":
        house.sections[-2] = house.sections[-2].replace("USER", owner)
        house.config_path.write_text(house.config_text())
        status, _, errors = house.verb("check")
        assert status == 1 and "SocketOwner: there is no user 'no-such-user'" in errors
        return
    house.sections[-2] = house.sections[-2].replace("USER", user)
    house.start()
    backend.plays(says(out(HEAD + b"body"), DONE))
    answer = site.get("/x")
    status, _, errors = house.verb("check")
    assert status == 0 and ("SocketOwner" in errors) != good
    if good:
        assert (answer.status, answer.body) == (200, b"body")
    else:
        assert answer.status == 503 and not any(talk.records for talk in backend.talks)
        told_once(site, 0, "SocketOwner", "answering 503")


@pytest.mark.skipif(os.getuid() != 0, reason="without root the server is whoever runs the tests")
def test_a_socket_that_the_server_may_not_open(new_house, backend):
    house = new_house("closed")
    house.section(f"FastCGIserver {{\n  FastCGIid = own\n  ConnectTo = {backend.socket}\n}}")
    site = house.host("own.test", "  UseFastCGI = own")
    backend.plays(says(out(HEAD), DONE))
    house.start()
    backend.socket.chmod(0o600)
    try:
        status, _, errors = house.verb("check")
        assert status == 0 and f"the user www-data may not open the socket '{backend.socket}'" in errors
        assert site.get("/x").status == 503
        told_once(site, 0, "listen.owner", "answering 503")
        backend.socket.chmod(0o666)
        backend.folder.chmod(0o700)
        assert f"may not open the socket '{backend.socket}'" in house.verb("check")[2]
        backend.folder.chmod(0o755)
        assert "may not open" not in house.verb("check")[2]
    finally:
        backend.folder.chmod(0o755)
        backend.socket.chmod(0o666)
