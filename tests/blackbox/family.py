"""Who is whose child, from /proc: nothing may be left of a house."""
import ctypes
import os
import pathlib

PR_SET_CHILD_SUBREAPER = 36


def adopt_orphans():
    """What a dead house leaves behind becomes our child, so that it is found."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def _stat(pid):
    """(name, state, parent) or None when it is gone."""
    try:
        text = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    head, _, rest = text.rpartition(")")
    fields = rest.split()
    return head.partition("(")[2], fields[0], int(fields[1])


def _pids():
    return [int(entry) for entry in os.listdir("/proc") if entry.isdigit()]


def title(pid):
    """The first word of its command line, as `ps` shows it."""
    try:
        return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().partition(b"\0")[0].decode()
    except (FileNotFoundError, ProcessLookupError, UnicodeDecodeError):
        return ""


def is_zombie(pid):
    stat = _stat(pid)
    return bool(stat) and stat[1] == "Z"


def is_alive(pid):
    stat = _stat(pid)
    return bool(stat) and stat[1] not in "ZX"


def children(pid):
    return [other for other in _pids() if (stat := _stat(other)) and stat[2] == pid]


def descendants(pid):
    parents = {other: stat[2] for other in _pids() if (stat := _stat(other))}
    found = [pid]
    for ancestor in found:
        found.extend(child for child, parent in parents.items() if parent == ancestor)
    return found[1:]


def _command(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except (FileNotFoundError, ProcessLookupError, UnicodeDecodeError):
        return ""


def describe(pid):
    return f"{pid} {_stat(pid)} {_command(pid)}"


def with_words(words):
    """Living processes whose command line has these words."""
    return [pid for pid in _pids() if pid != os.getpid() and words in _command(pid)]


def _reap_adopted(known):
    for pid in children(os.getpid()):
        if pid not in known and is_zombie(pid):
            os.waitpid(pid, os.WNOHANG)


def strays(words, known=()):
    """Processes of a house that is gone: those that name its folder, and orphans that came to us."""
    _reap_adopted(known)
    return [pid for pid in with_words(words) if is_alive(pid) and not _is_ours(pid)]


# Helpers that a test itself started (php-fpm, FastCGI workers, other houses) and will end.
OURS = set()


def _is_ours(pid):
    return pid in OURS or any(pid in descendants(own) for own in OURS)


def sockets_and_pipes(pid):
    """Descriptors that belong to connections and programs; None when we may not look."""
    folder = f"/proc/{pid}/fd"
    try:
        names = os.listdir(folder)
    except PermissionError:
        return []
    found = []
    for entry in names:
        try:
            target = os.readlink(f"{folder}/{entry}")
        except (FileNotFoundError, PermissionError):
            continue
        if target.startswith(("socket:", "pipe:", "anon_inode:[pidfd]")):
            found.append(target)
    return found
