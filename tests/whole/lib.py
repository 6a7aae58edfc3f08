"""What the whole-command tests share: the fake API, running abhost, TAP, and an independent truth.

Standard library only.  Content is compared by Python's json and sqlite3, never by abhost's own reader.
"""
import atexit
import concurrent.futures
import gzip
import http.client
import json
import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

SRC = os.environ.get("top_srcdir") or os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
BUILD = os.environ.get("top_builddir") or SRC
ABHOST = os.environ.get("ABHOST") or os.path.join(BUILD, "abhost")
FAKE = os.path.join(BUILD, "tests/fake-api/fake-api")
KEY = "sk-live-4f9d8a7b6c5e/3d+2c"  # what a secret looks like; must never be seen in any output
ISO = "/usr/share/iso-codes/json"  # real data, where Debian's iso-codes is installed
TIMEOUT = 300  # a law is not about time: only a hang ends a test


# TAP

class Tap:
    """Counts; prints each result at once; done() prints the plan and exits."""

    def __init__(self):
        self.count = self.failed = 0

    def ok(self, fine, name, *why):
        self.count += 1
        print(("ok" if fine else "not ok"), self.count, "-", name, flush=True)
        if not fine:
            self.failed += 1
            for line in "\n".join(str(w) for w in why).splitlines()[:40]:
                print("#", line[:2000], flush=True)
        return fine

    def same(self, got, wanted, name):
        return self.ok(got == wanted, name, "got:    %.1500r" % (got,), "wanted: %.1500r" % (wanted,))

    def skip(self, name, reason):
        self.count += 1
        print("ok", self.count, "-", name, "# SKIP", reason, flush=True)

    def note(self, text):
        print("#", text, flush=True)

    def sum_up(self, rounds, begun, value, wrong):
        """The one line of a series that may be quoted; wrong: what was wrong, as match_rows says it, of each bad round."""
        lost = sum(1 for why in wrong if "missing" in why or " lost" in why)
        doubled = sum(1 for why in wrong if "too many" in why)
        self.note("%d rounds, seed %d, %.0f s: %d lost, %d doubled, %d corrupted" % (
            rounds, value, time.monotonic() - begun, lost, doubled, len(wrong) - lost - doubled))

    def done(self):
        print("1..%d" % self.count, flush=True)
        sys.exit(1 if self.failed else 0)


def skip_all(reason):
    print("1..0 # SKIP", reason, flush=True)
    sys.exit(0)


def need(*paths):
    """Skips the whole test where something that it drives was not built."""
    for path in paths:
        if not os.path.exists(path):
            skip_all("%s is not there" % os.path.relpath(path, BUILD))


def seed():
    """The seed of a random test: $TEST_SEED, or a new one; printed, so that a failure can be repeated."""
    value = int(os.environ.get("TEST_SEED") or random.SystemRandom().randrange(1 << 32))
    print("# seed %d (TEST_SEED repeats it)" % value, flush=True)
    return value


def scratch():
    """A folder of this test's own, gone when the test ends."""
    path = tempfile.mkdtemp(prefix="abhost-test-")
    atexit.register(shutil.rmtree, path, ignore_errors=True)
    return path


# The fake API

