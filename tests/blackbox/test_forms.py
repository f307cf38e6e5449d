"""One configuration in several forms."""
import json
import os
import subprocess

import jsonschema
import yaml

from house import BINARY, TOP, House, opened


def longhouse(*words):
    done = subprocess.run([BINARY, *words], capture_output=True, text=True, timeout=30, check=False)
    return done.returncode, done.stdout, done.stderr


def test_the_examples_mean_the_same():
    for form in ("--block", "--yaml"):
        block = longhouse("show", "-c", TOP / "config/longhouse.conf", form)
        yaml = longhouse("show", "-c", TOP / "config/longhouse.yaml", form)
        assert block[0] == 0 and "ServerId" in block[1]
        assert block == yaml


class YamlHouse(House):
    """Its configuration, read from the block form and written in YAML by the house itself."""

    def config_text(self):
        block = self.folder / "block.conf"
        block.write_text(super().config_text())
        status, text, errors = longhouse("show", "-c", block, "--yaml")
        assert (status, errors) == (0, "")
        self.config_path = self.folder / "longhouse.yaml"
        self.config_path.touch()
        return text


def test_a_house_runs_with_yaml():
    house = YamlHouse("yaml")
    house.config_path = house.folder / "longhouse.yaml"
    site = house.host("a.test", "  ExecuteCGI = yes\n  CGIextension = cgi\n  Setenv A = b: c", ["*.a.test"])
    site.program("cgi_env")
    site.put("x.txt", "here")
    with opened(house):
        assert house.config_path.read_text().startswith("PIDfile: ")
        assert house.get("/x.txt", host="www.a.test").body == b"here"
        assert site.get("/env.cgi").facts("env")["A"] == "b: c"


def test_a_fault_in_yaml_has_its_place(tmp_path):
    path = tmp_path / "longhouse.yaml"
    path.write_text("Hostname: a\nWebsiteRoot: /\nBinding:\n  - Port: 80\n    Intreface: ::1\n")
    status, _, errors = longhouse("check", "-c", path)
    assert status == 1
    assert f"{path}:5:5: error: unknown option 'Intreface'" in errors and "did you mean 'Interface'?" in errors


def test_import_makes_a_longhouse_conf(tmp_path):
    thttpd = tmp_path / "thttpd.conf"
    root = tmp_path / "www"
    root.mkdir()
    thttpd.write_text(f"port=8123 host=127.0.0.1 dir={root} user=www-data\nurlpat=**.jpg\nlogfile=/dev/null\n")
    status, text, errors = longhouse("import", thttpd)
    assert status == 0 and "thttpd.conf:2:1: warning: 'urlpat'" in errors
    assert "# urlpat=**.jpg: is without effect" in text
    (tmp_path / "longhouse.conf").write_text(text)
    status, output, errors = longhouse("check", "-c", tmp_path / "longhouse.conf")
    assert status == 0, errors
    assert "8123" in output
    status, text, _ = longhouse("import", thttpd, "--yaml")
    (tmp_path / "longhouse.yaml").write_text(text)
    assert longhouse("show", "-c", tmp_path / "longhouse.yaml") == longhouse("show", "-c", tmp_path / "longhouse.conf")


def test_import_keeps_what_it_cannot_use(tmp_path):
    old = tmp_path / "hiawatha.conf"
    old.write_text("Hostname = a\nWebsiteRoot = /srv\nUseGZfile = yes\nBinding {\n  Port = 80\n}\n")
    status, text, _ = longhouse("import", old)
    assert status == 0 and "\n# UseGZfile = yes: " in text


def test_words_that_are_no_use():
    for words in (["show", "-x"], ["import"], ["import", "a", "b"], ["import", "--block", "a"]):
        assert longhouse(*words)[0] == 2
    assert longhouse("import", "/nonexistent")[0] == 1


# ---- what the option table says to others ----


def schema():
    status, text, _ = longhouse("schema")
    assert status == 0
    found = json.loads(text, object_pairs_hook=once)
    jsonschema.Draft7Validator.check_schema(found)
    return jsonschema.Draft7Validator(found)


def once(pairs):
    names = [name for name, _ in pairs]
    assert len(names) == len(set(names))
    return dict(pairs)


def faults(text):
    return [(list(error.absolute_path), error.message) for error in schema().iter_errors(yaml.safe_load(text))]


def test_the_schema_takes_the_example():
    assert faults((TOP / "config/longhouse.yaml").read_text()) == []
    assert faults("- Hostname: [a, b]\n- Binding: {Port: 80}\n- VirtualHost: [[{Hostname: a}, {ExecuteCGI: yes}]]\n") == []
    assert faults("x-a: {b: c}\nInclude: [a, b]\nBinding:\n") == []


