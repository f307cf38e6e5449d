"""Sandbox: what programs may see and write, whatever their user may."""
import os
import pathlib

import pytest


HEAD = "#!/bin/sh\necho Content-Type: text/plain\necho\n"
TRY = HEAD + (
    "try() { if eval \"$2\" >/dev/null 2>&1; then echo $1 yes; else echo $1 no; fi; }\n"
    "try root 'echo x >$DOCUMENT_ROOT/open/new'\n"
    "try data 'echo x >$DATA/new && rm $DATA/new'\n"
    "try shared 'echo x >/tmp/sandbox-$$ && rm /tmp/sandbox-$$'\n"
    "try tmp 'echo x >$TMPDIR/new && rm $TMPDIR/new && mktemp'\n"
    "try null 'echo x >/dev/null'\n"
    "try passwd 'cat /etc/passwd'\n"
    "try foreign 'cat $FOREIGN'\n"
    "try more 'cat $MORE'\n"
    "try stderr 'echo x >/dev/stderr'\n"
    "try signal 'kill -0 $PPID'\n"
)
CONNECT = (
    "import socket\nprint('Content-Type: text/plain\\n')\n"
    "try:\n socket.create_connection(('127.0.0.1', 1), 1)\nexcept OSError as error:\n print(error.errno)\n"
)
EACCES, ECONNREFUSED = 13, 111


def host(house, name, options=""):
    data = house.folder / f"data-{name}"
    data.mkdir()
    data.chmod(0o777)
    site = house.host(
        name,
        "  ExecuteCGI = yes\n  TimeForCGI = 10\n"
        f"  Setenv DATA = {data}\n  Setenv FOREIGN = {house.folder}/foreign\n  Setenv MORE = {house.folder}/more/text\n"
        + options.replace("DATA", str(data)).replace("MORE", str(house.folder / "more")),
    )
    site.put("try.cgi", TRY, 0o755)
    site.put("connect.py", CONNECT)
    (site.root / "open").mkdir()
    (site.root / "open").chmod(0o777)
    return site


@pytest.fixture
def house(new_house):
    house = new_house("sandbox")
    house.option("CGIextension = cgi")
    house.option("CGIhandler = /usr/bin/python3:py")
    house.option("MinUid = 5")
    (house.folder / "foreign").write_text("x")
    (house.folder / "more").mkdir()
    (house.folder / "more" / "text").write_text("x")
    return house


def tries(site):
    answer = site.get("/try.cgi")
    assert answer.status == 200, answer.text
    return dict(line.split() for line in answer.text.splitlines())


def test_without_one_everything_is_as_the_user_may(house):
    site = host(house, "plain.test")
    house.start()
    found = tries(site)
    assert found.pop("tmp") == "no"  # there is no TMPDIR
    assert set(found.values()) == {"yes"}, found


def test_readonly_writes_where_it_is_told(house):
    site = host(house, "a.test", "  Sandbox = readonly\n  SandboxWrite = DATA")
    house.start()
    assert tries(site) == {
        "root": "no", "data": "yes", "shared": "no", "tmp": "yes", "null": "yes", "passwd": "yes", "foreign": "yes",
        "more": "yes", "stderr": "yes", "signal": "yes",
    }  # fmt: skip
    assert site.get("/connect.py").text == f"{ECONNREFUSED}\n"


def test_strict_sees_the_system_and_the_website_only(house):
    site = host(
        house, "a.test", "  Sandbox = strict\n  SandboxWrite = DATA\n  SandboxRead = MORE\n  SandboxNetwork = no"
    )
    house.start()
    assert tries(site) == {
        "root": "no", "data": "yes", "shared": "no", "tmp": "yes", "null": "yes", "passwd": "yes", "foreign": "no",
        "more": "yes", "stderr": "yes", "signal": "no",
    }  # fmt: skip
    assert site.get("/connect.py").text == f"{EACCES}\n"


