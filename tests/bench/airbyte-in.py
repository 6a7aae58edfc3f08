#!/usr/bin/env python3
"""Airbyte sources as ours, by hand: tests/bench/airbyte-in.py [RECORDS]

Lines of Airbyte's protocol from a file, through `cat`, into SQLite; then source-faker into SQLite through abhost, and into DuckDB
through PyAirbyte, where tests/real/install has both.  Prints times and ratios; wall and CPU, for other work on the machine
slows the first only."""
import os
import subprocess
import sys
import tempfile
import time

SRC = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
sys.path.insert(0, os.path.join(SRC, "tests", "real"))
sys.path.insert(0, os.path.join(SRC, "tests", "whole"))
import servers  # noqa: E402
from lib import ABHOST  # noqa: E402

COUNT = int(sys.argv[1]) if len(sys.argv) > 1 else 1000000
CATALOG = ('{"type":"CATALOG","catalog":{"streams":[{"name":"users","json_schema":{"type":"object","properties":{'
           '"id":{"type":"integer"},"name":{"type":"string"},"email":{"type":"string"},"age":{"type":"integer"},'
           '"score":{"type":"number"},"active":{"type":"boolean"},"city":{"type":"string"},"updated_at":{"type":"string"}}},'
           '"supported_sync_modes":["full_refresh","incremental"],"source_defined_cursor":true,"default_cursor_field":["id"]}]}}')
PYAIRBYTE = """
import sys, pathlib, airbyte as ab
from airbyte.caches import DuckDBCache
source = ab.get_source("source-faker", local_executable=pathlib.Path(sys.argv[1]), config={"count": int(sys.argv[2]), "parallelism": 1})
source.select_all_streams()
print(source.read(cache=DuckDBCache(db_path="cache.duckdb")).processed_records)
"""


def peak_of(pid):
    """MiB that the process has had at most, so far."""
    try:
        with open("/proc/%d/status" % pid, encoding="ascii") as file:
            return max([int(line.split()[1]) / 1024 for line in file if line.startswith("VmHWM:")], default=0)
    except OSError:
        return 0


def timed(argv, cwd, env=None):
    """Wall seconds, CPU seconds of all that ran, and the most that the program itself has had, in MiB."""
    since = time.monotonic()
    with open(os.path.join(cwd, "log"), "w", encoding="utf-8") as log:
        process = subprocess.Popen(argv, cwd=cwd, env={**os.environ, **(env or {})}, stdout=log, stderr=log)
    peak, pid = 0, 0
    while pid == 0:
        time.sleep(0.02)
        peak = max(peak, peak_of(process.pid))
        pid, code, use = os.wait4(process.pid, os.WNOHANG)
    if code != 0:
        with open(os.path.join(cwd, "log"), encoding="utf-8") as log:
            raise SystemExit(log.read()[-2000:])
    return time.monotonic() - since, use.ru_utime + use.ru_stime, peak


def write(folder, name, text, mode=0o644):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, mode)
    return path


def lines(folder):
    with open(os.path.join(folder, "lines"), "w", encoding="utf-8") as file:
        for i in range(1, COUNT + 1):
            file.write('{"type":"RECORD","record":{"stream":"users","data":{"id":%d,"name":"user number %d","email":"user%d@example.com",'
                       '"age":%d,"score":%.2f,"active":true,"city":"Springfield","updated_at":"2024-05-06T10:00:00Z"},'
                       '"emitted_at":1700000000000}}\n' % (i, i, i, i % 90, i / 7))
            if i % 10000 == 0:
                file.write('{"type":"STATE","state":{"type":"STREAM","stream":{"stream_descriptor":{"name":"users"},'
                           '"stream_state":{"id":%d}}}}\n' % i)
    write(folder, "source-cat", "#!/bin/sh\ncase $1 in\nspec) echo '{\"type\":\"SPEC\",\"spec\":{\"connectionSpecification\":{}}}';;\n"
          "discover) echo '%s';;\nread) exec cat %s/lines;;\nesac\n" % (CATALOG, folder), 0o755)
    write(folder, "c.json", "{}")
    for mode in ("incremental:append", "full_refresh:overwrite"):
        wall, cpu, peak = timed([ABHOST, "run", "airbyte:./source-cat", "c.json", "--to", mode[:4] + ".db", "--mode", "users=" + mode], folder)
        print("%d lines through cat, %s: %.0f k records/s by the clock, %.0f k by CPU (cat's own with it), %.1f MiB" % (
            COUNT, mode, COUNT / wall / 1000, COUNT / cpu / 1000, peak), flush=True)
    os.unlink(os.path.join(folder, "lines"))


def faker(folder, count=20000):
    program = os.path.join(servers.installed("source-faker"), "bin", "source-faker")
    pyairbyte = os.path.join(servers.installed("pyairbyte"), "bin", "python")
    used = os.path.join(folder, "used")
    write(folder, "source-faker", '#!/bin/sh\n"%s" "$@"\ncode=$?\ntimes >>"%s"\nexit $code\n' % (program, used), 0o755)
    write(folder, "c.json", '{"count": %d, "parallelism": 1}' % count)
    wall, cpu, _ = timed([ABHOST, "run", "airbyte:./source-faker", "c.json", "--to", "faker.db"], folder)
    with open(used, encoding="utf-8") as file:
        parts = [p for line in file for p in line.split()]
    its = sum(int(p.split("m")[0]) * 60 + float(p.split("m")[1].rstrip("s")) for p in parts)
    script = write(folder, "py.py", PYAIRBYTE)
    theirs, their_cpu, _ = timed([pyairbyte, script, program, str(count)], folder,
                                 {"AIRBYTE_OFFLINE_MODE": "1", "DO_NOT_TRACK": "1", "AIRBYTE_LOGGING_ROOT": folder + "/logs"})
    print("source-faker, %d users: abhost %.1f s, %.1f s CPU; PyAirbyte into DuckDB %.1f s, %.1f s CPU: %.2f times by the clock, %.2f by CPU" % (
        count, wall, cpu, theirs, their_cpu, theirs / wall, their_cpu / cpu))
    print("abhost's own CPU: %.2f s, %.1f %% of the source's %.1f s" % (cpu - its, 100 * (cpu - its) / its, its))


with tempfile.TemporaryDirectory(prefix="abhost-bench-") as scratch:
    lines(scratch)
    faker(scratch)
