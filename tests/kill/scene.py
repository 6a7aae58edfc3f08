"""What the rounds of faults.py share.  A scene is a kind of command, and a folder with what an earlier one has left there; a
round is a copy of the folder, the command with one fault (shim.c), what sets it right, and the comparison."""
import json
import os
import shutil
import signal
import sqlite3
import struct
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "whole"))
from lib import BUILD, TIMEOUT, Run, environment, open_db, parallel  # noqa: E402
from kill import OFTEN, drop_system, kill  # noqa: E402

SHIM = os.path.join(BUILD, "tests/kill/shim.so")
WORKER = os.path.join(BUILD, "abhost-worker")
WAL = "?journal=wal"
COUNTS = ("changes", "writes", "syncs", "reads", "allocations")
# kind of fault: which count of the shim says how many places there are, and how often it is played
KINDS = {"kill": ("changes", 5), "power": ("changes", 5), "full": ("writes", 2), "write": ("writes", 1), "sync": ("syncs", 1),
         "syncs": ("syncs", 1), "lie": ("syncs", 3), "read": ("reads", 1), "malloc": ("allocations", 3),
         "nomem": ("allocations", 1)}
KILLED = -signal.SIGKILL  # by which the engine may end; all others are crashes
MAY_KILL = ("kill", "power", "lie", "moment")  # a lie may end with a power cut


class Fault:
    """KIND@AT,SEED; kinds that begin with "worker " are of the worker, "moment" is a SIGKILL at a time."""

    def __init__(self, kind="", at=0, number=0):
        self.kind, self.at, self.number = kind, at, number

    def __str__(self):
        return "%s@%d,%d" % (self.kind, self.at, self.number)

    def environment(self, folder, count):
        """What makes it strike; count: a file for the counts, beside the folder."""
        shim = {"LD_PRELOAD": SHIM, "SHIM_COUNT": count}
        if self.kind in KINDS:
            return {**shim, "SHIM_UNDER": folder, "SHIM_FAULT": str(self)}
        if not self.kind.startswith("worker"):
            return {**shim, "SHIM_UNDER": folder} if self.kind == "" else {}
        path = count + ".worker"
        with open(path, "w", encoding="ascii") as file:
            file.write("#!/bin/sh\nexport LD_PRELOAD='%s' SHIM_COUNT='%s' SHIM_FAULT='%s'\nexec '%s' \"$@\"\n" % (
                SHIM, count, str(self).replace("worker ", ""), WORKER))
        os.chmod(path, 0o755)
        return {"ABHOST_WORKER": path}


