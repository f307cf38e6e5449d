"""RunOnAlter and RunOnDownload: programs that run when an exchange has ended."""
import json
import os
import signal

import pytest

from house import House, opened, wait_until

NOTE = """#!/bin/sh
head -c 300000 /dev/zero
head -c 300000 /dev/zero >&2
{ pwd; echo "args=$#"; env; echo end; } >"%s/$$.part"
mv "%s/$$.part" "%s/$$.done"
"""


def writable(path):
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(0o777)
    return path


@pytest.fixture(scope="module")
def house():
    house = House("afterwards")
    tools = house.folder / "tools"
    notes = writable(house.folder / "notes")
    tools.mkdir()
    tools.chmod(0o755)

    def tool(name, text):
        path = tools / name
        path.write_text(text)
        path.chmod(0o755)
        return path

    house.option("Reactors = 1")
    house.section(f"Binding {{\n  Port = {house.port}\n  Interface = 127.0.0.1\n  EnableAlter = yes\n}}")
    note = tool("note", NOTE % (notes, notes, notes))
    bad = tool("bad", "#!/bin/sh\nexit 3\n")
    slow = tool("slow", f"#!/bin/sh\necho $$ >{notes}/slow.part\nmv {notes}/slow.part {notes}/slow\nexec sleep 600\n")
    brief = tool("brief", "#!/bin/sh\nexec sleep 600\n")
    section = "Directory {{\n  DirectoryID = {0}\n  Path = /{0}\n  RunOnDownload = {1}\n}}"
    for name, program in (("noted", note), ("bad", bad), ("slow", slow), ("brief", brief), ("none", tools / "none")):
        house.section(section.format(name, program))
    house.section("Directory {\n  DirectoryID = inbox\n  Path = /inbox\n  AlterList = allow 127.0.0.0/8\n}")
    site = house.host("a.test", f"  UseDirectory = noted, bad, none, inbox\n  RunOnAlter = {note}\n  TimeForCGI = 600")
    full = house.host("b.test", "  UseDirectory = slow, bad\n  TimeForCGI = 600\n  MaxCGI = 1\n  CGIqueue = 0, 1s")
    full.put("slow/a.txt", "slow")
    full.put("bad/a.txt", "bad")
    house.host("c.test", "  UseDirectory = brief\n  TimeForCGI = 1").put("brief/a.txt", "brief")
    writable(site.root / "inbox")
    for name in ("noted", "bad", "none", "plain"):
        site.put(f"{name}/a.txt", name)
    house.notes = notes
    with opened(house):
        yield house


@pytest.fixture
def site(house):
    return house.sites["a.test"]


def told(house):
    """What the next program was told; its notes are removed."""

    def find():
        return next(house.notes.glob("*.done"), None)

    path = wait_until("a program has run", find)
    lines = path.read_text().splitlines()
    path.unlink()
    assert lines[-1] == "end"
    return lines[0], dict(line.split("=", 1) for line in lines[1:-1] if "=" in line)


def test_after_put_and_delete(house, site):
    fields = [("User-Agent", "-rf / $(id)"), ("Referer", "http://x/"), ("Origin", "http://o")]
    assert site.get("/inbox/new.txt?q=-x", method="PUT", body=b"new", fields=fields).status == 201
    folder, env = told(house)
    assert folder == str(house.folder / "tools")
    assert env["args"] == "0"
    assert env["REQUEST_METHOD"] == "PUT"
    assert env["REQUEST_URI"] == "/inbox/new.txt?q=-x"
    assert env["HTTP_RETURN_CODE"] == "201"
    assert env["DOCUMENT_ROOT"] == str(site.root)
    assert env["PATH_TRANSLATED"] == str(site.root / "inbox/new.txt")
    assert env["REMOTE_ADDR"] == "127.0.0.1"
    assert (env["HTTP_USER_AGENT"], env["HTTP_REFERER"], env["HTTP_ORIGIN"]) == ("-rf / $(id)", "http://x/", "http://o")
    assert "REMOTE_USER" not in env
    assert site.get("/inbox/new.txt", method="DELETE").status == 204
    _, env = told(house)
    assert (env["REQUEST_METHOD"], env["HTTP_RETURN_CODE"]) == ("DELETE", "204")


def test_after_a_download_and_nothing_else(house, site):
    assert site.get("/plain/a.txt").status == 200
    assert site.get("/noted/a.txt", method="HEAD").status == 200
    assert site.get("/noted/gone").status == 404
    assert site.get("/inbox/gone", method="DELETE").status == 404
    assert site.get("/noted/a.txt", fields=[("Range", "bytes=0-1")]).status == 206
    _, env = told(house)
    assert (env["REQUEST_URI"], env["HTTP_RETURN_CODE"], env["HTTP_RANGE"]) == ("/noted/a.txt", "206", "bytes=0-1")
    assert not list(house.notes.glob("*.done"))


def test_explain_names_what_would_run(house):
    def notes(path, method="GET"):
        status, said, errors = house.verb("explain", "--json", "-X", method, f"http://a.test:{house.port}{path}")
        assert (status, errors) == (0, "")
        request = json.loads(said)
        return [note["text"] for note in request["facts"] if "RunOn" in note["text"]]

    note = house.folder / "tools/note"
    assert notes("/noted/a.txt") == [f"RunOnDownload: {note} runs once the file is sent"]
    assert notes("/inbox/x.txt", "PUT") == [f"RunOnAlter: {note} runs once the file is altered"]
    assert notes("/noted/a.txt", "HEAD") == notes("/plain/a.txt") == notes("/noted/none") == []


def test_failures_are_a_line_in_the_log(site):
    assert site.get("/bad/a.txt").status == 200
    assert site.wait_for_error("RunOnDownload", "/tools/bad", "exited with status 3")
    assert site.get("/none/a.txt").status == 200
    assert site.wait_for_error("RunOnDownload", "/tools/none", "not started")


def test_one_that_overstays_is_ended(house):
    site = house.sites["c.test"]
    assert site.get("/brief/a.txt").status == 200
    assert site.wait_for_error("RunOnDownload", "/tools/brief", "TimeForCGI")
    wait_until("it is gone", lambda: not house.programs())


def test_each_takes_a_seat_and_its_death_is_told(house):
    site = house.sites["b.test"]
    assert site.get("/slow/a.txt").status == 200
    slow = house.notes / "slow"
    wait_until("the slow one runs", slow.exists)
    assert site.get("/bad/a.txt").status == 200
    assert site.wait_for_error("RunOnDownload", "/tools/bad", "not run", "MaxCGI")
    os.kill(int(slow.read_text()), signal.SIGTERM)
    assert site.wait_for_error("RunOnDownload", "/tools/slow", "signal 15")
