"""Who runs, with what: RunAs, WrapCGI, limits, and what becomes of programs that are left alone."""
import os
import shutil
import subprocess
import time

import family
import pytest

from house import BINARY, wait_until

needs_root = pytest.mark.skipif(os.getuid() != 0, reason="changes users")
GAMES, GAMES_GROUP = 5, 60

HEAD = "#!/bin/sh\necho Content-Type: text/plain\necho\n"
WHO = HEAD + "id -u; id -g; id -G\ngrep -E '^(CapEff|CapPrm|NoNewPrivs)' /proc/self/status\n"
DAEMON = HEAD + "setsid sleep 987 >/dev/null 2>&1 &\nsleep 0.3\necho left\n"


@pytest.fixture
def house(new_house):
    house = new_house("runas")
    house.option("CGIextension = cgi")
    house.option("CGIhandler = /bin/sh:sh")
    house.option("KillGrace = 300ms")
    house.option("MinUid = 5")
    return house


def host(house, name, options=""):
    site = house.host(name, f"  ExecuteCGI = yes\n  TimeForCGI = 10\n{options}")
    site.put("who.cgi", WHO, 0o755)
    site.put("who.sh", WHO)
    site.put("daemon.cgi", DAEMON, 0o755)
    return site


def facts(answer):
    lines = answer.text.splitlines()
    return [*lines[:3], *(line.split()[1] for line in lines[3:])]


def status_of(pid):
    lines = open(f"/proc/{pid}/status", encoding="utf-8").read().splitlines()
    return {line.split(":", 1)[0]: line.split(":", 1)[1].strip() for line in lines}


@needs_root
def test_each_host_has_its_own_user(house):
    games, nobody = host(house, "games.test", "  RunAs = games"), host(house, "nobody.test", "  RunAs = nobody:nogroup")
    plain = host(house, "plain.test")
    house.start()
    none = "0000000000000000"
    assert facts(games.get("/who.cgi")) == ["5", "60", "60", none, none, "1"]
    assert facts(games.get("/who.sh")) == ["5", "60", "60", none, none, "1"]
    assert facts(nobody.get("/who.cgi")) == ["65534", "65534", "65534", none, none, "1"]
    assert facts(plain.get("/who.cgi"))[0] == "33"


@needs_root
def test_the_spawner_holds_three_capabilities_and_only_when_a_host_needs_them(house, new_house):
    host(house, "games.test", "  RunAs = games")
    house.start()
    status = status_of(house.spawner_pid())
    assert status["Uid"].split() == ["33"] * 4
    assert int(status["CapEff"], 16) == int(status["CapPrm"], 16) == 1 << 5 | 1 << 6 | 1 << 7
    assert int(status["CapInh"], 16) == int(status["CapAmb"], 16) == 0
    assert int(status_of(house.server_pid())["CapPrm"], 16) == 0

    plain = new_house("plain")
    plain.option("ExecuteCGI = yes")
    plain.start()
    status = status_of(plain.spawner_pid())
    assert int(status["CapEff"], 16) == int(status["CapPrm"], 16) == int(status["CapAmb"], 16) == 0


@needs_root
def test_what_others_could_have_written_is_refused(house):
    site = host(house, "games.test", "  RunAs = games")
    site.put("group.cgi", WHO, 0o775)
    site.put("foreign.cgi", WHO, 0o755)
    os.chown(site.root / "foreign.cgi", 12345, 12345)
    site.put("loose/who.cgi", WHO, 0o755)
    (site.root / "loose").chmod(0o777)
    site.put("setid.cgi", WHO, 0o4755)
    site.put("own/who.cgi", WHO, 0o700)
    for path in ("own", "own/who.cgi"):
        os.chown(site.root / path, GAMES, GAMES_GROUP)
    house.start()
    words = {
        "/group.cgi": "may write to the script",
        "/foreign.cgi": "the script belongs to somebody else",
        "/loose/who.cgi": "may write to the folder",
        "/setid.cgi": "set-user-id",
    }
    for path, why in words.items():
        assert site.get(path).status == 403, path
        site.wait_for_error("not run as 'games'", why, path.split("/")[-1])
    assert facts(site.get("/own/who.cgi"))[0] == "5"


