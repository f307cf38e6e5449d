"""The pages of docs/howto that no other test follows (WordPress, DokuWiki, git, gitweb, cgit have tests of their own)."""
import os
import re
import shutil

import pytest

from backends import PhpFpm
from house import TOP, opened
from howto import adapt, blocks, follow

IS_ROOT = os.getuid() == 0


def start(house):
    return opened(house)


def test_every_page_is_named_and_names_a_test_that_follows_it():
    folder = TOP / "docs" / "howto"
    index = (folder / "README.md").read_text()
    for page in folder.glob("*.md"):
        if page.name == "README.md":
            continue
        assert f"]({page.name})" in index
        tests = re.findall(r"`tests/blackbox/(test_\w+\.py)`", page.read_text())
        assert tests, page
        for test in tests:
            assert f'"{page.stem}"' in (TOP / "tests" / "blackbox" / test).read_text(), (page, test)


def test_a_site_in_php(new_house):
    house = new_house("howto")
    house.option("MinUid = 5")
    with PhpFpm("shop") as php:
        follow(house, "php-site", {
            "/run/php/shop.sock": php.socket,
            "RunAs = small": "RunAs = games" if IS_ROOT else "TimeForCGI = 60",
        })
        for name in ("shop", "small"):
            house.sites[f"{name}.example.org"].put("index.php", "<?php echo 'hello ', $_SERVER['REQUEST_URI'];")
        house.start()
        assert house.sites["shop.example.org"].get("/").text == "hello /"
        assert house.sites["shop.example.org"].get("/no/file?a=b").text == "hello /no/file?a=b"
        assert house.sites["small.example.org"].get("/").text == "hello /"
        assert house.sites["small.example.org"].get("/no/file").status == 404
        house.keeps_workers = True
        house.stop()


def test_programs(new_house):
    house = new_house("howto")
    follow(house, "perl-python-cgi", {})
    site = house.sites["tools.example.org"]
    site.put("hello.py", blocks("perl-python-cgi", "python")[0])
    site.put("hello.pl", blocks("perl-python-cgi", "perl")[0])
    site.put("hello.sh", "echo Content-Type: text/plain; echo; echo hello $DB_HOST\n")
    site.program("cgi_env")
    house.start()
    for name in ("hello.py", "hello.pl"):
        assert site.get(f"/{name}/any/thing").text == "hello 127.0.0.1, you asked for /any/thing\n"
    assert site.get("/hello.sh").text == "hello 10.0.0.3\n"
    assert site.get("/env.cgi").status == 200


def test_many_hosts(new_house):
    """Also: a new site is a new file and a reload."""
    house = new_house("howto")
    house.option("MinUid = 5")
    shared, ada = blocks("many-hosts")
    (house.folder / "sites.d").mkdir()

    def add(name):
        user = "RunAs = games" if IS_ROOT else "TimeForRequest = 30"
        text = ada.replace("ada", name)
        text = text.replace(f"RunAs = {name}\n", f"{user}\n") if IS_ROOT else text.replace(f"    RunAs = {name}\n", "")
        (house.folder / "sites.d" / f"{name}.conf").write_text(adapt(house, text, {}))
        site = house.sites[f"{name}.example.org"]
        site.put("who.pl", "print qq(Content-Type: text/plain\\n\\n$ENV{SERVER_NAME} ), $<;")
        site.put("index.html", name)
        return site

    house.section(adapt(house, shared, {}))
    first, second = add("ada"), add("bob")
    house.start()
    uid = 5 if IS_ROOT else os.getuid()
    assert first.get("/who.pl").text == f"ada.example.org {uid}"
    assert second.get("/who.pl").text == f"bob.example.org {uid}"
    third = add("eve")
    status, said, errors = house.verb("reload")
    assert status == 0, said + errors
    assert third.get("/who.pl").text == f"eve.example.org {uid}"
    (house.folder / "sites.d" / "bad.conf").write_text("VirtualHost {\n  Hostnam = bad.example.org\n}\n")
    status, said, errors = house.verb("reload")
    assert status == 1 and "bad.conf:2:3" in said + errors and "Hostnam" in said + errors
    assert first.get("/who.pl").text == f"ada.example.org {uid}"
    (house.folder / "sites.d" / "bad.conf").unlink()


def test_from_hiawatha(new_house):
    house = new_house("howto")
    follow(house, "from-hiawatha", {})
    site = house.sites["old.example.org"]
    site.put("index.html", "a file")
    site.program("cgi_env", "index.cgi")
    house.start()
    assert site.get("/index.html").text == "a file"
    assert site.get("/old/x").all("location") == ["/new/x"]
    assert "QUERY_STRING=a=b" in site.get("/any/where?a=b").text
    assert site.get("/index.html")["x-frame-options"] == "sameorigin"


def test_from_apache(new_house):
    house = new_house("howto")
    programs = house.folder / "cgi-bin"
    programs.mkdir()
    (house.folder / "staff").write_text("ada:$apr1$ab12cd34$YGUTh0dKLdkeA0gwGqQOt1\n")
    follow(house, "from-apache-cgi", {
        ":/usr/lib/cgi-bin": f":{programs}",
        "/etc/apache2/staff.htpasswd": house.folder / "staff",
    })
    site = house.sites["www.example.org"]
    shutil.copy(site.program("cgi_env"), programs / "anything")
    site.put("private/index.html", "secret")
    site.put("missing.html", "a page of our own")
    house.start()
    answer = site.get("/cgi-bin/anything/more?x=y")
    assert answer.status == 200 and "DB_HOST=10.0.0.3" in answer.text and "PATH_INFO=/more" in answer.text
    assert site.get("/private/").status == 401
    assert site.get("/nowhere").text == "a page of our own"
    assert (site.get("/old/page").status, site.get("/old/page")["location"]) == (301, "/new/page")
