"""Seats and the waiting line: busy is not broken."""
import json
import re
import socket
import threading
import time

import family
import pytest

from house import House, opened, wait_until
from wire import Visitor


class VisitorFrom(Visitor):
    """One who comes from another address."""

    def __init__(self, port, address, timeout_s=60.0):
        self.socket = socket.create_connection(
            ("127.0.0.1", port), timeout=timeout_s, source_address=(address, 0)
        )
        self.data = b""
        self.ended = False
        self.was_reset = False


def add_host(house, name, options):
    notes = house.work / f"{name}.notes"
    site = house.host(name, f"  ExecuteCGI = yes\n  Setenv NOTES = {notes}\n{options}")
    site.copy("cgi")
    site.notes = notes
    return site


@pytest.fixture(scope="module")
def house():
    house = House("line")
    house.option("CGIhandler = /bin/sh:sh")
    house.option("CGIhandler = /usr/bin/python3:py")
    house.option("KillGrace = 500ms")
    house.option("ConnectionsPerIP = 400")
    house.option("MaxCGItotal = 24")
    add_host(house, "many.test", "  MaxCGI = 16\n  TimeForCGI = 30")
    add_host(house, "one.test", "  MaxCGI = 1\n  CGIqueue = 3, 20s\n  TimeForCGI = 30")
    add_host(house, "late.test", "  MaxCGI = 1\n  CGIqueue = 3, 1s\n  TimeForCGI = 30")
    add_host(house, "fair.test", "  MaxCGI = 2\n  TimeForCGI = 30")
    add_host(house, "brief.test", "  MaxCGI = 1\n  TimeForCGI = 1")
    add_host(house, "form.test", "  MaxCGI = 1\n  TimeForCGI = 30\n  CollectBody = 1M")
    with opened(house):
        yield house


@pytest.fixture(autouse=True)
def quiet(house):
    """Each test begins and ends with free seats."""
    for site in house.sites.values():
        if hasattr(site, "notes"):
            site.notes.unlink(missing_ok=True)
    yield
    wait_until("all seats to be free", lambda: all_seats(house)["taken"] == 0)


def notes_of(site):
    try:
        return site.notes.read_text().splitlines()
    except FileNotFoundError:
        return []


def ask(house, site, query, address="127.0.0.1"):
    visitor = VisitorFrom(house.port, address)
    visitor.request("GET", f"/seat.sh?{query}", host=site.name, fields=[("Connection", "close")])
    return visitor


def all_seats(house):
    """What `longhouse status` says, without the time that a process takes to begin."""
    with socket.socket(socket.AF_UNIX) as control:
        control.connect(str(house.run / "control.sock"))
        control.sendall(b"status json\n")
        text = b""
        while part := control.recv(65536):
            text += part
    return json.loads(text)["seats"]


def seats(house, site):
    for host in all_seats(house)["hosts"]:
        if host["host"] == site.name:
            return host
    return {"taken": 0, "waiting": 0, "seated": 0}


def come(house, site):
    """How many ever came that were not turned away or left."""
    now = seats(house, site)
    return now["seated"] + now["waiting"]


def fill_one(house):
    """The only seat of one.test is taken; returns who sits there."""
    site = house.sites["one.test"]
    first = ask(house, site, "1.5,first")
    wait_until("the first to run", lambda: notes_of(site))
    return site, first


# ---- who has no seat yet ----


@pytest.mark.parametrize("size", [1000, 200_000])
def test_a_slow_form_holds_no_seat(house, size):
    """Up to CollectBody, in memory or in a file."""
    site = house.sites["form.test"]
    with house.visit() as slow:
        slow.send(f"POST /upper.py HTTP/1.1\r\nHost: form.test\r\nContent-Length: {size}\r\n\r\n".encode() + b"x" * (size - 1))
        assert [site.get("/hello.sh").status for _ in range(3)] == [200] * 3
        assert seats(house, site)["taken"] == 0
        slow.send(b"y")
        answer = slow.answer()
        assert answer.status == 200 and answer.body.strip().endswith(b"XY")


def test_a_long_upload_takes_its_seat_at_once(house):
    site = house.sites["form.test"]
    with house.visit() as slow:
        slow.send(b"POST /upper.py HTTP/1.1\r\nHost: form.test\r\nContent-Length: 2000000\r\n\r\n")
        wait_until("its seat", lambda: seats(house, site)["taken"] == 1)
        slow.send(b"x" * 2000000)
        assert slow.answer().status == 200


# ---- busy is not broken ----


def test_200_slow_programs_at_once_with_16_seats(house):
    site = house.sites["many.test"]
    spawner = house.spawner_pid()
    seen = []
    over = threading.Event()

    def watch():
        while not over.is_set():
            seen.append(len([pid for pid in family.children(spawner) if family.is_alive(pid)]))
            time.sleep(0.02)

    watcher = threading.Thread(target=watch)
    watcher.start()
    visitors = [ask(house, site, f"0.2,{i}") for i in range(200)]
    answers = [visitor.answer() for visitor in visitors]
    over.set()
    watcher.join()
    for visitor in visitors:
        visitor.close()

    assert [answer.status for answer in answers] == [200] * 200
    running = most = 0
    for line in notes_of(site):
        running += 1 if line[0] == "+" else -1
        most = max(most, running)
    assert len(notes_of(site)) == 400
    assert 8 <= most <= 16
    assert max(seen) <= 16
    assert seats(house, site)["waited"] >= 100