class FakeApi:
    """A running fake API.  with FakeApi(events=10) as api: ... api.url"""

    def __init__(self, *args, key=KEY, **options):
        argv = [FAKE, "--key", key, *args]
        for name, value in options.items():
            name = "--" + name.replace("_", "-")
            argv += [name] if value is True else [name, str(value)]
        self.key = key
        self.process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        atexit.register(self.close)
        line = self.process.stdout.readline()
        if not line.startswith("listening on "):
            raise RuntimeError("fake-api did not start: " + self.process.stderr.read())
        self.url = line.split()[-1]
        self.root = self.url[:-len("/v1/")]

    def __enter__(self):
        return self

    def __exit__(self, *why):
        self.close()

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.process.stderr.close()

    def admin(self, path, body=None, method=None):
        request = urllib.request.Request(self.root + "/_admin/" + path, body, method=method)
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
                return answer.read()
        except urllib.error.HTTPError as error:
            raise RuntimeError(error.read().decode()) from None

    def faults(self, *specs):
        self.admin("faults", "\n".join(specs).encode(), "POST")

    def add(self, name, count, tie=False):
        self.admin("add?list=%s&count=%d%s" % (name, count, "&tie=1" if tie else ""), b"", "POST")

    def change(self, name, count):
        self.admin("change?list=%s&count=%d" % (name, count), b"", "POST")

    def truth(self, name):
        """What the API holds now, in the order in which it is served."""
        return parse_lines(self.admin("truth?list=" + name))

    def log(self, clear=False):
        """The requests so far, in order; query as a dict of its first values."""
        found = json.loads(self.admin("log"))["requests"]
        for entry in found:
            entry["query"] = dict(urllib.parse.parse_qsl(entry["query"], keep_blank_values=True))
        if clear:
            self.admin("log", method="DELETE")
        return found

    def get(self, path, key=True, headers=(), timeout=TIMEOUT):
        """One request as any client makes it: (status, headers, body)."""
        headers = dict(headers)
        if key:
            headers["Authorization"] = "Bearer " + self.key
        host = urllib.parse.urlsplit(self.root).netloc
        connection = http.client.HTTPConnection(host, timeout=timeout)
        try:
            connection.request("GET", path if path.startswith("/") else "/v1/" + path, headers=headers)
            answer = connection.getresponse()
            body = answer.read()
            if answer.getheader("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            return answer.status, answer.headers, body
        finally:
            connection.close()

    def json(self, path):
        return json.loads(self.get(path)[2])


def parse_lines(data):
    return [json.loads(line) for line in data.decode().splitlines()]


# abhost

class Run:
    """What a command did."""

    def __init__(self, argv, code, out, err):
        self.argv, self.code, self.out, self.err = argv, code, out, err
        self.text = out + err

    def __str__(self):
        return "$ %s\nexit %s\n%s%s" % (" ".join(map(str, self.argv)), self.code, self.out, self.err)


def environment(extra=None):
    keep = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
    keep.update(extra or {})
    return keep


def abhost_start(*args, cwd=None, env=None, before=(), program=ABHOST, stdout_to=None, **more):
    """In a process group of its own, so that a test can kill all of it. before: a command that runs it."""
    out = subprocess.PIPE if stdout_to is None else stdout_to
    return subprocess.Popen([*before, program, *map(str, args)], cwd=cwd, env=environment(env), text=True,
                            stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.PIPE,
                            start_new_session=True, errors="replace", **more)


def abhost_wait(process, timeout=TIMEOUT):
    try:
        out, err = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        out, err = process.communicate()
        err += "\n(killed by the test after %d s)\n" % timeout
    return Run(process.args, process.returncode, out or "", err)


def abhost(*args, timeout=TIMEOUT, **more):
    return abhost_wait(abhost_start(*args, **more), timeout)


def connector(name):
    """A connector of the build tree, by its file."""
    return os.path.join(BUILD, name if "/" in name else "examples/" + name) + ".so"


def write_config(folder, api, name="config.json", **more):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"api_key": api.key, "base_url": api.url, **more}, file)
    return path


MODES = {"overwrite": ("full_refresh", "overwrite"), "refresh-append": ("full_refresh", "append"),
         "append": ("incremental", "append"), "dedup": ("incremental", "append_dedup")}


