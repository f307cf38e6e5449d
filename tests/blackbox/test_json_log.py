"""LogFormat = json: what requests and programs took; and the limits of time that the error log names."""
import json
import re
import threading
import time

import pytest

from backends import Worker
from house import House, opened, wait_until


@pytest.fixture(scope="module")
def house():
    house = House("json")
    with Worker("echo") as worker:
        house.option("LogFormat = json")
        house.option("CGIhandler = /usr/bin/python3:py")
        house.option("CGIhandler = /bin/sh:sh")
        house.option("CGIhandler = /usr/bin/perl:pl")
        house.section(
            f"FastCGIserver {{\n  FastCGIid = APP\n  ConnectTo = {worker.folder}/nobody, {worker.socket}\n  Extension = app\n}}"
        )
        site = house.host("json.test", "  UseFastCGI = APP\n  MaxCGI = 1\n  TimeForCGI = 20")
        site.copy("cgi")
        site.put("hello.txt", "hello")
        site.put("any.app", "")
        limits = house.host(
            "limits.test", "  ExecuteCGI = yes\n  TimeForCGI = 5\n  CGIfirstByte = 1s\n  CGIidle = 700ms"
        )
        limits.copy("cgi")
        with opened(house):
            yield house


@pytest.fixture
def site(house):
    return house.sites["json.test"]


def entry(site, target):
    """The object of the request for `target`."""

    def find():
        for line in site.access_log().splitlines():
            found = json.loads(line)
            if found["target"] == target:
                return found
        return None

    return wait_until(f"{target} in the log:\n{site.access_log()}", find)


# ---- the members ----


def test_a_file(site):
    answer = site.get("/hello.txt?file", fields=[("User-Agent", 'tester "1"\\'), ("Referer", "http://from.test/ü".encode().decode("latin-1"))])
    found = entry(site, "/hello.txt?file")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", found["time"])
    assert found["host"] == "json.test" and found["client"] == "127.0.0.1"
    assert (found["method"], found["status"], found["body_bytes"]) == ("GET", 200, 5)
    assert found["bytes"] > found["body_bytes"] and found["duration_ms"] < 5000
    assert found["agent"] == 'tester "1"\\'
    assert "handler" not in found and "cut" not in found
    assert answer.status == 200


def test_a_cgi_program(site):
    assert site.get("/burn.py?cost").status == 200
    found = entry(site, "/burn.py?cost")
    assert (found["handler"], found["exit"], found["status"]) == ("cgi", 0, 200)
    assert 200_000 <= found["cpu_us"] < 10_000_000
    assert 30 * 1024 <= found["peak_kib"] < 200 * 1024
    assert 0 < found["spawn_us"] < found["first_byte_us"] < 1000 * (found["duration_ms"] + 50)
    assert found["duration_ms"] >= 200


def test_how_programs_end(site):
    site.put("three.sh", "printf 'Content-Type: a/b\\n\\nx'; exit 3")
    site.put("kill.sh", "printf 'Content-Type: a/b\\n\\nx'; kill -9 $$")
    site.get("/three.sh")
    site.get("/kill.sh")
    assert entry(site, "/three.sh")["exit"] == 3
    assert entry(site, "/kill.sh")["signal"] == 9


def test_a_fastcgi_request(site):
    assert site.get("/any.app?x").status == 200
    found = entry(site, "/any.app?x")
    assert (found["handler"], found["exit"], found["attempts"]) == ("fastcgi", 0, 2)
    assert found["backend"].endswith("/socket") and found["first_byte_us"] > 0


def test_the_wait_for_a_seat(site):
    first = threading.Thread(target=site.get, args=("/drip.py?0,0.7",))
    first.start()
    wait_until("it to run", site.house.programs)
    assert site.get("/hello.py?waited").status == 200
    first.join()
    assert entry(site, "/hello.py?waited")["queue_us"] > 100_000