class Scene:
    """The base of all kinds; `database` (None: there is none) and `to` are set by them."""

    family = ""
    to = database = None
    kinds = {kind: share for kind, (_, share) in KINDS.items()}

    def __init__(self):
        self.folder, self.counts, self.seconds = None, {}, 1.0

    def prepare(self, chance):
        self.folder = tempfile.mkdtemp(prefix="abhost-fault-")
        self.open(chance)
        self.count()

    def open(self, chance):
        """Makes what the first command leaves in the folder."""
        raise NotImplementedError

    def close(self):
        shutil.rmtree(self.folder)

    def command(self, folder, fault):
        """The words of the command that is struck, and its standard input or None."""
        raise NotImplementedError

    def finish(self, folder, struck, fault):
        """Runs without a fault what comes after it, and compares. None, or what is wrong."""
        raise NotImplementedError

    def said(self, run):
        return "\nabhost: " in "\n" + run.err

    def start(self, folder, fault=None, count=None):
        words, stdin = self.command(folder, fault)
        env = {"ABHOST_WORKER": WORKER, **(fault.environment(folder, count) if fault else {})}
        with open(stdin or os.devnull, "rb") as file:
            return subprocess.Popen([OFTEN, *map(str, words)], cwd=folder, env=environment(env), stdin=file, text=True,
                                    errors="replace", stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)

    def run(self, folder, fault=None, count=None):
        process = self.start(folder, fault, count)
        if fault and fault.kind == "moment":
            time.sleep(self.seconds * fault.at / 1000)
            self.strike(process, fault)
        return wait(process)

    def strike(self, process, fault):
        kill(process.pid)

    def count(self):
        """How many calls of each class there are, by a copy; of the worker, too, where that has faults."""
        for kind in ["", *(["worker "] if "worker malloc" in self.kinds else [])]:
            with tempfile.TemporaryDirectory(prefix="abhost-fault-") as other:
                folder, path = os.path.join(other, "f"), os.path.join(other, "count")
                shutil.copytree(self.folder, folder)
                begun = time.monotonic()
                run = self.run(folder, Fault(kind), path)
                self.seconds = time.monotonic() - begun
                if run.code != 0:
                    raise RuntimeError(str(run))
                with open(path, "rb") as file:
                    for name, n in zip(COUNTS, struct.unpack("5l", file.read())):
                        self.counts[kind + name] = n
        self.counts["moments"] = 1000

    def places(self, kind):
        """How many there are for a fault."""
        what, _, kind = kind.rpartition(" ")
        return self.counts[(what + " " if what else "") + KINDS[kind][0] if kind in KINDS else "moments"]

    def draw(self, chance, n):
        """n faults, of which the usual kinds are more."""
        kinds = [kind for kind, share in self.kinds.items() for _ in range(share)]
        for number in range(n):
            kind = chance.choice(kinds)
            yield Fault(kind, 1 + chance.randrange(max(self.places(kind), 1)), chance.randrange(1 << 16) * 2 + number % 2)

    def judge(self, run, kind):
        """None where the faulty run ended as it may."""
        if run.code < 0 and run.code != KILLED or run.code not in (KILLED, 0, 1, 3, 4):
            return "it crashed: %s" % run
        if run.code == KILLED and kind not in MAY_KILL:
            return "something killed it: %s" % run
        if run.code > 0 and not self.said(run):
            return "it failed without a word: %s" % run
        if kind.startswith("worker") and "died of SIG" in run.text:
            return "the worker crashed: %s" % run
        return None

    def play(self, fault):
        """One round. Returns (what is wrong or None, whether it struck)."""
        with tempfile.TemporaryDirectory(prefix="abhost-fault-") as other:
            folder = os.path.join(other, "f")
            shutil.copytree(self.folder, folder)
            struck = self.run(folder, fault, os.path.join(other, "count"))
            why = self.judge(struck, fault.kind) or self.finish(folder, struck, fault)
            if why is None and self.database and os.path.exists(os.path.join(folder, self.database)):
                why = is_whole(os.path.join(folder, self.database))
            if why is not None and os.environ.get("FAULT_KEEP"):
                shutil.copytree(folder, tempfile.mkdtemp(prefix="abhost-kept-"), dirs_exist_ok=True)
            return why and "%s\n%s" % (why, struck), struck.code != 0

    def play_all(self, faults):
        return parallel(self.play, faults, 3)


def wait(process):
    try:
        out, err = process.communicate(timeout=TIMEOUT)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        out, err = process.communicate()
        err += "\n(killed by the test after %d s)\n" % TIMEOUT
    return Run(process.args, process.returncode, out, err)


def is_whole(path):
    try:
        with open_db(path) as db:
            answer = db.execute("PRAGMA integrity_check").fetchone()[0]
    except sqlite3.Error as error:
        answer = str(error)
    return None if answer == "ok" else "the database is not whole: %s" % answer


class MadeScene(Scene):
    """The base of those whose records are made.py's."""

    def put(self, folder, name, value):
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            json.dump(value, file)

    def rows(self, folder, name):
        """What the destination holds of a stream."""
        if self.database is None:
            with open(os.path.join(folder, "out", name + ".jsonl"), encoding="utf-8") as file:
                return [drop_system(json.loads(line)) for line in file]
        with open_db(os.path.join(folder, self.database)) as db:
            return [dict(zip(("id", "v", "ref", "text"), row)) for row in
                    db.execute('SELECT id, v, ref, text FROM "%s"' % name)]
