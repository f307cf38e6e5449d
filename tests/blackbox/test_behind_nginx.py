"""In thttpd's place: the recipe of docs/behind-nginx.md, word for word, with a real nginx in front.

Also with nginx's side as the older recipe has it that people still copy: HTTP/1.0, one connection for each request.
"""
import hashlib
import os
import re
import signal
import socket

import pytest

from house import TOP, House, opened, wait_until
from nginx import Nginx, find_nginx, running
from wire import Visitor

pytestmark = pytest.mark.skipif(find_nginx() is None, reason="there is no nginx on this machine")

CLIENT = "127.0.0.9"  # a loopback address that is no TrustedProxy
MIB = 1024 * 1024

OLDER = r"""
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
            client_body_buffer_size 128k;
            proxy_connect_timeout   90;
            proxy_send_timeout      90;
            proxy_read_timeout      90;
            proxy_buffers           32 4k;
        }
    }
"""


# nginx sends no more of a body once it has the head of an answer: the second kind of program would wait for ever.
DIGEST = """\
#!/usr/bin/perl
use Digest::SHA;
my $digest = Digest::SHA->new(256)->addfile(*STDIN)->hexdigest;
print "Content-Type: text/plain\\n\\n$digest $ENV{CONTENT_LENGTH}\\n";
"""
HEAD_FIRST = """\
#!/usr/bin/perl
use Digest::SHA;
$| = 1;
print "Content-Type: text/plain\\n\\n";
print Digest::SHA->new(256)->addfile(*STDIN)->hexdigest, " $ENV{CONTENT_LENGTH}\\n";
"""

WHERE = """\
#!/usr/bin/perl
print "Content-Type: text/plain\\n\\n";
print "$ENV{REMOTE_ADDR} ", `pwd`;
"""

SLOW = """\
#!/bin/sh
echo Content-Type: text/plain
echo
echo begun
while [ ! -e ../../work/go ]; do :; done
echo done
"""


def recipe():
    """The code blocks of the page: Longhouse's file, nginx's site, the file it includes."""
    text = (TOP / "docs/behind-nginx.md").read_text()
    return re.findall(r"^```\n(.*?)^```$", text, re.S | re.M)


class RecipeHouse(House):
    def config_text(self):
        return (
            recipe()[0]
            .replace("/run/longhouse.pid", f"{self.run}/longhouse.pid")
            .replace("/var/log/longhouse/access.log", str(self.default.access_path))
            .replace("/var/log/longhouse/error.log", str(self.default.error_path))
            .replace("/var/log/longhouse", str(self.logs))
            .replace("/var/www", str(self.default.root))
            .replace("Port = 8000", f"Port = {self.port}")
            + f"ControlSocket = {self.run}/control.sock\nWorkDirectory = {self.work}\n"
        )


def our_recipe(house):
    site, fields = recipe()[1:3]
    (house.folder / "fields.conf").write_text(fields)
    return (
        site.replace("/etc/nginx/longhouse.conf", str(house.folder / "fields.conf"))
        .replace("127.0.0.1:8000", f"127.0.0.1:{house.port}")
        .replace("/var/www", str(house.default.root))
        .replace("listen 80;", "listen 127.0.0.1:{port};")
    )


def older_recipe(house):
    return OLDER.replace("8000", str(house.port)).replace("ROOT", str(house.default.root))


@pytest.fixture(scope="module", params=[our_recipe, older_recipe])
def house(request):
    house = RecipeHouse("nginx")
    site = house.default
    site.program("cgi_env")
    site.program("cgi_env", "x.pl")
    (site.root / "dir").mkdir()
    site.program("cgi_env", "dir/deep.cgi")
    site.program("cgi_mirror")
    site.put("where.pl", WHERE, 0o755)
    site.put("digest.pl", DIGEST, 0o755)
    site.put("headfirst.pl", HEAD_FIRST, 0o755)
    site.put("plain.pl", "#!/usr/bin/perl\nprint 'secret source';\n", 0o644)
    site.put("spell", "ends in ell")
    site.put("data/sample.expl", "no program, but its URL ends in pl")
    site.put("a.txt", "a file of nginx's")
    with opened(house), running(Nginx(house.folder, request.param(house))) as house.nginx:
        house.is_older = request.param is older_recipe
        yield house


@pytest.fixture
def site(house):
    return house.default


