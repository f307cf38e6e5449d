"""Ten broken configurations, and what is said about them."""
import os
import re
import shutil
import subprocess

import pytest

from house import BINARY, TOP, open_folder

GOOD = """\
Binding {
    Port = 8123
    Interface = 127.0.0.1
}
Hostname = www.test
WebsiteRoot = ROOT
PIDfile = ROOT/pid
ControlSocket = ROOT/control
WorkDirectory = ROOT
SystemLogfile = ROOT/system.log
AccessLogfile = none
ErrorLogfile = none
"""


@pytest.fixture
def folder():
    folder = open_folder("config")
    yield folder
    shutil.rmtree(folder)


def check(folder, text, **files):
    (folder / "longhouse.conf").write_text(text.replace("ROOT", str(folder)))
    for name, content in files.items():
        (folder / f"{name}.conf").write_text(content.replace("ROOT", str(folder)))
    done = subprocess.run(
        [BINARY, "check", "-c", folder], capture_output=True, text=True, timeout=30, check=False
    )
    return done.returncode, done.stdout, done.stderr


def test_a_good_one(folder):
    status, output, errors = check(folder, GOOD)
    assert (status, errors) == (0, "")
    assert "8123" in output and "www.test" in output and str(folder) in output


BROKEN = [
    ("unknown option", "ExecuteCGl = yes\n", r"longhouse\.conf:13:1: error: .*'ExecuteCGl'", "ExecuteCGI"),
    ("bad number", "ConnectionsTotal = many\n", r"longhouse\.conf:13:20: error: .*'ConnectionsTotal'.*'many'", None),
    ("out of range", "TimeForCGI = 0\n", r"longhouse\.conf:13:14: error: .*'TimeForCGI'.*1 s.*", None),
    ("yes or no", "AllowDotFiles = maybe\n", r"longhouse\.conf:13:17: error: .*'AllowDotFiles'.*'maybe'", None),
    ("unknown FastCGI", "UseFastCGI = PHP7\nFastCGIserver {\n FastCGIid = PHP\n ConnectTo = 127.0.0.1:9\n}\n",
     r"longhouse\.conf:13:14: error: .*PHP7", "PHP"),
    ("URL in ConnectTo", "FastCGIserver {\n FastCGIid = A\n ConnectTo = unix:/run/x.sock\n}\n",
     r"longhouse\.conf:15:14: error: .*ConnectTo", "write the path alone: /run/x.sock"),
    ("section left open", "VirtualHost {\n Hostname = a.test\n WebsiteRoot = ROOT\n",
     r"longhouse\.conf:13:\d+: error: ", None),
    ("required option missing", "VirtualHost {\n WebsiteRoot = ROOT\n}\n", r"longhouse\.conf:1[35]:\d+: error: .*Hostname", None),
    ("misplaced", "Port = 80\n", r"longhouse\.conf:13:1: error: .*'Port'", "Binding"),
    ("superuser", "ServerId = root\n", r"longhouse\.conf:13:12: error: .*'ServerId'.*'root'", "www-data"),
    ("relative root", "VirtualHost {\n Hostname = a.test\n WebsiteRoot = www\n}\n",
     r"longhouse\.conf:15:16: error: .*'WebsiteRoot'.*", None),
    ("nobody's interpreter", "CGIhandler = /usr/bin/no-such-thing:x\n", r"longhouse\.conf:13:14: .*no-such-thing", None),
    ("folder that is not there", "VirtualHost {\n Hostname = a.test\n WebsiteRoot = /no/such/folder\n}\n",
     r"longhouse\.conf:15:16: .*/no/such/folder", None),
]


@pytest.mark.parametrize("text, pattern, hint", [b[1:] for b in BROKEN], ids=[b[0] for b in BROKEN])
def test_a_broken_one_is_explained(folder, text, pattern, hint):
    status, _, errors = check(folder, GOOD + text)
    assert re.search(pattern, errors), errors
    if ": error: " in errors:
        assert status == 1
    line = int(re.search(r"longhouse\.conf:(\d+)", errors)[1])
    assert re.search(rf"^ *{line} \| \S|^ *{line} \| ", errors, re.M), "the line itself is shown"
    assert re.search(r"^ +\| +\^~*$", errors, re.M), f"a caret under the word:\n{errors}"
    if hint:
        assert hint in errors


def test_the_caret_stands_under_the_word(folder):
    _, _, errors = check(folder, GOOD + "\tTimeForCGI  =   never\n")
    lines = errors.splitlines()
    at = next(i for i, line in enumerate(lines) if "| \tTimeForCGI" in line)
    source, caret = lines[at].expandtabs(8), lines[at + 1].expandtabs(8)
    assert caret.index("^") == source.index("never")
    assert caret.rstrip().endswith("^~~~~")


def test_all_faults_at_once(folder):
    status, _, errors = check(folder, GOOD + "Nonsense = 1\nTimeForCGI = x\nVirtualHost {\n Also = 2\n}\n")
    assert status == 1
    assert {int(n) for n in re.findall(r"longhouse\.conf:(\d+):\d+: error", errors)} >= {13, 14, 16}


def test_an_included_file_is_named(folder):
    status, _, errors = check(folder, GOOD + "Include ROOT/more.conf\n", more="# a comment\nTimeForCGI = 0\n")
    assert status == 1
    assert re.search(r"more\.conf:2:14: error: ", errors)


def test_an_include_that_is_not_there(folder):
    status, _, errors = check(folder, GOOD + "Include none.conf\n")
    assert status == 1 and re.search(r"longhouse\.conf:13:\d+: error: .*none\.conf", errors)


def test_an_include_of_itself_ends(folder):
    status, _, errors = check(folder, GOOD + "Include ROOT/longhouse.conf\n")
    assert status == 1 and "error" in errors


