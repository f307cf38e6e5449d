"""TLSstaple: the house asks the authority itself whether its certificates still count."""
import os
import subprocess

import pytest

from house import House, free_port, open_folder, opened, wait_until
from ocsp import Responder, responding
from secure import Authority, secure_binding

FIRST = "(OCSP): it is stapled from now on"
AGAIN = "answers again that the certificate"
FAILS = "gets no answer of its authority (OCSP)"


class Site:
    """A house with one certificate that names a responder."""

    def __init__(self, name, more="  TLSstaple = yes"):
        self.folder = open_folder(name)
        self.authority = Authority(self.folder, "authority")
        self.responder = Responder(self.authority, free_port())
        self.responder.index(x77="V")
        self.sign(f"authorityInfoAccess = OCSP;URI:http://127.0.0.1:{self.responder.port}/ocsp\n")
        self.port = free_port()
        self.house = House(name)
        self.house.option(f"ACMEfolder = {self.house.folder}/acme")
        self.house.section(f"Binding {{\n  Port = {self.house.port}\n  Interface = 127.0.0.1\n}}")
        self.house.section(secure_binding(self.port, f"  TLScertFile = {self.chain}\n{more}"))

    @property
    def chain(self):
        return self.folder / "chain.pem"

    def sign(self, extensions):
        own = self.authority.sign("leaf.test", "0x77", extensions).read_bytes()
        self.chain.write_bytes(own + self.authority.certificate.read_bytes())
        self.chain.chmod(0o600)

    def shown(self):
        """What a client that asks is shown; None: nothing."""
        done = subprocess.run(
            ["openssl", "s_client", "-connect", f"127.0.0.1:{self.port}", "-servername", "leaf.test", "-status"],
            input=b"", capture_output=True, check=True, timeout=20,
        )  # fmt: skip
        if b"Cert Status: good" not in done.stdout:
            return None
        return [line for line in done.stdout.decode().split("\n") if "This Update" in line or "Next Update" in line]

    def wait_until_shown(self):
        wait_until("it is stapled", self.shown, 15)

    def state(self):
        states = self.house.status()["staples"]
        return states[0] if states else None

    def log(self):
        return self.house.system_log()

    def ask_again(self):
        status, output, errors = self.house.verb("acme", "renew")
        assert status == 0, output + errors

    def kept(self):
        return list((self.house.folder / "acme").glob("*.ocsp"))


def test_the_answer_is_got_at_the_start_shown_and_kept_over_a_restart():
    site = Site("ocsp-first")
    with responding(site.responder), opened(site.house):
        site.wait_until_shown()
        path, kind, _ = site.responder.asked[0]
        assert (path, kind) == ("/ocsp", "application/ocsp-request")
        wait_until("the status knows", lambda: site.state()["until"] > 0)
        assert site.state()["certificate"] == str(site.chain) and site.state()["error"] == ""
        assert "chain.pem: shown until " in site.house.verb("status")[1]
        (kept,) = site.kept()
        assert kept.stat().st_mode & 0o777 == 0o600
        assert site.log().count(FIRST) == 1 and AGAIN not in site.log()

        # The server begins anew: it is handed what there is.
        count = len(site.responder.asked)
        os.kill(site.house.server_pid(), 9)
        site.house.wait_until_ready()
        site.wait_until_shown()
        assert len(site.responder.asked) == count

        # So does the whole house, while nobody answers.
        site.responder.stop()
        before = site.shown()
        site.house.stop()
        site.house.start()
        site.house.wait_until_ready()
        assert site.shown() == before
        wait_until("the status knows", lambda: site.state() and site.state()["until"] > 0)
        assert FAILS not in site.log()


def test_a_responder_that_is_down_is_waited_for_and_said_once():
    site = Site("ocsp-down")
    with opened(site.house):
        wait_until("it is said", lambda: FAILS in site.log())
        assert site.shown() is None
        assert "chain.pem: nothing is stapled to it: there is no answer yet" in site.house.verb("doctor")[1]
        site.ask_again()
        wait_until("the status says why", lambda: site.state()["error"] != "" and site.state()["until"] == 0)
        for says, why in ((b"garbage", "it is no answer of OCSP (DER)"), (b"", "it is no answer of OCSP (DER)")):
            site.responder.says = says
            with responding(site.responder):
                site.ask_again()
                wait_until("the status says it", lambda why=why: why in site.state()["error"])
        site.responder.says, site.responder.status = None, 503
        with responding(site.responder):
            site.ask_again()
            wait_until("the status says it", lambda: "status 503" in site.state()["error"])
            site.responder.status = 200
            site.ask_again()
            site.wait_until_shown()
            wait_until("all is well", lambda: site.state()["error"] == "")
            assert site.log().count(FAILS) == 1 and site.log().count(FIRST) == 1

        # Later failures change nothing of what is shown.
        site.ask_again()
        wait_until("the next failure is said", lambda: site.log().count(FAILS) == 2)
        assert site.shown()
        with responding(site.responder):
            site.ask_again()
            wait_until("it is said to be well again", lambda: site.log().count(AGAIN) == 1)
        assert site.log().count(FIRST) == 1