@pytest.mark.skipif(os.getuid() != 0, reason="changes users")
def test_each_host_has_a_place_of_its_own_for_temporary_files(house):
    show = HEAD + "id -u\necho $TMPDIR\nstat -c '%u %a' $TMPDIR\necho x >$TMPDIR/x\n"
    sites = [host(house, "a.test", "  Sandbox = strict\n  RunAs = games"), host(house, "b.test", "  Sandbox = readonly")]
    for site in sites:
        site.put("show.cgi", show, 0o755)
    house.start()
    answers = [site.get("/show.cgi").text.splitlines() for site in sites]
    assert [answer[0] for answer in answers] == ["5", "33"]
    assert [answer[2] for answer in answers] == ["5 700", "33 700"]
    folders = [pathlib.Path(answer[1]) for answer in answers]
    assert folders[0] != folders[1] and all((folder / "x").exists() for folder in folders)
    assert house.stop() == 0
    assert not any(folder.exists() for folder in folders)


def test_the_next_spawner_has_them_too(house):
    site = host(house, "a.test", "  Sandbox = readonly")
    house.start()
    before = house.spawner_pid()
    os.kill(before, 9)
    house.get("/")
    for _ in range(50):
        if site.get("/try.cgi").status == 200 and house.spawner_pid() != before:
            break
    assert tries(site)["shared"] == "no"


@pytest.mark.parametrize(
    "lines, good, why",
    [
        ("  Sandbox = yes", False, "must be no, readonly or strict"),
        ("  SandboxWrite = /srv", False, "do nothing without Sandbox"),
        ("  Sandbox = readonly\n  NoNewPrivs = no", False, "Sandbox needs NoNewPrivs = yes"),
        ("  Sandbox = readonly\n  SandboxWrite = srv", False, "SandboxWrite"),
        ("  Sandbox = readonly\n  SandboxWrite = /no/such/folder", True, "No such file or directory"),
    ],
)
def test_what_cannot_be_is_said_at_check(house, lines, good, why):
    host(house, "a.test", lines)
    status, said = house.check()
    assert (status == 0) == good and why in said, said


# ---- workers of our own ----

PHP_TRY = """<?php
$write = ["root" => "$_SERVER[DOCUMENT_ROOT]/open/new", "data" => getenv("DATA") . "/new", "shared" => "/tmp/sandbox-" . getmypid(),
    "tmp" => getenv("TMPDIR") . "/new"];
foreach ($write as $name => $path) {
    echo $name, @file_put_contents($path, "x") ? " yes\n" : " no\n";
    @unlink($path);
}
foreach (["passwd" => "/etc/passwd", "foreign" => getenv("FOREIGN"), "more" => getenv("MORE")] as $name => $path)
    echo $name, @file_get_contents($path) ? " yes\n" : " no\n";
"""


@pytest.mark.parametrize("user", [None, pytest.param("games", marks=pytest.mark.skipif(os.getuid() != 0, reason="changes users"))])
@pytest.mark.parametrize("kind, reads", [("no", True), ("readonly", True), ("strict", False)])
def test_workers_of_a_section(house, kind, reads, user):
    """The section says what they may, also those that a host has for itself."""
    data = house.folder / "data"
    data.mkdir()
    data.chmod(0o777)
    boxed = f"  Sandbox = {kind}\n  SandboxRead = {house.folder}/more\n  SandboxWrite = {data}\n" if kind != "no" else ""
    house.section(
        f"FastCGIserver {{\n  FastCGIid = own\n  Run = /usr/bin/php-cgi -d opcache.lockfile_path={data}\n  Extension = php\n  KeepTime = 300ms\n"
        f"  Setenv DATA = {data}\n  Setenv FOREIGN = {house.folder}/foreign\n  Setenv MORE = {house.folder}/more/text\n{boxed}}}"
    )
    site = house.host("w.test", "  UseFastCGI = own\n  TimeForCGI = 10" + (f"\n  RunAs = {user}" if user else ""))
    site.put("try.php", PHP_TRY)
    (site.root / "open").mkdir()
    (site.root / "open").chmod(0o777)
    house.keeps_workers = True
    house.start()
    answer = site.get("/try.php")
    free = "yes" if kind == "no" else "no"
    assert dict(line.split() for line in answer.text.splitlines()) == {
        "root": free, "data": "yes", "shared": free, "tmp": "no" if kind == "no" else "yes", "passwd": "yes",
        "foreign": "yes" if reads else "no", "more": "yes",
    }  # fmt: skip
