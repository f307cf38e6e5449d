"""The servers that are compared, the site they serve, and what each of them uses of the processor.

Each server starts in a control group of its own (cgroup v2), so that all of its family is counted, whoever waits for
the programs. What a FastCGI server talks to is outside.
"""
import errno
import os
import pathlib
import re
import resource
import socket
import subprocess
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
SERVER_CORE, LOAD_CORE = "0", "1"
CONNECTIONS_MOST, DESCRIPTORS_MOST = 9_000, 19_000
KEPT_MOST = 20  # connections that each of those who keep them may keep
APPLICATION_WORKERS = 100  # an idle connection occupies one: enough for all of them, and for those who keep none
PHP_WORKERS = 4
FCGIWRAP_CHILDREN = 8

LONGHOUSE = """
Reactors = {reactors}
SystemLogfile = {dir}/{name}.system
PIDfile = {dir}/{name}.pid
ControlSocket = {dir}/{name}.control
WorkDirectory = {dir}/{name}.work
ConnectionsPerIP = {connections}
ConnectionsTotal = {connections}
Hostname = localhost
WebsiteRoot = {dir}/site
AccessLogfile = {dir}/{name}.access
ErrorLogfile = {dir}/{name}.error
LogFormat = extended
CGIextension = cgi
CGIhandler = /usr/bin/perl:pl
CGIhandler = /usr/bin/python3:py
CGIhandler = /bin/sh:sh
ExecuteCGI = yes
UseFastCGI = APP, KEPT, PHP, PHPKEPT
MaxCGI = 64
Binding {{
    Port = {port}
    Interface = 127.0.0.1
    MaxKeepAlive = 100000000
}}
Binding {{
    Port = {tls_port}
    Interface = 127.0.0.1
    MaxKeepAlive = 100000000
    TLScertFile = {dir}/server.pem
}}
FastCGIserver {{
    FastCGIid = APP
    ConnectTo = {dir}/app.sock
    Extension = app
}}
FastCGIserver {{
    FastCGIid = KEPT
    ConnectTo = {dir}/app.sock
    Extension = kept
    MaxConnections = {workers}
    KeepConnections = {workers}
}}
FastCGIserver {{
    FastCGIid = PHP
    ConnectTo = {dir}/php.sock
    Extension = php
}}
FastCGIserver {{
    FastCGIid = PHPKEPT
    ConnectTo = {dir}/php-{name}.sock
    Extension = phpkept
    MaxConnections = {php_workers}
    KeepConnections = {php_workers}
}}
"""

NGINX = """
user root;
worker_processes 1;
worker_rlimit_nofile {descriptors};
pid {dir}/nginx.pid;
error_log {dir}/nginx.error;
events {{ worker_connections {connections}; }}
http {{
    types {{ text/plain txt; }}
    access_log {dir}/nginx.access combined buffer=32k flush=1s;
    sendfile on; tcp_nopush on; keepalive_requests 100000000;
    open_file_cache max=1000; open_file_cache_valid 1s;
    client_max_body_size 100m;
    client_body_temp_path {dir}/n1; proxy_temp_path {dir}/n2; fastcgi_temp_path {dir}/n3;
    uwsgi_temp_path {dir}/n4; scgi_temp_path {dir}/n5;
    include /etc/nginx/fastcgi_params;
    fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name;
    upstream kept {{ server unix:{dir}/app.sock; keepalive {workers}; keepalive_requests 100000000; }}
    server {{
        listen 127.0.0.1:{port}; root {dir}/site;
        listen 127.0.0.1:{tls_port} ssl http2;
        ssl_certificate {dir}/server.pem; ssl_certificate_key {dir}/server.pem; ssl_protocols TLSv1.2 TLSv1.3;
        keepalive_timeout 300s;
        location ~ \\.(cgi|pl|py|sh)$ {{ fastcgi_pass unix:{dir}/fcgiwrap.sock; fastcgi_request_buffering off; }}
        location ~ \\.app$ {{ fastcgi_pass unix:{dir}/app.sock; }}
        location ~ \\.kept$ {{ fastcgi_pass kept; fastcgi_keep_conn on; }}
        location ~ \\.php$ {{ fastcgi_pass unix:{dir}/php.sock; }}
    }}
}}
"""