def test_the_line_keeps_its_order(house):
    site = house.sites["one.test"]
    before = come(house, site)
    visitors = []
    for i in range(4):
        visitors.append(ask(house, site, f"0.3,{i}"))
        wait_until("it to be counted", lambda: come(house, site) == before + i + 1)
    assert [visitor.answer().status for visitor in visitors] == [200] * 4
    begun = [line for line in notes_of(site) if line[0] == "+"]
    assert begun == [f"+ 0.3,{i}" for i in range(4)]


def test_clients_take_turns(house):
    site = house.sites["fair.test"]
    greedy = [ask(house, site, f"0.1,greedy{i}", "127.0.0.2") for i in range(40)]
    wait_until("the line to stand", lambda: seats(house, site)["waiting"] >= 30)
    modest = [ask(house, site, f"0.1,modest{i}", "127.0.0.3") for i in range(3)]
    assert [visitor.answer().status for visitor in modest] == [200] * 3
    assert seats(house, site)["waiting"] >= 10  # most of the greedy ones are still there
    assert [visitor.answer().status for visitor in greedy] == [200] * 40


def test_a_full_house_does_not_starve_a_host(house):
    """many.test and fair.test together want more than MaxCGItotal; one.test gets its turn."""
    many = [ask(house, house.sites["many.test"], f"0.3,{i}") for i in range(60)]
    fair = [ask(house, house.sites["fair.test"], f"0.3,{i}") for i in range(20)]
    begun = time.monotonic()
    one = ask(house, house.sites["one.test"], "0,x")
    assert one.answer().status == 200
    assert time.monotonic() - begun < 3
    assert {visitor.answer().status for visitor in many + fair} == {200}


# ---- who leaves, who is turned away ----


def test_who_leaves_the_line_is_forgotten(house):
    site, first = fill_one(house)
    second = ask(house, site, "0,second")
    third = ask(house, site, "0,third")
    wait_until("two to wait", lambda: seats(house, site)["waiting"] == 2)
    second.reset()
    wait_until("one to wait", lambda: seats(house, site)["waiting"] == 1, 1)
    assert first.answer().status == third.answer().status == 200
    assert not [line for line in notes_of(site) if "second" in line]


def test_a_full_line_is_503_with_retry_after_and_one_line_in_the_log(house):
    site, first = fill_one(house)
    waiting = [ask(house, site, f"0,{i}") for i in range(3)]
    wait_until("three to wait", lambda: seats(house, site)["waiting"] == 3)
    answer = ask(house, site, "0,late").answer()
    assert answer.status == 503 and int(answer["retry-after"]) > 0
    request = re.search(r"request (\w{13})", answer.text).group(1)
    line = site.wait_for_error(request, "MaxCGI", "CGIqueue", "3 requests wait already")
    assert site.error_log().count(request) == 1, line
    assert [visitor.answer().status for visitor in (first, *waiting)] == [200] * 4


def test_who_waited_too_long_is_503(house):
    site = house.sites["late.test"]
    first = ask(house, site, "3,first")
    wait_until("the first to run", lambda: notes_of(site))
    begun = time.monotonic()
    answer = ask(house, site, "0,late").answer()
    assert 0.9 < time.monotonic() - begun < 2
    assert answer.status == 503 and int(answer["retry-after"]) > 0
    site.wait_for_error("it has waited 10", "CGIqueue", "MaxCGI")
    assert first.answer().status == 200


def test_100_continue_waits_for_the_seat(house):
    site, first = fill_one(house)
    with VisitorFrom(house.port, "127.0.0.1") as visitor:
        visitor.request(
            "POST", "/seat.sh?0,post", host=site.name,
            fields=[("Expect", "100-continue"), ("Content-Length", "4"), ("Connection", "close")],
        )
        wait_until("it to wait", lambda: seats(house, site)["waiting"] == 1)
        visitor.socket.settimeout(0.3)
        with pytest.raises(TimeoutError):
            visitor.first_bytes(1)
        visitor.socket.settimeout(20)
        assert visitor.head().status == 100
        visitor.send("body")
        assert visitor.answer().status == 200
    assert first.answer().status == 200


def test_the_time_counts_from_the_seat(house):
    """TimeForCGI is 1 s; each waits longer than that in the line."""
    site = house.sites["brief.test"]
    visitors = [ask(house, site, f"0.6,{i}") for i in range(4)]
    assert [visitor.answer().status for visitor in visitors] == [200] * 4


def test_a_program_that_is_being_ended_keeps_its_seat(house):
    """It ignores TERM: until KILL comes nobody else may have its place."""
    site = house.sites["one.test"]
    site.put("deaf.sh", "trap '' TERM\necho \"+ deaf\" >>$NOTES\nwhile :; do sleep 0.05; done\n")
    visitor = VisitorFrom(house.port, "127.0.0.1")
    visitor.request("GET", "/deaf.sh", host=site.name)
    wait_until("it to run", lambda: notes_of(site))
    second = ask(house, site, "0,second")
    wait_until("one to wait", lambda: seats(house, site)["waiting"] == 1)
    begun = time.monotonic()
    visitor.reset()
    assert second.answer().status == 200
    assert time.monotonic() - begun > 0.4
