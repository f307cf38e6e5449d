"""FileHashes: what was changed is not sent."""
import hashlib
import os

import pytest

from house import House, opened, wait_until


@pytest.fixture(scope="module")
def house():
    house = House("hashes")
    house.option("CGIextension = cgi")
    list_path = house.folder / "hashes"
    site = house.host("a.test", f"  ExecuteCGI = yes\n  FileHashes = {list_path}")
    large = os.urandom(3_000_000)
    site.put("a.txt", "as it was")
    site.put("b.txt", "as it was")
    site.put("large.bin", large)
    site.put("large2.bin", large)
    site.put("a.cgi", "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\nran'\n", 0o755)
    site.put("b.cgi", "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\nran'\n", 0o755)
    names = ["a.txt", "b.txt", "large.bin", "large2.bin", "a.cgi", "b.cgi"]
    list_path.write_text("".join(f"{hashlib.sha256((site.root / name).read_bytes()).hexdigest()}  ./{name}\n" for name in names))
    list_path.chmod(0o600)
    site.put("new.txt", "slipped in")
    site.put("b.txt", "another")
    site.put("large2.bin", large[:-1] + b"!")
    site.put("b.cgi", "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\nanother'\n", 0o755)
    house.large = large
    with opened(house):
        yield house


@pytest.fixture
def site(house):
    return house.sites["a.test"]


def test_what_is_as_it_was_is_sent(house, site):
    assert site.get("/a.txt").text == "as it was"
    assert site.get("/a.cgi").text == "ran"
    for _ in range(2):
        assert site.get("/large.bin").body == house.large


@pytest.mark.parametrize("path", ["/b.txt", "/b.cgi", "/large2.bin", "/new.txt"])
def test_everything_else_is_403_with_a_line(site, path):
    assert site.get(path).status == 403
    assert site.wait_for_error("FileHashes", f"GET {path}", "answering 403")


def test_a_change_counts_at_once_or_soon(site):
    site.put("a.txt", "tampered")
    wait_until("the change is seen", lambda: site.get("/a.txt").status == 403)
    site.put("a.txt", "as it was")
    wait_until("the change is taken back", lambda: site.get("/a.txt").status == 200)