LIGHTTPD = """
server.modules = ("mod_cgi", "mod_fastcgi", "mod_accesslog", "mod_openssl")
server.max-fds = {descriptors}
server.max-connections = {half}
server.max-keep-alive-idle = 300
server.document-root = "{dir}/site"
server.bind = "127.0.0.1"
server.port = {port}
server.errorlog = "{dir}/lighttpd.error"
accesslog.filename = "{dir}/lighttpd.access"
server.upload-dirs = ("{dir}")
server.max-keep-alive-requests = 100000000
server.stat-cache-engine = "simple"
mimetype.assign = (".txt" => "text/plain")
cgi.assign = (".cgi" => "", ".pl" => "/usr/bin/perl", ".py" => "/usr/bin/python3", ".sh" => "/bin/sh")
$SERVER["socket"] == "127.0.0.1:{tls_port}" {{
    ssl.engine = "enable"
    ssl.pemfile = "{dir}/server.pem"
}}
fastcgi.server = (
    ".app" => (("socket" => "{dir}/app.sock", "check-local" => "disable")),
    ".php" => (("socket" => "{dir}/php.sock"))
)
"""

APACHE = """
ServerRoot {dir}
ServerName localhost
PidFile {dir}/apache.pid
ErrorLog {dir}/apache.error
Listen 127.0.0.1:{port}
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule mime_module /usr/lib/apache2/modules/mod_mime.so
LoadModule cgid_module /usr/lib/apache2/modules/mod_cgid.so
StartServers 1
ServerLimit 1
ThreadsPerChild 64
ThreadLimit 64
MaxRequestWorkers 64
MaxKeepAliveRequests 0
KeepAliveTimeout 60
DocumentRoot {dir}/site
TypesConfig /etc/mime.types
ScriptSock {dir}/cgid.sock
LogFormat "%h %l %u %t \\"%r\\" %>s %O" common
CustomLog {dir}/apache.access common
BufferedLogs On
AddHandler cgi-script .cgi .pl .py .sh
<Directory {dir}/site>
    Options +ExecCGI
</Directory>
"""

H2O = """
num-threads: 1
user: root
pid-file: {dir}/h2o.pid
error-log: {dir}/h2o.error
access-log: {dir}/h2o.access
max-connections: {connections}
http1-request-timeout: 300
listen: {{ port: {port}, host: 127.0.0.1 }}
listen: {{ port: {tls_port}, host: 127.0.0.1, ssl: {{ certificate-file: {dir}/server.pem, key-file: {dir}/server.pem }} }}
file.custom-handler:
  extension: .app
  fastcgi.connect: {{ port: {dir}/app.sock, type: unix }}
file.custom-handler:
  extension: .php
  fastcgi.connect: {{ port: {dir}/php.sock, type: unix }}
hosts:
  default:
    paths:
      /: {{ file.dir: {dir}/site }}
"""

CADDY = """
{{
    admin off
    auto_https off
    storage file_system {dir}/caddy
    log {{
        output file {dir}/caddy.error
    }}
}}
(site) {{
    bind 127.0.0.1
    root * {dir}/site
    file_server
    log {{
        output file {dir}/caddy.access
    }}
}}
http://:{port} {{
    import site
}}
https://localhost:{tls_port} {{
    import site
    tls {dir}/server.pem {dir}/server.pem
}}
"""

# It ends an answer of a program by a reset of the connection, which the load counts as a failure.
MERECAT = """
port = {port}
hostname = 127.0.0.1
directory = {dir}/site
username = root
compression-level = 0
cgi "**.cgi|**.pl|**.py|**.sh" {{
    enabled = true
    limit = 64
}}
"""

PHP = """
[global]
error_log = {dir}/php.error
daemonize = no
"""

# Whoever keeps connections has a pool of its own: a child serves nobody else while one to it is kept.
PHP_POOL = """
[{pool}]
user = root
group = root
listen = {dir}/{pool}.sock
listen.mode = 0666
listen.backlog = 512
pm = static
pm.max_children = {php_workers}
security.limit_extensions = .php .phpkept
"""

CONFIGURATIONS = {
    "longhouse": LONGHOUSE,
    "nginx": NGINX,
    "lighttpd": LIGHTTPD,
    "apache": APACHE,
    "h2o": H2O,
    "caddy": CADDY,
    "merecat": MERECAT,
}

# Its package conflicts with one that others want: it is unpacked, not installed (bench/run --install).
MERECAT_FOLDER = ROOT / "build/bench/merecat"
MERECAT_PROGRAM = MERECAT_FOLDER / "usr/sbin/merecat"

BOUNDS = ("bare", "signing")  # no servers: what the work costs at least

PHP_HELLO = "<?php header('Content-Type: text/plain'); echo \"hello\\n\";\n"

