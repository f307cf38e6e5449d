"""PUT and DELETE: files that clients make, replace and remove."""
import base64
import concurrent.futures
import os
import subprocess

import pytest

from house import BINARY, House, opened

MIB = 1024 * 1024


def basic(user, password):
    return ("Authorization", "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode())


def writable(path):
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(0o777)
    return path


@pytest.fixture(scope="module")
def house():
    house = House("alter")
    users, groups = house.folder / "users", house.folder / "groups"
    for user in ("joe", "ann"):
        subprocess.run([BINARY, "password", users, user], input=f"{user}'s\n", text=True, check=True, capture_output=True)
    groups.write_text("editors: joe\n")
    users.chmod(0o644)
    groups.chmod(0o644)
    house.option("CGIextension = cgi")
    house.option("Reactors = 2")
    house.section(
        f"Binding {{\n  Port = {house.port}\n  Interface = 127.0.0.1\n  EnableAlter = yes\n  MaxUploadSize = 20\n"
        "  MaxRequestSize = 100\n}"
    )
    house.section("Directory {\n  DirectoryID = inbox\n  Path = /inbox\n  AlterList = allow 127.0.0.0/8\n  AlterMode = 644\n}")
    house.section("Directory {\n  DirectoryID = far\n  Path = /far\n  AlterList = allow 192.0.2.0/24\n}")
    house.section(
        f"Directory {{\n  DirectoryID = staff\n  Path = /staff\n  PasswordFile = basic:{users}, {groups}\n"
        "  AlterList = pwd all\n  AlterGroup = editors\n  AccessList = allow all\n}"
    )
    site = house.host("a.test", "  ExecuteCGI = yes\n  UseDirectory = inbox, far, staff")
    for folder in ("inbox", "far", "staff", "shut"):
        writable(site.root / folder)
        site.put(f"{folder}/there.txt", "there")
    site.put("echo.cgi", "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\n%s %s' \"$REQUEST_METHOD\" \"$(wc -c)\"\n", 0o755)
    house.host("dav.test", "  UseDirectory = inbox\n  FrontController = /dav.cgi\n  WebDAVapp = yes").put(
        "dav.cgi", '#!/bin/sh\nprintf "Content-Type: text/plain\\n\\n%s %s %s" "$REQUEST_METHOD" "$REQUEST_URI" "$(wc -c)"\n', 0o755
    )
    (site.root / "inbox/kept").mkdir(mode=0o755)
    with opened(house):
        yield house


@pytest.fixture
def site(house):
    return house.sites["a.test"]


def test_a_program_for_webdav_has_all_methods(house):
    dav = house.sites["dav.test"]
    dav.put("inbox/there.txt", "there")
    for method in ("PUT", "DELETE", "PROPFIND", "MKCOL", "REPORT", "OPTIONS"):
        assert dav.get("/inbox/none", method=method, body=b"abc").text == f"{method} /inbox/none 3"
    assert dav.get("/none", method="PUT", body=bytes(200_000)).status == 413  # MaxRequestSize: it is no file
    refused = dav.get("/inbox/there.txt", method="DELETE")
    assert (refused.status, refused["Allow"]) == (405, "GET, HEAD, OPTIONS")
    assert dav.get("/inbox/there.txt").text == "there"


def test_a_file_is_made_replaced_read_and_removed(site):
    made = site.get("/inbox/new.txt", method="PUT", body=b"one")
    assert made.status == 201 and made.body == b""
    read = site.get("/inbox/new.txt")
    assert (read.text, read["ETag"], read["Last-Modified"]) == ("one", made["ETag"], made["Last-Modified"])
    assert (site.root / "inbox/new.txt").stat().st_mode & 0o7777 == 0o644
    replaced = site.get("/inbox/new.txt", method="PUT", body=b"two")
    assert replaced.status == 204 and replaced["ETag"] != made["ETag"]
    assert site.get("/inbox/new.txt").text == "two"
    assert site.get("/inbox/new.txt", method="PUT", body=b"x", fields=[("If-Match", made["ETag"])]).status == 412
    assert site.get("/inbox/new.txt", method="DELETE", fields=[("If-Match", replaced["ETag"])]).status == 204
    assert site.get("/inbox/new.txt").status == 404
    assert site.get("/inbox/new.txt", method="DELETE").status == 404


def test_what_was_written_is_seen_over_every_connection(house, site):
    """Whichever reactor has it, and whatever that one believed a moment ago."""
    with house.visit() as first, house.visit() as second, house.visit() as third:
        for round_ in range(20):
            for visitor in (first, second, third):
                visitor.request("GET", "/inbox/seen.txt", host="a.test")
                visitor.answer()
            first.request("PUT", "/inbox/seen.txt", host="a.test", body=b"round %d" % round_)
            assert first.answer("PUT").status in (201, 204)
            for visitor in (first, second, third):
                visitor.request("GET", "/inbox/seen.txt", host="a.test")
                assert visitor.answer().text == f"round {round_}"


def test_a_large_file_comes_whole(site):
    content = os.urandom(MIB) * 18
    assert site.get("/inbox/large.bin", method="PUT", body=content).status == 201
    assert (site.root / "inbox/large.bin").read_bytes() == content


def test_chunks_are_taken(site):
    body = b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"
    answer = site.get("/inbox/chunks.txt", method="PUT", body=body, fields=[("Transfer-Encoding", "chunked")])
    assert answer.status == 201
    assert (site.root / "inbox/chunks.txt").read_text() == "hello world"


def test_who_waits_for_100_is_refused_without_sending(house, site):
    with house.visit() as visitor:
        visitor.request("PUT", "/far/a.bin", host="a.test", fields=[("Expect", "100-continue"), ("Content-Length", "5")])
        assert visitor.answer("PUT").status == 403
    with house.visit() as visitor:
        fields = [("Expect", "100-continue"), ("Content-Length", str(21 * MIB))]
        visitor.request("PUT", "/inbox/a.bin", host="a.test", fields=fields)
        answer = visitor.answer("PUT")
        assert (answer.status, answer.interim) == (413, [])
    with house.visit() as visitor:
        fields = [("Expect", "100-continue"), ("Content-Length", "5"), ("Connection", "close")]
        visitor.request("PUT", "/inbox/a.bin", host="a.test", fields=fields)
        visitor.send(b"hello")
        assert visitor.answer("PUT").status == 201


def test_a_broken_upload_leaves_the_former_file(house, site):
    names = sorted(os.listdir(site.root / "inbox"))
    with house.visit() as visitor:
        visitor.request("PUT", "/inbox/there.txt", host="a.test", fields=[("Content-Length", "1000000")])
        visitor.send(b"x" * 100000)
        assert site.get("/inbox/there.txt").text == "there"
        visitor.reset()
    assert site.get("/inbox/there.txt").text == "there"
    assert sorted(os.listdir(site.root / "inbox")) == names


@pytest.mark.parametrize(
    "method, target, status",
    [
        ("PUT", "/far/there.txt", 403), ("DELETE", "/far/there.txt", 403), ("PUT", "/shut/there.txt", 403),
        ("DELETE", "/shut/absent.txt", 403), ("PUT", "/far/../shut/x", 403), ("PUT", "/%66ar/x.txt", 403),
        ("PUT", "/inbox/", 405), ("DELETE", "/inbox/kept", 405), ("PUT", "/inbox/no/a.txt", 409),
        ("PUT", "/inbox/kept/a.txt", 403), ("PUT", "/inbox/evil.cgi", 403), ("PUT", "/inbox/.htpasswd", 404),
    ],
)
def test_what_may_not_be(site, method, target, status):
    assert site.get(target, method=method, body=b"x" if method == "PUT" else None).status == status
    assert not (site.root / "inbox/evil.cgi").exists()


def test_a_folder_that_is_not_ours_is_told_in_the_log(site):
    assert site.get("/inbox/kept/b.txt", method="PUT", body=b"x").status == 403
    assert "must be able to write to the folder" in site.wait_for_error("PUT /inbox/kept/b.txt", "answering 403")


def test_members_may(site):
    assert site.get("/staff/there.txt").text == "there"
    put = {"method": "PUT", "body": b"new"}
    assert site.get("/staff/there.txt", **put).status == 401
    assert site.get("/staff/there.txt", fields=[basic("ann", "ann's")], **put).status == 403
    assert "AlterGroup" in site.wait_for_error("'ann'")
    assert site.get("/staff/there.txt", fields=[basic("joe", "joe's")], **put).status == 204
    assert site.get("/staff/there.txt").text == "new"


def test_programs_keep_their_own_limit(site):
    assert site.get("/echo.cgi", method="PUT", body=b"x" * 1000).text.split() == ["PUT", "1000"]
    assert site.get("/echo.cgi", method="PUT", body=b"x" * 200 * 1024).status == 413
    assert site.get("/echo.cgi", method="DELETE").text.split()[0] == "DELETE"


def test_options_tells_it(site):
    assert site.get("/inbox/there.txt", method="OPTIONS")["Allow"] == "GET, HEAD, OPTIONS, PUT, DELETE"
    assert site.get("/shut/there.txt", method="OPTIONS")["Allow"] == "GET, HEAD, OPTIONS"


def test_of_many_with_the_same_version_one_wins(site):
    etag = site.get("/inbox/race.txt", method="PUT", body=b"start")["ETag"]

    def replace(number):
        return site.get("/inbox/race.txt", method="PUT", body=b"%d" % number * 5000, fields=[("If-Match", etag)]).status

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(replace, range(1, 9))) == [204] + [412] * 7
    content = (site.root / "inbox/race.txt").read_bytes()
    assert len(set(content)) == 1 and len(content) == 5000
