"""Certificates whose files change while the house runs."""
import itertools
import os
import pathlib
import shutil
import subprocess

import pytest

from house import House, free_port, open_folder, opened, wait_until
from secure import Authority, Handshakes, SecureVisitor, make_certificate, secure_binding, shown_by
from test_reload import reload

NAMES = ("first.test", "second.test", "third.test")


@pytest.fixture
def files():
    """A folder as renewal tools have it: live/NAME.pem is a link to the latest in archive/."""
    folder = open_folder("renewal")
    (folder / "live").mkdir()
    (folder / "archive").mkdir()
    for name in NAMES:
        make_certificate(folder / "archive", name)
    point(folder, "first.test")
    yield folder
    shutil.rmtree(folder)


def point(folder, name):
    new = folder / "live" / "new"
    new.symlink_to(pathlib.Path("..") / "archive" / f"{name}.pem")
    os.rename(new, folder / "live" / "site.pem")


def shown(port):
    with SecureVisitor(port) as visitor:
        return visitor.peer_names()


def generation(house):
    return house.status()["generation"]


def test_what_takes_the_place_of_a_certificate_is_taken_over(files):
    house = House("renewal")
    port = free_port()
    house.section(f"Binding {{\n  Port = {house.port}\n  Interface = 127.0.0.1\n}}")
    house.section(secure_binding(port, f"  TLScertFile = {files}/live/site.pem"))
    house.default.put("a.txt", b"a\n")
    with opened(house), SecureVisitor(port) as early:
        house.config_path.write_text("this is not read for a certificate {")
        point(files, "second.test")
        wait_until("the other certificate is shown", lambda: shown(port) == "second.test")
        house.config_path.write_text(house.config_text())
        early.request("GET", "/a.txt")
        assert early.answer().body == b"a\n"
        assert early.peer_names() == "first.test"
        assert f"'{files}/live/site.pem' was taken over: generation 2" in house.system_log()

        # Whatever is wrong with the next one: nothing changes, and it is said.
        (files / "live" / "broken").write_bytes((files / "archive" / "third.test.pem").read_bytes()[:-200])
        os.rename(files / "live" / "broken", files / "live" / "site.pem")
        wait_until("it is in the log", lambda: "site.pem' was not taken over, and nothing" in house.system_log())
        assert "there is no certificate in it" in house.system_log()
        assert "site.pem' was not taken over" in house.verb("status")[1]
        assert generation(house) == 2 and shown(port) == "second.test"

        third = files / "live" / "third.pem"
        third.write_bytes((files / "archive" / "third.test.pem").read_bytes())
        os.rename(third, files / "live" / "site.pem")
        wait_until("the third is shown", lambda: shown(port) == "third.test")
        os.kill(house.server_pid(), 9)
        house.wait_until_ready()
        wait_until("the next server has it", lambda: shown(port) == "third.test")


def test_no_handshake_fails_while_certificates_change(files):
    known = {name: shown_by(files / "archive" / f"{name}.crt") for name in NAMES}
    names = itertools.cycle(NAMES[1:] + NAMES[:1])
    house = House("swapped")
    port = free_port()
    house.section(f"Binding {{\n  Port = {house.port}\n  Interface = 127.0.0.1\n}}")
    house.section(secure_binding(port, f"  TLScertFile = {files}/live/site.pem"))
    house.default.put("a.txt", b"a\n")
    with opened(house), Handshakes(port, "/a.txt", b"a\n") as clients:

        def all_are_shown(name):
            wait_until(f"{name} is shown to all", lambda: clients.all_see(known[name]) or clients.failures, 15)

        for name in itertools.islice(names, 20):  # each is taken over
            point(files, name)
            reload(house)
            all_are_shown(name)
        for name in itertools.islice(names, 3):  # nobody says that there is another one
            point(files, name)
            all_are_shown(name)
        for turn, name in zip(range(1000), names):  # faster than anybody looks
            point(files, name)
            if turn % 100 == 0:
                reload(house)
        all_are_shown(name)
    assert not clients.failures
    assert clients.seen == set(known.values()) and min(clients.done) > 23


def stapled(port):
    """What a client that asks is shown of what the authority has said."""
    done = subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-servername", "leaf.test", "-status"],
        input=b"", capture_output=True, check=True, timeout=20,
    )  # fmt: skip
    return "Cert Status: good" in done.stdout.decode()


def test_what_the_authority_says_is_stapled_as_soon_as_it_is_there(files):
    authority = Authority(files, "authority")
    (files / "chain.pem").write_bytes(authority.sign("leaf.test", "0x77").read_bytes() + authority.certificate.read_bytes())
    house = House("stapled")
    port = free_port()
    house.section(f"Binding {{\n  Port = {house.port}\n  Interface = 127.0.0.1\n}}")
    house.section(secure_binding(port, f"  TLScertFile = {files}/chain.pem\n  TLSstapleFile = {files}/answer"))
    with opened(house):
        assert not stapled(port)
        assert "answer' is not shown to clients: it is missing or empty" in house.system_log()
        authority.answer("77", files / "answer")
        wait_until("it is stapled", lambda: stapled(port))
        authority.answer("77", files / "answer", status="R")
        wait_until("it is not any more", lambda: not stapled(port))
        assert "it says that the certificate is revoked" in house.system_log()
