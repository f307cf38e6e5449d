""".hiawatha files: what the owner of a folder says about it."""
import base64
import subprocess

import pytest

from house import BINARY, House, opened, wait_until


@pytest.fixture(scope="module")
def house():
    house = House("local")
    house.section(
        f"Binding {{\n  Port = {house.port}\n  Interface = 127.0.0.1\n  EnableAlter = yes\n}}"
    )
    house.section("Directory {\n  DirectoryID = strict\n  Path = /strict\n  AccessList = deny all\n}")
    site = house.host("a.test", "  UseLocalConfig = yes\n  UseDirectory = strict")
    other = house.host("b.test")
    for path in ("staff/a.txt", "strict/a.txt", "bad/a.txt", "inbox/a.txt", "change/a.txt", "shown/a.txt"):
        site.put(path, "content")
    site.put("staff/.hiawatha", "PasswordFile = basic:.users\nLoginMessage = Staff\n")
    subprocess.run([BINARY, "password", site.root / "staff/.users", "joe"], input="joe's\n", text=True, check=True,
                   capture_output=True)
    (site.root / "staff/.users").chmod(0o644)
    site.put("strict/.hiawatha", "AccessList = allow all\n")
    site.put("bad/.hiawatha", "# mine\nSetenv LD_PRELOAD = /tmp/x.so\n")
    site.put("inbox/.hiawatha", "AlterList = allow 127.0.0.1\n")
    site.put("shown/.hiawatha", "ShowIndex = yes\n")
    (site.root / "inbox").chmod(0o777)
    other.put("a.txt", "content")
    other.put(".hiawatha", "AccessList = deny all\n")
    with opened(house):
        yield house


@pytest.fixture
def site(house):
    return house.sites["a.test"]


def test_a_folder_has_its_own_password(site):
    answer = site.get("/staff/a.txt")
    assert answer.status == 401 and 'realm="Staff"' in answer["WWW-Authenticate"]
    login = ("Authorization", "Basic " + base64.b64encode(b"joe:joe's").decode())
    assert site.get("/staff/a.txt", fields=[login]).text == "content"
    assert site.get("/staff/.users", fields=[login]).status == 404


def test_the_administrator_has_the_last_word(site):
    assert site.get("/strict/a.txt").status == 403


def test_a_fault_is_500_with_a_line_that_leads_to_it(site):
    assert site.get("/bad/a.txt").status == 500
    assert "'Setenv' does not belong in .hiawatha" in site.wait_for_error("bad/.hiawatha:2:1:", "answering 500")


def test_it_may_let_files_be_written_but_not_itself(site):
    assert site.get("/inbox/b.txt", method="PUT", body=b"x").status == 201
    assert site.get("/inbox/.hiawatha", method="PUT", body=b"AccessList = allow all\n").status == 404
    assert site.get("/inbox/.hiawatha", method="DELETE").status == 404
    assert site.get("/inbox/.hiawatha").status == 404
    assert site.get("/shown/").status == 200 and ".hiawatha" not in site.get("/shown/").text


def test_a_change_counts_without_a_reload(site):
    assert site.get("/change/a.txt").status == 200
    site.put("change/.hiawatha", "AccessList = deny all\n")
    wait_until("the new file counts", lambda: site.get("/change/a.txt").status == 403)


def test_without_the_option_it_is_nothing(house):
    assert house.sites["b.test"].get("/a.txt").status == 200
