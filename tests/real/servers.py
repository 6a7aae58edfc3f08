"""Real servers, none of them ours: where they lie, started on free loopback ports, and stopped to the last child.

    with servers.Kinto() as api: ... api.url

tests/real/install puts them into the cache.  A server that is not there is a skip of the whole test, with CI=true
a failure.  A server that listens anywhere but on loopback is a failure too.
"""
import glob
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

from real import lib

HERE = os.path.dirname(os.path.abspath(__file__))

CACHE = (os.environ.get("ABHOST_REAL_CACHE")
         or os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "abhost-real"))
LOOPBACK = "--require=" + os.path.join(HERE, "loopback.js")
START = 60  # seconds that a server may take to answer


def place(name):
    """The folder of a server in the cache, of the version that install names, or None."""
    with open(os.path.join(HERE, "install"), encoding="utf-8") as file:
        version = re.search(r"^%s +\w+ +(\S+) " % re.escape(name), file.read(), re.MULTILINE).group(1)
    path = os.path.join(CACHE, "%s-%s" % (name, version))
    return path if os.path.exists(os.path.join(path, ".done")) else None


def installed(name):
    """The same.  Where it is not there, the test ends."""
    path = place(name)
    if path is not None:
        return path
    reason = "%s is not installed: tests/real/install %s" % (name, name)
    if os.environ.get("CI") == "true":
        print("Bail out!", reason, flush=True)
        sys.exit(1)
    return lib.skip_all(reason)


def under(name, **environment):
    """The same; from here on this script runs in its Python, with its programs on PATH and these variables."""
    home = installed(name)
    if os.environ.get("ABHOST_UNDER") != home:
        os.environ.update(environment, ABHOST_UNDER=home, PATH=os.path.join(home, "bin") + ":" + os.environ["PATH"])
        python = os.path.join(home, "bin", "python")
        os.execv(python, [python, *sys.argv])
    return home


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def answers(url):
    """Does anything that speaks HTTP answer there?"""
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


def group_members(group):
    """The processes of a process group, zombies not counted."""
    found = []
    for name in os.listdir("/proc"):
        try:
            with open("/proc/%d/stat" % int(name), encoding="ascii", errors="replace") as file:
                state, _, pgrp = file.read().rpartition(")")[2].split()[:3]
        except (ValueError, OSError):
            continue
        if int(pgrp) == group and state not in "ZX":
            found.append(int(name))
    return found


def open_doors(group):
    """Addresses other than loopback on which a process group listens, as /proc/net has them."""
    inodes = set()
    for pid in group_members(group):
        for link in glob.glob("/proc/%d/fd/*" % pid):
            try:
                target = os.readlink(link)
            except OSError:
                continue
            if target.startswith("socket:["):
                inodes.add(target[8:-1])
    found = []
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        if not os.path.exists(table):
            continue
        with open(table, encoding="ascii") as file:
            rows = [line.split() for line in file][1:]
        for row in rows:
            home = row[1].startswith(("0100007F:", "00000000000000000000000001000000:"))
            if row[3] == "0A" and row[9] in inodes and not home:
                found.append(row[1])
    return found


