#!/usr/bin/env python3
"""Bodies that no client expects: each ends with a sentence that says what came, from where and what to do, soon and in
little memory; and one that is larger than any memory goes through."""
import json
import os
import re
import resource
import time

from lib import (ABHOST, BUILD, FAKE, FakeApi, Tap, abhost, abhost_start, abhost_wait, check_table, connector, latest, need,
                 parallel, read_table, scratch, secrets_in, worker_pids, write_config)

BULK = os.path.join(BUILD, "tests/zoo/bulk.so")
need(ABHOST, FAKE, connector("my-api"), BULK)
with open(os.path.join(BUILD, "abhost-worker"), "rb") as program:
    SANITIZED = b"__asan_init" in program.read()  # then memory is the sanitizer's
tap = Tap()
WHERE = r"my-api 1\.0\.0, read_page of stream events, page 1: GET http://127\.0\.0\.1:\d+/v1/events\?\S+"
CAP = r"the body is larger than 67108864 bytes, the most that is taken; ask for smaller pages, or raise it with --page-cap"
ONE = '{"data": [%s], "nextCursor": null}'

# what the API sends, what abhost says
CASES = [
    ("long=10737418240", WHERE + ": " + CAP),
    ("endless", WHERE + ": " + CAP),
    ("bomb=10737418240", WHERE + ": " + CAP),
    ("bomb", WHERE + ": " + CAP),
    ("gzip-lie", WHERE + r': the body is said to be gzip and is not: it begins with "\{"data":\[\{"id":1,'),
    ("gzip-cut", WHERE + r": the body ends in the middle of its gzip data \(tried 6 times in "),
    ("html", WHERE + r' \(200, text/html\) is not JSON: it begins with "<!DOCTYPE html>'),
    ("text=id;name", WHERE + r' \(200, application/json\) is not JSON: it begins with "id;name"'),
    ("text=" + ONE % '{"id": 1, "name": "\udcff\udcfe"}', r"stream \"?events\"?, page 1: .*UTF-8"),
    ("text=", WHERE + r" \(200, application/json\) is empty, where JSON was expected"),
]


def peak(pid):
    """The most that a process ever held, in bytes; 0 where it is gone."""
    try:
        with open("/proc/%d/status" % pid, encoding="ascii", errors="replace") as file:
            return max([int(line.split()[1]) * 1024 for line in file if line.startswith("VmHWM:")] or [0])
    except OSError:
        return 0


def watched(*args, **more):
    """(the run, the most that its worker held)."""
    process = abhost_start(*args, **more)
    most = 0
    while process.poll() is None:
        most = max([most, *map(peak, worker_pids(process.pid))])
        time.sleep(0.01)
    return abhost_wait(process), most


def run_case(case):
    fault, says = case
    folder = scratch()
    with FakeApi(users=5, events=500, seed=41) as api:
        write_config(folder, api, page_size=100)
        api.admin("faults", ("%s,path=events" % fault if not fault.startswith("text=") else fault)
                  .encode("utf-8", "surrogateescape"), "POST")
        begun = time.monotonic()
        hit, most = watched("run", connector("my-api"), "config.json", "--streams", "events", cwd=folder)
        took = time.monotonic() - begun
        api.faults()
        again = abhost("run", connector("my-api"), "config.json", cwd=folder)
        try:
            rows = len(read_table(os.path.join(folder, "my-api.db"), "events"))
        except LookupError as error:
            rows = str(error)
    return hit, most, took, again, rows, secrets_in(hit)


for (fault, says), (hit, most, took, again, rows, secrets) in zip(CASES, parallel(run_case, CASES, 2)):
    name = fault[:40].encode("ascii", "replace").decode()
    tap.ok(hit.code == 1 and re.search(says, hit.err), "%s: /%s/" % (name, says.encode("ascii", "replace").decode()), hit)
    tap.ok((most < 200 << 20 or SANITIZED) and took < 90, "%s: %d MiB, %.1f s" % (name, most >> 20, took))
    tap.same(secrets, [], "%s: the key is nowhere" % name)
    tap.ok(again.code == 0 and rows == 500, "%s: and the next run is well" % name, again, rows)