SCRIPTS = {
    "hello.pl": '#!/usr/bin/perl\nprint "Content-Type: text/plain\\n\\nhello\\n";\n',
    "hello.py": '#!/usr/bin/python3\nprint("Content-Type: text/plain\\n\\nhello")\n',
    "hello.sh": '#!/bin/sh\necho "Content-Type: text/plain"\necho\necho hello\n',
    "hello.php": PHP_HELLO,
    "hello.phpkept": PHP_HELLO,
    "1k.txt": "a" * 1024,
    "100k.txt": "a" * 102400,
    "10m.txt": "a" * (10 << 20),
}


def pinned(core, words):
    """On a machine with one core everything shares it."""
    return ["taskset", "-c", core, *words] if int(core) in os.sched_getaffinity(0) else words


def make_certificate(folder):
    """ECDSA P-256, key and chain in one file."""
    words = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=localhost"
    words = [*words.split(), "-addext", "subjectAltName=DNS:localhost", "-keyout", f"{folder}/key", "-out", f"{folder}/chain"]
    subprocess.run(words, check=True, stderr=subprocess.DEVNULL)
    pem = pathlib.Path(folder, "server.pem")
    pem.write_text(pathlib.Path(folder, "key").read_text() + pathlib.Path(folder, "chain").read_text())
    pem.chmod(0o600)


def compile_c(name, target, *words):
    source = ROOT / "bench/programs" / name
    subprocess.run(["cc", "-O2", str(source), "-o", target, *words], check=True)


def build_site(folder):
    """Everything that is served, and the programs of the bench itself."""
    site = pathlib.Path(folder, "site")
    os.chmod(folder, 0o755)
    site.mkdir()
    make_certificate(folder)
    for name, text in SCRIPTS.items():
        (site / name).write_text(text)
        (site / name).chmod(0o755)
    for name in ("1k.app", "100k.app", "1k.kept", "100k.kept"):
        (site / name).write_text("")
    compile_c("min_cgi.c", f"{site}/min.cgi", "-static")
    compile_c("count_cgi.c", f"{site}/count.cgi", "-static")
    compile_c("application.c", f"{folder}/app", "-lfcgi")
    compile_c("bare.c", f"{folder}/bare")
    compile_c("signing.c", f"{folder}/signing", "-lcrypto")


