"""An existing thttpd.conf, unchanged but for its paths and port, behind the nginx of the how-to that people followed."""
import base64
import os
import signal
import socket
import subprocess
import time

import family
import pytest

from house import BINARY, House, opened, wait_until
from nginx import Nginx, find_nginx, running
from wire import Visitor

CLIENT = "127.0.0.9"  # a loopback address that is no proxy

THTTPD = """\
host=127.0.0.1
port=8000
dir=/var/www  #change this to the $document_root from nginx config file
user=www-data
cgipat=**.cgi|**.pl
logfile=/var/log/thttpd.log
pidfile=/var/run/thttpd.pid
"""

NGINX = r"""
    server {
        listen 127.0.0.1:{port};
        server_name www.example.org;
        root ROOT;
        location ~ \.cgi|pl$ {
            proxy_pass              http://127.0.0.1:8000;
            proxy_redirect          off;
            proxy_set_header        Host            $host;
            proxy_set_header        X-Real-IP       $remote_addr;
            proxy_set_header        X-Forwarded-For $proxy_add_x_forwarded_for;
            client_max_body_size    10m;
        }
    }
"""


class ThttpdHouse(House):
    more = ""

    def __init__(self, name):
        super().__init__(name)
        self.config_path = self.folder / "thttpd.conf"
        self.default.access_path = self.logs / "thttpd.log"
        self.default.error_path = self.logs / "thttpd-error.log"

    def config_text(self):
        return (
            THTTPD.replace("/var/log", str(self.logs))
            .replace("/var/run", str(self.run))
            .replace("/var/www", str(self.default.root))
            .replace("8000", str(self.port))
        ) + self.more


@pytest.fixture(scope="module")
def house():
    house = ThttpdHouse("thttpd")
    site = house.default
    site.program("cgi_env", "x.pl")
    (site.root / "dir").mkdir()
    site.program("cgi_env", "dir/x.cgi")
    site.put("where.pl", "#!/bin/sh\necho Content-Type: text/plain\necho\npwd\nnice\n", 0o755)
    site.put("plain.pl", "#!/usr/bin/perl\nprint 'secret source';\n", 0o644)
    site.put("data/sample.expl", "no program, but its URL ends in pl")
    site.put("README", "text")
    site.put("old/index.htm", "the start file of thttpd")
    house.more = "charset=iso-8859-1\nmax_age=3600\n"
    nginx = Nginx(house.folder, NGINX.replace("8000", str(house.port)).replace("ROOT", str(site.root)))
    with opened(house):
        if find_nginx():
            with running(nginx) as house.nginx:
                yield house
        else:
            pytest.fail("there is no nginx on this machine")


