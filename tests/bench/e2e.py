#!/usr/bin/env python3
"""End-to-end benchmark: whole commands over loopback, each figure beside a reference measured in the same run.

usage: tests/bench/e2e.py [--rounds N] [--quick] [--huge] [--only NAME[,NAME...]] [--json FILE]

--quick: a tenth of the records; --huge: memory at ten million records too (some minutes and 5 GB of disk).
Prints medians; no figure makes it fail.  The variants of a round take turns, so that a slow minute of the machine
hits all of them.
"""
import argparse
import http.client
import json
import os
import resource
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "whole"))
from lib import ABHOST, BUILD, FakeApi, connector, environment, worker_pids, write_config  # noqa: E402

WORKER = os.path.join(BUILD, "abhost-worker")
BARE_CURL = os.path.join(BUILD, "tests/bench/http")
BARE_LOOP = os.path.join(BUILD, "tests/bench/dest")


class Report:
    """Lines for people, and the same as JSON."""

    def __init__(self):
        self.figures = {}

    def add(self, name, value, unit, wanted=None, **more):
        self.figures[name] = {"value": value, "unit": unit, "wanted": wanted, **more}
        text = "%-44s %12s %-10s" % (name, "%.3g" % value if value < 100 else "{:,.0f}".format(value), unit)
        if wanted:
            text += " wanted: " + wanted
        print(text, flush=True)


class Bench:
    def __init__(self, options):
        self.options = options
        self.report = Report()
        self.folder = tempfile.mkdtemp(prefix="abhost-bench-", dir=options.folder)
        self.scale = 10 if options.quick else 1

    def fresh(self):
        """A new folder for a run: never the same file twice."""
        return tempfile.mkdtemp(dir=self.folder)

    def config(self, api, **more):
        return write_config(self.fresh(), api, **more)

    def rounds(self, *variants):
        """{name: [seconds]}; the variants take turns."""
        times = {name: [] for name, _ in variants}
        for _ in range(self.options.rounds):
            for name, work in variants:
                times[name].append(work())
        return times


def run_timed(argv, cwd):
    """Seconds from the command to the prompt."""
    begin = time.monotonic()
    done = subprocess.run(argv, cwd=cwd, env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False)
    took = time.monotonic() - begin
    if done.returncode != 0:
        sys.exit("%s failed:\n%s" % (" ".join(argv), done.stdout.decode(errors="replace")))
    return took


def spawn_timed(argv):
    """The same for very short programs, without subprocess's own milliseconds."""
    actions = [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_RDWR, 0) for fd in (0, 1, 2)]
    begin = time.monotonic_ns()
    os.waitpid(os.posix_spawn(argv[0], argv, environment(), file_actions=actions), 0)
    return (time.monotonic_ns() - begin) / 1e9


def median(values):
    return statistics.median(values)


def check_count(path, wanted):
    db = sqlite3.connect(path)
    found = db.execute("SELECT count(*) FROM events").fetchone()[0]
    db.close()
    if found != wanted:
        sys.exit("%s holds %d events, not %d" % (path, found, wanted))


def sync(bench, config, count, mode="events=incremental:append_dedup"):
    """One whole first sync into a new file."""
    folder = bench.fresh()
    took = run_timed([ABHOST, "run", connector("my-api"), config, "--streams", "events", "--mode", mode,
                      "--to", "sqlite:e.db", *(["--verify"] if bench.options.verify else [])], folder)
    check_count(os.path.join(folder, "e.db"), count)
    shutil.rmtree(folder)
    return took


def python_sync(bench, api, count, size):
    """What a careful script does: keep-alive, json, executemany, one transaction for many pages."""
    folder = bench.fresh()
    begin = time.monotonic()
    db = sqlite3.connect(os.path.join(folder, "e.db"), isolation_level=None)
    db.execute("PRAGMA page_size = 32768")
    db.execute("CREATE TABLE events (id INTEGER PRIMARY KEY, updated_at TEXT, type TEXT, actor TEXT, amount REAL,"
               " ref INTEGER, active INTEGER, name TEXT, created_at TEXT)")
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(api.url).netloc)
    query = {"limit": size, "updated_after": "2024-01-01"}
    pending = 0
    while True:
        connection.request("GET", "/v1/events?" + urllib.parse.urlencode(query),
                           headers={"Authorization": "Bearer " + api.key})
        page = json.loads(connection.getresponse().read())
        if not pending:
            db.execute("BEGIN")
        db.executemany("INSERT OR REPLACE INTO events VALUES (:id, :updated_at, :type, :actor, :amount, :ref,"
                       " :active, :name, :created_at)", page["data"])
        pending += len(page["data"])
        query["cursor"] = page["nextCursor"]
        if pending >= 100000 or not page["nextCursor"]:
            db.execute("COMMIT")
            pending = 0
        if not page["nextCursor"]:
            break
    db.close()
    connection.close()
    took = time.monotonic() - begin
    check_count(os.path.join(folder, "e.db"), count)
    shutil.rmtree(folder)
    return took


