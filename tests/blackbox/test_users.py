"""Websites of accounts: /~NAME/, and programs that run as their owners."""
import itertools
import os
import pwd
import shutil
import subprocess

import pytest

from house import open_folder, wait_until

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="makes accounts")

WHO = "#!/bin/sh\necho Content-Type: text/plain\necho\nid -u; id -g; id -G\n"
_NUMBERS = itertools.count(1)


class Account:
    """An account of the system, for one run of the tests."""

    def __init__(self, homes, *words):
        self.name = f"lh{os.getpid()}x{next(_NUMBERS)}"
        self.home = homes / self.name
        words = ["useradd", "--no-create-home", "--home-dir", self.home, *words, self.name]
        wait_until("an account", lambda: subprocess.run(words, check=False, capture_output=True).returncode == 0)
        entry = pwd.getpwnam(self.name)
        self.user, self.group = entry.pw_uid, entry.pw_gid
        self.own(self.home)

    def own(self, folder, mode=0o755):
        folder.mkdir(mode=mode, exist_ok=True)
        os.chown(folder, self.user, self.group)
        return folder

    def put(self, path, content, mode=0o644, folder="public_html"):
        at = self.own(self.home / folder)
        for part in path.split("/")[:-1]:
            at = self.own(at / part)
        target = at / path.split("/")[-1]
        target.write_text(content)
        target.chmod(mode)
        os.chown(target, self.user, self.group)
        return target

    def link(self, path, target):
        (self.home / path).symlink_to(target)
        os.lchown(self.home / path, self.user, self.group)

    def remove(self):
        subprocess.run(["userdel", self.name], check=False, capture_output=True)


@pytest.fixture(scope="module")
def accounts():
    homes = open_folder("homes")
    made = [Account(homes, "--groups", "games"), Account(homes), Account(homes), Account(homes, "--system")]
    alice, bob, none, system = made
    alice.put("index.html", "alice's page\n")
    alice.put("who.cgi", WHO, 0o755)
    alice.put("who.sh", WHO)
    alice.put("private/page.html", "for some only\n")
    alice.put("notes/a.txt", "a\n")
    bob.put("index.html", "bob's page\n")
    bob.put("who.cgi", WHO, 0o755)
    system.put("index.html", "of the system\n")
    yield alice, bob, none, system
    for account in made:
        account.remove()
    shutil.rmtree(homes)


@pytest.fixture
def house(new_house):
    house = new_house("users")
    house.option("CGIextension = cgi")
    house.option("CGIhandler = /bin/sh:sh")
    return house


def host(house, options=""):
    return house.host("u.test", f"  UserWebsites = yes\n  EnablePathInfo = yes\n{options}")


def test_files_of_accounts(house, accounts):
    alice, bob, none, system = accounts
    site = host(house, "  ShowIndex = yes")
    alice.link("public_html/out", "/etc/hostname")
    alice.link("public_html/in", "index.html")
    other = house.host("other.test")
    house.start()
    assert site.get(f"/~{alice.name}/").text == "alice's page\n"
    assert site.get(f"/~{alice.name}/index.html").text == site.get(f"/~{alice.name}/in").text == "alice's page\n"
    assert site.get(f"/%7E{bob.name}/").text == "bob's page\n"
    moved = site.get(f"/~{alice.name}?a=b")
    assert (moved.status, moved["location"]) == (301, f"/~{alice.name}/?a=b")
    assert "a.txt" in site.get(f"/~{alice.name}/notes/").text
    assert site.get(f"/~{alice.name}/out").status == 403
    for nobody in ("root", "nobody", none.name, system.name, "no-such-account", "", ".."):
        assert site.get(f"/~{nobody}/").status == 404, nobody
        assert site.get(f"/~{nobody}").status == 404, nobody
    assert site.get(f"/~{alice.name}/../~{bob.name}/").text == "bob's page\n"
    assert other.get(f"/~{alice.name}/").status == 404


def test_programs_run_as_their_owners(house, accounts):
    alice, bob, *_ = accounts
    house.option("WrapUserCGI = yes")
    site = host(house, "  ExecuteCGI = yes")
    site.put("who.cgi", WHO, 0o755)
    alice.put("tell.cgi", WHO + 'echo "$SCRIPT_NAME $PATH_INFO $DOCUMENT_ROOT $PATH_TRANSLATED"; pwd\n', 0o755)
    alice.put("foreign.cgi", WHO, 0o755)
    os.chown(alice.home / "public_html/foreign.cgi", bob.user, bob.group)
    alice.link("public_html/bobs.cgi", bob.home / "public_html/who.cgi")
    (alice.home / "sent.txt").write_text("outside\n")
    for name, place in (("sends", "notes/a.txt"), ("leaks", "../sent.txt")):
        alice.put(f"{name}.cgi", f"#!/bin/sh\necho X-Sendfile: {alice.home}/public_html/{place}\necho\n", 0o755)
    alice.put("hosts.cgi", f"#!/bin/sh\necho X-Sendfile: {site.root}/secret.txt\necho\n", 0o755)
    site.put("secret.txt", "of the host\n")
    house.start()
    groups = f"{alice.group} 60"
    for program in ("who.cgi", "who.sh"):
        lines = site.get(f"/~{alice.name}/{program}").text.splitlines()
        assert lines == [str(alice.user), str(alice.group), groups]
    assert site.get(f"/~{bob.name}/who.cgi").text.splitlines()[0] == str(bob.user)
    assert site.get("/who.cgi").text.splitlines()[0] == "33"
    root = alice.home / "public_html"
    assert site.get(f"/~{alice.name}/tell.cgi/info").text.splitlines()[3:] == [
        f"/~{alice.name}/tell.cgi /info {root} {root}/info",
        str(root),
    ]
    assert site.get(f"/~{alice.name}/foreign.cgi").status == 403
    site.wait_for_error("foreign.cgi", f"not run as '{alice.name}'", "the script belongs to somebody else")
    assert site.get(f"/~{alice.name}/bobs.cgi").status == 403
    assert site.get(f"/~{alice.name}/sends.cgi").text == "a\n"
    for name in ("leaks", "hosts"):
        assert site.get(f"/~{alice.name}/{name}.cgi").status == 502
        site.wait_for_error(f"{name}.cgi", "outside of the website of its account")