def test_the_schema_names_what_is_wrong():
    for text, path, word in (
        ("Hostnam: a", [], "Hostnam"),
        ("Binding: [{Port: 80}, {Prot: 80}]", ["Binding", 1], "Prot"),
        ("ExecuteCGI: maybe", ["ExecuteCGI"], "maybe"),
        ("VirtualHost: {ConnectionsTotal: 1}", ["VirtualHost"], "ConnectionsTotal"),
    ):
        found = faults(text)
        assert [where for where, what in found if word in what] == [path], found


COMPLETE = """
source /dev/stdin <<'SCRIPT'
{script}
SCRIPT
COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); _longhouse; echo "${{COMPREPLY[@]}}"
"""


def complete(words, folder):
    script = COMPLETE.format(script=longhouse("completion", "bash")[1], words=words)
    done = subprocess.run(["bash", "-c", script], cwd=folder, capture_output=True, text=True, timeout=30, check=False)
    assert done.stderr == ""
    return done.stdout.split()


def test_bash_completes_verbs_flags_words_and_files(tmp_path):
    (tmp_path / "a file").touch()
    (tmp_path / "some.conf").touch()
    assert complete("longhouse st", tmp_path) == ["status", "stop"]
    assert complete("longhouse status --", tmp_path) == ["--json"]
    assert complete("longhouse backend dr", tmp_path) == ["drain"]
    assert complete("longhouse check -c so", tmp_path) == ["some.conf"]
    assert complete("longhouse import so", tmp_path) == ["some.conf"]
    assert complete("longhouse import --y", tmp_path) == ["--yaml"]


def test_other_shells_and_vim_get_all_verbs_and_options():
    verbs = [line.split()[1] for line in longhouse("help")[1].splitlines() if line.startswith("  longhouse ")]
    assert len(verbs) > 10
    for shell in ("zsh", "fish"):
        text = longhouse("completion", shell)[1]
        assert [verb for verb in verbs if verb not in text] == []
    vim = longhouse("completion", "vim")[1]
    assert "longhouseOption /^\\s*TimeForCGI\\>/" in vim and "longhouseSection /^\\s*VirtualHost\\s*{" in vim
    assert longhouse("completion")[0] == longhouse("completion", "csh")[0] == longhouse("schema", "x")[0] == 2


def test_man_pages_are_good_roff():
    for words in (["manual", "--man5"], ["manual", "--man8"], ["manual", "--explain8"]):
        status, text, _ = longhouse(*words)
        assert status == 0 and text.startswith(".TH LONGHOUSE")
        done = subprocess.run(
            ["groff", "-man", "-Tutf8", "-ww", "-rLL=100n", "-P-cbou"], input=text, capture_output=True, text=True, timeout=30, check=False
        )
        assert (done.returncode, done.stderr) == (0, "")
        assert "TimeForCGI" in done.stdout if "--man5" in words else "EXIT STATUS" in done.stdout


# ---- check ----


def test_strict_takes_warnings_for_errors(tmp_path):
    path = tmp_path / "longhouse.conf"
    good = f"Hostname = a\nWebsiteRoot = {tmp_path}\nBinding {{\n  Port = 8123\n}}\nAccessLogfile = none\nErrorLogfile = none\n"
    tmp_path.chmod(0o755)
    path.write_text(good + "SystemLogfile = none\n")
    path.write_text(good + "SystemLogfile = none\nHostname = a\n")
    assert longhouse("check", "-c", path)[0] == 0
    status, output, errors = longhouse("check", "-c", path, "--strict")
    assert status == 1 and "warning: the Hostname 'a' is also at" in errors and "--strict takes the warnings" in output


def test_check_tells_its_exit_status():
    status, output, _ = longhouse("check", "--help")
    assert status == 0 and "\n  2  the command line is wrong\n" in output
    assert longhouse("check", "--nonsense")[0] == 2


def test_a_root_that_the_server_may_not_enter(tmp_path):
    locked = tmp_path / "locked"
    (locked / "www").mkdir(parents=True)
    locked.chmod(0o700)
    path = tmp_path / "longhouse.conf"
    path.write_text(f"Hostname = a\nWebsiteRoot = {locked}/www\nBinding {{\n  Port = 8123\n}}\n")
    _, _, errors = longhouse("check", "-c", path)
    if os.getuid() == 0:
        assert f"the user www-data may not enter the WebsiteRoot '{locked}/www'" in errors
    else:
        assert "may not enter" not in errors
