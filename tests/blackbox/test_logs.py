"""Access and error logs, and what a client cannot do to them."""
import datetime
import gzip
import os
import re
import socket
import time

import pytest

from house import wait_until

TIME = r"\w{3} \d\d \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}"
COMMON_TIME = r"\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}"


def started(new_house, log_format):
    house = new_house("logs")
    house.option(f"LogFormat = {log_format}")
    house.default.put("hello.txt", "hello")
    return house.start()


def only_line(site):
    text = wait_until("a line", site.access_log)
    lines = [line for line in text.splitlines() if "OPTIONS *" not in line]
    return lines[-1] if lines else None


def line_of(house, **more):
    house.get("/hello.txt?x", **more)
    return wait_until("the line", lambda: only_line(house.default))


FIELDS = [("Referer", "http://from.test/"), ("User-Agent", "tester/1"), ("Cookie", "secret=1"), ("X-Other", "o")]


def test_hiawatha(new_house):
    line = line_of(started(new_house, "hiawatha"), fields=FIELDS)
    assert re.match(
        rf"127\.0\.0\.1\|{TIME}\|200\|\d+\|GET /hello\.txt\?x HTTP/1\.1\|http://from\.test/\|tester/1\|", line
    )
    assert "|X-Other: o" in line and "secret" not in line


def test_common(new_house):
    line = line_of(started(new_house, "common"), fields=FIELDS)
    assert re.fullmatch(
        rf'127\.0\.0\.1 - - \[{COMMON_TIME}\] "GET /hello\.txt\?x HTTP/1\.1" 200 \d+', line
    )


def test_extended(new_house):
    house = started(new_house, "extended")
    line = line_of(house, fields=FIELDS)
    assert re.fullmatch(
        rf'127\.0\.0\.1 - - \[{COMMON_TIME}\] "GET /hello\.txt\?x HTTP/1\.1" 200 \d+ '
        r'"http://from\.test/" "tester/1"',
        line,
    )
    house.get("/hello.txt?bare")
    wait_until("the bare line", lambda: re.search(r'\?bare HTTP/1\.1" 200 \d+ "-" "-"\n', house.default.access_log()))


def test_each_host_has_its_own_log(new_house):
    house = new_house("logs")
    site = house.host("own.test")
    site.put("hello.txt", "hello")
    silent = house.host("silent.test")
    silent.put("hello.txt", "hello")
    house.sections[-1] = house.sections[-1].replace(str(silent.access_path), "none")
    house.start()
    site.get("/hello.txt?own")
    silent.get("/hello.txt?silent")
    wait_until("the line", lambda: "?own" in site.access_log())
    house.stop()
    assert "?own" not in house.default.access_log()
    for other in (house.default, site):
        assert "?silent" not in other.access_log()
    assert not silent.access_path.exists()


def test_a_form_of_ones_own(new_house):
    house = started(new_house, r'"%h %>s \"%m %U\"%q %H [%{X-Other}i] %{Content-Type}o %B %{ms}T %R %{cpu_us}n %L"')
    line = line_of(house, fields=[*FIELDS[:3], ("X-Other", "a]b\"")])
    assert re.fullmatch(
        r'127\.0\.0\.1 200 "GET /hello\.txt"\?x HTTP/1\.1 \[a\\x5db\\"\] text/plain;\\x20charset=utf-8 5 \d+ - - [0-9a-z]{13}', line
    )


FORGERIES = [
    b'GET /hello.txt HTTP/1.1\r\nHost: a\r\nUser-Agent: x" 200 5 "\\ forged\r\n',
    b"GET /hello.txt HTTP/1.1\r\nHost: a\r\nUser-Agent: a\x1b[2Jb\r\n",
    b"GET /hello.txt HTTP/1.1\r\nHost: a\r\nReferer: a|b|c\r\n",
    b"GET /hello.txt HTTP/1.1\r\nHost: a\r\nUser-Agent: \xff\xfe\x80\r\n",
    b"GET /%0a127.0.0.1%20forged HTTP/1.1\r\nHost: a\r\n",
    b'GET /"%22forged HTTP/1.1\r\nHost: a\r\n',
    b"GET /\x1b[2J HTTP/1.1\r\nHost: a\r\n",
    b"GET /a\rforged HTTP/1.1\r\nHost: a\r\n",
    b"\x00\x01\x02 /\x7f HTTP/1.1\r\nHost: a\r\n",
]


@pytest.mark.parametrize("log_format", ["hiawatha", "common", "extended", '%h %s "%r" %{User-Agent}i;%{Referer}i'])
def test_nothing_forges_a_line(new_house, log_format):
    house = started(new_house, log_format)
    for text in FORGERIES:
        with house.visit() as visitor:
            visitor.send(text + b"Connection: close\r\n\r\n")
            visitor.rest()
    house.stop()
    data = house.default.access_path.read_bytes()
    lines = data.splitlines(keepends=False)
    assert not re.search(rb"[\x00-\x09\x0b-\x1f\x7f]", data), "a control byte in the log"
    assert all(line.startswith(b"127.0.0.1") for line in lines)
    assert sum(b"OPTIONS *" not in line for line in lines) == len(FORGERIES)
    if log_format == "extended":
        for line in lines:
            assert len(re.findall(rb'(?<!\\)"', line)) == 6, line


def test_what_was_answered_last_is_in_the_log_at_the_end(new_house):
    house = started(new_house, "common")
    for i in range(50):
        house.get(f"/hello.txt?{i}")
    house.stop()
    assert all(f"?{i} " in house.default.access_log() for i in range(50))