def test_a_folder_that_became_a_link_is_none(house, accounts):
    _, bob, *_ = accounts
    house.option("WrapUserCGI = yes")
    house.option("UserDirectory = www/site")
    site = host(house, "  ExecuteCGI = yes")
    bob.own(bob.home / "www")
    bob.put("page.html", "mine\n", folder="www/site")
    bob.put("who.cgi", WHO, 0o755, folder="www/site")
    house.start()
    assert site.get(f"/~{bob.name}/page.html").text == "mine\n"
    assert site.get(f"/~{bob.name}/who.cgi").text.splitlines()[0] == str(bob.user)
    (bob.home / "www").rename(bob.home / "w3")
    bob.link("www", "w3")
    wait_until("the link to be seen", lambda: site.get(f"/~{bob.name}/page.html").status == 403)
    wait_until("the same for programs", lambda: site.get(f"/~{bob.name}/who.cgi").status == 403)


def test_programs_of_accounts_ban_nobody(house, accounts):
    alice, *_ = accounts
    house.option("TrustedProxy = 127.0.0.1")
    site = host(house, "  ExecuteCGI = yes\n  BanByCGI = yes, 2h")
    ban = "#!/bin/sh\necho Content-Type: text/plain; echo X-Longhouse-Ban: 600; echo; echo go\n"
    alice.put("ban.sh", ban)
    site.put("ban.sh", ban)
    house.start()
    visitor = [("X-Forwarded-For", "198.51.100.1")]
    for _ in range(2):
        answer = site.get(f"/~{alice.name}/ban.sh", fields=visitor)
        assert (answer.text, answer["X-Longhouse-Ban"]) == ("go\n", None)
    assert site.get("/ban.sh", fields=visitor).text == "go\n"
    assert site.get("/ban.sh", fields=visitor).status == 429


def test_without_wrap_they_are_the_host_s(house, accounts):
    alice, *_ = accounts
    site = host(house, "  ExecuteCGI = yes")
    status, said = house.check()
    assert status == 0 and "run as the user of the server, whoever wrote them" in said, said
    house.start()
    assert site.get(f"/~{alice.name}/who.cgi").text.splitlines()[0] == "33"


def test_what_holds_for_paths_holds_for_accounts(house, accounts):
    alice, *_ = accounts
    house.section(f"Directory {{\n  DirectoryID = d\n  Path = /~{alice.name}/private\n  AccessList = deny all\n}}")
    site = host(house, "  UseDirectory = d\n  UseLocalConfig = yes")
    alice.put("shut/page.html", "x")
    alice.put("shut/.hiawatha", "AccessList = deny all\n")
    house.start()
    assert site.get(f"/~{alice.name}/shut/page.html").status == 403
    assert site.get(f"/~{alice.name}/private/page.html").status == 403
    assert site.get(f"/~{alice.name}/notes/a.txt").text == "a\n"
    assert site.get(f"/~{alice.name}/who.cgi").status == 403  # ExecuteCGI is off


def test_a_new_account_counts_from_the_next_reload_on(house, accounts):
    alice, *_ = accounts
    site = host(house)
    house.start()
    late = Account(alice.home.parent)
    try:
        late.put("index.html", "late\n")
        assert site.get(f"/~{late.name}/").status == 404
        assert house.verb("reload")[0] == 0
        wait_until("its page", lambda: site.get(f"/~{late.name}/").text == "late\n")
    finally:
        late.remove()


def test_check_tells_who_has_a_website(house, accounts):
    alice, bob, _, system = accounts
    host(house)
    bob.link("pages", "public_html")
    alice.put("index.html", "x", folder="pages")
    os.chown(alice.home / "pages", bob.user, bob.group)
    _, said = house.check()
    assert f"/~{alice.name}/" in said and f"{alice.home}/public_html" in said
    assert f"{system.name} (its number {system.user} is below 1000)" in said
    house.option("UserDirectory = pages")
    _, said = house.check()
    assert f"{alice.name} (its folder belongs to somebody else)" in said, said
    assert f"{bob.name} (a symbolic link leads to its folder" in said


@pytest.mark.parametrize(
    "option, in_host, why",
    [
        ("UserDirectory = /srv/www", "", "must be a folder below each home"),
        ("UserDirectory = ../x", "", "must be a folder below each home"),
        ("WrapUserCGI = sometimes", "", "must be yes or no"),
        ("", "  UserWebsites = all", "must be yes or no"),
        ("", "  ExecuteCGI = yes\n  Sandbox = readonly", "do not go together"),
    ],
)
def test_what_cannot_be_is_refused_at_check(house, option, in_host, why):
    house.option(option)
    host(house, in_host)
    status, said = house.check()
    assert status != 0 and why in said, said
