#!/usr/bin/env python3
"""Where the processor time of a sync goes, stage by stage, in nanoseconds a record.

usage: tests/bench/profile.py [--records N] [--shapes flat,nested,wide] [--to append,append_dedup,lines] [--folder DIR]

perf (software clock, so it works in a virtual machine) samples both processes of a whole sync over loopback; each sample
is put down to the call that the kernel is in, else to the library and the function.  Prints a table in Markdown.
"""
import argparse
import collections
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "whole"))
from lib import ABHOST, FakeApi, connector, environment, write_config  # noqa: E402

# (stage, process, pattern); the first that is found in a sample's stack counts
STAGES = (
    ("worker: receive", "abhost-worker", r"tcp_recvmsg|sock_recvmsg|__x64_sys_(recv|read|poll)|libcurl"),
    ("worker: find the records", "abhost-worker", r"view_|skip_|scan_|lex_"),
    ("worker: hand pages over", "abhost-worker", r"shmem_|memfd|page_add|write_slot|svc_emit|memmove|memcpy|sendmsg|sendto"),
    ("worker: the rest", "abhost-worker", r""),
    ("engine: copy pages", "abhost", r"shmem_|source_page|__x64_sys_(recv|poll)"),
    ("engine: scan", "abhost", r"\b(scan_|lex_|utf8_|track_|is_space)"),
    ("engine: fsync", "abhost", r"__x64_sys_f(data)?sync|ftruncate"),
    ("engine: write", "abhost", r"__x64_sys_p?write|ksys_write"),
    ("engine: read", "abhost", r"__x64_sys_pread"),
    ("engine: fit columns", "abhost", r"\b(shape_|fit_|judge|settle)"),
    ("engine: convert values", "abhost", r"\b(rows_|result_|value_|number_)"),
    ("engine: sort the batch", "abhost", r"sqlite_batch|msort|compare|gather|add_entries|key_of"),
    ("engine: SQLite", "abhost", r"libsqlite3"),
    ("engine: put lines together", "abhost", r"jsonl_|write_record"),
    ("engine: memory copies", "abhost", r"memmove|memcpy|memset"),
    ("engine: page faults", "abhost", r"page_fault"),
    ("engine: the rest", "abhost", r""),
)


def stage_of(comm, stack):
    process = "abhost-worker" if comm.startswith("abhost-worker") else "abhost"
    text = "\n".join(stack)
    for name, whose, pattern in STAGES:
        if whose != process:
            continue
        # what is found in the whole stack is a call of the kernel; a function counts where it is at the top
        if re.search(pattern, text if pattern.startswith(("tcp", "shmem", "__x64", "page")) else stack[0]):
            return name
    return "engine: the rest"


def samples(path):
    """(command, [function (library), ...] from the inside out) of each sample."""
    text = subprocess.run(["perf", "script", "-i", path, "-F", "comm,ip,sym,dso"], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True, check=True, errors="replace").stdout
    for block in text.split("\n\n"):
        lines = block.strip("\n").split("\n")
        if len(lines) > 1:
            yield lines[0].strip(), [line.strip().split(" ", 1)[-1] for line in lines[1:]]


def profile(argv, folder, count, hertz):
    """{stage: nanoseconds a record}"""
    data = os.path.join(folder, "perf.data")
    with open(os.path.join(folder, "out"), "wb") as out, \
            subprocess.Popen(["perf", "record", "-q", "-e", "cpu-clock", "-F", str(hertz), "-g", "-o", data, *argv],
                             cwd=folder, env=environment(), stdout=subprocess.PIPE, stderr=out) as process, \
            subprocess.Popen(["cat"], stdin=process.stdout, stdout=subprocess.DEVNULL):
        process.stdout.close()
    if process.returncode != 0:
        sys.exit("exit %d of %s" % (process.returncode, " ".join(argv)))
    found = collections.Counter()
    for comm, stack in samples(data):
        if comm.startswith("abhost"):
            found[stage_of(comm, stack)] += 1e9 / hertz / count
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=1000000, help="of the flat ones; fewer of the others")
    parser.add_argument("--shapes", default="flat,nested,wide")
    parser.add_argument("--to", default="append,append_dedup,lines")
    parser.add_argument("--folder", help="where databases go; a real disk, not memory")
    options = parser.parse_args()
    if shutil.which("perf") is None:
        sys.exit("perf is not installed (linux-perf)")
    columns = []
    for shape in options.shapes.split(","):
        count = options.records // {"flat": 1, "nested": 10, "wide": 5}[shape]
        with FakeApi(users=0, events=count, shape=shape) as api:
            for mode in options.to.split(","):
                folder = tempfile.mkdtemp(prefix="abhost-profile-", dir=options.folder)
                to = ["--mode", "events=full_refresh:append", "--to", "jsonl:-"] if mode == "lines" else [
                    "--mode", "events=incremental:" + mode, "--to", "sqlite:e.db"]
                argv = [ABHOST, "run", connector("my-api"), write_config(folder, api, page_size=1000), "--streams",
                        "events", *to]
                columns.append(("%s, %s" % (shape, mode), profile(argv, folder, count, 1999)))
                shutil.rmtree(folder)
    print("| ns a record | " + " | ".join(name for name, _ in columns) + " |\n|---|" + "---|" * len(columns))
    for stage, _, _ in STAGES:
        if any(found[stage] for _, found in columns):
            print("| %s | " % stage + " | ".join("%.0f" % found[stage] for _, found in columns) + " |")
    print("| both processes | " + " | ".join("%.0f" % sum(found.values()) for _, found in columns) + " |")


main()
