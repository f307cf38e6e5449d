"""`longhouse doctor`: what the configuration needs is tried, and what to do is told."""
import json
import os
import socket

import pytest

from backends import PhpFpm, Worker
from house import House, opened


@pytest.fixture(scope="module")
def well():
    house = House("doctor")
    with PhpFpm() as php, Worker("app") as app:
        house.section(f"FastCGIserver {{\n  FastCGIid = PHP\n  ConnectTo = {php.socket}\n  Extension = php\n}}")
        house.section(f"FastCGIserver {{\n  FastCGIid = APP\n  ConnectTo = {app.socket}\n  Extension = app\n}}")
        house.host("a.test", "  ExecuteCGI = yes\n  CGIhandler = /usr/bin/perl:pl\n  UseFastCGI = PHP")
        house.host("b.test", "  UseFastCGI = APP")
        with opened(house):
            yield house


@pytest.fixture(scope="module")
def ill():
    """Never started."""
    house = House("doctor-ill")
    gone, killed = house.folder / "gone", house.folder / "killed"
    killed.write_text("#!/bin/sh\nkill -9 $$\n")
    killed.chmod(0o755)
    house.section(f"FastCGIserver {{\n  FastCGIid = GONE\n  ConnectTo = {gone}/socket, localhost:1\n  Extension = php\n}}")
    site = house.host(
        "a.test",
        f"  ExecuteCGI = yes\n  CGIhandler = /usr/bin/nobody-has-this:pl\n  CGIhandler = {killed}:sh\n  UseFastCGI = GONE"
        + ("\n  RunAs = nobody" if os.getuid() == 0 else ""),
    )
    house.host("b.test")
    site.root.chmod(0)
    with socket.create_server(("127.0.0.1", house.port)):
        house.write_config()
        yield house
    house.close()


def ask(house, *words):
    status, output, errors = house.verb("doctor", "--json", *words)
    assert errors == ""
    return status, json.loads(output)


def found(said, level, area, *words):
    return [
        finding
        for finding in said["findings"]
        if (finding["level"], finding["area"]) == (level, area) and all(word in finding["text"] for word in words)
    ]


def test_what_is_well_is_said_to_be(well):
    status, said = ask(well)
    assert (status, said["failures"]) == (0, 0), said
    root = well.sites["a.test"].root
    for area, words in [
        ("house", "it runs"),
        ("interpreter", "/usr/bin/perl starts as user"),
        ("backend", "PHP: "),
        ("backend", "APP: "),
        ("website", f"{root} can be entered"),
        ("WorkDirectory", str(well.work)),
        ("disk", f"logs {well.logs}"),
    ]:
        assert found(said, "ok", area, words), (area, words, said)
    assert found(said, "ok", "limits") or found(said, "warn", "limits")
    assert well.programs() == []


def test_one_host_alone(well):
    status, said = ask(well, "b.test")
    assert status == 0
    assert found(said, "ok", "backend", "APP: ")
    assert not found(said, "ok", "backend", "PHP: ") and not found(said, "ok", "interpreter")
    assert not found(said, "ok", "website", str(well.sites["a.test"].root))


def test_people_get_lines_and_a_sum(well):
    status, output, _ = well.verb("doctor")
    assert status == 0
    assert "ok    house         it runs with this configuration\n" in output
    assert output.splitlines()[-1].endswith("0 failures")


def test_what_is_ill_is_named_with_a_cure(ill):
    status, said = ask(ill)
    assert status == 1 and said["failures"] >= 5
    for area, words, cure in [
        ("binding", f"port {ill.port}: Address already in use", "ss -ltnp"),
        ("interpreter", "/usr/bin/nobody-has-this cannot be started as user", "CGIhandler"),
        ("interpreter", f"/killed as user {'nobody' if os.getuid() == 0 else 'running this'}", "CGImemory"),
        ("backend", "GONE: " + str(ill.folder / "gone") + "/socket: No such file", "is it running"),
        ("backend", "127.0.0.1:1", "is it running"),
    ]:
        matching = found(said, "fail", area, words)
        assert len(matching) == 1, (area, words, said)
        finding = matching[0]
        assert cure in finding["cure"], finding
    root = ill.sites["a.test"].root
    (finding,) = found(said, "fail", "website", str(root))
    assert "mode 0000" in finding["cure"]
    assert found(said, "ok", "website", str(ill.sites["b.test"].root))


def test_a_faulty_configuration_is_a_failure(ill, tmp_path):
    path = tmp_path / "longhouse.conf"
    path.write_text("Hostname = a\nNonsense = yes\n")
    keep, ill.config_path = ill.config_path, path
    try:
        status, said = ask(ill)
    finally:
        ill.config_path = keep
    assert status == 1
    (finding,) = found(said, "fail", "configuration", ":2: ", "Nonsense")
    assert finding["level"] == "fail"


@pytest.mark.parametrize(
    "words, cure",
    [(["--nonsense"], "usage: longhouse doctor"), (["a.test", "b.test"], "usage: longhouse doctor"), (["c.test"], "there are: ")],
)
def test_wrong_words_get_a_cure(ill, words, cure):
    status, output, errors = ill.verb("doctor", *words)
    assert (status, output) == (2, "")
    assert cure in errors
