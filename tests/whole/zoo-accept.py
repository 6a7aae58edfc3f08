#!/usr/bin/env python3
"""The acceptance kit against the zoo of tests/zoo/kit: each connector there has one mistake, and fails the check of that mistake
first, and nothing else but what depends on it; those that have none pass all; and no check exists that cannot fail."""
import concurrent.futures
import json
import os
import shutil
import subprocess

from lib import ABHOST, SRC, Tap, abhost, need, scratch

need(ABHOST)
tap = Tap()
KIT = os.path.join(SRC, "tests", "zoo", "kit")
CC = os.environ.get("CC", "cc").split()
FLAGS = ["-std=c11", "-shared", "-fPIC", "-O1", "-g", "-I", os.path.join(SRC, "sdk", "include")]
PAGES = "1500"  # enough to see a leak of a few bytes a page


class Row:
    """A line of the table."""

    def __init__(self, line):
        self.source, self.check, *flags = line.split()
        self.mode = next((int(f[5:], 8) for f in flags if f.startswith("mode=")), None)
        self.flags = [f for f in flags if not f.startswith("mode=")]


def table():
    with open(os.path.join(KIT, "table"), encoding="utf-8") as file:
        return [Row(line) for line in file if line.strip() and not line.startswith("#")]


def without_valgrind():
    """A PATH on which it is not found: it takes seconds, and is asked for only where it must find something."""
    folder = scratch()
    return {"PATH": folder}


def build(row, number, folder):
    """In a folder of its own, with configuration and fixtures beside it, as an author has it."""
    place = os.path.join(folder, str(number))
    os.mkdir(place)
    out = os.path.join(place, row.source + ".so")
    made = subprocess.run([*CC, *FLAGS, os.path.join(KIT, row.source + ".c"), "-o", out, *row.flags], stderr=subprocess.PIPE,
                          text=True)
    if made.returncode != 0:
        return None, made.stderr
    os.chmod(out, row.mode or 0o644)
    shutil.copy(os.path.join(KIT, "config.json"), place)
    shutil.copytree(os.path.join(KIT, "fixtures"), os.path.join(place, "fixtures"))
    return out, ""


def run(row, number, folder, slow):
    out, why = build(row, number, folder)
    if out is None:
        return None, why, row
    env = None if row.check == slow or row.source == "good" else without_valgrind()
    done = abhost("test", out, "--json", "--pages", PAGES, env=env)
    return [json.loads(line) for line in done.out.splitlines()], done, row


def impossible(found, row):
    """Why this check cannot be made here: valgrind is not installed, or a sanitizer counts the memory."""
    if row.check not in ("memory-valgrind", "memory-growth"):
        return ""
    own = next((r for r in found or [] if r["name"] == row.check), {})
    return own["reason"] if own.get("result") == "skipped" and " failed" not in own["reason"] else ""


def once(folder):
    """In one process, as valgrind and gdb see it."""
    for number, (source, code, said) in enumerate((("good", 0, ""), ("check-fails", 3, "check: no\n"))):
        out, why = build(Row(source + " -"), "once-%d" % number, folder)
        done = abhost("test", out, "--in-process") if out else why
        tap.ok(out and done.code == code and said in done.err and done.out == "", "%s, once, in one process" % source, done)


def judge(found, done, row):
    """What is wrong with this outcome, or ""."""
    if found is None:
        return "it cannot be built"
    failed = [r["name"] for r in found if r["result"] == "failed"]
    told = "".join("\n%s: %s" % (r["name"], r["seen"]) for r in found if r["result"] == "failed")
    if row.check == "-":
        return "" if not failed and done.code == 0 else "it fails %s%s" % (", ".join(failed), told)
    if failed != [row.check] or done.code != 1:
        return "it fails %s%s" % (", ".join(failed) or "nothing", told)
    others = [r for r in found if r["result"] == "skipped" and " failed" in r["reason"]]
    if any(r["reason"] != row.check + " failed" for r in others):
        return "a check is skipped for another reason"
    first = next(r for r in found if r["name"] == row.check)
    if not all(first.get(key) for key in ("expected", "seen", "why", "docs")):
        return "the failure does not say what it should"
    return ""


def main():
    folder, rows = scratch(), table()
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        jobs = [pool.submit(run, row, number, folder, "memory-valgrind") for number, row in enumerate(rows)]
        known = set()
        for job in jobs:
            found, done, row = job.result()
            known |= {r["name"] for r in found or [] if r["family"] != "read"}  # tests/whole/accept.py has those
            reason = impossible(found, row)
            if reason:
                tap.skip("%s fails %s" % (row.source, row.check), reason)
                continue
            wrong = judge(found, done, row)
            what = "passes all" if row.check == "-" else "fails %s, and nothing else" % row.check
            tap.ok(not wrong, "%s %s" % (row.source, what), wrong, done)
    once(folder)
    tap.same(sorted(known - {row.check for row in rows}), [], "each check has a connector that fails it")
    tap.same(sorted({row.check for row in rows if not row.check.startswith("read-")} - known - {"-"}), [], "each connector's check exists")
    wrong = {row.source for row in rows if row.check != "-"}
    tap.ok(len(wrong) >= 40, "at least 40 of them: %d" % len(wrong))
    sources = {name[:-2] for name in os.listdir(KIT) if name.endswith(".c")}
    tap.same(sorted(sources ^ {row.source for row in rows}), [], "each source is in the table")
    tap.done()


main()