@needs_root
def test_the_family_of_another_user_ends_too(house):
    site = host(house, "games.test", "  RunAs = games")
    other = host(house, "other.test", "  RunAs = nobody\n  TimeForCGI = 60")
    other.put("stays.cgi", DAEMON + "sleep 986\n", 0o755)
    house.start()
    with house.visit() as visitor:
        visitor.request("GET", "/stays.cgi", host=other.name)
        visitor.first_bytes(1)
        assert site.get("/daemon.cgi").text == "left\n"
        # told apart by their marks, though those of other users are not for everybody to read
        wait_until("the daemon of games to be gone", lambda: not _of_user(house, GAMES))
        assert _of_user(house, 65534)
    wait_until("all to be gone", lambda: not house.programs())


def _of_user(house, user):
    return [pid for pid in house.programs() if family.is_alive(pid) and status_of(pid)["Uid"].split()[0] == str(user)]


@needs_root
@pytest.mark.parametrize(
    "line, why",
    [
        ("RunAs = root", "no program runs as the superuser"),
        ("RunAs = 0:0", "no program runs as the superuser"),
        ("RunAs = games:root", "the group of the superuser"),
        ("RunAs = www-data", "the user of the server"),
        ("RunAs = nobody-of-this-name", "there is no user"),
        ("RunAs = games:nobody-of-this-name", "there is no group"),
        ("RunAs = daemon", "below MinUid (5)"),
        ("RunAs = 4711", "its group must be named"),
        ("RunAs = games:", "wants a user"),
        ("WrapCGI = shop", "cgi-wrapper.conf"),
        ("CGIfiles = 2000000000000", "above what this process itself may have"),
        ("CGIumask = 888", "octal"),
    ],
)
def test_what_cannot_be_is_refused_at_check(house, line, why):
    host(house, "a.test", f"  {line}")
    status, said = house.check()
    assert status != 0 and why in said, said


def test_without_root_it_is_refused_at_check(house):
    host(house, "a.test", "  RunAs = games")
    house.config_path.write_text(house.config_text())
    house.config_path.chmod(0o644)
    words = [BINARY, "check", "-c", house.config_path]
    if os.getuid() == 0:
        words = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *words]
    done = subprocess.run(words, capture_output=True, text=True, timeout=30, check=False)
    if done.returncode == 127 or "Permission denied" in done.stderr and "RunAs" not in done.stderr:
        pytest.skip("the build tree is closed to other users")
    assert done.returncode != 0 and "it needs a house started by root" in done.stdout + done.stderr


@needs_root
def test_wrapcgi_is_runas_with_a_folder(house):
    site = host(house, "wrap.test", "  WrapCGI = shop")
    site.put("inside/who.cgi", WHO, 0o755)
    (house.folder / "cgi-wrapper.conf").write_text(
        f"# as Hiawatha has it\nCGIhandler = /usr/bin/perl\n"
        f"Wrap = shop ; {site.root}/inside ; games:nogroup,users\nWrap = shop ; / ; nobody\n"
    )
    house.start()
    assert facts(site.get("/inside/who.cgi"))[:3] == ["5", "65534", "65534 100"]
    assert site.get("/who.cgi").status == 403
    site.wait_for_error("lies outside the folder of its Wrap line")
    # /bin/sh is no CGIhandler of cgi-wrapper.conf
    assert site.get("/who.sh").status == 500


