"""What a reload changes, and what lives on, in TLS, bans, toolkits and workers in a sandbox."""
import pathlib
import shutil
import ssl

import pytest

from house import BACKENDS, free_port, wait_until
from test_reload import reload, settled
from test_tls import SecureVisitor, make_certificate, secure_binding


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_certificate_is_exchanged(new_house, version):
    house = new_house("reload")
    for name in ("old.test", "new.test"):
        make_certificate(house.folder, name)
    in_use = house.folder / "in-use.pem"
    port = free_port()
    in_use.write_bytes((house.folder / "old.test.pem").read_bytes())
    house.section(f"Binding {{\n  Port = {house.port}\n  Interface = 127.0.0.1\n}}")
    house.section(secure_binding(port, f"  TLScertFile = {in_use}"))
    house.default.put("a.txt", "a")
    house.start()
    with SecureVisitor(port, version=version) as visitor, SecureVisitor(port, version=version) as silent:
        visitor.request("GET", "/a.txt")
        assert visitor.answer().text == "a" and visitor.peer_names() == "old.test"

        in_use.write_bytes((house.folder / "new.test.pem").read_bytes())
        house.option("CustomHeader = X-Now: yes")
        reload(house)
        with SecureVisitor(port, version=version) as fresh:
            fresh.request("GET", "/a.txt")
            answer = fresh.answer()
            assert fresh.peer_names() == "new.test" and answer["x-now"] == "yes"
        for open_one in (visitor, silent):
            open_one.request("GET", "/a.txt")
            answer = open_one.answer()
            assert answer.text == "a" and open_one.peer_names() == "old.test"
        assert answer["connection"] != "close"
        visitor.request("GET", "/a.txt")
        assert visitor.answer()["x-now"] == "yes"
    settled(house)


def test_a_handshake_that_has_begun_ends_as_it_began(new_house):
    house = new_house("reload")
    in_use = make_certificate(house.folder, "old.test")
    port = free_port()
    house.section(f"Binding {{\n  Port = {house.port}\n  Interface = 127.0.0.1\n}}")
    house.section(secure_binding(port, f"  TLScertFile = {in_use}"))
    house.default.put("a.txt", "a")
    house.start()
    with house.visit(port) as slow:
        wait_until("it is accepted", lambda: house.status()["connections_now"] == 1)
        in_use.write_bytes(make_certificate(house.folder, "new.test").read_bytes())
        reload(house)
        assert house.status()["generations_in_use"] == 2
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        slow.socket = context.wrap_socket(slow.socket, server_hostname="default.test")
        slow.request("GET", "/a.txt")
        assert slow.answer().text == "a"
    settled(house)


def test_a_ban_survives_and_new_limits_count(new_house):
    house = new_house("reload")
    house.option("BanOnGarbage = 1h")
    house.default.put("a.txt", "a")
    house.start()
    with house.visit() as visitor:
        visitor.send(b"this is no HTTP\r\n\r\n")
        assert visitor.answer().status == 400
    assert house.get("/a.txt").status == 429

    house.options.remove("BanOnGarbage = 1h")
    house.option("AnonymizeIP = yes")
    reload(house)
    assert house.get("/a.txt").status == 429
    assert "127.0.0.1" in house.verb("bans")[1] and house.status()["banned"] == 1
    assert house.verb("unban", "127.0.0.1")[0] == 0
    with house.visit() as visitor:  # earns no ban any more
        visitor.send(b"this is no HTTP\r\n\r\n")
        assert visitor.answer().status == 400
    assert house.get("/a.txt").text == "a"
    wait_until("it is hidden", lambda: "127.0.0.0" in house.default.access_log())

    house.option("BanOnFlooding = 3/60:1h")
    reload(house)
    answers = [house.get("/a.txt").status for _ in range(5)]
    assert answers == [200, 200, 200, 429, 429]


def test_whom_request_limits_spare_stays_spared(new_house):
    house = new_house("reload")
    house.option("RequestLimitMask = deny 127.0.0.1")
    house.section(f"Binding {{\n  Port = {house.port}\n  Interface = 127.0.0.1\n  MaxRequestSize = 1M\n}}")
    house.default.put("a.txt", "a")
    house.start()
    big = b"x" * (2 << 20)
    with house.visit() as visitor:
        visitor.request("GET", "/a.txt")
        assert visitor.answer().text == "a"
        house.options.remove("RequestLimitMask = deny 127.0.0.1")
        reload(house)
        settled(house)
        visitor.request("POST", "/a.txt", body=big)
        assert visitor.answer().status == 405
    assert house.get("/a.txt", method="POST", body=big).status == 413


def test_a_toolkit_rule_changes(new_house):
    house = new_house("reload")
    house.section("UrlToolkit {\n  ToolkitID = rules\n  Match ^/old$ Rewrite /a.txt\n}")
    site = house.host("kit.test", "  UseToolkit = rules")
    site.put("a.txt", "a")
    site.put("b.txt", "b")
    house.start()
    assert site.get("/old").text == "a" and site.get("/new").status == 404
    house.sections[0] = "UrlToolkit {\n  ToolkitID = rules\n  Match ^/old$ Rewrite /b.txt\n  Match ^/new$ DenyAccess\n}"
    reload(house)
    assert site.get("/old").text == "b" and site.get("/new").status == 403
    settled(house)


def tmp_of(pid):
    words = pathlib.Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    return pathlib.Path(next(word for word in words if word.startswith(b"TMPDIR=")).decode().partition("=")[2])


def test_workers_in_a_sandbox_have_the_folder_of_their_generation(new_house):
    house = new_house("reload")
    house.keeps_workers = True
    house.option("UseFastCGI = pool")
    house.option("KillGrace = 500ms")
    house.default.put("who.fcgi", "a worker answers for this")
    program = house.folder / "fcgi_worker"
    shutil.copy(BACKENDS / "fcgi_worker", program)
    program.chmod(0o755)
    house.section(
        f"FastCGIserver {{\n  FastCGIid = pool\n  Run = {program} one\n  Extension = fcgi\n  MinWorkers = 1\n"
        "  Sandbox = readonly\n}"
    )
    house.start()
    assert house.get("/who.fcgi").status == 200
    (first,) = house.programs()
    former = tmp_of(first)
    assert former.is_dir()
    house.option("CustomHeader = X-Now: yes")
    reload(house)
    assert [house.get("/who.fcgi").status for _ in range(5)] == [200] * 5
    wait_until("the worker is another one", lambda: house.programs() and first not in house.programs())
    (second,) = house.programs()
    assert tmp_of(second).is_dir() and tmp_of(second) != former
    wait_until("the former folder is gone", lambda: not former.exists())
    house.sockets_before = None  # a connection to the worker is kept
