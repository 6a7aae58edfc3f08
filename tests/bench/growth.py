#!/usr/bin/env python3
"""How time grows with the table: appending to the end, and upserting changes at random keys into what is there.

usage: tests/bench/growth.py [--append N] [--dedup N,N,...] [--changes N] [--draw FILE.svg] [--folder DIR]

A connector makes the records out of nothing (tests/bench/flow.c), so that only engine, SQLite and disk are measured.
Prints figures; --draw makes the picture of docs/growth.svg of them.
"""
import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "whole"))
from lib import ABHOST, connector, environment, worker_pids  # noqa: E402


def run(folder, config, mode, options=(), on_line=None):
    """One sync; seconds. on_line(seconds since the start, event) sees the events of --json."""
    path = os.path.join(folder, "config.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump(config, file)
    begin = time.monotonic()
    process = subprocess.Popen(
        [ABHOST, "run", connector("tests/bench/flow"), path, "--json", "--mode", "events=incremental:" + mode,
         "--to", "sqlite:e.db", *options], cwd=folder, env=environment(), stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    lines = []
    for line in process.stdout:
        if line.startswith("{") and on_line:
            on_line(time.monotonic() - begin, json.loads(line), process.pid)
        lines = lines[-20:] + [line]
    if process.wait() != 0:
        sys.exit("the sync failed:\n" + "".join(lines))
    return time.monotonic() - begin


def resident(pid):
    try:
        with open("/proc/%d/status" % pid, encoding="ascii", errors="replace") as file:
            return sum(int(line.split()[1]) / 1024 for line in file if line.startswith("VmRSS:"))
    except OSError:
        return 0.0


def grow_append(count, base):
    """[(records so far, records a second since the point before)], most MiB of both processes."""
    points, most = [(0, 0.0)], 0.0
    folder = tempfile.mkdtemp(prefix="abhost-growth-", dir=base)

    def on_line(at, event, pid):
        nonlocal most
        most = max(most, resident(pid) + sum(map(resident, worker_pids(pid))))
        if event.get("event") == "progress" and event.get("records", 0) - points[-1][0] >= count // 25:
            points.append((event["records"], at))

    took = run(folder, {"rows": count}, "append", on_line=on_line)
    shutil.rmtree(folder)
    if count - points[-1][0] >= count // 50:
        points.append((count, took))
    rates = [(there, (there - before) / (at - since))
             for (before, since), (there, at) in zip(points, points[1:])]
    return rates, count / took, most


def grow_dedup(sizes, changes, base):
    """[(rows there, changed records a second)], each the middle of three rounds."""
    found = []
    for rows in sizes:
        folder = tempfile.mkdtemp(prefix="abhost-growth-", dir=base)
        run(folder, {"rows": rows}, "append_dedup")
        times = sorted(run(folder, {"rows": rows, "changes": changes, "round": n}, "append_dedup")
                       for n in (1, 2, 3))
        shutil.rmtree(folder)
        found.append((rows, changes / times[1]))
        print("append_dedup: %d changes, half of them new, into %s rows: %s records/s" % (
            changes, "{:,}".format(rows), "{:,.0f}".format(changes / times[1])), flush=True)
    return found


# The picture

WIDTH, HEIGHT, LEFT, BOTTOM = 360, 240, 70, 50


def curve(title, points, x_label, x_place, top, at):
    """One diagram; points: (x in rows, records a second)."""
    def x_of(rows):
        return at + LEFT + x_place(rows) * (WIDTH - LEFT - 20)

    def y_of(rate):
        return 40 + (1 - rate / top) * (HEIGHT - 40 - BOTTOM)

    out = ['<text x="%d" y="22" class="title">%s</text>' % (at + LEFT, title)]
    for share in (0, 0.25, 0.5, 0.75, 1):
        y = y_of(top * share)
        out.append('<line x1="%d" x2="%d" y1="%.1f" y2="%.1f" class="grid"/>' % (
            at + LEFT, at + WIDTH - 20, y, y))
        out.append('<text x="%d" y="%.1f" class="y">%s k/s</text>' % (
            at + LEFT - 6, y + 4, "{:,.0f}".format(top * share / 1000)))
    out.append('<polyline points="%s"/>' % " ".join("%.1f,%.1f" % (x_of(x), y_of(y)) for x, y in points))
    for x, y in points:
        out.append('<circle cx="%.1f" cy="%.1f" r="2.5"/>' % (x_of(x), y_of(y)))
    for x in x_label:
        out.append('<text x="%.1f" y="%d" class="x">%g M</text>' % (x_of(x), HEIGHT - BOTTOM + 18, x / 1e6))
    out.append('<text x="%d" y="%d" class="x">rows in the table</text>' % (
        at + (LEFT + WIDTH) // 2, HEIGHT - BOTTOM + 38))
    return out


def draw(path, append, dedup):
    import math
    most, sizes = append[-1][0], [rows for rows, _ in dedup]
    span = math.log(sizes[-1] / sizes[0]) or 1
    lines = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" '
             'font-size="11">' % (2 * WIDTH, HEIGHT),
             "<style>.title{font-weight:bold;font-size:13px}.grid{stroke:#ddd}.y{text-anchor:end}"
             ".x{text-anchor:middle}polyline{fill:none;stroke:#2563eb;stroke-width:2}circle{fill:#2563eb}</style>",
             '<rect width="100%" height="100%" fill="#fff"/>']
    lines += curve("append, one run", append, [most / 4, most / 2, most], lambda rows: rows / most,
                   1.15 * max(rate for _, rate in append), 0)
    lines += curve("append_dedup, random keys", dedup, sizes, lambda rows: math.log(rows / sizes[0]) / span,
                   1.15 * max(rate for _, rate in dedup), WIDTH)
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(lines + ["</svg>"]) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--append", type=int, default=10000000)
    parser.add_argument("--dedup", default="1000000,3000000,10000000")
    parser.add_argument("--changes", type=int, default=100000)
    parser.add_argument("--draw", metavar="FILE")
    parser.add_argument("--folder", help="where databases go; a real disk, not memory")
    options = parser.parse_args()
    append, rate, most = grow_append(options.append, options.folder)
    first, last = append[0][1], sum(r for _, r in append[-5:]) / len(append[-5:])
    print("append: %s rows, %s records/s, %.1f MiB at most; a record at the end takes %.2f times one at the start" % (
        "{:,}".format(options.append), "{:,.0f}".format(rate), most, first / last), flush=True)
    dedup = grow_dedup([int(n) for n in options.dedup.split(",")], options.changes, options.folder)
    if options.draw:
        draw(options.draw, append, dedup)


main()
