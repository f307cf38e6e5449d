"""FastCGI programs as people run them: php-fpm under load, libfcgi, Perl's FCGI, spawn-fcgi, cgi-fcgi, fcgiwrap."""
import contextlib
import os
import pathlib
import signal
import threading
import time

import pytest

import family
from backends import Bridged, PhpFpm, Program, Spawned
from house import HERE, House, opened, wait_until

APP = HERE / "sites" / "fcgi" / "app.pl"


class Wrapped(Program):
    """fcgiwrap: CGI programs behind FastCGI."""

    def __init__(self):
        super().__init__("fcgiwrap")
        self.command = ["/usr/sbin/fcgiwrap", "-f", "-c", "2", "-s", f"unix:{self.socket}"]

    def stop(self):
        """It leaves its children alone when it ends, and replaces one that ends before it."""
        left = family.descendants(self.process.pid)
        self.process.terminate()
        self.process.wait(10)
        for pid in left:
            os.kill(pid, signal.SIGTERM)
        wait_until("fcgiwrap to end", lambda: not any(map(family.is_alive, left)))
        family.OURS.discard(self.process.pid)


@pytest.fixture(scope="module")
def house():
    house = House("programs")
    with contextlib.ExitStack() as stack:

        def section(name, program, more=""):
            setattr(house, name, stack.enter_context(program))
            house.section(
                f"FastCGIserver {{\n  FastCGIid = {name}\n  ConnectTo = {program.socket}\n  SessionTimeout = 0\n{more}\n}}"
            )

        section("php", PhpFpm("php"), "  Extension = php\n  MaxConnections = 2")
        section("five", PhpFpm("five", "pm.max_requests = 5"), "  Extension = php\n  MaxConnections = 2")
        house.section(
            f"FastCGIserver {{\n  FastCGIid = kept\n  ConnectTo = {house.five.socket}\n  Extension = php\n"
            "  MaxConnections = 2\n  KeepConnections = 2\n  KeepTime = 1s\n}"
        )
        house.section(
            f"FastCGIserver {{\n  FastCGIid = rooted\n  ConnectTo = {house.php.socket}\n  Extension = php\n"
            f"  ServerRoot = {house.folder}/sites\n}}"
        )
        house.host("rooted.test", "  UseFastCGI = rooted\n  TimeForCGI = 20").copy("php")
        section("perl", Spawned("perl", "/usr/bin/perl", str(APP)))
        section("pair", Bridged("pair", APP))
        section("wrap", Wrapped(), "  Extension = cgi, sh, py")
        for name in ("php", "five", "kept"):
            house.host(f"{name}.test", f"  UseFastCGI = {name}\n  TimeForCGI = 20").copy("php")
        for name in ("perl", "pair"):
            house.host(f"{name}.test", f"  UseFastCGI = {name}\n  TimeForCGI = 20")
        wrap = house.host("wrap.test", "  UseFastCGI = wrap\n  TimeForCGI = 20\n  EnablePathInfo = yes")
        wrap.program("cgi_env")
        wrap.put("hello.sh", "#!/bin/sh\nprintf 'Content-Type: text/plain\\r\\n\\r\\nhello'\n", 0o755)
        wrap.put("closed.sh", "#!/bin/sh\n", 0o644)
        wrap.put("upper.py", "#!/usr/bin/python3\nimport sys\nprint('Content-Type: text/plain\\n')\n"
                 "print(sys.stdin.read().upper(), end='')\n", 0o755)
        with opened(house):
            yield house


def at(house, name):
    return house.sites[f"{name}.test"]


def storm(site, target, seconds, visitors=4, method="GET", **more):
    """Asks again and again from several sides at once; returns what to wait for, and the answers so far."""
    answers = []
    end = time.monotonic() + seconds

    def ask():
        while time.monotonic() < end:
            with site.house.visit(timeout_s=30) as visitor:
                keeps = True
                while keeps and time.monotonic() < end:
                    visitor.request(method, target, host=site.name, **more)
                    answers.append(visitor.answer())
                    keeps = answers[-1]["connection"] != "close"

    return Storm(ask, visitors), answers


