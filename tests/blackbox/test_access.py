"""AccessList, PasswordFile, RequiredGroup: who is let in, and what programs hear of it."""
import base64
import concurrent.futures
import hashlib
import os
import pty
import re
import subprocess

import pytest

from house import BINARY, House, opened, wait_until

SHOW = """#!/bin/sh
printf 'Content-Type: text/plain\\n\\n%s|%s|%s' "$REMOTE_USER" "$AUTH_TYPE" "$HTTP_AUTHORIZATION"
"""


def basic(user, password):
    return ("Authorization", "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode())


def set_password(path, user, password, *words):
    return subprocess.run(
        [BINARY, "password", *words, path, user], input=password + "\n", text=True, capture_output=True, timeout=30, check=False
    )


@pytest.fixture(scope="module")
def house():
    house = House("access")
    users, digests, groups = house.folder / "users", house.folder / "digests", house.folder / "groups"
    for user in ("joe", "ann", "jürgen"):
        assert set_password(users, user, f"{user}'s").returncode == 0
    assert set_password(digests, "joe", "secret", "--digest", "Vault: no").returncode == 2
    assert set_password(digests, "joe", "secret", "--digest", "Vault").returncode == 0
    groups.write_text("staff: joe\n")
    for path in (users, digests, groups):
        path.chmod(0o644)
    house.users = users
    house.option("CGIextension = cgi")
    house.option("LogFormat = extended")
    house.section(
        f"Directory {{\n  DirectoryID = staff\n  Path = /staff\n  PasswordFile = basic:{users}, {groups}\n"
        "  RequiredGroup = staff\n}"
    )
    house.section("Directory {\n  DirectoryID = open\n  Path = /open\n  PasswordFile = none\n  AccessList = allow all\n}")
    house.section("Directory {\n  DirectoryID = told\n  Path = /told\n  HTTPAuthToCGI = yes\n}")
    house.section("Directory {\n  DirectoryID = shut\n  Path = /shut\n  AccessList = deny all\n}")
    house.section("Directory {\n  DirectoryID = near\n  Path = /near\n  AccessList = allow 127.0.0.0/8, deny all\n}")
    house.section("Directory {\n  DirectoryID = far\n  Path = /far\n  AccessList = pwd 192.0.2.0/24, deny all\n}")
    private = house.host(
        "a.test",
        f"  ExecuteCGI = yes\n  PasswordFile = basic:{users}\n  LoginMessage = Staff only\n"
        "  UseDirectory = staff, open, told, shut, near, far",
    )
    vault = house.host("b.test", f"  ExecuteCGI = yes\n  PasswordFile = digest:{digests}\n  LoginMessage = Vault")
    for path in ("show.cgi", "told/show.cgi", "open/show.cgi", ".well-known/acme-challenge/x.cgi"):
        private.put(path, SHOW, 0o755)
    for path in ("a.txt", "staff/a.txt", "open/a.txt", "shut/a.txt", "near/a.txt", "far/a.txt",
                 ".well-known/acme-challenge/token"):
        private.put(path, "the secret")
    vault.put("a.txt", "the secret")
    vault.put("show.cgi", SHOW, 0o755)
    with opened(house):
        yield house


@pytest.fixture
def site(house):
    return house.sites["a.test"]


@pytest.mark.parametrize("path", ["/a.txt", "/missing", "/show.cgi", "/", "/%61.txt", "//a.txt", "/.hidden/../a.txt"])
def test_nothing_is_told_without_a_password(site, path):
    answer = site.get(path)
    assert answer.status == 401
    assert answer["WWW-Authenticate"] == 'Basic realm="Staff only", charset="UTF-8"'
    assert "the secret" not in answer.text


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"])
def test_every_method_needs_the_password(site, method):
    assert site.get("/show.cgi", method=method).status == 401


@pytest.mark.parametrize("user", ["joe", "ann", "jürgen"])
def test_the_right_password_opens(site, user):
    assert site.get("/a.txt", fields=[basic(user, f"{user}'s")]).text == "the secret"
    assert site.get("/missing", fields=[basic(user, f"{user}'s")]).status == 404


@pytest.mark.parametrize("user, password", [("joe", "ann's"), ("joe", ""), ("nobody", "joe's"), ("", "")])
def test_a_wrong_one_does_not(site, user, password):
    assert site.get("/a.txt", fields=[basic(user, password)]).status == 401


def test_programs_hear_who_came_and_not_the_password(site):
    login = basic("joe", "joe's")
    assert site.get("/show.cgi", fields=[login]).text == "joe|Basic|"
    assert site.get("/told/show.cgi", fields=[login]).text == "joe|Basic|" + login[1]
    assert site.get("/open/show.cgi", fields=[login]).text == "||"


def test_the_access_log_names_the_user(house, site):
    site.get("/a.txt?logged", fields=[basic("ann", "ann's")])
    wait_until("the user in the log", lambda: re.search(r' ann .*"GET /a.txt\?logged', site.access_log()))


def test_members_only(site):
    assert site.get("/staff/a.txt", fields=[basic("joe", "joe's")]).text == "the secret"
    assert site.get("/staff/a.txt", fields=[basic("ann", "ann's")]).status == 403
    assert "the user 'ann' is in none of the groups" in site.wait_for_error("RequiredGroup")
    assert site.get("/staff/a.txt", fields=[basic("ann", "wrong")]).status == 401
    assert site.get("/st%61ff/a.txt", fields=[basic("ann", "ann's")]).status == 403


@pytest.mark.parametrize(
    "path, status", [("/open/a.txt", 200), ("/shut/a.txt", 403), ("/shut/missing", 403), ("/near/a.txt", 200), ("/far/a.txt", 403)]
)
def test_addresses_decide(site, path, status):
    assert site.get(path).status == status
    # What a client writes about itself does not matter: nobody here is a trusted proxy.
    assert site.get(path, fields=[("X-Forwarded-For", "192.0.2.1"), ("Forwarded", "for=192.0.2.1")]).status == status


def test_certificates_can_be_had_but_no_programs_run_there(site):
    assert site.get("/.well-known/acme-challenge/token").text == "the secret"
    assert site.get("/.well-known/acme-challenge/../../a.txt").status == 401
    assert site.get("/.well-known/acme-challenge/x.cgi").status == 401


def test_a_changed_file_is_read_again(house, site):
    assert set_password(house.users, "new", "first").returncode == 0

    def status(password):
        return site.get("/a.txt", fields=[basic("new", password)]).status

    wait_until("the new user", lambda: status("first") == 200)
    assert set_password(house.users, "new", "second").returncode == 0
    wait_until("the old password's end", lambda: status("first") == 401)
    assert status("second") == 200
    assert site.get("/a.txt", fields=[basic("joe", "joe's")]).status == 200


def test_many_at_once_are_all_answered(site):
    def ask(i):
        right = i % 2 == 0
        return site.get("/a.txt", fields=[basic("joe", "joe's" if right else f"no {i}")]).status in (
            (200, 503) if right else (401, 503)
        )

    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        assert all(pool.map(ask, range(40)))
    assert site.get("/a.txt", fields=[basic("joe", "joe's")]).status == 200


# ---- Digest ----


def challenges(answer):
    found = {}
    for line in answer.all("WWW-Authenticate"):
        words = dict(re.findall(r'(\w+)="?([^",]*)"?', line))
        found[words["algorithm"]] = words
    return found


def response(words, uri, nc=1, password="secret", method="GET", qop=True):
    name = {"MD5": "md5", "SHA-256": "sha256"}[words["algorithm"]]

    def digest(text):
        return hashlib.new(name, text.encode()).hexdigest()

    a1, a2 = digest(f"joe:{words['realm']}:{password}"), digest(f"{method}:{uri}")
    if qop:
        proof = digest(f"{a1}:{words['nonce']}:{nc:08x}:abc:auth:{a2}")
        more = f', qop=auth, nc={nc:08x}, cnonce="abc"'
    else:
        proof, more = digest(f"{a1}:{words['nonce']}:{a2}"), ""
    return (
        "Authorization",
        f'Digest username="joe", realm="{words["realm"]}", nonce="{words["nonce"]}", uri="{uri}", '
        f'algorithm={words["algorithm"]}, response="{proof}"{more}',
    )


@pytest.fixture
def vault(house):
    return house.sites["b.test"]


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
def test_digest_opens_once_for_each_count(vault, algorithm):
    words = challenges(vault.get("/a.txt?x=1,2"))
    assert list(words) == ["SHA-256", "MD5"]
    words = words[algorithm]
    assert vault.get("/a.txt?x=1,2", fields=[response(words, "/a.txt?x=1,2")]).text == "the secret"
    again = vault.get("/a.txt?x=1,2", fields=[response(words, "/a.txt?x=1,2")])
    assert again.status == 401
    assert challenges(again)["MD5"]["stale"] == "true"
    assert vault.get("/show.cgi", fields=[response(words, "/show.cgi", nc=3)]).text == "joe|Digest|"
    assert vault.get("/a.txt", fields=[response(words, "/a.txt", nc=2)]).status == 200


def test_digest_refuses_what_is_not_safe(vault):
    words = challenges(vault.get("/a.txt"))["MD5"]
    for header in (
        response(words, "/a.txt", password="wrong"),
        response(words, "/other.txt"),
        response(words, "/a.txt", method="HEAD"),
        response(words, "/a.txt", qop=False),
        basic("joe", "secret"),
    ):
        answer = vault.get("/a.txt", fields=[header])
        assert answer.status == 401
        assert "stale" not in str(answer.all("WWW-Authenticate"))
    forged = dict(words, nonce="0" * 64)
    assert challenges(vault.get("/a.txt", fields=[response(forged, "/a.txt")]))["MD5"]["stale"] == "true"


# ---- the verb ----


def test_the_verb_keeps_the_others_and_the_mode(tmp_path):
    path = tmp_path / "users"
    path.write_text("# staff\nann:$1$x$y:Ann\njoe:old\njoe:older")
    path.chmod(0o604)
    assert set_password(path, "joe", "secret").returncode == 0
    lines = path.read_text().splitlines()
    assert lines[:2] == ["# staff", "ann:$1$x$y:Ann"]
    assert len(lines) == 3 and lines[2].startswith("joe:$y$")
    assert path.stat().st_mode & 0o777 == 0o604
    assert [child.name for child in tmp_path.iterdir()] == ["users"]
    assert set_password(path, "bob", "secret").returncode == 0
    assert path.read_text().splitlines()[3].startswith("bob:$y$")


def test_the_verb_writes_digests(tmp_path):
    path = tmp_path / "digests"
    assert set_password(path, "joe", "secret", "--digest", "My place").returncode == 0
    secret = b"joe:My place:secret"
    assert path.read_text() == (
        f"joe:My place:{hashlib.sha256(secret).hexdigest()}\njoe:My place:{hashlib.md5(secret).hexdigest()}\n"
    )
    assert path.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize(
    "words, password, status, text",
    [
        ((), "secret", 2, "usage"),
        (("{}",), "secret", 2, "usage"),
        (("{}", "joe", "ann"), "secret", 2, "usage"),
        (("{}", "jo:e"), "secret", 2, "neither ':'"),
        (("{}", "joe"), "", 1, "nothing was changed"),
        (("{}", "joe"), "x" * 600, 1, "nothing was changed"),
        (("{}/deeper", "joe"), "secret", 1, "cannot write"),
    ],
)
def test_the_verb_says_what_is_wrong(tmp_path, words, password, status, text):
    path = tmp_path / "users"
    path.write_text("ann:x\n")
    words = [word.format(path) for word in words]
    run = subprocess.run([BINARY, "password", *words], input=password + "\n", text=True, capture_output=True, timeout=30, check=False)
    assert run.returncode == status
    assert text in run.stderr
    assert path.read_text() == "ann:x\n"


@pytest.mark.parametrize("second, status", [("secret", 0), ("secrte", 1)])
def test_the_verb_asks_twice_without_an_echo(tmp_path, second, status):
    path = tmp_path / "users"
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(BINARY, [str(BINARY), "password", str(path), "joe"])
    shown = b""
    for prompt, answer in ((b"New password: ", "secret"), (b"Once more: ", second)):
        while prompt not in shown:
            shown += os.read(terminal, 1000)
        os.write(terminal, answer.encode() + b"\n")
    try:
        while True:
            shown += os.read(terminal, 1000)
    except OSError:  # the end of the terminal
        pass
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == status
    os.close(terminal)
    assert b"secr" not in shown
    assert path.exists() == (status == 0)


# ---- check ----


def check(house, text):
    path = house.folder / "check.conf"
    path.write_text(f"Binding {{\n  Port = {house.port}\n}}\nHostname = a.test\nWebsiteRoot = {house.folder}\n{text}\n")
    return subprocess.run([BINARY, "check", "-c", path], capture_output=True, text=True, timeout=30, check=False)


@pytest.mark.parametrize(
    "option, message, cure",
    [
        ("AccessList = permit all", "'AccessList' knows allow, deny and pwd, not 'permit'", "allow 192.168.0.0/16, deny all"),
        ("AccessList = deny 1.2.3", "'1.2.3' is neither an address nor a network", "192.0.2.0/24"),
        ("AccessList = deny", "neither an address nor a network", "all"),
        ("AccessList = pwd all", "there is no PasswordFile", "add: PasswordFile = basic:"),
        ("RequiredGroup = staff", "RequiredGroup without a PasswordFile", "add: PasswordFile = basic:"),
        ("PasswordFile = /etc/users", "'PasswordFile' wants basic:FILE, digest:FILE or none", "for example"),
        ("PasswordFile = none:/x", "'PasswordFile' wants", "for example"),
        ("PasswordFile = basic:users", "PasswordFile", "absolute"),
        ("PasswordFile = ,/etc/groups", "a group file alone", "write both"),
        ("PasswordFile = basic:/nowhere/users", "cannot read '/nowhere/users': No such file or directory", "chmod 640"),
        ("LoginMessage = " + "x" * 201, "'LoginMessage' must be a line of 1 to 200 bytes", ""),
    ],
)
def test_check_says_where_and_what_to_do(house, option, message, cure):
    run = check(house, option)
    assert run.returncode == 1
    assert re.search(r"check\.conf:\d+", run.stderr)
    assert message in run.stderr
    assert cure in run.stderr


def test_check_looks_into_the_files(house):
    users = house.folder / "faulty"
    users.write_text("joe:plain text\nann\nbob:abNANd1rDfiNc\n")
    users.chmod(0o644)
    run = check(house, f"PasswordFile = basic:{users}\nRequiredGroup = staff")
    assert run.returncode == 1
    assert f"{users}:1: warning: no hash that is known here" in run.stderr
    assert f"{users}:2: warning: there is no ':' in the line" in run.stderr
    assert f"{users}:3: warning: the hash is of an old kind" in run.stderr
    assert "plain text" not in run.stderr
    assert "RequiredGroup, but PasswordFile names no file of groups" in run.stderr


def test_check_asks_as_the_user_of_the_server(house):
    if os.geteuid() != 0:
        pytest.skip("only root can be somebody else")
    users = house.folder / "closed"
    users.write_text("")
    users.chmod(0o600)
    run = check(house, f"PasswordFile = basic:{users}")
    assert run.returncode == 1
    assert f"the user www-data cannot read '{users}': Permission denied" in run.stderr