def test_refused_requests_are_logged(new_house):
    house = started(new_house, "common")
    with house.visit() as visitor:
        visitor.send("GET /hello.txt HTTP/9.9\r\nHost: a\r\n\r\n")
        visitor.rest()
    wait_until("the line", lambda: '" 505 ' in house.default.access_log())


def test_the_id_of_an_error_page_is_in_the_log(new_house):
    house = new_house("logs")
    house.option("CGIhandler = /bin/sh:sh")
    site = house.host("cgi.test", "  ExecuteCGI = yes")
    site.put("silent.sh", "echo why >&2\n")
    house.start()
    answer = site.get("/silent.sh")
    assert answer.status == 502
    line = site.wait_for_error("why")
    ids = [word for word in re.findall(r"[0-9A-Za-z_-]{6,}", answer.text) if word in line]
    assert ids, f"no request id of\n{answer.text}\nin\n{line}"


def test_what_the_logs_tell_of_clients(new_house):
    house = new_house("hidden")
    house.option("TrustedProxy = 127.0.0.1")
    house.option("AnonymizeIP = yes")
    house.option("LogfileMask = deny 198.51.100.0/24")
    house.option("LogTimeouts = yes")
    house.section(f"Binding {{\n  Port = {house.port}\n  Interface = 127.0.0.1\n  TimeForRequest = 1, 1\n}}")
    house.default.put("a.txt", "a")
    house.start()
    for client in ("198.51.100.7", "203.0.113.77"):
        assert house.get("/a.txt", fields=[("X-Forwarded-For", client)]).status == 200
    with house.visit() as slow:
        slow.send(b"GET /slow HT")
        assert slow.answer().status == 408
    line = house.default.wait_for_error("408")
    assert "127.0.0.0 sent 'GET /slow HT'" in line
    wait_until("the access log", lambda: "|408|" in house.default.access_log())
    log = house.default.access_log()
    assert "203.0.113.0|" in log
    assert "203.0.113.77" not in log and "198.51.100" not in log


# ---- logs that begin anew ----


def yesterdays(path, text):
    path.write_text(text)
    path.chmod(0o604)
    if os.getuid() == 0:
        os.chown(path, 33, 4)
    os.utime(path, (time.time() - 86400, time.time() - 86400))
    return path.stat()


def test_what_was_missed_is_made_up_for_at_the_start(new_house):
    house = new_house("daily")
    path = house.default.access_path
    house.option("LogFormat = common")
    house.option(f"AccessLogfile = {path}, daily")
    other = house.host("monthly.test", "  AccessLogfile = none")
    house.default.put("hello.txt", "hello")
    before = yesterdays(path, "yesterday's line\n")
    today = datetime.date.today()
    house.start()
    for i in range(100):
        assert house.get(f"/hello.txt?{i}").status == 200
    packed = house.logs / f"{path.stem}-{today}{path.suffix}.gz"
    wait_until("the packed log", packed.exists, 10)
    wait_until("the end of the old one", lambda: not packed.with_suffix("").exists())
    assert house.stop() == 0
    old = gzip.decompress(packed.read_bytes()).decode()
    assert old.startswith("yesterday's line\n")
    lines = old + path.read_text()
    assert [lines.count(f"?{i} HTTP") for i in range(100)] == [1] * 100, "lines were lost, or are there twice"
    after = packed.stat()
    assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)
    assert int(after.st_mtime) >= int(before.st_mtime)
    assert sorted(p.name for p in house.logs.glob(f"{path.stem}*{path.suffix}*")) == sorted([path.name, packed.name])
    assert f"begins anew; the old one is '{path.stem}-{today}" in house.system_log()
    assert not other.access_path.exists()


def test_a_reload_lets_a_log_begin_anew(new_house):
    house = started(new_house, "common")
    path = house.default.access_path.with_suffix(".other")
    yesterdays(path, "yesterday's line\n")
    house.option(f"AccessLogfile = {path}, daily")
    house.config_path.write_text(house.config_text())
    status, _, errors = house.verb("reload")
    assert status == 0, errors
    packed = house.logs / f"{path.stem}-{datetime.date.today()}{path.suffix}.gz"
    wait_until("the packed log", packed.exists, 10)
    house.get("/hello.txt?new")
    wait_until("the line", lambda: "?new" in path.read_text())
    assert gzip.decompress(packed.read_bytes()) == b"yesterday's line\n"


# ---- the system's own log ----


def test_lines_go_to_the_system_log_too(new_house):
    house = new_house("syslog")
    path = house.folder / "devlog"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as syslogd:
        syslogd.bind(str(path))
        path.chmod(0o666)
        syslogd.settimeout(10)
        house.option("LogFormat = common")
        house.option("Syslog = system, access, error; website")
        house.option(f"SyslogSocket = {path}")
        house.default.put("hello.txt", "hello")
        house.start()
        house.get("/hello.txt?x")
        wanted = [
            rb"<30>\w{3} [ \d]\d [\d:]{8} website\[%d\]: access\|127\.0\.0\.1 .*/hello\.txt" % house.server_pid(),
            rb"<3\d>.* website\[%d\]: system\|.* is ready as pid" % house.process.pid,
        ]
        lines = []
        while not all(any(re.match(want, line) for line in lines) for want in wanted):
            lines.append(syslogd.recv(9000))
        assert house.stop() == 0  # its connection to that log is one more than at the start
    assert not any(b"\n" in line for line in lines)
    assert "/hello.txt" in house.default.access_log() and "is ready as pid" in house.system_log()