class Storm:
    def __init__(self, ask, visitors):
        self.wrongs = []
        self.threads = [threading.Thread(target=self._run, args=(ask,)) for _ in range(visitors)]
        for thread in self.threads:
            thread.start()

    def _run(self, ask):
        try:
            ask()
        except Exception as wrong:  # told by join()
            self.wrongs.append(wrong)

    def join(self):
        for thread in self.threads:
            thread.join()
        assert not self.wrongs, self.wrongs


# ---- php-fpm ----


def test_slow_scripts_wait_their_turn(house):
    site = at(house, "php")
    begun = time.monotonic()
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(site.get("/nap.php?ms=200"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answer.status for answer in answers] == [200] * 8
    assert len({answer.text for answer in answers}) == 2 and time.monotonic() - begun >= 0.8


@pytest.mark.parametrize("host", ["five", "kept"])
def test_children_that_end_after_five_requests(house, host):
    """pm.max_requests: the connection closes with each fifth answer, also one that was to be kept."""
    site = at(house, host)
    runner, answers = storm(site, "/nap.php?ms=0", 2)
    runner.join()
    assert {answer.status for answer in answers} == {200}, site.error_log()
    assert len(answers) > 50 and len({answer.text for answer in answers}) >= len(answers) / 5 - 4
    assert site.error_log() == ""


def test_a_pool_that_is_reloaded_under_load(house):
    site = at(house, "php")
    runner, answers = storm(site, "/nap.php?ms=1", 4)
    for _ in range(5):
        time.sleep(0.4)
        house.php.reload()
    runner.join()
    assert {answer.status for answer in answers} == {200}, site.error_log()
    assert len(answers) > 100


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_pool_that_is_restarted_again_and_again_under_load(house, method):
    """Thousands of requests by four visitors who never wait, and not one of them fails."""
    site = at(house, "php")
    before = len(site.error_log())
    body = {"body": b"name=x", "fields": [("Content-Type", "application/x-www-form-urlencoded")]} if method == "POST" else {}
    runner, answers = storm(site, "/hello.php?name=x", 5, method=method, **body)
    for _ in range(5):
        time.sleep(0.5)
        house.php.restart_gently()
    runner.join()
    log = site.error_log()[before:]
    assert {answer.status for answer in answers} == {200}, log
    assert len(answers) > 500
    assert "answering" not in log


def test_a_script_that_php_does_not_find(house):
    """Its "File not found." says nothing: the log has the name that it was told."""
    site = at(house, "rooted")
    answer = site.get("/hello.php?name=x")
    assert (answer.status, answer.text) == (404, "File not found.\n")
    wait_until("a line", lambda: "does not find" in site.error_log())
    assert "does not find SCRIPT_FILENAME '/rooted.test/hello.php'; does it see the same folders" in site.error_log()


def test_events_of_php_arrive_when_they_are_said(house):
    one_after_the_other(house, "php.test", f"/events.php?seen={house.work}/php-event", house.work / "php-event")


def test_a_script_whose_visitor_leaves_ends(house):
    site = at(house, "php")
    end = house.work / "loop-ended"
    house.work.chmod(0o777)
    visitor = house.visit()
    visitor.request("GET", f"/loop.php?end={end}", host=site.name)
    visitor.first_bytes(3000)
    visitor.close()
    wait_until("the script to end", end.exists, 2)


def test_a_chunked_upload_of_many_megabytes_has_a_length(house):
    site = at(house, "php")
    with house.visit(timeout_s=60) as visitor:
        visitor.send(f"POST /body.php HTTP/1.1\r\nHost: {site.name}\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(30):
            visitor.send(b"10000\r\n" + b"y" * 65536 + b"\r\n")
        visitor.send("0\r\n\r\n")
        answer = visitor.answer()
    assert answer.body == b"1966080:" + b"y" * 1966080


@pytest.mark.parametrize("target", ["/hello.php%00.jpg", "/hello.php%0a", "/none%00/hello.php"])
def test_paths_that_end_too_early_for_c(house, target):
    assert at(house, "php").get(target).status == 400


def test_a_php_that_cannot_write_its_errors_twice(house):
    """What PHP says on stderr is one line of the error log, with the request's id."""
    site = at(house, "php")
    site.get("/error.php")
    line = site.wait_for_error("a word for the log")
    assert site.error_log().count("a word for the log") == 1 and "error.php" in line


# ---- Perl, by spawn-fcgi and by cgi-fcgi ----


def one_after_the_other(house, host, target, seen):
    """Three events, each of which is only said when the one before has arrived."""
    with house.visit() as visitor:
        visitor.request("GET", target, host=host)
        assert visitor.head()["content-type"].startswith("text/event-stream")
        for number in (1, 2, 3):
            while b"data: %d\n\n" % number not in visitor.data:
                visitor.first_bytes(len(visitor.data) + 1)
            pathlib.Path(f"{seen}.{number}").touch()


@pytest.mark.parametrize("host", ["perl", "pair"])
def test_perl_reads_and_answers(house, host):
    site = at(house, host)
    for size in (0, 1, 100_000):
        answer = site.get("/echo?a=b", method="POST", body=b"\x02" * size)
        assert answer.fact("bytes") == str(size) and answer.fact("sum") == str(2 * size)
        assert answer.fact("method") == "POST" and answer.fact("query") == "a=b"


@pytest.mark.parametrize("host", ["perl", "pair"])
def test_events_of_perl_arrive_when_they_are_said(house, host):
    seen = house.work / f"{host}-event"
    one_after_the_other(house, f"{host}.test", f"/events?{seen}", seen)


def test_words_and_a_phrase_of_perl(house):
    answer = at(house, "perl").get("/words")
    assert (answer.status, answer.phrase, answer.text) == (403, "Not Today", "no")
    at(house, "perl").wait_for_error(f"words of {house.perl.process.pid}")


def test_a_chunked_post_to_perl(house):
    with house.visit() as visitor:
        visitor.send("POST /echo HTTP/1.1\r\nHost: perl.test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")
        assert visitor.answer().fact("bytes") == "3"


def test_two_processes_behind_one_socket(house):
    """cgi-fcgi starts two; when one has gone the other answers alone."""
    site = at(house, "pair")
    runner, answers = storm(site, "/echo", 1)
    runner.join()
    assert {answer.status for answer in answers} == {200}
    pids = {int(answer.fact("pid")) for answer in answers}
    assert pids == set(house.pair.pids()) and len(pids) == 2
    gone = int(site.get("/last").text)
    wait_until("one to end", lambda: not family.is_alive(gone))
    runner, answers = storm(site, "/echo", 0.5)
    runner.join()
    assert {answer.status for answer in answers} == {200}
    assert {int(answer.fact("pid")) for answer in answers} == pids - {gone}


# ---- fcgiwrap ----


def test_cgi_programs_behind_fcgiwrap(house):
    site = at(house, "wrap")
    assert site.get("/hello.sh").text == "hello"
    env = site.get("/env.cgi/more/of%20it?a=b", method="POST", body=b"hello").facts("env")
    assert env["PATH_INFO"] == "/more/of it" and env["QUERY_STRING"] == "a=b" and env["CONTENT_LENGTH"] == "5"
    assert env["SCRIPT_NAME"] == "/env.cgi" and env["SCRIPT_FILENAME"] == f"{site.root}/env.cgi"
    assert site.get("/upper.py", method="POST", body=b"loud").text == "LOUD"


def test_what_fcgiwrap_would_answer_403_is_our_404(house):
    assert at(house, "wrap").get("/none.sh").status == 404
    assert at(house, "wrap").get("/closed.sh").status == 403