class Server:
    """A program that serves HTTP on self.port.  Subclasses say what to install and how to start it."""
    name = None     # in the cache
    ready = "/"     # a path that answers once it is up
    node = False    # loopback.js keeps it at home
    user = None     # runs as this user where we are root
    stop = signal.SIGTERM

    def __init__(self, **options):
        self.home = installed(self.name)
        self.options = options
        self.process = None
        lib.atexit.register(self.close)
        try:
            self.begin()
        except RuntimeError as error:  # somebody took the port?
            print("#", str(error).splitlines()[0], flush=True)
            self.begin()

    def __enter__(self):
        return self

    def __exit__(self, *why):
        self.close()

    def begin(self):
        self.folder = lib.scratch()
        self.log = os.path.join(self.folder, "log")
        self.port = free_port()
        self.url = "http://127.0.0.1:%d" % self.port
        self.start()

    def prepare(self):
        """Writes what the program wants to find."""

    def argv(self):
        raise NotImplementedError

    def seed(self):
        """Called once it answers."""

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def program(self, *parts):
        """A program of the installation, or the words that run a module of npm's."""
        path = os.path.join(self.home, *parts)
        return ["node", LOOPBACK, os.path.realpath(path)] if self.node else [path]

    def environment(self):
        return lib.environment({"NODE_ENV": "production"})

    def run(self, argv, **more):
        """One of the program's tools, to its end."""
        return subprocess.run(argv, cwd=self.folder, env=self.environment(), check=True, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **more)

    def start(self):
        self.prepare()
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.argv(), cwd=self.folder, env=self.environment(), stdout=log,
                                            stderr=log, stdin=subprocess.DEVNULL, start_new_session=True,
                                            **self.identity())
        if not lib.wait_until(lambda: self.process.poll() is not None or self.is_ready(), START, 0.05) or \
                self.process.poll() is not None:
            self.close()
            raise RuntimeError("%s did not start:\n%s" % (self.name, self.tail()))
        doors = open_doors(self.process.pid)
        if doors:
            self.close()
            raise RuntimeError("%s listens on %s" % (self.name, ", ".join(doors)))
        self.seed()

    def identity(self):
        if self.user is None or os.geteuid() != 0:
            return {}
        return {"user": self.user, "group": self.user_group(), "extra_groups": []}

    def user_group(self):
        import pwd
        return pwd.getpwnam(self.user).pw_gid

    def is_ready(self):
        return answers(self.url + self.ready)

    def tail(self):
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return "".join(file.readlines()[-30:])

    def keep_log(self):
        """After a failure: the log's end as TAP comments, all of it beside the test's own log."""
        kept = os.path.join(lib.BUILD, "tests", "real", self.name + "-server.log")
        shutil.copyfile(self.log, kept)
        for line in self.tail().splitlines():
            print("# %s: %s" % (self.name, line[:300]), flush=True)
        print("# all of it: %s" % kept, flush=True)

    def close(self):
        """Ends the program and all that it started; the folder stays until the test ends."""
        if self.process is None:
            return
        for sign, seconds in ((self.stop, 10), (signal.SIGKILL, 10)):
            if not group_members(self.process.pid):
                break
            try:
                os.killpg(self.process.pid, sign)
            except ProcessLookupError:
                break
            end = time.monotonic() + seconds
            while group_members(self.process.pid) and time.monotonic() < end:
                self.process.poll()
                time.sleep(0.02)
        self.process.wait()

    def is_gone(self):
        """Nothing of it runs, and nobody listens."""
        with socket.socket() as s:
            return not group_members(self.process.pid) and s.connect_ex(("127.0.0.1", self.port)) != 0


class Kinto(Server):
    """Records in collections; `Next-Page`, `_since`, tombstones, Basic."""
    name, ready = "kinto", "/v1/__heartbeat__"

    def prepare(self):
        with open(self.path("kinto.ini"), "w", encoding="utf-8") as file:
            file.write(KINTO_INI % {"port": self.port})

    def argv(self):
        return [*self.program("bin", "kinto"), "start", "--ini", "kinto.ini"]


KINTO_INI = """[app:main]
use = egg:kinto
kinto.storage_backend = kinto.core.storage.memory
kinto.permission_backend = kinto.core.permission.memory
kinto.cache_backend = kinto.core.cache.memory
multiauth.policies = basicauth
kinto.bucket_create_principals = system.Authenticated
kinto.userid_hmac_secret = not-a-secret
kinto.paginate_by = 20
[server:main]
use = egg:waitress#main
host = 127.0.0.1
port = %(port)d
[loggers]
keys = root
[handlers]
keys = out
[formatters]
keys = plain
[logger_root]
level = INFO
handlers = out
[handler_out]
class = StreamHandler
args = (sys.stderr,)
formatter = plain
[formatter_plain]
format = %%(message)s
"""


class Synapse(Server):
    """A Matrix homeserver; Bearer, `from` and `end`, a 429 with `retry_after_ms`."""
    name, ready = "synapse", "/_matrix/client/versions"

    def prepare(self):
        self.run([*self.program("bin", "python"), "-m", "synapse.app.homeserver", "--server-name", "localhost",
                  "--config-path", "hs.yaml", "--generate-config", "--report-stats=no"])
        with open(self.path("hs.yaml"), "w", encoding="utf-8") as file:
            file.write(SYNAPSE_YAML % {"port": self.port, "folder": self.folder})
        with open(self.path("log.yaml"), "w", encoding="utf-8") as file:
            lib.json.dump({"version": 1, "handlers": {"out": {"class": "logging.StreamHandler"}},
                           "root": {"level": "INFO", "handlers": ["out"]}}, file)

    def argv(self):
        return [*self.program("bin", "python"), "-m", "synapse.app.homeserver", "--config-path", "hs.yaml"]

    def seed(self):
        self.run([*self.program("bin", "register_new_matrix_user"), "-u", "adm", "-p", "pw", "-a", "-k", "s3",
                  self.url])


