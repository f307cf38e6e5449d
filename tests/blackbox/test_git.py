"""Real programs: git over HTTP by docs/howto/git.md (clone, and a push that git sends chunked), a CGI.pm upload form."""
import os
import subprocess

import pytest

from house import BINARY, House, opened
from howto import blocks, follow

MIB = 1024 * 1024
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
    house.option("CGIhandler = /usr/bin/perl:pl")
    repositories = house.folder / "repositories"
    users = house.folder / "git-users"
    subprocess.run([BINARY, "password", users, "ada"], input="secret\n", text=True, capture_output=True, check=True)
    users.chmod(0o644)
    follow(house, "git", {
        "git.example.org": "git.test",
        "push.example.org": "push.test",
        "/srv/git\n": f"{repositories}\n",
        "/etc/longhouse/git-users": users,
    })
    for site in ("git.test", "push.test"):
        house.sites[site].put("git.cgi", blocks("git", "sh")[0], 0o755)
    house.sites["git.test"].put("form.pl", FORM)
    git("init", "--bare", repositories / "demo.git")
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
def push_url(house):
    return f"http://ada:secret@127.0.0.1:{house.port}/git.cgi/demo.git"


@pytest.fixture
def as_git():
    """The host is found by its name, the address is ours."""
    return ["-c", "http.extraHeader=Host: git.test"]


@pytest.fixture
def as_pusher():
    return ["-c", "http.extraHeader=Host: push.test"]


def test_a_push_of_60_mb_arrives_and_is_cloned_again(house, url, push_url, as_git, as_pusher):
    (house.clone / "big.bin").write_bytes(os.urandom(60 * MIB))
    (house.clone / "README").write_text("hello\n")
    git("add", ".", cwd=house.clone)
    git("commit", "-m", "first", cwd=house.clone)
    git(*as_pusher, "push", push_url, "HEAD:main", cwd=house.clone)  # above http.postBuffer: chunked

    other = house.folder / "other"
    git(*as_git, "clone", "-b", "main", url, other)
    assert (other / "big.bin").read_bytes() == (house.clone / "big.bin").read_bytes()

    for n in range(30):  # many refs: the client gzips what it has when it fetches again
        git("tag", f"v{n}", cwd=house.clone)
    git(*as_pusher, "push", push_url, "--tags", cwd=house.clone)
    git(*as_git, "fetch", "--tags", url, cwd=other)
    assert git("tag", cwd=other).split() == git("tag", cwd=house.clone).split()


@pytest.mark.parametrize("who", ["nobody", "a stranger", "one with a wrong password"])
def test_a_push_that_is_refused(house, url, push_url, as_git, as_pusher, who):
    git("commit", "--allow-empty", "-m", who, cwd=house.clone)
    words, where = {
        "nobody": (as_git, url),
        "a stranger": (as_pusher, url),
        "one with a wrong password": (as_pusher, push_url.replace("secret", "wrong")),
    }[who]
    with pytest.raises(AssertionError, match="403|Authentication failed|could not read Username"):
        git(*words, "push", where, "HEAD:main", cwd=house.clone)


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