class Client(Visitor):
    """Comes from an address that is nobody's proxy."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30, source_address=(CLIENT, 0))
        self.data = b""
        self.ended = False
        self.was_reset = False


def get(house, target, fields=()):
    with Client(house.nginx.port) as client:
        client.request("GET", target, "www.example.org", [*fields, ("Connection", "close")])
        return client.answer("GET")


def test_a_program_sees_the_client_of_nginx(house):
    env = get(house, "/x.pl?a=1", [("X-Forwarded-For", "1.2.3.4")]).facts("env")
    assert env["REMOTE_ADDR"] == CLIENT
    assert env["SERVER_NAME"] == "www.example.org"
    assert env["SERVER_PORT"] == str(house.port)
    assert env["SCRIPT_NAME"] == "/x.pl"
    assert env["QUERY_STRING"] == "a=1"
    line = wait_until("the log line", lambda: [x for x in house.default.access_log().splitlines() if "/x.pl?a=1" in x])[0]
    assert line.startswith(f"{CLIENT} - - [") and '"GET /x.pl?a=1 HTTP/1.0" 200 ' in line
    env = get(house, "/dir/x.cgi/extra").facts("env")
    assert (env["SCRIPT_NAME"], env["PATH_INFO"], env["REMOTE_ADDR"]) == ("/dir/x.cgi", "/extra", CLIENT)


def test_programs_run_as_thttpd_ran_them(house):
    assert get(house, "/where.pl").text == f"{house.default.root}\n10\n"
    answer = get(house, "/plain.pl")
    assert answer.status == 403 and b"secret source" not in answer.body
    house.default.wait_for_error("/plain.pl", "chmod +x")
    assert get(house, "/data/sample.expl").body == b"no program, but its URL ends in pl"


def test_files_are_told_of_as_thttpd_told(house):
    answer = house.get("/README")
    assert answer["Content-Type"] == "text/plain; charset=iso-8859-1"
    assert answer["Cache-Control"] == "max-age=3600" and answer["Expires"]
    assert house.get("/old/").body == b"the start file of thttpd"


def test_check_and_status_read_it_too(house):
    status, output, errors = house.verb("check")
    assert (status, errors) == (0, "") and str(house.port) in output
    assert (house.run / "thttpd.pid").read_text() == f"{house.process.pid}\n"


class FlagsHouse(ThttpdHouse):
    """`longhouse thttpd`: -C counts where it stands, what comes behind it is stronger."""

    def config_text(self):
        return super().config_text().replace(f"port={self.port}", "port=1")

    def command(self):
        return [BINARY, "thttpd", "-D", "-C", self.config_path, "-p", str(self.port)]


def test_the_flags_of_thttpd():
    house = FlagsHouse("thttpd-flags")
    house.default.program("cgi_env", "x.pl")
    with opened(house):
        assert house.get("/x.pl").facts("env")["SERVER_PORT"] == str(house.port)


@pytest.mark.parametrize("words", [["-x"], ["-p"], ["file"], ["-D", "-C"]])
def test_what_thttpd_does_not_know_is_its_usage(words):
    done = subprocess.run([BINARY, "thttpd", *words], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 1 and done.stderr.startswith("usage: longhouse thttpd [-C file]")


def test_a_fault_in_a_flag_is_shown(tmp_path):
    done = subprocess.run(
        [BINARY, "thttpd", "-D", "-p", "70000"], cwd=tmp_path, capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 1
    assert "thttpd flags:2:6: error: 'Port' must be between 1 and 65535, not '70000'" in done.stderr


def test_behind_it_says_when_it_is_ready():
    house = ThttpdHouse("thttpd-behind")
    house.default.put("a.txt", "here")
    try:
        words = [
            "-p", str(house.port), "-h", "127.0.0.1", "-d", house.default.root, "-u", "www-data",
            "-l", house.logs / "thttpd.log", "-i", house.run / "thttpd.pid",
        ]
        done = subprocess.run([BINARY, "thttpd", *words], capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        pid = int((house.run / "thttpd.pid").read_text())
        assert house.get("/a.txt").body == b"here"
        family.OURS.add(pid)
        os.kill(pid, signal.SIGTERM)
        wait_until("its end", lambda: not (house.run / "thttpd.pid").exists(), 20)
        family.OURS.discard(pid)
    finally:
        house.close()


def test_throttles_and_one_password_for_all():
    house = ThttpdHouse("thttpd-guarded")
    throttles = house.folder / "throttles"
    throttles.write_text("# a line that is shared\n**.iso 30000\n**.jpg slow\n")
    house.more = f"throttles={throttles}\nglobalpasswd\n"
    body = b"x" * 30_000
    house.default.put("a.iso", body)
    house.default.put("a.txt", body)
    users = house.default.root / ".htpasswd"
    users.write_text("joe:$5$saltsalt$0IyaXrmV7.sGNS6tirgqHLqX/G.FBvgkYA.lpPdS5sA\n")
    with opened(house):
        assert house.get("/a.txt").status == 401
        joe = ("Authorization", "Basic " + base64.b64encode(b"joe:secret").decode())
        begun = time.monotonic()
        assert house.get("/a.iso", fields=[joe]).body == body
        assert time.monotonic() - begun > 0.8
        begun = time.monotonic()
        assert house.get("/a.txt", fields=[joe]).body == body
        assert time.monotonic() - begun < 0.7
        assert house.get("/.htpasswd", fields=[joe]).status == 404
        status, _, errors = house.verb("check")
        assert status == 0 and "the line is left out" in errors


def test_each_name_has_a_folder_of_its_own():
    house = ThttpdHouse("thttpd-vhost")
    house.more = "vhost\n"
    for name in ("www.a.test", "b.test", "127.0.0.1"):
        house.default.put(f"{name}/index.html", f"here is {name}")
    (house.default.root / "www.a.test/cgi").mkdir()
    house.default.program("cgi_env", "www.a.test/cgi/env.cgi")
    for field, name in (("X-Sendfile: $DOCUMENT_ROOT", "by_place"), ("X-Accel-Redirect: ", "by_path")):
        script = f"#!/bin/sh\necho \"{field}/$QUERY_STRING\"\necho\n"
        house.default.put(f"www.a.test/{name}.cgi", script, mode=0o755)
    house.default.put("secret.txt", "beneath no name")
    (house.default.root / "a.test").symlink_to("www.a.test")

    def visit(target, host):
        return house.get(target, host=host)

    with opened(house):
        for host, name in (("www.a.test", "www.a.test"), ("WWW.A.TEST:80", "www.a.test"), ("a.test", "www.a.test"),
                           ("b.test", "b.test"), (f"127.0.0.1:{house.port}", "127.0.0.1")):
            assert visit("/", host).body == f"here is {name}".encode()
        with house.visit() as nameless:
            nameless.send(b"GET / HTTP/1.0\r\n\r\n")
            assert nameless.answer().body == b"here is 127.0.0.1"
        assert visit("/", "c.test").status == 404
        assert visit("/secret.txt", "b.test").status == 404
        assert visit("/", "secret.txt").status == 404
        assert visit("/../www.a.test/index.html", "b.test").status == 400
        for host in (".", "..", ".git", "../b.test", "b.test/../www.a.test", "b.test%2f"):
            assert visit("/secret.txt", host).status in (400, 404)
        assert visit("/cgi", "www.a.test")["location"].endswith("/cgi/")
        facts = visit("/cgi/env.cgi/more?x=1", "www.a.test").facts("env")
        assert facts["SCRIPT_NAME"] == "/cgi/env.cgi" and facts["PATH_INFO"] == "/more"
        assert facts["DOCUMENT_ROOT"] == str(house.default.root / "www.a.test")
        assert facts["PATH_TRANSLATED"] == str(house.default.root / "www.a.test/more")
        assert facts["SCRIPT_FILENAME"] == str(house.default.root / "www.a.test/cgi/env.cgi")
        assert facts["SERVER_NAME"] == "www.a.test"
        assert visit("/cgi/env.cgi", "b.test").status == 404
        for name in ("by_place", "by_path"):
            assert visit(f"/{name}.cgi?index.html", "www.a.test").body == b"here is www.a.test"
            assert visit(f"/{name}.cgi?../b.test/index.html", "www.a.test").status == 502

        status, said, _ = house.verb("explain", f"http://a.test:{house.port}/")
        assert status == 0 and f"HostFolders: the name 'a.test' stands for the folder {house.default.root}/a.test" in said
        line = wait_until("its line", lambda: next(
            (line for line in (house.logs / "thttpd.log").read_text().splitlines() if "more?x=1" in line), None))
        assert '"GET /www.a.test/cgi/env.cgi/more?x=1 HTTP/1.1" 200 ' in line
