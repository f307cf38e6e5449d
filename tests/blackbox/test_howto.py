"""The pages of docs/howto that no other test follows (WordPress, DokuWiki, git, gitweb, cgit have tests of their own)."""
import asyncio
import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys

import pytest
import websockets

import family
from backends import PhpFpm
from house import TOP, free_port, opened, wait_until
from howto import adapt, blocks, follow
from secure import make_certificate
from test_http_backend import HELLO
from test_https_backend import SecureBackend, serves

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


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextlib.contextmanager
def application(folder, name, port, *command):
    """The program of a page, as systemd would run it."""
    (program,) = blocks("python-node", name)
    path = folder / f"app.{name}"
    path.write_text(program.replace("3000", str(port)))
    process = subprocess.Popen([*command, path])
    family.OURS.add(process.pid)
    try:
        wait_until("the application to listen", lambda: listens(port), 20)
        yield
    finally:
        process.terminate()
        process.wait(10)
        family.OURS.discard(process.pid)


def test_an_application_that_is_a_web_server(new_house, tmp_path):
    house = new_house("howto")
    port = free_port()
    follow(house, "python-node", {"127.0.0.1:3000": f"127.0.0.1:{port}"})
    site = house.sites["app.example.org"]
    site.put("assets/style.css", "of the house")
    site.put("robots.txt", "of the house too")
    house.start()

    async def talk():
        url = "ws://app.example.org/live"
        async with websockets.connect(url, host="127.0.0.1", port=house.port) as visitor:
            await visitor.send("hello")
            assert await visitor.recv() == "you said hello"

    hello = "hello 127.0.0.1, you came to app.example.org by http\n"
    with application(tmp_path, "python", port, sys.executable):
        assert site.get("/", fields=[("X-Forwarded-For", "6.6.6.6")]).text == hello
        assert site.get("/assets/style.css").text == "of the house"
        assert site.get("/robots.txt").text == "of the house too"
        assert site.get("/assets/none.css").status == 404
        asyncio.run(talk())
    with application(tmp_path, "javascript", port, "node"):
        assert [site.get(f"/{i}").text for i in range(3)] == [hello] * 3


def test_one_site_of_several_on_another_server(new_house, tmp_path):
    house = new_house("howto")
    known = make_certificate(tmp_path, "localhost", more=("-addext", "subjectAltName=DNS:localhost"))
    authority = house.folder / "internal-ca.crt"
    shutil.copy(known.with_suffix(".crt"), authority)
    with SecureBackend(known) as other:
        other.plays(lambda talk: talk.read_request().say(HELLO))
        follow(house, "one-site-elsewhere", {
            "/etc/longhouse/internal-ca.crt": authority,
            "wiki.internal:8443": f"localhost:{other.port}",
            "KeepTime = 30s": "KeepTime = 1s",
        })
        main, wiki, notes = (house.sites[f"{name}.example.org"] for name in ("www", "wiki", "notes"))
        main.put("page", "of the house")
        wiki.put("page", "of nobody")
        house.start()
        assert main.get("/page").text == "of the house"
        wait_until("localhost to be looked up", lambda: wiki.get("/").status == 200 and notes.get("/").status == 200)
        for site, told in ((wiki, f"localhost:{other.port}"), (notes, "notes.example.org")):
            other.plays(serves)
            forged = [("X-Forwarded-For", "6.6.6.6"), ("X-Forwarded-Proto", "https"), ("Forwarded", "for=6.6.6.6")]
            assert [site.get("/page", fields=forged).text for _ in range(3)] == ["hello"] * 3
            assert len(other.talks) == 1
            fields = dict(other.last.fields)
            assert fields["Host"] == told and fields["Via"] == "1.1 longhouse"
            assert fields["X-Forwarded-For"] == "127.0.0.1" and fields["X-Forwarded-Proto"] == "http"
            assert fields["X-Forwarded-Host"] == site.name
            assert fields["Forwarded"] == f'for=127.0.0.1;host="{site.name}";proto=http'
            other.last.socket.shutdown(socket.SHUT_RDWR)
            other.wait_until_quiet()


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
