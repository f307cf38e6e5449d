"""Answers that may not be as fast as they could: by kind, by Directory; files, programs, TLS."""
import subprocess
import threading
import time

import pytest
from house import House, free_port, opened
from test_tls import SecureVisitor, make_certificate, secure_binding

KB = 1024
BODY = bytes(range(256)) * 200  # 50 KiB


@pytest.fixture(scope="module")
def slow():
    house = House("throttle")
    house.option("Throttle = .bin:50")
    house.option("Throttle = text/x-slow:50")
    house.option("CGIhandler = /bin/sh:sh")
    house.secure_port = free_port()
    house.section(f"Binding {{\n  Port = {house.port}\n  Interface = 127.0.0.1\n}}")
    house.section(secure_binding(house.secure_port, f"  TLScertFile = {make_certificate(house.folder, 't.test')}"))
    house.section("Directory {\n  DirectoryID = shared\n  Path = /shared\n  UploadSpeed = 60, 2\n}")
    house.site = house.host("t.test", "  ExecuteCGI = yes\n  UseDirectory = shared")
    house.site.put("a.bin", BODY)
    house.site.put("a.txt", BODY)
    house.site.put("shared/a.txt", BODY)
    house.site.put("slow.sh", "printf 'Content-Type: text/x-slow\\n\\n'; cat a.txt\n")
    with opened(house):
        yield house


def timed(house, target, results):
    begun = time.monotonic()
    answer = house.site.get(target)
    results.append((target, answer.status, answer.body == BODY, time.monotonic() - begun))


def together(house, *targets):
    """All at once: what each took."""
    results = []
    threads = [threading.Thread(target=timed, args=(house, target, results)) for target in targets]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_each_answer_has_its_speed_and_others_are_not_slowed(slow):
    results = together(slow, "/a.bin", "/a.bin", "/slow.sh")
    for target, status, whole, took in results:
        assert status == 200 and whole, target
        assert took > 0.8, target  # 50 KiB at 50 kB/s, but for the first portion
    begun = time.monotonic()
    assert slow.site.get("/a.txt").body == BODY
    assert time.monotonic() - begun < 0.7


def test_a_directory_is_shared_and_has_room_for_so_many(slow):
    results = together(slow, "/shared/a.txt", "/shared/a.txt", "/shared/a.txt")
    assert sorted(status for _, status, _, _ in results) == [200, 200, 503]
    for _, status, whole, took in results:
        if status == 200:
            assert whole
            assert took > 1.1  # 100 KiB at 60 kB/s together
    refused = slow.site.error_log() + slow.site.access_log()
    assert "503" in refused
    assert slow.site.get("/shared/a.txt").status == 200


def test_it_holds_by_tls_too(slow):
    with SecureVisitor(slow.secure_port, "t.test") as visitor:
        for _ in range(2):  # on one connection
            begun = time.monotonic()
            visitor.request("GET", "/a.bin", "t.test")
            assert visitor.answer().body == BODY
            assert time.monotonic() - begun > 0.8


def test_streams_of_http_2_have_each_their_speed(slow, tmp_path):
    url = f"https://127.0.0.1:{slow.secure_port}/a.bin"
    words = ["curl", "-sSk", "--http2", "-Z", "-H", "Host: t.test", "-w", "%{http_version}\n"]
    begun = time.monotonic()
    said = subprocess.run(
        [*words, "-o", tmp_path / "1", url, "-o", tmp_path / "2", url], check=True, capture_output=True, timeout=20
    )
    assert 0.8 < time.monotonic() - begun < 5
    assert said.stdout == b"2\n2\n"
    assert (tmp_path / "1").read_bytes() == (tmp_path / "2").read_bytes() == BODY