def curl_pages(bench, api, count, size):
    """All pages by one curl into nothing: how fast the server and the loopback are."""
    path = os.path.join(bench.folder, "curl-%d-%s" % (size, urllib.parse.urlsplit(api.url).port))
    if not os.path.exists(path):
        with open(path, "w", encoding="ascii") as file:
            for number in range((count + size - 1) // size):
                file.write('url = "%sby-page/events?limit=%d&page=%d"\noutput = /dev/null\n' % (
                    api.url, size, number + 1))
    return run_timed(["curl", "-sS", "-H", "Authorization: Bearer " + api.key, "-K", path], bench.folder)


def bare_loop(bench, count, size):
    """{mode: records a second} of the bare loop: the same pages from memory, scanned and written by two threads."""
    done = subprocess.run([BARE_LOOP, str(count), str(size), bench.folder], env=environment(), stdout=subprocess.PIPE,
                          text=True, check=True)
    found = {}
    for line in done.stdout.splitlines():
        for mode, name in (("append", "append, two threads"), ("append_dedup", "append_dedup, all new"),
                           ("repeats", "append_dedup, half repeated")):
            if line.startswith(name):
                found[mode] = float(line[len(name):].split()[0])
    return found


def throughput(bench):
    """A million flat records, in pages of 1,000 and of 200, beside curl and the bare loop."""
    count = 1000000 // bench.scale
    for size, wanted in ((1000, 1000000), (200, 600000)):
        with FakeApi(users=0, events=count) as api:
            config = bench.config(api, page_size=size)
            rates = {"append": [], "append_dedup": [], "curl": []}
            bare = []
            for _ in range(bench.options.rounds):
                for mode in ("append", "append_dedup"):
                    rates[mode].append(count / sync(bench, config, count, "events=incremental:" + mode))
                rates["curl"].append(count / curl_pages(bench, api, count, size))
                if os.path.exists(BARE_LOOP):
                    bare.append(bare_loop(bench, count, size))
        print("%d flat records, %d a page" % (count, size))
        for mode in ("append", "append_dedup"):
            bench.report.add("  %s, %d" % (mode, size), median(rates[mode]), "records/s",
                             "{:,}".format(wanted), all=rates[mode])
            if bare:
                bench.report.add("    bare loop, %s, %d" % (mode, size), median([b[mode] for b in bare]), "records/s")
                bench.report.add("    %s, %d, of the bare loop" % (mode, size), median(
                    [mine / b[mode] for mine, b in zip(rates[mode], bare)]), "", "0.7")
        bench.report.add("  curl into nothing, %d" % size, median(rates["curl"]), "records/s")
    few = count // 5
    with FakeApi(users=0, events=few) as api:
        bench.report.add("  Python: http.client, json, sqlite3", few / python_sync(bench, api, few, 1000),
                         "records/s")


def bare_curl(api, pages, size):
    """Seconds for all pages by bare libcurl in a loop, into nothing."""
    done = subprocess.run([BARE_CURL, "--pages", str(pages), "%sby-page/events?limit=%d&page=" % (api.url, size),
                           "Authorization: Bearer " + api.key], env=environment(), stdout=subprocess.PIPE, text=True,
                          check=True)
    return float(done.stdout)


def cpu_of_empty_requests(bench, api):
    """Client CPU of a request whose answer is next to nothing, of host/net and of bare libcurl."""
    done = subprocess.run([BARE_CURL, api.root + "/_admin/truth?list=users", str(10000 // bench.scale)], env=environment(),
                          stdout=subprocess.PIPE, text=True, check=True)
    rows = {line[:13].strip(): line[13:].split() for line in done.stdout.splitlines()}
    bench.report.add("CPU of a request, host/net", float(rows["host/net"][0]), "us")
    bench.report.add("  of bare libcurl's", float(rows["ratio"][0]), "", "2 at most")


def requests(bench):
    """Requests of 200 records, and empty ones, beside bare libcurl in a loop."""
    size, pages = 200, 5000 // bench.scale
    with FakeApi(users=0, events=size * pages) as api:
        config = bench.config(api, page_size=size)

        def run_to(place):
            return lambda: run_timed([ABHOST, "run", connector("my-api"), config, "--streams", "events", "--mode",
                                      "events=full_refresh:append", "--to", place], bench.fresh())

        times = bench.rounds(("bare", lambda: bare_curl(api, pages, size)),
                             ("jsonl", run_to("jsonl:/dev/null")), ("sqlite", run_to("sqlite:e.db")))
        bench.report.add("requests of 200 records, bare libcurl", pages / median(times["bare"]), "requests/s")
        for name, wanted in (("jsonl", "0.6"), ("sqlite", "0.4")):
            bench.report.add("  into " + name, pages / median(times[name]), "requests/s")
            bench.report.add("  into %s, of bare libcurl's" % name, median(
                [bare / mine for bare, mine in zip(times["bare"], times[name])]), "", wanted)
        cpu_of_empty_requests(bench, api)


def partitions(bench):
    """A page of each of 160 partitions from a server that takes 100 ms for it, one at a time and eight."""
    count = 160
    sliced = os.path.join(BUILD, "tests/bench/sliced.so")
    if "--concurrency" not in subprocess.run([ABHOST, "run", "--help"], stdout=subprocess.PIPE, text=True,
                                             check=True).stdout:
        print("partitions: this abhost reads one at a time", flush=True)
        return
    with FakeApi("--fault", "drip=5", users=0, events=200 * count) as api:
        config = bench.config(api, pages=list(range(1, count + 1)))

        def run_with(lanes):
            return lambda: run_timed([ABHOST, "run", sliced, config, "--concurrency", str(lanes), "--to",
                                      "jsonl:/dev/null"], bench.fresh())

        times = bench.rounds(("1", run_with(1)), ("8", run_with(8)))
        for lanes in ("1", "8"):
            bench.report.add("160 partitions of 100 ms, %s at once" % lanes, median(times[lanes]), "s")
        bench.report.add("  8 at once against 1", median(
            [one / eight for one, eight in zip(times["1"], times["8"])]), "times", "7")


def gzip_bodies(bench):
    """Flat records in gzip bodies; the server packs each page once, in a run that is not counted."""
    count = 1000000 // bench.scale
    for name, wanted, options in (("gzip", "900,000", {"gzip_once": True}), ("plain", None, {})):
        with FakeApi(users=0, events=count, **options) as api:
            config = bench.config(api, page_size=1000)
            sync(bench, config, count, "events=incremental:append")
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            times = bench.rounds((name, lambda: sync(bench, config, count, "events=incremental:append")))[name]
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        bench.report.add("%s bodies, flat, 1000" % name, count / median(times), "records/s", wanted)
        bench.report.add("  CPU of abhost and worker, %s" % name, cpu / len(times) / count * 1e6, "us/record")


def shapes(bench):
    """Nested and wide records, 1,000 a page, beside curl."""
    for shape, count, wanted in (("nested", 50000, "100,000"), ("wide", 200000, "190,000")):
        count //= bench.scale
        with FakeApi(users=0, events=count, shape=shape) as api:
            config = bench.config(api, page_size=1000)
            modes = [(mode, lambda mode=mode: sync(bench, config, count, "events=incremental:" + mode))
                     for mode in ("append", "append_dedup")]
            times = bench.rounds(*modes, ("curl", lambda: curl_pages(bench, api, count, 1000)))
        for mode, _ in modes:
            bench.report.add("%s, %d %s records" % (mode, count, shape), count / median(times[mode]), "records/s", wanted)
        bench.report.add("  curl into nothing, %s" % shape, count / median(times["curl"]), "records/s")


def repeats(bench):
    """append_dedup where each event comes twice, the second time anywhere behind the first: half of the records meet a row."""
    for shape, count, wanted in (("flat", 1000000, "400,000"), ("nested", 100000, "100,000"),
                                 ("wide", 200000, "170,000")):
        count //= bench.scale
        with FakeApi(users=0, events=count // 2, shape=shape, duplicates=100, distance=count) as api:
            config = bench.config(api, page_size=1000)
            variants = [("abhost", lambda: sync(bench, config, count // 2, "events=full_refresh:append_dedup")),
                        ("curl", lambda: curl_pages(bench, api, count, 1000))]
            if shape == "flat" and os.path.exists(BARE_LOOP):
                variants.append(("bare", lambda: count / bare_loop(bench, count, 1000)["repeats"]))
            times = bench.rounds(*variants)
        for name, text in (("abhost", "append_dedup, half repeats"), ("bare", "  bare loop, half repeats"),
                           ("curl", "  curl into nothing, half repeats")):
            if name in times:
                bench.report.add("%s, %s" % (text, shape), count / median(times[name]), "records/s",
                                 wanted if name == "abhost" else None)


def piped(argv, cwd):
    """(seconds, processor seconds of the command and its workers): its standard output goes through a pipe to cat."""
    begin = time.monotonic()
    with subprocess.Popen(argv, cwd=cwd, env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL) as process, \
            subprocess.Popen(["cat"], stdin=process.stdout, stdout=subprocess.DEVNULL) as reader:
        process.stdout.close()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        reader.wait()
    if process.returncode != 0:
        sys.exit("%s: exit %d" % (" ".join(argv), process.returncode))
    return time.monotonic() - begin, used.ru_utime + used.ru_stime


def lines(bench):
    """JSON Lines through a pipe into cat: flat, nested and wide records."""
    for shape, count, wanted in (("flat", 1000000, "3,000,000"), ("nested", 100000, "200,000"),
                                 ("wide", 200000, "500,000")):
        count //= bench.scale
        with FakeApi(users=0, events=count, shape=shape) as api:
            argv = [ABHOST, "run", connector("my-api"), bench.config(api, page_size=1000), "--streams", "events",
                    "--mode", "events=full_refresh:append", "--to", "jsonl:-"]
            both = [piped(argv, bench.fresh()) for _ in range(bench.options.rounds)]
            curl = median([curl_pages(bench, api, count, 1000) for _ in range(bench.options.rounds)])
        bench.report.add("JSON Lines to a pipe, %s" % shape, count / median([wall for wall, _ in both]), "records/s", wanted)
        bench.report.add("  processor time, both processes", median([cpu for _, cpu in both]) / count * 1e6, "us/record")
        bench.report.add("  curl into nothing", count / curl, "records/s")


def short(bench):
    """Ten thousand records, nothing new, first request: each beside curl."""
    with FakeApi(users=0, events=10000) as api:
        config = bench.config(api, page_size=1000)
        times = bench.rounds(("abhost", lambda: sync(bench, config, 10000)))
        bench.report.add("10,000 records, command to prompt", median(times["abhost"]) * 1000, "ms", "100")
        folder = bench.fresh()
        argv = [ABHOST, "run", connector("my-api"), config, "--streams", "events", "--to", "sqlite:e.db"]
        curl = ["curl", "-sS", "-o", "/dev/null", "-H", "Authorization: Bearer " + api.key,
                api.url + "events?limit=1"]
        run_timed(argv, folder)

        def first_request():
            api.admin("log", method="DELETE")
            begin = time.monotonic()
            run_timed(argv, folder)
            return json.loads(api.admin("log"))["requests"][0]["at"] / 1e6 - begin

        bench.options.rounds, kept = max(bench.options.rounds, 21), bench.options.rounds
        times = bench.rounds(("curl", lambda: run_timed(curl, folder)), ("run", lambda: run_timed(argv, folder)),
                             ("first", first_request))
        bench.options.rounds = kept
        one = median(times["curl"])
        bench.report.add("one request by curl", one * 1000, "ms")
        bench.report.add("start of run to its first request", median(times["first"]) * 1000, "ms",
                         "2 curl", ratio=median(times["first"]) / one)
        bench.report.add("  of curl's time", median(times["first"]) / one, "", "2")
        bench.report.add("a run with nothing new", median(times["run"]) * 1000, "ms", "3 curl")
        bench.report.add("  of curl's time (nothing new)", median(times["run"]) / one, "", "3")


CDK = os.path.join(os.environ.get("ABHOST_REAL_CACHE") or os.path.expanduser("~/.cache/abhost-real"),
                   "cdk-7.39.1/bin/source-declarative-manifest")
CDK_RECORDS = 30000


def put(folder, name, value):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as file:
        json.dump(value, file)
    return path


def catalog_of(folder, *names):
    """A configured catalog, a full refresh of each."""
    streams = [{"stream": {"name": name, "json_schema": {}, "supported_sync_modes": ["full_refresh"]},
                "sync_mode": "full_refresh", "destination_sync_mode": "overwrite"} for name in names]
    return put(folder, "catalog-%s.json" % "-".join(names), {"streams": streams})


def manifest_of(api):
    """The same list for the declarative engine of Airbyte's CDK."""
    auth = {"type": "BearerAuthenticator", "api_token": api.key}
    requester = {"type": "HttpRequester", "url_base": api.url, "path": "events", "authenticator": auth}
    paginator = {"type": "DefaultPaginator", "page_token_option": {
        "type": "RequestOption", "inject_into": "request_parameter", "field_name": "cursor"}, "page_size_option": {
            "type": "RequestOption", "inject_into": "request_parameter", "field_name": "limit"},
        "pagination_strategy": {"type": "CursorPagination", "page_size": 1000,
                                "cursor_value": "{{ response.get('nextCursor') or '' }}",
                                "stop_condition": "{{ not response.get('nextCursor') }}"}}
    retriever = {"type": "SimpleRetriever", "requester": requester, "paginator": paginator, "record_selector": {
        "type": "RecordSelector", "extractor": {"type": "DpathExtractor", "field_path": ["data"]}}}
    stream = {"type": "DeclarativeStream", "name": "events", "retriever": retriever, "schema_loader": {
        "type": "InlineSchemaLoader", "schema": {"type": "object", "properties": {}}}}
    return {"version": "6.0.0", "type": "DeclarativeSource", "streams": [stream],
            "spec": {"type": "Spec", "connection_specification": {"type": "object"}},
            "check": {"type": "CheckStream", "stream_names": ["events"]}}


def first_record(argv):
    """Seconds until a program's first RECORD."""
    begin = time.monotonic()
    with subprocess.Popen(argv, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        while '"RECORD"' not in (process.stdout.readline() or b'"RECORD"').decode():
            pass
        took = time.monotonic() - begin
        process.terminate()
    return took


def cdk_rate(argv):
    """Records a second of a slow program, without its start: from its first record on."""
    with subprocess.Popen(argv, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        seen = begin = 0
        for line in process.stdout:
            if b'"RECORD"' in line:
                begin = begin or time.monotonic()
                seen += 1
                if seen == CDK_RECORDS:
                    break
        took = time.monotonic() - begin
        process.kill()
    if seen < CDK_RECORDS:
        sys.exit("%s: only %d records" % (argv[0], seen))
    return seen / took


def airbyte(bench):
    """A connector as an Airbyte source, read through a pipe by cat, as a client would."""
    folder, count = bench.fresh(), 1000000 // bench.scale
    catalog, flow = catalog_of(folder, "events"), connector("tests/bench/flow")
    self_made = put(folder, "flow.json", {"rows": count})
    with FakeApi(users=0, events=count) as api:
        config = bench.config(api, page_size=1000)
        my_api = [ABHOST, "airbyte", connector("my-api")]
        read = my_api + ["read", "--config", config, "--catalog", catalog]

        def piped(argv):
            return run_timed(["sh", "-c", '"$@" | cat >/dev/null', "sh", *argv], folder)

        times = bench.rounds(
            ("read", lambda: piped(read)), ("curl", lambda: curl_pages(bench, api, count, 1000)),
            ("made", lambda: piped([ABHOST, "airbyte", flow, "read", "--config", self_made, "--catalog", catalog])))
        for name, what in (("read", "airbyte read, from the API"), ("made", "  records made by the connector (slower to make)"),
                           ("curl", "  the same pages by curl")):
            bench.report.add(what, count / median(times[name]), "records/s", "3 M" if name == "read" else None)
        if os.path.exists(CDK):
            injected = put(folder, "cdk.json", {"__injected_declarative_manifest": manifest_of(api)})
            rate = cdk_rate([CDK, "read", "--config", injected, "--catalog", catalog])
            bench.report.add("  the CDK's declarative engine", rate, "records/s")
            bench.report.add("  airbyte read in its place", count / median(times["read"]) / rate, "times", "100")
        bench.options.rounds, kept = max(bench.options.rounds, 21), bench.options.rounds
        times = bench.rounds(("true", lambda: spawn_timed(["/bin/true"])),
                             ("spec", lambda: spawn_timed(my_api + ["spec"])),
                             ("check", lambda: spawn_timed(my_api + ["check", "--config", config])),
                             ("first", lambda: first_record(read)))
        bench.options.rounds = kept
    bench.report.add("airbyte spec", median(times["spec"]) * 1000, "ms")
    bench.report.add("  of /bin/true's time", median(times["spec"]) / median(times["true"]), "times", "3")
    bench.report.add("airbyte check", median(times["check"]) * 1000, "ms", "60")
    bench.report.add("airbyte read, its first record", median(times["first"]) * 1000, "ms", "60")


def help_time(bench):
    true, helps = [], []
    for _ in range(200):
        true.append(spawn_timed(["/bin/true"]))
        helps.append(spawn_timed([ABHOST, "--help"]))
    bench.report.add("/bin/true", median(true) * 1000, "ms")
    bench.report.add("abhost --help", median(helps) * 1000, "ms", "3 times /bin/true")
    bench.report.add("  of /bin/true's time", median(helps) / median(true), "", "3")


def resident(pid):
    """(resident bytes now, most ever) of a process; zeros where it is gone."""
    now = most = 0
    try:
        with open("/proc/%d/status" % pid, encoding="ascii", errors="replace") as file:
            for line in file:
                if line.startswith("VmRSS:"):
                    now = int(line.split()[1]) * 1024
                elif line.startswith("VmHWM:"):
                    most = int(line.split()[1]) * 1024
    except OSError:
        pass
    return now, most


def watch_memory(argv, cwd):
    """(peak of the sum of resident sets, [peak of the command, of its children]) in bytes."""
    process = subprocess.Popen(argv, cwd=cwd, env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    peak, each = 0, {}
    done = threading.Event()
    threading.Thread(target=lambda: (process.wait(), done.set()), daemon=True).start()
    while not done.is_set():
        total = 0
        for pid in [process.pid, *worker_pids(process.pid)]:
            now, most = resident(pid)
            total += now
            each[pid] = max(each.get(pid, 0), most)
        peak = max(peak, total)
        done.wait(0.002)
    if process.returncode != 0:
        sys.exit("%s: exit %d" % (" ".join(argv), process.returncode))
    return peak, list(each.values())


def memory(bench):
    """Both processes at their peak together, by the mode: append_dedup holds a larger page cache and a sorted batch."""
    cases = [("flat", 10000), ("flat", 1000000 // bench.scale), ("wide", 100000 // bench.scale),
             ("nested", 50000 // bench.scale)]
    if bench.options.huge:
        cases.insert(2, ("flat", 10000000))
    for mode, wanted in (("append", "32"), ("append_dedup", "80")):
        for shape, count in cases:
            with FakeApi(users=0, events=count, shape=shape) as api:
                folder = bench.fresh()
                config = bench.config(api, page_size=1000)
                peak, each = watch_memory([ABHOST, "run", connector("my-api"), config, "--streams", "events", "--mode",
                                           "events=incremental:" + mode, "--to", "sqlite:e.db"], folder)
                check_count(os.path.join(folder, "e.db"), count)
                shutil.rmtree(folder)
            bench.report.add("memory, %s, %d %s records" % (mode, count, shape), peak / 2**20, "MiB", wanted)
            for name, most in zip(("engine", "worker"), each):
                bench.report.add("  %s, %s, %d %s records" % (name, mode, count, shape), most / 2**20, "MiB")


def sizes(bench):
    total = 0
    for path in (ABHOST, WORKER):
        copy = os.path.join(bench.folder, os.path.basename(path))
        subprocess.run(["strip", "-o", copy, path], check=True)
        total += os.path.getsize(copy)
    bench.report.add("abhost and abhost-worker, stripped", total / 1024, "KiB", "1024")


def main():
    parts = {"throughput": throughput, "requests": requests, "partitions": partitions, "gzip": gzip_bodies,
             "shapes": shapes, "repeats": repeats, "lines": lines, "short": short, "help": help_time, "memory": memory,
             "sizes": sizes, "airbyte": airbyte}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--huge", action="store_true")
    parser.add_argument("--verify", action="store_true", help="every sync compares what it wrote: slower, and surer")
    parser.add_argument("--only", default=",".join(parts))
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument("--folder", help="where databases go; a real disk, not memory")
    options = parser.parse_args()
    bench = Bench(options)
    try:
        for name in options.only.split(","):
            parts[name](bench)
    finally:
        shutil.rmtree(bench.folder, ignore_errors=True)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(bench.report.figures, file, indent=1)


main()