@needs_root
def test_a_directory_has_its_own_user(house):
    house.section(
        "Directory {\n  DirectoryID = d\n  Path = /shop\n  WrapCGI = shop\n}\n"
        "Directory {\n  DirectoryID = deep\n  Path = /shop/deep\n  WrapCGI = deep\n}"
    )
    site = host(house, "wrap.test", "  RunAs = nobody:nogroup\n  UseDirectory = d, deep\n  Sandbox = readonly")
    for path in ("shop/who.cgi", "shop/deep/who.cgi", "shop/deep/outside.cgi"):
        site.put(path, WHO + 'touch "$TMPDIR/mine" && stat -c %u "$TMPDIR/mine"\n', 0o755)
    (house.folder / "cgi-wrapper.conf").write_text(
        f"Wrap = shop ; {site.root}/shop ; games\nWrap = deep ; {site.root}/shop/deep ; uucp\n"
    )
    site.put("shop/who.sh", WHO)
    house.start()
    assert facts(site.get("/who.cgi"))[:3] == ["65534", "65534", "65534"]
    shop = site.get("/shop/who.cgi").text.splitlines()
    assert shop[:3] == ["5", "60", "60"] and shop[-1] == "5"
    assert site.get("/%73hop/./deep/who.cgi").text.splitlines()[0] == "10"
    assert site.get("/shop/who.sh").status == 500  # no CGIhandler of cgi-wrapper.conf
    os.chown(site.root / "shop/deep/outside.cgi", GAMES, GAMES_GROUP)
    assert site.get("/shop/deep/outside.cgi").status == 403
    site.wait_for_error("outside.cgi", "not run as 'uucp'", "the script belongs to somebody else")


@needs_root
def test_a_bad_wrap_line_is_shown(house):
    host(house, "wrap.test", "  WrapCGI = shop")
    (house.folder / "cgi-wrapper.conf").write_text("Wrap = shop ; relative ; games\nWrp = x\nWrap = a ; /srv|a|b ; games\n")
    status, said = house.check()
    assert status != 0
    assert "cgi-wrapper.conf:1:" in said and "cgi-wrapper.conf:2:" in said and "may be a '|'" in said


def test_limits(house):
    site = host(house, "a.test", "  CGImemory = 512M\n  CGIfiles = 64\n  CGIcpu = 1\n  CGInice = 5\n  CGIumask = 077")
    site.put("limits.cgi", HEAD + "ulimit -v; ulimit -n; ulimit -t; nice; umask\n", 0o755)
    site.put("spin.cgi", "#!/bin/sh\nwhile :; do :; done\n", 0o755)
    plain = host(house, "b.test")
    plain.put("limits.cgi", HEAD + "ulimit -v; umask; grep NoNewPrivs /proc/self/status\n", 0o755)
    house.start()
    assert site.get("/limits.cgi").text == "524288\n64\n1\n5\n0077\n"
    assert plain.get("/limits.cgi").text == "unlimited\n0022\nNoNewPrivs:\t1\n"
    assert site.get("/spin.cgi").status == 502
    site.wait_for_error("CGIcpu (1 s) is used up")


def test_memory_that_a_program_may_not_have(house):
    site = host(house, "a.test", "  CGImemory = 128M")
    site.put("eats.cgi", "#!/usr/bin/perl\nmy $kept = 'a' x $ENV{QUERY_STRING};\nprint \"Status: 200\\n\\n\", length $kept;\n", 0o755)
    house.start()
    assert site.get("/eats.cgi?1000000").text == "1000000"
    assert site.get("/eats.cgi?300000000").status == 502
    site.wait_for_error("/eats.cgi", "Out of memory")
    assert site.get("/eats.cgi?1000000").text == "1000000"


@needs_root
def test_a_limit_of_processes_is_that_of_the_user(house):
    site = host(house, "a.test", "  RunAs = games\n  CGIprocesses = 6")
    site.put("fork.cgi", HEAD + "ulimit -u 2>/dev/null || ulimit -p\nfor n in 1 2 3 4 5 6 7 8; do sleep 987 >/dev/null 2>&1 & done\necho all\n", 0o755)
    house.start()
    assert site.get("/fork.cgi").text == "6\n"
    site.wait_for_error("/fork.cgi", "fork")