SYNAPSE_YAML = """server_name: localhost
pid_file: %(folder)s/pid
listeners:
  - port: %(port)d
    bind_addresses: ['127.0.0.1']
    tls: false
    type: http
    resources: [{names: [client]}]
database: {name: sqlite3, args: {database: %(folder)s/hs.db}}
log_config: %(folder)s/log.yaml
media_store_path: %(folder)s/media
signing_key_path: %(folder)s/localhost.signing.key
macaroon_secret_key: m
form_secret: f
registration_shared_secret: s3
report_stats: false
trusted_key_servers: []
rc_message: {per_second: 1000, burst_count: 1000}
rc_login:
  address: {per_second: 1000, burst_count: 1000}
  account: {per_second: 1000, burst_count: 1000}
  failed_attempts: {per_second: 1000, burst_count: 1000}
rc_room_creation: {per_second: 1000, burst_count: 1000}
rc_joins: {local: {per_second: 1000, burst_count: 1000}}
"""


class JsonServer(Server):
    """A folder of JSON lists; `Link`, `_page`, `_limit`."""
    name, node, ready = "json-server", True, "/db"

    def prepare(self):
        with open(self.path("db.json"), "w", encoding="utf-8") as file:
            lib.json.dump(self.options["data"], file)

    def argv(self):
        return [*self.program("node_modules", ".bin", "json-server"), "--host", "127.0.0.1", "--port",
                str(self.port), "db.json"]


class Datasette(Server):
    """The tables of a SQLite file; `next_url`."""
    name, ready = "datasette", "/-/versions.json"

    def argv(self):
        return [*self.program("bin", "datasette"), self.options["file"], "-h", "127.0.0.1", "-p", str(self.port)]


class Octokit(Server):
    """GitHub's recorded answers; `Link`."""
    name, node = "octokit", True

    def argv(self):
        return [*self.program("node_modules", ".bin", "octokit-fixtures-server"), "--port", str(self.port),
                "--log-level", "info"]


class OidcProvider(Server):
    """A certified token server; tokens that live as long as options["ttl"] says."""
    name, ready = "oidc-provider", "/.well-known/openid-configuration"

    def prepare(self):
        # modules are looked for beside the script
        os.symlink(os.path.join(self.home, "node_modules"), self.path("node_modules"))
        shutil.copy(os.path.join(HERE, "oidc.mjs"), self.path("oidc.mjs"))

    def argv(self):
        return ["node", "oidc.mjs", str(self.port), str(self.options.get("ttl", 2))]

    def is_ready(self):
        return "refresh token " in self.tail() and super().is_ready()


class OauthMock(Server):
    """A token server whose refresh tokens rotate."""
    name, node, ready = "oauth2-mock", True, "/.well-known/openid-configuration"

    def argv(self):
        return [*self.program("node_modules", ".bin", "oauth2-mock-server"), "-a", "127.0.0.1", "-p",
                str(self.port)]


class HttpBin(Server):
    """Every way in, every encoding, every status."""
    name, ready = "go-httpbin", "/status/200"

    def argv(self):
        return [*self.program("go-httpbin"), "-host", "127.0.0.1", "-port", str(self.port)]


class Toxiproxy(Server):
    """TCP that fails as asked.  proxy(url) is the URL of a way through it."""
    name, ready = "toxiproxy", "/version"

    def argv(self):
        return [*self.program("server"), "-host", "127.0.0.1", "-port", str(self.port)]


class Postgres(Server):
    """A cluster of its own; sql() runs a statement."""
    name, user, stop = "postgresql", "nobody", signal.SIGINT  # does not wait for clients

    def prepare(self):
        os.chmod(self.folder, 0o711)
        os.mkdir(self.path("data"), 0o700)
        if os.geteuid() == 0:
            shutil.chown(self.path("data"), self.user, self.user_group())
        self.run([*self.program("bin", "initdb"), "-D", self.path("data"), "-A", "trust", "-U", "postgres",
                  "-E", "UTF8", "--no-sync"], **self.identity())

    def argv(self):
        return [*self.program("bin", "postgres"), "-D", self.path("data"), "-p", str(self.port), "-F",
                "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="]

    def is_ready(self):
        try:
            self.sql("SELECT 1")
        except subprocess.CalledProcessError:
            return False
        return True

    def program(self, *parts):
        return [os.path.realpath(os.path.join(self.home, *parts))]  # another user cannot enter our cache

    def sql(self, text):
        return self.run([*self.program("bin", "psql"), "-qAtX", "-v", "ON_ERROR_STOP=1", "-d", self.database(),
                         "-c", text]).stdout

    def database(self):
        return "postgresql://postgres@127.0.0.1:%d/postgres" % self.port


class PostGraphile(Server):
    """A PostgreSQL schema as GraphQL; Relay's cursors."""
    name, node, ready = "postgraphile", True, "/graphiql"

    def argv(self):
        return [*self.program("node_modules", ".bin", "postgraphile"), "-c", self.options["database"], "-s",
                "public", "-n", "127.0.0.1", "-p", str(self.port), "--dynamic-json"]