def test_what_is_revoked_is_not_shown_and_said_once():
    site = Site("ocsp-revoked")
    with responding(site.responder), opened(site.house):
        site.wait_until_shown()
        site.responder.index(x77="R")
        site.ask_again()
        wait_until("it is not shown any more", lambda: site.shown() is None)
        wait_until("the status says why", lambda: "revoked" in site.state()["error"])
        count = len(site.responder.asked)
        site.ask_again()
        wait_until("it was asked again", lambda: len(site.responder.asked) > count)
        site.responder.index(x77="V")
        site.ask_again()
        site.wait_until_shown()
        assert site.log().count("is revoked by its authority (OCSP)") == 1
        assert site.log().count(AGAIN) == 1


def test_short_answers_are_got_anew_before_they_run_out():
    site = Site("ocsp-short")
    site.responder.life = ("-nmin", "1")
    with responding(site.responder), opened(site.house):
        site.wait_until_shown()
        first = site.shown()
        wait_until("the next one is shown", lambda: site.shown() not in (None, first), 55)
        assert len(site.responder.asked) == 2


def test_it_is_switched_on_and_off_by_a_reload():
    site = Site("ocsp-switch", more="  # TLSstaple = yes")
    config = site.house.config_text()
    with responding(site.responder), opened(site.house):
        assert site.shown() is None and site.house.status()["staples"] == []
        site.house.config_path.write_text(config.replace("# TLSstaple", "TLSstaple"))
        assert site.house.verb("reload")[0] == 0
        site.wait_until_shown()
        site.house.config_path.write_text(config)
        assert site.house.verb("reload")[0] == 0
        wait_until("it is off", lambda: site.shown() is None)
        assert site.house.status()["staples"] == []
        site.house.config_path.write_text(config.replace("# TLSstaple", "TLSstaple"))
        assert site.house.verb("reload")[0] == 0
        assert site.shown()


def test_a_certificate_that_takes_the_place_of_another_is_asked_about():
    site = Site("ocsp-renewed")
    with responding(site.responder), opened(site.house):
        site.wait_until_shown()
        asked = len(site.responder.asked)
        site.sign(f"authorityInfoAccess = OCSP;URI:http://127.0.0.1:{site.responder.port}/next\n")
        wait_until("it is asked about", lambda: len(site.responder.asked) > asked, 15)
        assert site.responder.asked[-1][0] == "/next"
        site.wait_until_shown()
        assert len(site.kept()) == 2

        # What nobody has written for a long time goes.
        stranger = site.house.folder / "acme" / "stranger.pem"
        stranger.write_text("not ours to remove")
        for path in (*site.kept(), stranger):
            os.utime(path, (1, 1))
        site.ask_again()
        wait_until("the old one is gone", lambda: len(site.kept()) == 1)
        assert stranger.exists()


@pytest.mark.parametrize(
    "extensions, words, says",
    (
        ("", "TLSstaple = yes", "warning: TLSstaple is of no use to"),
        ("AIA", "TLSstaple = yes\n  TLSstapleFile = answer", "error: TLSstaple asks the authority, and TLSstapleFile"),
        ("", "TLSstaple = no", None),
        ("AIA", "TLSstaple = yes", None),
        ("tlsfeature = status_request\n", "", "TLSstaple = yes gets the answer of its authority, TLSstapleFile names one"),
        ("AIAtlsfeature = status_request\n", "TLSstaple = yes", None),
    ),
)  # fmt: skip
def test_what_is_of_no_use_is_said_by_check(extensions, words, says):
    site = Site("ocsp-check", more=f"  {words}")
    site.sign(extensions.replace("AIA", "authorityInfoAccess = OCSP;URI:http://127.0.0.1:1/\n"))
    code, said = site.house.check()
    if says is None:
        assert "TLSstaple" not in said, said
    else:
        assert says in said
        assert (code != 0) == says.startswith("error")