class Client(Visitor):
    """Comes from an address that is nobody's proxy."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30, source_address=(CLIENT, 0))
        self.data = b""
        self.ended = False
        self.was_reset = False


def get(house, target, method="GET", fields=(), body=None, version="1.1"):
    with Client(house.nginx.port) as client:
        client.request(method, target, "www.example.org", [*fields, ("Connection", "close")], body, version)
        return client.answer(method)


def last_line(site, words):
    def find():
        return [line for line in site.access_log().splitlines() if words in line]

    return wait_until(f"{words} in the access log", find)[-1]


def test_a_program_sees_the_client(house, site):
    env = get(house, "/x.pl?a=1").facts("env")
    assert env["REMOTE_ADDR"] == CLIENT
    assert "REMOTE_PORT" not in env
    assert env["SERVER_NAME"] == "www.example.org"
    assert env["SERVER_PORT"] == str(house.port)
    assert env["SCRIPT_NAME"] == "/x.pl"
    assert env["QUERY_STRING"] == "a=1"
    assert env["REQUEST_SCHEME"] == "http"
    assert env["SERVER_PROTOCOL"] == ("HTTP/1.0" if house.is_older else "HTTP/1.1")
    assert last_line(site, "/x.pl?a=1").startswith(f"{CLIENT} - - [")


def test_a_script_runs_in_its_own_folder(house, site):
    assert get(house, "/where.pl").text == f"{CLIENT} {site.root}\n"


@pytest.mark.parametrize(
    "fields",
    [
        [("X-Forwarded-For", "1.2.3.4")],
        [("X-Forwarded-For", "1.2.3.4"), ("X-Forwarded-For", "127.0.0.1")],
        [("X-Forwarded-For", "1.2.3.4, 127.0.0.1")],
        [("X-Forwarded-For", "unknown")],
        [("X-Forwarded-For", 'for="')],
        [("X-Real-IP", "1.2.3.4")],
        [("Forwarded", "for=1.2.3.4")],
        [("Forwarded", 'for="1.2.3.4')],
        [("X-Forwarded-For", "1.2.3.4"), ("X-Real-IP", "1.2.3.4"), ("Forwarded", "for=1.2.3.4")],
    ],
)
def test_no_visitor_forges_its_address(house, site, fields):
    env = get(house, "/env.cgi?forged", fields=fields).facts("env")
    assert env["REMOTE_ADDR"] == CLIENT
    assert last_line(site, "/env.cgi?forged").startswith(CLIENT + " ")


def test_no_visitor_forges_the_scheme(house):
    env = get(house, "/env.cgi", fields=[("X-Forwarded-Proto", "https")]).facts("env")
    if house.is_older:  # that nginx passes on what the visitor says
        assert env["REQUEST_SCHEME"] == "https"
    else:
        assert env["REQUEST_SCHEME"] == "http" and "HTTPS" not in env


def test_path_info(house, site):
    env = get(house, "/dir/deep.cgi/extra/x%20y?q").facts("env")
    assert env["SCRIPT_NAME"] == "/dir/deep.cgi"
    assert env["PATH_INFO"] == "/extra/x y"
    assert env["PATH_TRANSLATED"] == f"{site.root}/extra/x y"
    assert env["QUERY_STRING"] == "q"
    assert env["REMOTE_ADDR"] == CLIENT


@pytest.mark.parametrize("script", ["/digest.pl", "/headfirst.pl"])
def test_ten_megabytes_arrive(house, script):
    body = os.urandom(10 * MIB - 1000)
    answer = get(house, script, "POST", body=body)
    assert answer.status == 200
    assert answer.text == f"{hashlib.sha256(body).hexdigest()} {len(body)}\n"


def test_a_chunked_body_arrives(house):
    with Client(house.nginx.port) as client:
        client.request(
            "POST",
            "/mirror.cgi",
            "www.example.org",
            [("Transfer-Encoding", "chunked"), ("Connection", "close")],
            b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n",
        )
        assert client.answer("POST").body == b"hello world"


def test_a_file_that_fits_and_is_not_executable_never_shows_its_source(house, site):
    answer = get(house, "/plain.pl")
    assert answer.status == 403
    assert b"secret source" not in answer.body
    site.wait_for_error("/plain.pl", "chmod +x")


def test_what_fits_no_pattern_is_a_file(house, site):
    answer = get(house, "/data/sample.expl")
    assert (answer.status, answer.body) == (200, b"no program, but its URL ends in pl")
    if house.is_older:  # its location takes it to us
        last_line(site, "/data/sample.expl")
    assert get(house, "/a.txt").body == b"a file of nginx's"


def test_head_runs_the_program(house):
    answer = get(house, "/env.cgi", "HEAD")
    assert answer.status == 200
    assert answer.body == b""


def test_connections_are_kept_with_http_1_1(house):
    before = house.status()["connections"]
    for _ in range(20):
        assert get(house, "/env.cgi").status == 200
    opened_now = house.status()["connections"] - before
    assert opened_now >= 20 if house.is_older else opened_now <= 3


def test_the_house_ends_gracefully_behind_nginx(new_house):
    """What `kill -USR1` was for thttpd is TERM here: the request in flight is answered, and then it ends."""
    house = RecipeHouse("nginxend")
    house.default.put("slow.cgi", SLOW, 0o755)
    unbuffered = our_recipe(house).replace("proxy_pass", "proxy_buffering off; proxy_pass")
    with opened(house), running(Nginx(house.folder, unbuffered)) as house.nginx:
        with Client(house.nginx.port) as client:
            client.request("GET", "/slow.cgi", "www.example.org", [("Connection", "close")])
            assert client.head().status == 200
            client.first_bytes(5)
            house.process.send_signal(signal.SIGTERM)
            (house.work / "go").touch()
            assert b"done" in client.rest()
        assert house.process.wait(20) == 0
