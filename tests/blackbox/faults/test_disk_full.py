"""The disk is full: for the logs, and for what is put aside."""
import contextlib
import os
import subprocess
import tempfile

import pytest

from house import House, opened, wait_until
from ledger import Ledger
from test_spool import LONG, SlowReader, files_aside

SIZE = 1 << 20
REQUESTS = 200



@contextlib.contextmanager
def small_disk(folder):
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=777", "small", folder], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def may_mount():
    try:
        with tempfile.TemporaryDirectory() as folder, small_disk(folder):
            return True
    except (OSError, subprocess.CalledProcessError):
        return False


pytestmark = pytest.mark.skipif(not may_mount(), reason="needs the right to mount: a file system of one megabyte")


@pytest.fixture(scope="module")
def house():
    house = House("full")
    house.option("CGIextension = cgi")
    house.option("CGIhandler = /usr/bin/perl:pl")
    house.section(
        f"Binding {{\n  Port = {house.port}\n  Interface = 127.0.0.1\n  MaxRequestSize = 20M\n"
        "  EnableAlter = yes\n  MaxUploadSize = 20\n}"
    )
    house.section("Directory {\n  DirectoryID = inbox\n  Path = /inbox\n  AlterList = allow 127.0.0.0/8\n}")
    site = house.host(
        "full.test", "  ExecuteCGI = yes\n  TimeForCGI = 60\n  UseDirectory = inbox\n  OutputSpool = 20M"
    )
    site.put("one.txt", "x" * 1024)
    site.program("cgi_mirror", "mirror.cgi")
    site.put("big.pl", f"print qq(Content-Type: text/plain\\n\\n); print '0123456789' x 1000 for 1..{LONG // 10000};")
    inbox = site.root / "inbox"
    inbox.mkdir()
    with contextlib.ExitStack() as stack:
        for folder in (house.logs, house.work, inbox):
            stack.enter_context(small_disk(folder))
        with opened(house):
            yield house


@pytest.fixture
def site(house):
    return house.sites["full.test"]


@contextlib.contextmanager
def filled(folder):
    """No byte is left there."""
    path = folder / "filler"
    with open(path, "wb", buffering=0) as file, contextlib.suppress(OSError):
        for size in (65536, 4096, 1):
            with contextlib.suppress(OSError):
                while True:
                    file.write(bytes(size))
    yield
    path.unlink()


def test_requests_go_on_while_no_log_can_be_written(house, site):
    site.get("/one.txt")
    wait_until("a line of the log", site.access_log)
    with filled(house.logs):
        for _ in range(REQUESTS):
            assert site.get("/one.txt").status == 200
        wait_until("nothing in progress", lambda: house.status()["requests_in_progress"] == 0)
    site.get("/one.txt?there-is-room-again")
    wait_until("a line again", lambda: "there-is-room-again" in site.access_log())
    wait_until("the loss to be told", lambda: "were lost: the disk was full" in site.access_log())
    assert site.access_log().count("were lost") == 1


def test_a_body_that_cannot_be_put_aside_is_refused(house, site):
    ledger, body = Ledger(house), bytes(3 * SIZE)
    before = site.error_log().count("\n")
    with filled(house.work):
        with house.visit() as visitor:
            visitor.request(
                "POST", "/mirror.cgi", host=site.name, fields=[("Transfer-Encoding", "chunked")], body=chunked(body)
            )
            assert visitor.answer().status == 500
    site.wait_for_error("/mirror.cgi", "No space left on device")
    assert site.error_log().count("\n") == before + 1
    small = bytes(200_000)
    with house.visit() as visitor:
        visitor.request(
            "POST", "/mirror.cgi", host=site.name, fields=[("Transfer-Encoding", "chunked")], body=chunked(small)
        )
        assert visitor.answer().body == small
    ledger.balances()


def chunked(body):
    return b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)


def test_an_upload_is_refused_and_leaves_nothing(site):
    inbox = site.root / "inbox"
    with filled(inbox):
        assert site.get("/inbox/new.bin", method="PUT", body=bytes(100_000)).status == 507
        assert os.listdir(inbox) == ["filler"]
    assert site.get("/inbox/new.bin", method="PUT", body=bytes(100_000)).status == 201
    assert site.get("/inbox/new.bin").body == bytes(100_000)


def test_a_slow_client_makes_its_program_wait(house, site):
    with filled(house.work):
        reader = SlowReader(house, "/big.pl", site.name)
        wait_until("its answer", reader.has_begun)
        assert files_aside(house) <= 1
        assert reader.read_all() == b"0123456789" * (LONG // 10)
    wait_until("the files to go", lambda: files_aside(house) == 0)