def test_a_missing_brace_is_one_fault(folder):
    """All that fell into the open section is right as soon as the brace is there."""
    status, _, errors = check(folder, GOOD.replace("}\n", "", 1) + "VirtualHost {\n Hostname = a\n WebsiteRoot = ROOT\n}\n")
    assert status == 1
    assert errors.count(": error: ") == 1 and "is the '}' of 'Binding' missing?" in errors, errors
    assert re.search(r"longhouse\.conf:4:1: note: 'Hostname' is no option of a Binding", errors)


@pytest.mark.parametrize("line", ["Hostname = ,", "UseFastCGI = ,,", "StartFile = , ,", "CGIextension = ,"])
def test_a_list_of_nothing(folder, line):
    status, _, errors = check(folder, GOOD + f"VirtualHost {{\n WebsiteRoot = ROOT\n {line}\n}}\n")
    assert status == 1 and "names nothing" in errors, errors


def test_a_section_without_targets(folder):
    status, _, errors = check(folder, GOOD + "FastCGIserver {\n FastCGIid = A\n ConnectTo =,,\n}\n")
    assert status == 1 and re.search(r"longhouse\.conf:15:13: error: .*'ConnectTo' names nothing", errors), errors


def test_a_host_that_a_wildcard_hides(folder):
    status, _, errors = check(
        folder,
        GOOD + "VirtualHost {\n Hostname = *.w.test\n WebsiteRoot = ROOT\n}\n"
        "VirtualHost {\n Hostname = a.w.test\n WebsiteRoot = ROOT\n}\n",
    )
    assert status == 0
    assert re.search(r"longhouse\.conf:18:13: warning: '\*\.w\.test' at .*:14:13 already takes", errors), errors


def test_the_disk_is_looked_at_although_a_word_is_wrong(folder):
    status, _, errors = check(
        folder, GOOD + "Nonsense = 1\nServerId = nobody-at-all\nCGIhandler = /usr/bin/no-such-thing:x\n"
    )
    assert status == 1
    for word in ("Nonsense", "nobody-at-all", "no-such-thing"):
        assert word in errors, errors


@pytest.mark.parametrize(
    "content",
    [
        GOOD.replace("\n", "\r\n"),
        "\ufeff" + GOOD,
        GOOD.rstrip("\n"),
        GOOD + "# only a comment at the end",
        GOOD.replace("Hostname = www.test", "Hostname = www.test, \\\n  other.test"),
    ],
    ids=["CRLF", "BOM", "no newline at the end", "comment at the end", "continued"],
)
def test_texts_as_editors_leave_them(folder, content):
    (folder / "longhouse.conf").write_bytes(content.replace("ROOT", str(folder)).encode())
    done = subprocess.run([BINARY, "check", "-c", folder], capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "is in order" in done.stdout


@pytest.mark.parametrize("content", [b"", b"\n# nothing\n", b"Binding {\n Port = 80\0\n}\n", b"\x7fELF\1\2\3" * 99])
def test_texts_that_are_none(folder, content):
    (folder / "longhouse.conf").write_bytes(content)
    done = subprocess.run([BINARY, "check", "-c", folder], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 1 and ": error: " in done.stderr


def test_units_and_old_habits(folder):
    status, _, errors = check(
        folder,
        GOOD + "\ttimeforcgi\t=  5 minutes   # a comment\nAllowDotFiles = YES\nBinding {\n  Port = 8124\n"
        "  MaxRequestSize = 200M\n}\nVirtualHost\n{\n  Hostname = a.test\n  WebsiteRoot = ROOT\n}\n",
    )
    assert status == 0, errors


def test_variables(folder):
    status, output, errors = check(folder, GOOD + "set NAME = variable\nVirtualHost {\n Hostname = NAME.test\n WebsiteRoot = ROOT\n}\n")
    assert status == 0, errors
    assert "variable.test" in output


@pytest.mark.parametrize(
    "words, status",
    [
        ([], 2),
        (["nonsense"], 2),
        (["run", "--nonsense"], 2),
        (["help"], 0),
        (["version"], 0),
        (["-v"], 0),
        (["-h"], 0),
        (["manual"], 0),
        (["check", "-c", "/no/such/file"], 1),
        (["run", "-c", "/no/such/file"], 1),
        (["-c", "/no/such/folder", "-k"], 1),
    ],
)
def test_exit_status(words, status):
    done = subprocess.run([BINARY, *words], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == status, done.stderr
    if status:
        assert done.stderr or done.stdout


@pytest.mark.skipif(os.path.exists("/etc/longhouse"), reason="this machine has a configuration")
def test_who_has_no_configuration_is_told_what_to_do():
    done = subprocess.run([BINARY, "run"], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 1 and "longhouse serve" in done.stderr and "-c" in done.stderr


def test_hiawathas_own_flags(folder):
    (folder / "hiawatha.conf").write_text(GOOD.replace("ROOT", str(folder)))
    done = subprocess.run([BINARY, "-c", folder, "-k"], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr


def test_a_broken_configuration_does_not_start(folder):
    (folder / "longhouse.conf").write_text(GOOD.replace("ROOT", str(folder)) + "Nonsense = 1\n")
    done = subprocess.run([BINARY, "run", "-c", folder], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 1 and "longhouse.conf:13:1: error" in done.stderr


def test_the_examples_of_the_project_are_in_order():
    done = subprocess.run(
        [BINARY, "check", "-c", TOP / "config" / "longhouse.conf"], capture_output=True, text=True, timeout=30, check=False
    )
    assert not re.search(r"(unknown|misplaced|wants|must be)", done.stderr), done.stderr