def mute_gzip():
    """Gzip that nobody announced is unpacked all the same."""
    folder = scratch()
    with FakeApi(users=5, events=500, seed=42) as api:
        write_config(folder, api, page_size=100)
        api.faults("gzip-mute")
        run = abhost("run", connector("my-api"), "config.json", cwd=folder)
        tap.ok(run.code == 0, "gzip that is not announced", run)
        check_table(tap, os.path.join(folder, "my-api.db"), "events", latest(api.truth("events")), "its rows are right")


def duplicate_keys():
    """The last one counts, and the summary tells."""
    folder = scratch()
    with FakeApi(users=5, events=5, seed=43) as api:
        write_config(folder, api)
        api.faults("text=" + ONE % '{"id": 1, "updated_at": "2024-01-02", "name": "a", "name": "b"}')
        run = abhost("run", connector("my-api"), "config.json", "--streams", "events", cwd=folder)
        names = [row["name"] for row in read_table(os.path.join(folder, "my-api.db"), "events")]
        tap.ok(run.code == 0 and names == ["b"], "of equal keys the last one counts", run, names)
        tap.ok(re.search(r"1 keys? stood twice", run.out), "and that is told", run)


def large_page(**options):
    """A large page is in the worker once, packed or not."""
    folder = scratch()
    with FakeApi(users=0, events=100000, limit_max=100000, **options) as api:
        write_config(folder, api, page_size=95000)
        run, most = watched("run", connector("my-api"), "config.json", "--streams", "events", cwd=folder)
    tap.ok(run.code == 0, "a page of 20 MB", run)
    tap.ok(20 << 20 < most < 36 << 20 or SANITIZED, "is held once: %s" % (options or "plain"), "%.1f MiB" % (most / 2**20))


def export():
    """Two gigabytes of JSON lines through a worker that never holds more than a piece of them."""
    folder = scratch()
    config = os.path.join(folder, "config.json")
    lines = 16 << 20
    with FakeApi(users=0, events=0) as api:
        with open(config, "w", encoding="utf-8") as file:
            json.dump({"url": api.url, "key": api.key, "path": "export?lines=%d" % lines, "page_bytes": 4000000}, file)
        begun = time.monotonic()
        run, most = watched("run", BULK, config, "--to", "jsonl:/dev/null", cwd=folder)
        tap.note("%.1f s, worker %.1f MiB" % (time.monotonic() - begun, most / 2**20))
        tap.ok(run.code == 0 and "{:,}".format(lines) in run.out, "two gigabytes arrive", run)
        tap.same(len(api.log()), 1, "with one request")
        tap.ok(0 < most < 48 << 20 or SANITIZED, "in constant memory", "%d bytes" % most)


def faults_of(count):
    """Pages of memory that both processes were given for the first time, in a sync of so many wide records."""
    folder = scratch()
    with FakeApi(users=0, events=count, shape="wide") as api:
        config = write_config(folder, api, page_size=1000)
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_minflt
        run = abhost("run", connector("my-api"), config, "--streams", "events", "--to", "jsonl:/dev/null", cwd=folder)
        after = resource.getrusage(resource.RUSAGE_CHILDREN).ru_minflt
    tap.same(run.code, 0, "%d wide records" % count)
    return after - before


def used_again():
    """Bodies of 1.2 MB one after the other, with the default memory: what the first ones took serves for all."""
    few, many = faults_of(20000), faults_of(80000)
    more = (many - few) / 60
    tap.ok(more < 60 or SANITIZED, "a body's memory is used again", "%.0f page faults for each body" % more)


used_again()
mute_gzip()
duplicate_keys()
large_page()
large_page(gzip=True)
export()
tap.done()