def commands(name, folder, ports, program, reactors):
    """What has to be started for the server; the first is the server itself."""
    if name == "bare":
        applications = (
            f"app={folder}/app.sock",
            f"kept={folder}/app.sock={KEPT_MOST}",
            f"php={folder}/php.sock",
            f"phpkept={folder}/php-{name}.sock={PHP_WORKERS}",
        )
        return [[f"{folder}/bare", str(ports[0]), f"{folder}/site", *applications]]
    kind = name.rstrip("0123456789") if name.startswith("longhouse") else name
    conf = pathlib.Path(folder, name + ".conf")
    text = CONFIGURATIONS[kind]
    conf.write_text(
        text.format(
            dir=folder,
            name=name,
            port=ports[0],
            tls_port=ports[1],
            reactors=reactors,
            workers=KEPT_MOST,
            php_workers=PHP_WORKERS,
            connections=CONNECTIONS_MOST,
            descriptors=DESCRIPTORS_MOST,
            half=DESCRIPTORS_MOST // 2,
        )
    )
    wrap = ["fcgiwrap", "-c", str(FCGIWRAP_CHILDREN), "-s", f"unix:{folder}/fcgiwrap.sock"]
    return {
        "longhouse": [[program, "run", "--quiet", "-c", str(conf)]],
        "nginx": [["nginx", "-c", str(conf), "-g", "daemon off;"], wrap],
        "lighttpd": [["lighttpd", "-D", "-f", str(conf)]],
        "apache": [["apache2", "-DFOREGROUND", "-f", str(conf)]],
        "h2o": [["h2o", "-c", str(conf)]],
        "caddy": [["caddy", "run", "--config", str(conf), "--adapter", "caddyfile"]],
        "merecat": [[str(MERECAT_PROGRAM), "-n", "-f", str(conf), "-P", f"{folder}/merecat.pid"]],
    }[kind]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def allow_descriptors():
    """As many as this user may have."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


class Server:
    """One of those that are compared, running."""

    def __init__(self, name, folder, program=None, reactors=1):
        self.name, self.port, self.tls_port = name, free_port(), free_port()
        self.account = Account(name)
        self.processes = [
            subprocess.Popen(
                pinned(SERVER_CORE, words),
                preexec_fn=self.enter,
                start_new_session=True,  # beside other work the kernel shares a processor out by session
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            for words in commands(name, folder, (self.port, self.tls_port), program, reactors)
        ]

    def enter(self):
        """In the child: the account, and room for as many descriptors as connections."""
        self.account.enter()
        allow_descriptors()

    def memory_bytes(self):
        """What its whole family has in memory, what is shared being counted once."""
        return sum(proportional_bytes(pid) for pid in self.account.processes())

    def wait_until_open(self):
        deadline = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return
            except OSError:
                if time.monotonic() > deadline:
                    raise SystemExit(f"{self.name} does not open its port") from None
                time.sleep(0.05)

    def stop(self):
        end(self.processes)
        self.account.close()


class Signing:
    """The bound of a handshake: a program that signs, while it is measured."""

    def __init__(self, folder):
        self.name = "signing"
        self.words = pinned(SERVER_CORE, [f"{folder}/signing", f"{folder}/server.pem"])

    def wait_until_open(self):
        """It is always ready."""

    def measure(self, seconds):
        out = subprocess.run([*self.words, str(seconds)], capture_output=True, text=True, check=True).stdout
        count, used_us = map(float, out.split())
        return {"cost": used_us / count, "rate": count / seconds, "failed": 0, "p50_ms": None, "p99_ms": None, "memory": 0}

    def stop(self):
        """Nothing is left of it."""


class Repeating:
    """As a context: `act()` again and again on a thread of its own, and once more at the end."""

    def __init__(self, every_s):
        self.every_s = every_s
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self):
        while not self.over.wait(self.every_s):
            self.act()

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()
        self.act()


class Peak(Repeating):
    """The most memory that the server was seen to have."""

    def __init__(self, server):
        super().__init__(0.25)
        self.server, self.bytes = server, 0

    def act(self):
        self.bytes = max(self.bytes, self.server.memory_bytes())


class Backends:
    """What FastCGI servers talk to: on the core of the load, in nobody's account. `php_keepers`: those who keep
    connections to php-fpm."""

    def __init__(self, folder, php_keepers=()):
        php = pathlib.Path(folder, "php.conf")
        pools = ["php", *(f"php-{name}" for name in php_keepers)]
        php.write_text(
            PHP.format(dir=folder) + "".join(PHP_POOL.format(dir=folder, pool=pool, php_workers=PHP_WORKERS) for pool in pools)
        )
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(f"{folder}/app.sock")
            os.chmod(f"{folder}/app.sock", 0o666)
            listener.listen(512)
            application = pinned(LOAD_CORE, [f"{folder}/app"])
            self.processes = [subprocess.Popen(application, stdin=listener, stdout=subprocess.DEVNULL) for _ in range(APPLICATION_WORKERS)]
        words = ["php-fpm8.2", "--allow-to-run-as-root", "--nodaemonize", "--fpm-config", str(php)]
        self.processes.append(subprocess.Popen(pinned(LOAD_CORE, words), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))

    def stop(self):
        end(self.processes)


def end(processes):
    for process in processes:
        process.terminate()
    for process in processes:
        process.wait()


def proportional_bytes(pid):
    try:
        text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:  # it has just ended
        return 0
    found = re.search(r"^Pss: +(\d+) kB", text, re.MULTILINE)
    return int(found.group(1)) * 1024 if found else 0


class Account:
    """A control group, whose use of the processor can be read."""

    def __init__(self, name):
        mounts = [line.split() for line in pathlib.Path("/proc/mounts").read_text().splitlines()]
        root = next(words[1] for words in mounts if words[2] == "cgroup2")
        self.path = pathlib.Path(root, f"bench-{os.getpid()}-{name}")
        self.path.mkdir()

    def enter(self):
        (self.path / "cgroup.procs").write_text(str(os.getpid()))

    def processes(self):
        return list(map(int, (self.path / "cgroup.procs").read_text().split()))

    def used_us(self):
        return int((self.path / "cpu.stat").read_text().split()[1])

    def close(self):
        """Whoever is left of the family ends with it. A group is busy for a moment longer than its processes are seen."""
        (self.path / "cgroup.kill").write_text("1")
        deadline = time.monotonic() + 10
        while True:
            try:
                self.path.rmdir()
                return
            except OSError as error:
                if error.errno != errno.EBUSY or time.monotonic() > deadline:
                    raise
            time.sleep(0.01)
