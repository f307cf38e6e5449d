"""Real programs: git over HTTP (clone, and a push that git sends chunked), gitweb, a CGI.pm upload form."""
import os
import pathlib
import subprocess

import pytest

from house import House, opened

MIB = 1024 * 1024
BACKEND = pathlib.Path(subprocess.check_output(["git", "--exec-path"], text=True).strip()) / "git-http-backend"
GITWEB = pathlib.Path("/usr/share/gitweb/gitweb.cgi")
FORM = """use CGI;
my $q = CGI->new;
my $file = $q->upload('file');
my $size = 0;
while (read($file, my $part, 65536)) { $size += length $part; }
print $q->header('text/plain'), 'name=', $q->param('name'), "\\nfile=", $q->param('file'), "\\nsize=$size\\n";
"""


def git(*words, cwd=None, **env):
    done = subprocess.run(
        ["git", "-c", "user.name=t", "-c", "user.email=t@test.test", "-c", "init.defaultBranch=main", *map(str, words)],
        cwd=cwd, env={**os.environ, "GIT_CONFIG_NOSYSTEM": "1", "HOME": "/nonexistent", "GIT_TERMINAL_PROMPT": "0", **env},
        capture_output=True, text=True, timeout=120, check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def house():
    house = House("git")
    house.option("CGIextension = cgi")
    house.option("CGIhandler = /usr/bin/perl:pl")
    house.section(
        f"Binding {{\n  Port = {house.port}\n  Interface = 127.0.0.1\n  MaxRequestSize = 200M\n}}"
    )
    repositories = house.folder / "repositories"
    options = (
        "  ExecuteCGI = yes\n  EnablePathInfo = yes\n  TimeForCGI = 60\n"
        f"  Setenv GIT_PROJECT_ROOT = {repositories}\n  Setenv GIT_HTTP_EXPORT_ALL = 1\n"
    )
    site = house.host("git.test", options + "  Setenv REMOTE_USER = pusher")
    site.put("git.cgi", f"#!/bin/sh\nexec {BACKEND}\n", 0o755)
    site.put("form.pl", FORM)
    if GITWEB.exists():
        config = house.folder / "gitweb.conf"
        config.write_text(f"$projectroot = '{repositories}';\n")
        site.put("gitweb.cgi", f"#!/bin/sh\nGITWEB_CONFIG={config} exec perl {GITWEB}\n", 0o755)
    git("init", "--bare", repositories / "demo.git")
    git("config", "http.receivepack", "true", cwd=repositories / "demo.git")
    if os.getuid() == 0:
        subprocess.run(["chown", "-R", "www-data:", repositories], check=True)
    work = house.folder / "clone"
    git("init", work)
    house.clone = work
    with opened(house):
        yield house


@pytest.fixture
def url(house):
    return f"http://127.0.0.1:{house.port}/git.cgi/demo.git"


@pytest.fixture
def as_git(house):
    """The host is found by its name, the address is ours."""
    return ["-c", "http.extraHeader=Host: git.test"]


def test_a_push_of_60_mb_arrives_and_is_cloned_again(house, url, as_git):
    (house.clone / "big.bin").write_bytes(os.urandom(60 * MIB))
    (house.clone / "README").write_text("hello\n")
    git("add", ".", cwd=house.clone)
    git("commit", "-m", "first", cwd=house.clone)
    git(*as_git, "push", url, "HEAD:main", cwd=house.clone)  # above http.postBuffer: chunked

    other = house.folder / "other"
    git(*as_git, "clone", "-b", "main", url, other)
    assert (other / "big.bin").read_bytes() == (house.clone / "big.bin").read_bytes()

    for n in range(30):  # many refs: the client gzips what it has when it fetches again
        git("tag", f"v{n}", cwd=house.clone)
    git(*as_git, "push", url, "--tags", cwd=house.clone)
    git(*as_git, "fetch", "--tags", url, cwd=other)
    assert git("tag", cwd=other).split() == git("tag", cwd=house.clone).split()


def test_gitweb_lists_the_repository(house):
    if not GITWEB.exists():
        pytest.skip("no gitweb: apt-get install gitweb")
    answer = house.sites["git.test"].get("/gitweb.cgi?a=project_list")
    assert answer.status == 200 and "demo.git" in answer.text


def test_an_upload_form_of_cgi_pm(house):
    if subprocess.run(["/usr/bin/perl", "-MCGI", "-e", "1"], capture_output=True, check=False).returncode:
        pytest.skip("no CGI.pm: apt-get install libcgi-pm-perl")
    content = os.urandom(3 * MIB)
    mark = b"--------a-boundary-that-random-bytes-do-not-hold"  # CGI.pm looks for it without the line end
    body = (
        b'--' + mark + b'\r\nContent-Disposition: form-data; name="name"\r\n\r\nvisitor\r\n'
        b'--' + mark + b'\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n\r\n'
        + content + b"\r\n--" + mark + b"--\r\n"
    )
    answer = house.sites["git.test"].get(
        "/form.pl", method="POST", body=body, fields=[("Content-Type", f"multipart/form-data; boundary={mark.decode()}")]
    )
    assert (answer.status, answer.text) == (200, f"name=visitor\nfile=a.bin\nsize={len(content)}\n")
