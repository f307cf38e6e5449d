"""`longhouse upgrade`: another house takes over the sockets of this one, and nobody notices but the administrator."""
import os
import signal
import threading

import pytest

import family
from backends import Worker
from house import BACKENDS, wait_until


@pytest.fixture
def house(new_house):
    house = new_house("upgrade")
    house.option("CGIhandler = /bin/sh:sh")
    house.option("DrainTime = 20")
    house.option("ExecuteCGI = yes")
    house.option("TimeForCGI = 30")
    house.default.put("a.txt", "a file")
    house.default.put("hello.sh", "echo Content-Type: text/plain\necho\necho hello\n")
    house.default.put("slow.sh", "echo Content-Type: text/plain\necho\necho begun\nsleep 1.2\necho ended\n")
    return house


def supervisor(house):
    return int((house.run / "longhouse.pid").read_text())


def upgrade(house):
    """The new house's pid; the old one may still have something to finish."""
    before = supervisor(house)
    status, said, errors = house.verb("upgrade")
    assert status == 0 and said.startswith("ok: pid "), said + errors
    now = supervisor(house)
    assert now != before and f"pid {now} serves" in said
    return now


def only_one_server(house):
    def servers():
        return [pid for pid in family.descendants(house.process.pid) if family.title(pid) == "longhouse server"]

    wait_until("the old server to end", lambda: len(servers()) == 1, 10)


class Load:
    """Clients that ask without a pause, with connections of their own, and count what went wrong."""

    def __init__(self, house, *targets):
        self.house = house
        self.wrong = []
        self.done = 0
        self.ends = False
        self.threads = [threading.Thread(target=self.ask, args=(target,)) for target in targets]

    def ask(self, target):
        while not self.ends:
            try:
                answer = self.house.get(target, timeout_s=30)
                if answer.status != 200:
                    self.wrong.append((target, answer.status))
                self.done += 1
            except Exception as error:  # noqa: BLE001 whatever it is, the client would have seen it
                self.wrong.append((target, repr(error)))

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.ends = True
        for thread in self.threads:
            thread.join(30)


def test_no_request_fails_while_the_house_is_replaced_three_times(house):
    with Worker("outside") as outside:
        house.section(f"FastCGIserver {{\n  FastCGIid = out\n  ConnectTo = {outside.socket}\n}}")
        house.section(f"FastCGIserver {{\n  FastCGIid = own\n  Run = {BACKENDS}/fcgi_worker own\n  MaxWorkers = 2\n}}")
        house.host("out.test", "  UseFastCGI = out")
        house.host("own.test", "  UseFastCGI = own")
        house.keeps_workers = True
        house.start()
        with Load(house, "/a.txt", "/hello.sh", "http://out.test/x", "http://own.test/x") as load:
            for _ in range(3):
                done = load.done
                wait_until("some answers", lambda done=done: load.done > done + 20, 20)
                upgrade(house)
            done = load.done
            wait_until("some answers of the last", lambda: load.done > done + 20, 20)
        assert not load.wrong, load.wrong[:5]
        only_one_server(house)
        assert house.status()["pid"] in family.children(supervisor(house))
        assert house.stop() == 0
    assert not (house.run / "longhouse.pid").exists() and not (house.run / "control.sock").exists()
    assert not [path for path in house.work.iterdir() if path.is_socket()]


def test_what_was_begun_is_finished(house):
    house.start()
    with house.visit() as slow, house.visit() as kept:
        slow.send(b"GET /slow.sh HTTP/1.1\r\nHost: default.test\r\n\r\n")
        answer = slow.head()
        kept.request("GET", "/a.txt")
        assert kept.answer().text == "a file"
        upgrade(house)
        assert house.get("/a.txt").text == "a file"
        slow.body_of(answer)
        assert answer.body == b"begun\nended\n"
    only_one_server(house)


def test_by_signal_and_the_end_by_the_first_process(house):
    house.start()
    before = supervisor(house)
    os.kill(before, signal.SIGUSR2)
    wait_until("another house", lambda: supervisor(house) not in (before, 0), 10)
    only_one_server(house)
    assert house.get("/a.txt").text == "a file"
    assert house.process.poll() is None and house.process.pid == before  # waits, for who started it
    house.process.send_signal(signal.SIGHUP)
    wait_until("the reload, passed on", lambda: house.status()["generation"] == 2)
    assert house.stop() == 0
    assert not family.descendants(before)


def test_a_faulty_configuration_changes_nothing(house):
    house.start()
    before = (supervisor(house), house.server_pid())
    good = house.config_path.read_text()
    house.config_path.write_text(good + "NoSuchOption = yes\n")
    status, said, errors = house.verb("upgrade")
    line = good.count("\n") + 1
    assert status == 1 and f"longhouse.conf:{line}:1" in said + errors and "NoSuchOption" in said + errors
    os.kill(before[0], signal.SIGUSR2)  # which asks nobody first
    wait_until("the refusal", lambda: "no upgrade" in house.system_log(), 10)
    assert f"longhouse.conf:{line}:1" in house.system_log()
    house.config_path.write_text(good)
    assert (supervisor(house), house.server_pid()) == before
    assert house.get("/hello.sh").text == "hello\n"
    upgrade(house)
    only_one_server(house)


def test_a_changed_configuration_comes_with_it(house):
    """Also what a reload cannot change."""
    house.option("Reactors = 1")
    house.start()
    assert house.status()["reactors"] == 1
    house.options[-1] = "Reactors = 3"
    house.host("new.test").put("b.txt", "new")
    house.config_path.write_text(house.config_text())
    upgrade(house)
    wait_until("the new one to answer", lambda: house.status()["reactors"] == 3)
    assert house.sites["new.test"].get("/b.txt").text == "new"
    only_one_server(house)


def noted(house):
    """What the server has written down for the next one."""
    descriptors = f"/proc/{supervisor(house)}/fd"
    for number in os.listdir(descriptors):
        if "memfd:legacy" in os.readlink(f"{descriptors}/{number}"):
            with open(f"{descriptors}/{number}", encoding="ascii") as file:
                return file.read()
    return ""


def test_bans_and_drained_targets_outlive_the_server(house):
    with Worker("a") as first, Worker("b") as second:
        house.section(f"FastCGIserver {{\n  FastCGIid = two\n  ConnectTo = {first.socket}, {second.socket}\n  SessionTimeout = 0\n}}")
        house.host("two.test", "  UseFastCGI = two")
        house.option("TrustedProxy = 127.0.0.1")
        house.start()

        def ask(client):
            return house.get("/a.txt", fields=[("X-Forwarded-For", client)]).status

        def answerers():
            return {house.get("/who", host="two.test").text.split()[0] for _ in range(4)}

        assert len(answerers()) == 2
        assert house.verb("ban", "192.0.2.7")[0] == 0
        assert house.verb("backend", "drain", str(first.socket))[0] == 0
        assert ask("192.0.2.7") == 429 and len(answerers()) == 1
        upgrade(house)
        only_one_server(house)
        assert ask("192.0.2.7") == 429 and ask("192.0.2.8") == 200
        assert len(answerers()) == 1

        assert house.verb("ban", "192.0.2.9")[0] == 0
        wait_until("the ban to be written down", lambda: "192.0.2.9" in noted(house))
        before = [pid for pid in family.descendants(house.process.pid) if family.title(pid) == "longhouse server"]
        os.kill(before[0], signal.SIGKILL)
        wait_until("another server", lambda: house.status()["pid"] not in before)
        assert ask("192.0.2.9") == 429 and ask("192.0.2.7") == 429 and ask("192.0.2.8") == 200
        assert len(answerers()) == 1
