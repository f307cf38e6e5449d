"""Some seconds of everything at once: not one request may fail, and nothing may be left afterwards."""
import contextlib
import os
import random
import re
import shutil
import subprocess
import threading
import time

import pytest

from backends import PhpFpm, Worker
from house import House, opened

SECONDS = float(os.environ.get("LONGHOUSE_LOAD_S", "3"))


@pytest.fixture(scope="module")
def house():
    house = House("load")
    house.option("CGIextension = cgi")
    house.option("CGIhandler = /bin/sh:sh")
    house.option("ConnectionsPerIP = 1000")
    house.option("Reactors = 4")
    site = house.default
    house.option("ExecuteCGI = yes")
    house.option("UseFastCGI = php, workers")
    house.option("TimeForCGI = 30")
    site.program("cgi_min", "min.cgi")
    site.program("cgi_mirror", "mirror.cgi")
    site.copy("cgi")
    site.copy("php")
    for name in ("who.fcgi", "mirror.fcgi"):
        site.put(name, "the workers answer for this")
    site.put("one.txt", "x" * 1024)
    site.put("big.bin", "y" * 1_000_000)
    with contextlib.ExitStack() as stack:
        php = stack.enter_context(PhpFpm())
        workers = [stack.enter_context(Worker(n)) for n in ("one", "two")]
        house.section(f"FastCGIserver {{\n  FastCGIid = php\n  ConnectTo = {php.socket}\n  Extension = php\n}}")
        house.section(
            f"FastCGIserver {{\n  FastCGIid = workers\n  ConnectTo = {workers[0].socket}, {workers[1].socket}\n"
            "  Extension = fcgi\n  SessionTimeout = 0\n}"
        )
        with opened(house):
            yield house


REQUESTS = [
    ("GET", "/one.txt", None, lambda answer: len(answer.body) == 1024),
    ("GET", "/big.bin", None, lambda answer: len(answer.body) == 1_000_000),
    ("GET", "/min.cgi", None, lambda answer: answer.text == "hello from C\r\n"),
    ("POST", "/mirror.cgi", b"z" * 100_000, lambda answer: answer.body == b"z" * 100_000),
    ("GET", "/hello.php?name=load", None, lambda answer: answer.text == "hello load from fpm-fcgi"),
    ("GET", "/who.fcgi", None, lambda answer: answer.text[:4] in ("one ", "two ")),
    ("POST", "/mirror.fcgi", b"w" * 50_000, lambda answer: answer.body == b"w" * 50_000),
]


def test_everything_at_once(house):
    end = time.monotonic() + SECONDS
    failed, done = [], []

    def visit(seed):
        dice = random.Random(seed)
        while time.monotonic() < end and not failed:
            with house.visit(timeout_s=30) as visitor:
                for _ in range(dice.randint(1, 6)):
                    method, target, body, right = dice.choice(REQUESTS)
                    try:
                        visitor.request(method, target, body=body)
                        answer = visitor.answer()
                    except OSError as error:
                        failed.append((target, error))
                        return
                    if answer.status != 200 or not right(answer):
                        failed.append((target, answer))
                        return
                    done.append(target)

    def leave(seed):
        """Visitors without manners: they hang up in the middle of everything."""
        dice = random.Random(seed)
        while time.monotonic() < end:
            with house.visit() as visitor:
                method, target, body, _ = dice.choice([*REQUESTS, ("GET", "/trickle.sh", None, None)])
                try:
                    visitor.request(method, target, body=body and body[: dice.randint(1, len(body))])
                    if dice.random() < 0.5:
                        visitor.first_bytes(1)
                    if dice.random() < 0.5:
                        visitor.reset()
                except OSError:
                    pass

    threads = [threading.Thread(target=visit, args=(i,)) for i in range(12)]
    threads += [threading.Thread(target=leave, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed, failed[:3]
    assert len(done) > 20


@pytest.mark.parametrize("target", ["/one.txt", "/min.cgi", "/hello.php?name=wrk"])
def test_wrk_without_one_failed_request(house, target):
    wrk = shutil.which("wrk")
    assert wrk, "wrk is missing: apt-get install wrk"
    done = subprocess.run(
        [wrk, "-t1", "-c16", "-d2s", "--timeout", "20s", f"http://127.0.0.1:{house.port}{target}"],
        capture_output=True, text=True, timeout=60, check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Non-2xx" not in done.stdout and "Socket errors" not in done.stdout, done.stdout
    assert int(re.search(r"(\d+) requests in", done.stdout)[1]) > 10, done.stdout
