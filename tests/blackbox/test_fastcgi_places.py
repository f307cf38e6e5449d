"""FastCGI targets that are busy, few, drained or kept: who gets a place, who waits, who is told what."""
import contextlib
import threading
import time

import pytest

from backends import PhpFpm, Worker
from house import House, opened, wait_until

WORKERS = 2  # of php-fpm


@pytest.fixture(scope="module")
def house():
    house = House("places")
    house.option("ConnectionsPerIP = 400")
    house.option("Reactors = 2")
    with contextlib.ExitStack() as stack:
        house.php = stack.enter_context(PhpFpm())
        house.workers = [stack.enter_context(Worker(name)) for name in ("one", "two", "three")]

        def section(name, targets, more):
            house.section(f"FastCGIserver {{\n  FastCGIid = {name}\n  ConnectTo = {targets}\n{more}\n}}")
            site = house.host(f"{name}.test", f"  UseFastCGI = {name}\n  TimeForCGI = 20")
            site.copy("php")

        sockets = [worker.socket for worker in house.workers]
        section("few", house.php.socket, f"  Extension = php\n  MaxConnections = {WORKERS}")
        section("late", house.php.socket, "  Extension = php\n  MaxConnections = 1\n  Queue = 2, 500ms")
        section(
            "kept", house.php.socket,
            f"  Extension = php\n  MaxConnections = {WORKERS}\n  KeepConnections = {WORKERS}\n  KeepTime = 1s",
        )
        section("probed", house.php.socket, "  Extension = php\n  Probe = /ping\n  ProbeEvery = 200ms\n  RestartHold = 0")
        section("heavy", f"{sockets[0]} weight=3, {sockets[1]}", "  SessionTimeout = 0")
        section("pair", f"{sockets[0]}, {sockets[1]}", "  SessionTimeout = 0")
        section("spare", f"{sockets[2]}, {sockets[1]} backup", "  SessionTimeout = 0\n  RestartHold = 0")
        with opened(house):
            yield house


def target_of(house, name, index=0):
    section = next(s for s in house.status()["fastcgi"] if s["id"] == name)
    return {**section, **section["targets"][index]}


