"""CGI programs that do what nobody expects of a program, and limits that are kept to the tick of a clock."""
import re
import threading
import time

import pytest

from backends import Worker
from house import House, opened, wait_until

MIB = 1024 * 1024
TEXT = "print('Content-Type: text/plain\\n')\n"
PROGRAMS = {
    "trouble.py": "import cgitb\ncgitb.enable()\nimport sys\n" + TEXT + "sys.stdout.flush()\nraise KeyError('what nobody has')\n",
    "trouble-early.py": "import cgitb\ncgitb.enable()\nraise KeyError('before the head')\n",
    "partly.py": "import os\n" + TEXT + "print(len(os.read(0, 1000)), flush=True)\n",
    "shut.py": "import os, time\nos.close(0)\ntime.sleep(0.2)\n" + TEXT + "print('it did not want it')\n",
    "shut-late.py": "import os\nos.read(0, 70000)\nos.close(0)\n" + TEXT + "print('enough')\n",
    "name.py": "import os, sys\nfor name in ('SCRIPT_NAME', 'PATH_INFO', 'PATH_TRANSLATED', 'REQUEST_URI'):\n"
    "    sys.stdout.buffer.write(b'' if name != 'SCRIPT_NAME' else b'Content-Type: text/plain\\n\\n')\n"
    "    sys.stdout.buffer.write(name.encode() + b'=' + os.environb.get(name.encode(), b'-') + b'\\n')\n",
    "silent.py": "import time\ntime.sleep(9)\n",
    "pause.py": "import time\n" + TEXT + "print('.', flush=True)\ntime.sleep(9)\n",
    "seat.py": "import time\ntime.sleep(0.4)\n" + TEXT + "print(time.monotonic())\n",
}


@pytest.fixture(scope="module")
def house():
    house = House("edges")
    with Worker("edges") as worker:
        house.option("CGIhandler = /usr/bin/python3:py")
        house.option("KillGrace = 300ms")
        house.section(f"FastCGIserver {{\n  FastCGIid = APP\n  ConnectTo = {worker.socket}\n  Extension = app\n}}")
        sites = [
            house.host("edges.test", "  ExecuteCGI = yes\n  EnablePathInfo = yes\n  TimeForCGI = 20"),
            house.host("both.test", "  ExecuteCGI = yes\n  UseFastCGI = APP\n  MaxCGI = 1\n  TimeForCGI = 20"),
            house.host("total.test", "  ExecuteCGI = yes\n  TimeForCGI = 1"),
            house.host("first.test", "  ExecuteCGI = yes\n  TimeForCGI = 20\n  CGIfirstByte = 400ms"),
            house.host("idle.test", "  ExecuteCGI = yes\n  TimeForCGI = 20\n  CGIidle = 400ms"),
        ]
        for site in sites:
            for name, text in PROGRAMS.items():
                site.put(name, text)
            site.put("slow.app")
        sites[0].put("caf\udce9 =1.py", PROGRAMS["name.py"])  # a byte that is no UTF-8
        with opened(house):
            yield house


@pytest.fixture
def site(house):
    return house.sites["edges.test"]


# ---- Python's cgitb ----


def test_cgitb_behind_the_head_is_part_of_the_page(site):
    answer = site.get("/trouble.py")
    assert answer.status == 200 and "what nobody has" in answer.text


def test_cgitb_in_the_place_of_the_head_shows_its_page_and_is_logged(site):
    """It begins with "<!--: spam", then says its head."""
    answer = site.get("/trouble-early.py")
    assert answer.status == 200 and answer["Content-Type"] == "text/html" and "before the head" in answer.text
    site.wait_for_error("/trouble-early.py", "dropped 1 lines of its head that are no fields")


# ---- stdin that is not read to its end ----


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize(
    "name, said", [("partly.py", "1000\n"), ("shut.py", "it did not want it\n"), ("shut-late.py", "enough\n")]
)
def test_a_program_that_wants_no_more(house, site, name, said, chunked):
    body = b"x" * MIB
    fields = []
    if chunked:
        fields = [("Transfer-Encoding", "chunked")]
        body = b"%x\r\n%s\r\n0\r\n\r\n" % (MIB, body)
    with house.visit() as visitor:
        sender = threading.Thread(
            target=visitor.request, args=("POST", f"/{name}"), kwargs={"host": site.name, "body": body, "fields": fields}
        )
        sender.start()
        answer = visitor.answer()
        sender.join()
        assert (answer.status, answer.text) == (200, said)


# ---- names, byte for byte ----


def test_names_arrive_byte_for_byte(site):
    answer = site.get("/caf%E9%20%3d1.py/%ff/%c3%a4;a%20?q=%41")
    assert answer.status == 200, answer
    found = dict(line.split(b"=", 1) for line in answer.body.splitlines())
    assert found[b"SCRIPT_NAME"] == b"/caf\xe9 =1.py"
    assert found[b"PATH_INFO"] == b"/\xff/\xc3\xa4;a "
    assert found[b"PATH_TRANSLATED"] == str(site.root).encode() + found[b"PATH_INFO"]
    assert found[b"REQUEST_URI"] == b"/caf%E9%20%3d1.py/%ff/%c3%a4;a%20?q=%41"


# ---- one counter of seats ----


def test_cgi_and_fastcgi_of_a_host_share_its_seats(house):
    """With one seat each waits for the other."""
    site = house.sites["both.test"]
    with house.visit() as first, house.visit() as second, house.visit() as third:
        first.request("GET", "/seat.py", host=site.name)
        wait_until("the first to run", house.programs)
        second.request("GET", "/slow.app?300", host=site.name)
        begun = time.monotonic()
        assert first.answer().status == 200
        third.request("GET", "/seat.py", host=site.name)
        assert second.answer().status == 200
        assert time.monotonic() - begun >= 0.3
        ran_until = float(third.answer().text)
        assert ran_until - begun >= 0.3 + 0.4


# ---- limits ----


def late_by(house, limit):
    """By how many milliseconds a program is ended too late."""
    if limit == "CGIidle":  # counts from the byte that is heard here
        with house.visit() as visitor:
            visitor.request("GET", "/pause.py", host="idle.test")
            while b".\n" not in visitor.first_bytes(len(visitor.data) + 1):
                pass
            begun = time.monotonic()
            visitor.rest()
            return (time.monotonic() - begun) * 1000 - 400
    site = house.sites["total.test" if limit == "TimeForCGI" else "first.test"]
    known = len(site.error_log().splitlines())
    site.get("/silent.py")
    words = re.compile(re.escape(limit) + r" \(\d+ m?s\) is over: killed; after (\d+) ms")
    took = wait_until("the line", lambda: words.search("\n".join(site.error_log().splitlines()[known:])))
    return int(took[1]) - (1000 if limit == "TimeForCGI" else 400)


@pytest.mark.parametrize("limit", ["TimeForCGI", "CGIfirstByte", "CGIidle"])
def test_limits_are_kept_to_50_ms(house, limit):
    """A busy machine gets some tries to be late only once; too early is never right."""
    late_ms = []
    while len(late_ms) < 8 and not (late_ms and late_ms[-1] <= 50):
        late_ms.append(late_by(house, limit))
    assert min(late_ms) >= -10, late_ms  # the byte takes its time to us
    assert late_ms[-1] <= 50, late_ms