def test_no_new_privs_can_be_switched_off_for_a_host(house):
    free, bound = host(house, "free.test", "  NoNewPrivs = no"), host(house, "bound.test")
    house.start()
    assert facts(free.get("/who.cgi"))[-1] == "0"
    assert facts(bound.get("/who.cgi"))[-1] == "1"


def test_kill_timedout_cgi_no_leaves_the_program_alone(house):
    house.option("KillTimedoutCGI = no")
    site = house.host("a.test", "  ExecuteCGI = yes\n  TimeForCGI = 1")
    site.put("slow.cgi", "#!/bin/sh\nsleep 2\ntouch \"$DOCUMENT_ROOT/done\"\n", 0o755)
    site.root.chmod(0o777)
    house.start()
    begun = time.monotonic()
    assert site.get("/slow.cgi").status == 504
    assert time.monotonic() - begun < 1.7
    site.wait_for_error("TimeForCGI", "left alone")
    wait_until("the program to come to its end", (site.root / "done").exists)


@pytest.mark.parametrize("wait", ["yes", "no"])
def test_wait_for_cgi(house, wait):
    house.option(f"WaitForCGI = {wait}")
    site = house.host("a.test", "  ExecuteCGI = yes\n  TimeForCGI = 1")
    site.put("on.cgi", HEAD + "echo answered\nexec >&- 2>&-\nsleep 2\ntouch \"$DOCUMENT_ROOT/done\"\n", 0o755)
    site.root.chmod(0o777)
    house.start()
    begun = time.monotonic()
    assert site.get("/on.cgi").text == "answered\n"
    assert time.monotonic() - begun < 0.9
    if wait == "no":
        wait_until("the program to come to its end", (site.root / "done").exists)
    else:
        wait_until("the program to be ended", lambda: not house.programs())
        assert not (site.root / "done").exists()


@needs_root
def test_what_a_wrap_line_leaves_without_effect_is_said(house):
    host(house, "wrap.test", "  WrapCGI = shop")
    wrapper = house.folder / "cgi-wrapper.conf"
    wrapper.write_text("Wrap = shop ; /srv ; games\n")
    status, said = house.check()
    assert status == 0 and "the interpreter '/bin/sh' is not used" in said, said
    wrapper.write_text("CGIhandler = /bin/sh\nWrap = shop ; ~nobody-of-this-name ; games\n")
    status, said = house.check()
    assert status != 0 and "there is no user for the folder" in said and "is not used" not in said, said


def jail(folder, *programs):
    """A folder with programs and the libraries they need, where they stand in the system."""
    for program in programs:
        told = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
        for path in [program, *(word for word in told.split() if word.startswith("/"))]:
            target = folder / path.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)


@needs_root
def test_a_bar_in_a_wrap_line_is_the_root_directory(house):
    site = house.host("jail.test", "  ExecuteCGI = yes\n  WrapCGI = jailed\n  EnablePathInfo = yes")
    inside = site.root / "htdocs"
    inside.mkdir()
    house.sections[-1] = house.sections[-1].replace(f"WebsiteRoot = {site.root}", f"WebsiteRoot = {inside}")
    jail(site.root, "/bin/sh")
    show = (
        'echo "$0" "$SCRIPT_FILENAME" "$DOCUMENT_ROOT" "$PATH_TRANSLATED"\npwd\necho /*\nkill -0 1 || echo alone\n'
    )
    site.put("htdocs/cgi/show.cgi", HEAD + show, 0o755)
    site.put("htdocs/cgi/show.sh", HEAD + show)
    site.put("htdocs/page.txt", "page\n")
    site.put("htdocs/cgi/send.cgi", "#!/bin/sh\necho X-Sendfile: /htdocs/page.txt\necho\n", 0o755)
    site.put("htdocs/away.cgi", HEAD, 0o755)
    (house.folder / "cgi-wrapper.conf").write_text(
        f"CGIhandler = /bin/sh\nWrap = jailed ; {site.root}|htdocs/cgi ; games\n"
    )
    house.start()
    for name in ("show.cgi", "show.sh"):
        text = site.get(f"/cgi/{name}/info").text
        assert text.splitlines() == [
            f"/htdocs/cgi/{name} /htdocs/cgi/{name} /htdocs /htdocs/info",
            "/htdocs/cgi",
            " ".join(sorted(f"/{path.name}" for path in site.root.iterdir())),
            "alone",
        ]
    assert site.get("/cgi/send.cgi").text == "page\n"
    assert site.get("/away.cgi").status == 403
    assert int(status_of(house.spawner_pid())["CapPrm"], 16) == 1 << 5 | 1 << 6 | 1 << 7 | 1 << 18


