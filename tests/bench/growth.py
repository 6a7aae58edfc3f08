#!/usr/bin/env python3
"""How time grows with the table: appending to the end, and upserting changes at random keys into what is there.

usage: tests/bench/growth.py [--append N] [--dedup N,N,...] [--changes N] [--draw FILE.svg] [--folder DIR]

A connector makes the records out of nothing (tests/bench/flow.c), so that only engine, SQLite and disk are measured.
Each figure comes twice: by the clock, and as the records that the engine's processor time alone would allow, which a
busy machine does not change much.  --draw makes the picture docs/growth.svg of them; --load and --save keep figures.
"""
import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "whole"))
from lib import ABHOST, connector, environment, worker_pids  # noqa: E402


def run(folder, config, mode, options=(), on_line=None):
    """One sync; seconds by the clock, and of the processor for both processes. on_line(seconds since the start, event) sees the events of --json."""
    path = os.path.join(folder, "config.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump(config, file)
    begin, before = time.monotonic(), children_cpu()
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
    return time.monotonic() - begin, children_cpu() - before


def children_cpu():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def cpu_of(pid):
    """Seconds that a process has computed so far."""
    try:
        with open("/proc/%d/stat" % pid, encoding="ascii", errors="replace") as file:
            words = file.read().rsplit(")", 1)[1].split()
    except OSError:
        return 0.0
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def resident(pid):
    try:
        with open("/proc/%d/status" % pid, encoding="ascii", errors="replace") as file:
            return sum(int(line.split()[1]) / 1024 for line in file if line.startswith("VmRSS:"))
    except OSError:
        return 0.0


def grow_append(count, base):
    """[(records so far, records a second since the point before, the same by the engine's processor time)], most MiB of
    both processes."""
    points, most = [(0, 0.0, 0.0)], 0.0
    folder = tempfile.mkdtemp(prefix="abhost-growth-", dir=base)

    def on_line(at, event, pid):
        nonlocal most
        most = max(most, resident(pid) + sum(map(resident, worker_pids(pid))))
        if event.get("event") == "progress" and event.get("records", 0) - points[-1][0] >= count // 25:
            points.append((event["records"], at, cpu_of(pid)))

    took, _ = run(folder, {"rows": count}, "append", on_line=on_line)
    shutil.rmtree(folder)
    rates = [(now[0], (now[0] - last[0]) / (now[1] - last[1]), (now[0] - last[0]) / max(now[2] - last[2], 0.01))
             for last, now in zip(points, points[1:])]
    return rates, count / took, most


def grow_dedup(sizes, changes, base):
    """[(rows there, changed records a second, the same by processor time)], each the middle of three rounds."""
    found = []
    for rows in sizes:
        folder = tempfile.mkdtemp(prefix="abhost-growth-", dir=base)
        run(folder, {"rows": rows}, "append_dedup")
        rounds = [run(folder, {"rows": rows, "changes": changes, "round": n}, "append_dedup") for n in (1, 2, 3)]
        shutil.rmtree(folder)
        wall, cpu = (changes / sorted(column)[1] for column in zip(*rounds))
        found.append((rows, wall, cpu))
        print("append_dedup: %d changes, half of them new, into %s rows: %s records/s; by processor time %s" % (
            changes, "{:,}".format(rows), "{:,.0f}".format(wall), "{:,.0f}".format(cpu)), flush=True)
    return found


# The picture

WIDTH, HEIGHT, LEFT, BOTTOM = 360, 240, 70, 50


def curve(title, points, x_label, x_place, top, at):
    """One diagram; points: (x in rows, records a second by the clock, by processor time)."""
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
    for kind, ys in (("cpu", [p[2] for p in points]), ("wall", [p[1] for p in points])):
        places = [(x_of(p[0]), y_of(y)) for p, y in zip(points, ys)]
        out.append('<polyline class="%s" points="%s"/>' % (kind, " ".join("%.1f,%.1f" % place for place in places)))
        out += ['<circle class="%s" cx="%.1f" cy="%.1f" r="2.5"/>' % (kind, x, y) for x, y in places]
    for x in x_label:
        out.append('<text x="%.1f" y="%d" class="x">%g M</text>' % (x_of(x), HEIGHT - BOTTOM + 18, x / 1e6))
    out.append('<text x="%d" y="%d" class="x">rows in the table</text>' % (
        at + (LEFT + WIDTH) // 2, HEIGHT - BOTTOM + 38))
    return out


def draw(path, append, dedup):
    import math
    most, sizes = append[-1][0], [point[0] for point in dedup]
    span = math.log(sizes[-1] / sizes[0]) or 1
    lines = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" '
             'font-size="11">' % (2 * WIDTH, HEIGHT + 16),
             "<style>.title{font-weight:bold;font-size:13px}.grid{stroke:#ddd}.y{text-anchor:end}"
             ".x{text-anchor:middle}polyline{fill:none;stroke-width:2}.wall{stroke:#2563eb}.cpu{stroke:#aaa}"
             "circle.wall{fill:#2563eb}circle.cpu{fill:#aaa}</style>",
             '<rect width="100%" height="100%" fill="#fff"/>']
    lines += curve("append, one run", append, [most / 4, most / 2, most], lambda rows: rows / most,
                   1.15 * max(max(point[1:]) for point in append), 0)
    lines += curve("append_dedup, random keys", dedup, sizes, lambda rows: math.log(rows / sizes[0]) / span,
                   1.15 * max(max(point[1:]) for point in dedup), WIDTH)
    lines.append('<text x="%d" y="%d" class="x">blue: by the clock; grey: what the processor time alone would allow'
                 '</text>' % (WIDTH, HEIGHT + 8))
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(lines + ["</svg>"]) + "\n")


def measure(options):
    append, rate, most = grow_append(options.append, options.folder)
    first, last = append[0], append[-5:]
    grown = [first[kind] / (sum(point[kind] for point in last) / len(last)) for kind in (1, 2)]
    print("append: %s rows, %s records/s, %.1f MiB at most; a record at the end takes %.2f times one at the start, %.2f "
          "times its processor time" % ("{:,}".format(options.append), "{:,.0f}".format(rate), most, *grown), flush=True)
    return append, grow_dedup([int(n) for n in options.dedup.split(",")], options.changes, options.folder)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--append", type=int, default=10000000)
    parser.add_argument("--dedup", default="1000000,3000000,10000000")
    parser.add_argument("--changes", type=int, default=100000)
    parser.add_argument("--draw", metavar="FILE")
    parser.add_argument("--folder", help="where databases go; a real disk, not memory")
    parser.add_argument("--save", metavar="FILE.json")
    parser.add_argument("--load", metavar="FILE.json", help="draw these figures instead of measuring")
    options = parser.parse_args()
    if options.load:
        with open(options.load, encoding="utf-8") as file:
            append, dedup = json.load(file)
    else:
        append, dedup = measure(options)
    if options.save:
        with open(options.save, "w", encoding="utf-8") as file:
            json.dump([append, dedup], file)
    if options.draw:
        draw(options.draw, append, dedup)


main()