def test_a_failure_names_its_cause_and_the_id_leads_to_the_error_log(site):
    site.put("fails.sh", "echo 'the reason of it all' >&2; exit 7")
    answer = site.get("/fails.sh?1")
    found = entry(site, "/fails.sh?1")
    assert answer.status == found["status"] == 502
    assert (found["handler"], found["exit"]) == ("cgi", 7)
    assert "exited with status 7" in found["cause"] and found["id"] in answer.text
    line = site.wait_for_error("error:", found["id"])
    for word in ("json.test", "fails.sh", "status 7", "the reason of it all", "; after ", "answering 502"):
        assert word in line


def test_the_end_of_a_flood_is_told_when_the_request_fails(site):
    site.put("flood.sh", "i=0; while [ $i -lt 2000 ]; do echo again $i; i=$((i+1)); done >&2; echo why it died >&2; exit 1")
    assert site.get("/flood.sh").status == 502
    site.wait_for_error("flood.sh", "at its end: why it died")
    site.wait_for_error("flood.sh", "more lines suppressed")


@pytest.mark.parametrize("length", [7000, 7990])
def test_a_long_target_is_whole(site, length):
    target = "/hello.txt?" + "q" * (length - 11)
    assert site.get(target).status == 200
    assert "cut" not in entry(site, target)


def test_every_line_is_an_object_whatever_clients_send(house, site):
    for agent in ("a\tb", "\x80\xff", '","status":1,"x":"', "\\", "a" * 9000):
        with house.visit() as visitor:
            visitor.request("GET", "/hello.txt", host=site.name, fields=[("User-Agent", agent), ("Connection", "close")])
            visitor.answer()
    with house.visit() as visitor:
        visitor.send(b"nonsense\r\n\r\n")
        visitor.rest()
    entry(site, "/hello.txt")
    time.sleep(0.4)
    for name in ("json.test", "default.test"):
        for line in house.sites[name].access_log().splitlines():
            found = json.loads(line)
            assert found["client"] == "127.0.0.1" and found["status"] > 1


# ---- limits of time ----


@pytest.mark.parametrize(
    "pauses, low, high, status, words",
    [
        ("3", 1.0, 1.3, 504, "CGIfirstByte (1 s) is over"),
        ("0.5,3", 1.2, 1.5, 200, "CGIidle (700 ms) is over"),
        ("0.5,0.5,0.5,0.5,3", 2.7, 3.0, 200, "CGIidle (700 ms) is over"),
        ("0.5,0.5,0.5,0.5,0.5,0.5,0.5,0.5,0.5,0.5,0.5", 5.0, 5.3, 200, "TimeForCGI (5 s) is over"),
    ],
)
def test_each_limit_has_its_name(house, pauses, low, high, status, words):
    """From the beginning of the program, so what python takes to begin is left out of nothing but the first byte."""
    site = house.sites["limits.test"]
    begun = time.monotonic()
    answer = site.get(f"/drip.py?{pauses}")
    took = time.monotonic() - begun
    assert (answer.status, answer.complete) == (status, status == 504)
    found = entry(site, f"/drip.py?{pauses}")
    line = site.wait_for_error("error:" if status == 504 else "error", found["id"], words)
    assert "killed" in line and words in line
    assert low - 0.05 <= took <= high + 1.0, took  # the machine of a test may be slow to begin, never early
    wait_until("the program to be gone", lambda: not house.programs(), 3)


def test_output_in_time_is_not_cut(house):
    answer = house.sites["limits.test"].get("/drip.py?0.4,0.4,0.4,0.4")
    assert (answer.status, answer.text) == (200, "....")


def test_a_client_that_leaves_a_silent_program_ends_it_within_a_second(house):
    with house.visit() as visitor:
        visitor.request("GET", "/drip.py?0,9", host="json.test")
        wait_until("it to run", house.programs)
        begun = time.monotonic()
    wait_until("the program to be gone", lambda: not house.programs(), 2)
    assert time.monotonic() - begun < 1