@needs_root
@pytest.mark.parametrize(
    "root, options, why",
    [
        ("/srv|htdocs", "", "is outside of the root directory '/srv'"),
        ("ROOT|htdocs", "  Sandbox = readonly", "do not go together"),
        ("ROOT|htdocs", "  RunOnAlter = /bin/true", "RunOnDownload do not go together"),
        ("ROOT/|htdocs", "", "may be a '|'"),
        ("/../ROOT|htdocs", "", "may be a '|'"),
        ("~games|htdocs", "", "may be a '|'"),
    ],
)
def test_a_root_directory_that_cannot_be_is_refused_at_check(house, root, options, why):
    site = house.host("jail.test", f"  ExecuteCGI = yes\n  WrapCGI = jailed\n{options}")
    (house.folder / "cgi-wrapper.conf").write_text(
        f"CGIhandler = /bin/sh\nWrap = jailed ; {root.replace('ROOT', str(site.root))} ; games\n"
    )
    status, said = house.check()
    assert status != 0 and why in said, said


@needs_root
@pytest.mark.parametrize("capability", ["sys_chroot", "setuid", "setgid", "kill"])
def test_a_root_without_the_right_for_it_is_told_at_check(house, capability):
    site = house.host("jail.test", "  ExecuteCGI = yes\n  WrapCGI = jailed")
    (house.folder / "cgi-wrapper.conf").write_text(
        f"CGIhandler = /bin/sh\nWrap = jailed ; {site.root.parent}|{site.name} ; games\n"
    )
    status, said = house.check()
    assert status == 0, said
    words = ["setpriv", f"--bounding-set=-{capability}", BINARY, "check", "-c", house.config_path]
    done = subprocess.run(words, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode != 0 and f"CAP_{capability.upper()}" in done.stdout + done.stderr, done


@needs_root
def test_a_program_after_an_upload_is_the_user_of_the_host(house):
    notes, tool = house.folder / "notes", house.folder / "note"
    notes.mkdir()
    os.chown(notes, GAMES, GAMES_GROUP)
    tool.write_text(f"#!/bin/sh\nid -u >{notes}/part\nmv {notes}/part {notes}/done\n")
    tool.chmod(0o755)
    house.section(f"Binding {{\n  Port = {house.port}\n  Interface = 127.0.0.1\n  EnableAlter = yes\n}}")
    site = house.host("up.test", f"  RunAs = games\n  RunOnAlter = {tool}\n  TimeForCGI = 600\n  AlterList = allow 127.0.0.0/8")
    site.root.chmod(0o777)
    house.start()
    assert site.get("/new.txt", method="PUT", body=b"new").status == 201
    wait_until(f"it has run: {site.error_log()}", (notes / "done").exists)
    assert (notes / "done").read_text() == f"{GAMES}\n"
    tool.chmod(0o777)
    assert site.get("/new.txt", method="PUT", body=b"new").status == 204
    assert site.wait_for_error("RunOnAlter", str(tool), "not run as 'games'")
