"""Some seconds of everything at once: not one request may fail, and nothing may be left afterwards."""
import os
import random
import re
import shutil
import subprocess
import threading
import time

import pytest

from everything import REQUESTS, Crowd, everything
from house import opened

SECONDS = float(os.environ.get("LONGHOUSE_LOAD_S", "3"))


@pytest.fixture(scope="module")
def house():
    with everything("load") as house:
        house.option("Reactors = 4")
        with opened(house):
            yield house


def test_everything_at_once(house):
    end = time.monotonic() + SECONDS

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

    with Crowd(house, 12, 0) as crowd:
        threads = [threading.Thread(target=leave, args=(i,)) for i in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not crowd.unlike(200)
    assert crowd.done > 20


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