def ask_many(site, target, clients, each):
    """So many clients with one connection each, one request after the other; the answers by client."""
    answers = [[] for _ in range(clients)]

    def one(number):
        for _ in range(each):
            answers[number].append(site.get(target))

    threads = [threading.Thread(target=one, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return answers


def test_more_requests_than_workers_wait_in_line(house):
    site = house.sites["few.test"]
    answers = ask_many(site, "/nap.php?ms=20", 30, 3)
    assert {answer.status for row in answers for answer in row} == {200}
    assert all(len(row) == 3 for row in answers)
    now = target_of(house, "few")
    assert now["waited"] >= 28 and now["waiting"] == 0
    assert now["connections"] == 0


def test_who_waits_too_long_or_finds_the_line_full_is_told(house):
    site = house.sites["late.test"]
    answers = ask_many(site, "/nap.php?ms=1500", 5, 1)
    by_status = sorted(answer.status for row in answers for answer in row)
    assert by_status == [200, 503, 503, 503, 503]
    for row in answers:
        if row[0].status == 503:
            assert row[0]["retry-after"] == "5"
    site.wait_for_error("FastCGI late: every target is busy or gone, and 2 requests wait already (Queue)")
    site.wait_for_error("FastCGI late: every target is busy or gone, and it has waited 5", "ms (Queue)")


def test_a_client_that_leaves_the_line_is_never_asked_for(house):
    site = house.sites["few.test"]
    before = target_of(house, "few")["requests"]
    slow = [threading.Thread(target=site.get, args=("/nap.php?ms=600",)) for _ in range(WORKERS)]
    for thread in slow:
        thread.start()
    wait_until("both workers to be busy", lambda: target_of(house, "few")["now"] == WORKERS)
    with house.visit() as visitor:
        visitor.send("GET /nap.php HTTP/1.1\r\nHost: few.test\r\n\r\n")
        wait_until("it to wait", lambda: target_of(house, "few")["waiting"] == 1)
    wait_until("it to be gone", lambda: target_of(house, "few")["waiting"] == 0, 1.0)
    for thread in slow:
        thread.join(10)
    assert target_of(house, "few")["requests"] == before + WORKERS


def test_kept_connections_starve_nobody(house):
    """Sixteen clients, two workers whose connections are kept, two reactors: everybody is served."""
    site = house.sites["kept.test"]
    answers = ask_many(site, "/nap.php?ms=2", 16, 20)
    assert [len(row) for row in answers] == [20] * 16
    assert {answer.status for row in answers for answer in row} == {200}
    now = target_of(house, "kept")
    assert now["kept"] == now["connections"] == WORKERS
    wait_until("KeepTime to be over", lambda: target_of(house, "kept")["connections"] == 0, 5.0)


def test_a_kept_connection_that_php_closed_is_replaced(house):
    site = house.sites["kept.test"]
    for method in ("GET", "POST"):
        assert site.get("/nap.php?ms=1").status == 200
        house.php.restart_gently()
        body = b"a=1" if method == "POST" else None
        assert site.get("/nap.php?ms=1", method=method, body=body).status == 200
    assert target_of(house, "kept")["failed"] == 0


def test_probes_find_what_no_visitor_has_met(house):
    wait_until("the first probes", lambda: target_of(house, "probed")["health"] == "up")
    house.php.stop()
    wait_until("the probe to notice", lambda: target_of(house, "probed")["health"] == "resting")
    house.php.start()
    wait_until("the probe to find it", lambda: target_of(house, "probed")["health"] == "up")
    assert target_of(house, "probed")["requests"] == 0
    assert "FastCGI probed: the probe of" in house.system_log()
    assert "is well again, its probe says" in house.system_log()


def test_weights(house):
    answers = ask_many(house.sites["heavy.test"], "/echo", 1, 12)[0]
    names = [answer.fact("worker") for answer in answers]
    assert names.count("one") == 9 and names.count("two") == 3


def test_a_backup_is_asked_only_when_the_others_are_gone(house):
    site = house.sites["spare.test"]
    assert site.get("/echo").fact("worker") == "three"
    house.workers[2].stop()
    try:
        assert site.get("/echo").fact("worker") == "two"
    finally:
        house.workers[2].start()
    wait_until("the first to be used again", lambda: site.get("/echo").fact("worker") == "three", 5.0)


def test_a_target_is_drained_and_enabled_by_order(house):
    site = house.sites["pair.test"]
    first = house.workers[0].socket
    status, output, _ = house.verb("backend", "drain", f"pair/{first}")
    assert (status, output) == (0, f"ok: pair/{first} takes no new sessions; those it has go on\n")
    assert target_of(house, "pair")["drained"] is True
    assert target_of(house, "heavy")["drained"] is False
    assert {answer.fact("worker") for answer in ask_many(site, "/echo", 1, 6)[0]} == {"two"}
    assert house.verb("backend", "enable", f"pair/{first}")[0] == 0
    assert {answer.fact("worker") for answer in ask_many(site, "/echo", 1, 6)[0]} == {"one", "two"}
    assert "by order" in house.system_log()


@pytest.mark.parametrize(
    "words, said",
    [
        (("drain", "/no/such.sock"), "error: no FastCGIserver has a target '/no/such.sock'; write it as in ConnectTo"),
        (("drain",), "usage: longhouse backend drain|enable NAME"),
        (("dry", "x"), "usage: longhouse backend drain|enable NAME"),
    ],
)
def test_orders_that_are_none(house, words, said):
    status, output, errors = house.verb("backend", *words)
    assert status != 0 and output == ""
    assert said in errors


def test_a_target_that_starts_anew_costs_nobody_an_answer(house):
    site = house.sites["few.test"]
    answers = []

    def ask():
        end = time.monotonic() + 3
        while time.monotonic() < end:
            answers.append(site.get("/nap.php?ms=1").status)

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for _ in range(4):
        time.sleep(0.4)
        house.php.restart_gently()
    for thread in threads:
        thread.join(30)
    assert set(answers) == {200}, site.error_log()
    assert len(answers) > 100
    assert "its requests wait (RestartHold)" in house.system_log()
    assert "is there again, after" in house.system_log()