def write_catalog(folder, modes, cursor="updated_at", key="id"):
    """A ConfiguredAirbyteCatalog in a file. modes: {"events": "append", ...}, by the names above."""
    streams = []
    for name, mode in modes.items():
        sync, destination = MODES[mode]
        stream = {"name": name, "json_schema": {}, "supported_sync_modes": ["full_refresh", "incremental"]}
        entry = {"stream": stream, "sync_mode": sync, "destination_sync_mode": destination}
        if sync == "incremental":
            entry["cursor_field"] = [cursor]
        if mode == "dedup":
            entry["primary_key"] = [[name] for name in key.split(",")]
        streams.append(entry)
    path = os.path.join(folder, "catalog.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"streams": streams}, file)
    return path


def worker_pids(pid):
    """Children of a process."""
    try:
        with open("/proc/%d/task/%d/children" % (pid, pid), encoding="ascii") as file:
            return [int(child) for child in file.read().split()]
    except OSError:
        return []


# Truth

SYSTEM = "_airbyte_"
RECEIVED = "_abhost_received_us"  # of Airbyte's sources


def table_name(stream):
    return re.sub(r"[^a-z0-9_]", "_", stream.lower())


def quote(name):
    return '"' + name.replace('"', '""') + '"'


def read_table(path, stream, system=False):
    """All rows as dicts, with or without the system columns, in the order in which they lie."""
    with open_db(path) as db:
        names = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        found = [n for n in names if n == stream] or [n for n in names if table_name(n) == table_name(stream)]
        if len(found) != 1:
            raise LookupError("no table for %s among %s" % (stream, names))
        cursor = db.execute("SELECT * FROM %s" % quote(found[0]))
        columns = [column[0] for column in cursor.description]
        return [{c: v for c, v in zip(columns, row) if system or not c.startswith(SYSTEM) and c != RECEIVED} for row in cursor]


class open_db:
    """A read-only connection that is closed at the end, unlike sqlite3's own."""

    def __init__(self, path):
        self.db = sqlite3.connect("file:%s?mode=ro" % urllib.parse.quote(path), uri=True)

    def __enter__(self):
        return self.db

    def __exit__(self, *why):
        self.db.close()


def same_value(cell, value):
    """Is this the cell that a JSON value should have become?"""
    if value is None:
        return cell is None
    if isinstance(value, bool):
        return type(cell) is int and cell == int(value)
    if isinstance(value, (dict, list)):
        return isinstance(cell, str) and json.loads(cell) == value
    if isinstance(value, int):
        if not -2**63 <= value < 2**63:
            return cell == str(value)
        return type(cell) in (int, float) and cell == value or cell == str(value)
    if isinstance(value, float):
        return type(cell) in (int, float) and cell == value or isinstance(cell, str) and float(cell) == value
    return cell == value


def row_difference(row, record):
    """None where the row is the record, cell by cell; else what differs."""
    named = {table_name(key): value for key, value in record.items()}
    cells = {table_name(key): cell for key, cell in row.items()}
    for key, value in named.items():
        if key not in cells:
            return "no column for %r" % key
        if not same_value(cells[key], value):
            return "%s: %r became %r" % (key, value, cells[key])
    for key, cell in cells.items():
        if key not in named and cell is not None:
            return "%s holds %r, the record has no such field" % (key, cell)
    return None


def sort_key(record):
    return json.dumps(record, sort_keys=True)


def match_rows(rows, records, key="id"):
    """None where rows and records are the same, each as often as the other, in any order; else why not."""
    by_key = {}
    for row in rows:
        by_key.setdefault(str(row.get(key)), []).append(row)
    for record in records:
        candidates = by_key.get(str(record.get(key)), [])
        why = "missing"
        for i, row in enumerate(candidates):
            why = row_difference(row, record)
            if why is None:
                del candidates[i]
                break
        else:
            return "%s %s of %d records in %d rows: %s" % (key, record.get(key), len(records), len(rows), why)
    left = [row for rest in by_key.values() for row in rest]
    if left:
        return "%d rows too many (%d rows, %d records), for example %r" % (
            len(left), len(rows), len(records), left[0])
    return None


def latest(records, key="id", cursor="updated_at"):
    """What append_dedup keeps; key: "id", or "id,ref" for a composite one.  What lacks a part of it equals no other."""
    kept, keyless = {}, []
    for record in records:
        values = tuple(record.get(name) for name in key.split(","))
        old = kept.get(values)
        if None in values:
            keyless.append(record)
        elif old is None or record[cursor] >= old[cursor]:
            kept[values] = record
    return list(kept.values()) + keyless


def newcomers(before, now):
    """Records of now that were not there before, or not in this form."""
    known = {sort_key(record) for record in before}
    return [record for record in now if sort_key(record) not in known]


def check_table(tap, path, stream, records, name, key="id"):
    try:
        why = match_rows(read_table(path, stream), records, key)
    except (LookupError, sqlite3.Error) as error:
        why = "%s: %s" % (type(error).__name__, error)
    return tap.ok(why is None, name, why)


def secrets_in(run, *paths, key=KEY):
    """Where the key can be read: must be an empty list."""
    forms = {key, urllib.parse.quote(key, safe=""), urllib.parse.quote_plus(key)}
    found = [where for where, text in (("stdout", run.out), ("stderr", run.err)) if any(f in text for f in forms)]
    for path in paths:
        for name in [path, path + "-journal", path + "-wal"]:
            if os.path.isfile(name):
                with open(name, "rb") as file:
                    data = file.read()
                if any(form.encode() in data for form in forms):
                    found.append(name)
    return found


def parallel(work, cases, threads=4):
    """[work(case) for case in cases], several at a time: most of a test's time is waiting."""
    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        return list(pool.map(work, cases))


def wait_until(condition, timeout=TIMEOUT, step=0.01):
    """True as soon as the condition holds, False after the time."""
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(step)
    return False
