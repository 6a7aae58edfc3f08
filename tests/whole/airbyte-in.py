#!/usr/bin/env python3
"""abhost run airbyte:PROGRAM: a program that speaks Airbyte's protocol as a source (tests/whole/airbyte-program.py).  Rows and state
are exact whatever it says, wherever it dies and whenever we are killed; what it must not do has an error that says so."""
import json
import os
import random
import resource
import shutil
import signal
import sqlite3
import stat
import subprocess
import time

from lib import ABHOST, BUILD, SRC, Tap, abhost, abhost_start, abhost_wait, need, scratch, seed

OFTEN = os.path.join(BUILD, "tests/kill/abhost-often")  # makes a checkpoint every few hundred records
need(ABHOST)
tap = Tap()
chance = random.Random(seed())
PROGRAM = os.path.join(SRC, "tests/whole/airbyte-program.py")
with open(ABHOST, "rb") as made:
    SANITIZED = b"__asan_init" in made.read()  # then memory is the sanitizer's
SECRET = 'sk-"very"-secret/47\\11-\u00e9'  # which JSON spells in more than one way
SPELLED = [SECRET, *(json.dumps(SECRET, ensure_ascii=a)[1:-1] for a in (True, False))]
SPELLED += [SECRET[:9], *(json.dumps(s)[1:-1] for s in SPELLED[1:])]


class Sync:
    """A folder with a config and a database; private files go to a folder that must be empty in the end."""

    def __init__(self, do="count", **config):
        self.folder = scratch()
        self.saw = os.path.join(self.folder, "saw.json")
        self.private = os.path.join(self.folder, "private")
        os.mkdir(self.private)
        self.env = {"XDG_RUNTIME_DIR": self.private, "ANY_SECRET": SECRET}
        self.set(do=do, key=SECRET, saw=self.saw, **config)

    def set(self, **config):
        with open(os.path.join(self.folder, "config.json"), "w", encoding="utf-8") as file:
            json.dump(config, file)
        self.config = config

    def words(self, *args):
        return ("run", "airbyte:" + PROGRAM, "config.json", "--to", "out.db", *args)

    def run(self, *args, **more):
        return abhost(*self.words(*args), cwd=self.folder, env=self.env, **more)

    def read(self, *args):
        return abhost("read", "airbyte:" + PROGRAM, "config.json", *args, cwd=self.folder, env=self.env)

    def rows(self, query="SELECT id FROM users ORDER BY id"):
        path = os.path.join(self.folder, "out.db")
        if not os.path.exists(path):
            return []
        with sqlite3.connect("file:%s" % path, uri=True) as db:
            try:
                return [r[0] if len(r) == 1 else r for r in db.execute(query)]
            except sqlite3.OperationalError as error:
                if "no such table" in str(error):
                    return []
                raise

    def told(self):
        with open(self.saw, encoding="utf-8") as file:
            return json.load(file)

    def left(self):
        """Private files."""
        return [name for _, _, names in os.walk(self.private) for name in names]


def read_bytes(path):
    with open(path, "rb") as file:
        return file.read()


def says(run, code, *words, folder=None):
    text = run.out + run.err
    missing = [w for w in words if w not in text]
    if any(s in text for s in SPELLED):
        missing.append("(no secret)")
    if folder and any(s.encode() in read_bytes(os.path.join(folder, n)) for s in SPELLED for n in os.listdir(folder) if n.startswith("out.db")):
        missing.append("(no secret in the database)")
    return run.code == code and not missing, "exit %d" % run.code, "missing: %s" % missing, text[-3000:]


def check(run, code, name, *words):
    fine, *why = says(run, code, *words)
    tap.ok(fine, name, *why)


def plain():
    s = Sync(n=1000)
    for command, word in ((("spec",), "airbyte_secret"), (("check", "config.json"), "ok:"), (("discover", "config.json"), "users"),
                          (("read", "config.json", "--stream", "users", "--limit", "3"), '{"id": 3')):
        check(abhost(command[0], "airbyte:" + PROGRAM, *command[1:], cwd=s.folder, env=s.env), 0, command[0], word)
    check(s.run(), 0, "run")
    tap.same(s.rows(), list(range(1, 1001)), "every record, once")
    told = s.told()
    tap.same((told["state"], told["mode"]), ([], "0o600"), "it begins without a state; its config is a private file")
    tap.ok(not any(SECRET in a for a in told["argv"]) and "ANY_SECRET" not in told["env"], "no secret in argv or environment")
    tap.same((told["catalog"]["streams"][0]["sync_mode"], told["catalog"]["streams"][0]["stream"]["name"]),
             ("incremental", "users"), "the catalog is what was discovered, with modes")
    s.set(do="count", n=1500, saw=s.saw)
    check(s.run(), 0, "run again")
    tap.same(s.told()["state"], [{"type": "STREAM", "stream": {"stream_descriptor": {"name": "users"}, "stream_state": {"id": 1000}}}],
             "it goes on from its state")
    tap.same(s.rows(), list(range(1, 1501)), "every record, once, still")
    check(s.run("--full-refresh"), 0, "a full refresh of an incremental stream")
    tap.same((s.told()["state"], s.rows()), ([], list(range(1, 1501))), "is told no state, and replaces the rows")
    check(s.run("--mode", "users=full_refresh:overwrite", "--streams", "users"), 0, "modes and streams of the command line")
    tap.same(s.told()["catalog"]["streams"][0]["sync_mode"], "full_refresh", "are told")
    tap.same(s.left(), [], "no private file is left")
    os.mkdir(os.path.join(s.folder, "bin"))
    os.symlink(PROGRAM, os.path.join(s.folder, "bin/source"))
    with open(os.path.join(s.folder, "sync.json"), "w", encoding="utf-8") as file:
        json.dump({"connector": "airbyte:./bin/source", "config": {"n": 7}, "destination": "sync.db"}, file)
    check(abhost("run", s.folder + "/sync.json", env=s.env), 0, "a sync's file names it relative to itself", "7 records")


def noise():
    s = Sync("every")
    check(s.run(), 0, "noise", "prose, and not JSON", "mind the key ****", '{"key": "****"}', '"strangers" that was not asked for', "COMPLETE")
    tap.same(s.rows("SELECT id, big, exact FROM users ORDER BY id")[1][1:], ("123456789012345678901234567890", "0.10000000000000000555"),
             "numbers keep every digit")
    tap.same(s.rows(), [1, 2, 3], "and no record is lost")
    check(s.run("--json"), 0, "noise again", '{\\"key\\": \\"****\\"}')
    tap.same(s.told()["state"][0]["stream"]["stream_state"], {"id": 3}, "the last state counts")


def broken():
    for do, words in (("long_line", ("line 4", "longer than 67108864 bytes")), ("half_line", ("line 6", "cut off")),
                      ("bad_utf8", ("line 4", "UTF-8")), ("deep", ("512 levels",)), ("silent_end", ("never said", "COMPLETE"))):
        s = Sync(do)
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        check(s.run(), 1, do, *words)
        covered = [1] if do not in ("deep", "silent_end") else []
        tap.same(s.rows() if covered else covered, covered, "%s: what a state covered is there, and nothing else" % do)
        if do == "long_line":
            most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
            tap.ok(most < max(before, 200 << 10) or SANITIZED, "a long line takes no memory beyond its cap")
    s = Sync(n=3, incremental=False)
    check(s.run(), 0, "a full refresh")
    s.set(do="mute", incremental=False)
    check(s.run(), 1, "a program that ends well and says nothing", "said nothing of any stream")
    tap.same(s.rows(), [1, 2, 3], "does not empty the table of an overwrite")
    s = Sync("long_line")
    check(s.run("--page-cap", "128M"), 0, "a longer line is a matter of --page-cap")
    tap.same(s.rows("SELECT id, length(text) FROM users ORDER BY id"), [(1, None), (2, 100000000)], "and is whole")


def deaths():
    s = Sync(n=1000, die=405)
    run = s.run()
    check(run, 1, "a source that dies after 40 states", "exit status 1", "Traceback: it is **** that broke")
    tap.same(s.rows(), list(range(1, 401)), "what the 40th covers is there, and nothing else")
    s.set(do="count", n=1000, saw=s.saw)
    check(s.run(), 0, "goes on")
    tap.same(s.told()["state"][0]["stream"]["stream_state"], {"id": 400}, "from the 40th")
    tap.same(s.rows(), list(range(1, 1001)), "with exact rows")
    s = Sync(n=100, die=50, signal=signal.SIGKILL, every=20, keyed=True)
    check(s.run(), 1, "a source that is killed", "signal 9")
    s.set(do="count", n=100, keyed=True)
    check(s.run(), 0, "goes on, too")
    tap.same(s.rows(), list(range(1, 101)), "with exact rows by key")
    s = Sync(n=100, die=50, every=20, incremental=False)
    s.run()
    s.set(do="count", n=100, incremental=False)
    check(s.run(), 0, "a full refresh that was broken off begins again")
    tap.same(s.rows(), list(range(1, 101)), "with exact rows, too")
    s = Sync("refuse")
    fine, *why = says(s.run(), 3, "the key **** is not good (401)", folder=s.folder)
    tap.ok(fine, "a config_error, without the secret in the history either", *why)
    check(abhost("check", "airbyte:" + PROGRAM, "config.json", cwd=s.folder, env=s.env), 3, "a check that failed", "the key **** is not good")
    s = Sync("refuse", failure="transient_error")
    check(s.run(), 1, "a transient_error", "not good")
    s = Sync("one_fails")
    check(s.run(), 4, "a stream that fails alone", "no orders today")
    tap.same(s.rows(), [1], "the other is there")
    s.set(do="passes_over")
    check(s.run("--full-refresh"), 4, "a stream that is passed over has failed", '"orders"', "nothing of this one")


def states():
    s = Sync("shared", n=100, exit=1)
    check(s.run(), 1, "GLOBAL states, and a death", "exit status 1")
    tap.same((s.rows(), s.rows("SELECT id FROM orders ORDER BY id")[-1]), (list(range(1, 101)), 1000), "rows as the last one covers them")
    s.set(do="shared", n=50, saw=s.saw)
    check(s.run(), 0, "GLOBAL: goes on")
    tap.same(s.told()["state"], [{"type": "GLOBAL", "global": {"shared_state": {"lsn": 100, "big": 12345678901234567890}, "stream_states": [
        {"stream_descriptor": {"name": n}, "stream_state": {"at": 100}} for n in ("users", "orders")]}}], "given back in the form that came")
    tap.same((s.rows(), len(s.rows("SELECT id FROM orders"))), (list(range(1, 151)), 150), "exact rows")
    s = Sync("legacy")
    check(s.run(), 0, "LEGACY")
    check(s.run(), 0, "LEGACY: goes on")
    tap.same((s.told()["state"], s.rows()), ({"users": 10}, list(range(1, 21))), "from the same object, exact rows")
    s = Sync("lopsided")
    check(s.run(), 0, "LEGACY, of two streams of which one has no records")
    s.set(do="lopsided", exit=1)
    check(s.run(), 1, "and the program fails behind its state")
    s.set(do="lopsided")
    check(s.run(), 0, "and goes on there")
    tap.same(s.rows(), list(range(1, 31)), "which counts for both")
    s = Sync("spaces")
    check(s.run(), 0, "one name in two namespaces")
    tables = [t for t in s.rows("SELECT name FROM sqlite_master WHERE type = 'table'") if "users" in t]
    tap.same(sorted(len(s.rows('SELECT id FROM "%s"' % t)) for t in tables), [50, 50], "is two tables")
    s = Sync("many", n=30)
    check(s.run(), 0, "70 streams, mixed, a state behind every record")
    tap.ok(all(s.rows("SELECT id FROM s%d ORDER BY id" % i) == list(range(1, 31)) for i in range(70)), "all are exact")


def miscounts():
    words = "records have come since"
    s = Sync("miscounts")
    run = s.run()
    check(run, 0, "a state that tells a wrong number of records", 'stream "users": a state says that 6 records have come since the one before, but 1 have')
    tap.same((run.err.count(words), s.rows()), (1, [1, 2, 3]), "is a warning, once, and nothing else")
    s = Sync("shared", n=30, off=-1)
    run = s.run()
    check(run, 0, "GLOBAL: a wrong number", "all streams: a state says that 19 records have come since the one before, but 20 have")
    tap.same((run.err.count(words), s.rows()), (1, list(range(1, 31))), "is a warning, once, too")
    for do, config in (("count", {"n": 100}), ("shared", {"n": 30}), ("every", {}), ("many", {"n": 5}), ("spaces", {})):
        run = Sync(do, **config).run()
        tap.ok(run.code == 0 and words not in run.out + run.err, "right numbers are not told: " + do, run.err[-2000:])
    run = Sync("miscounts").read("--stream", "users", "--limit", "2")
    tap.ok(run.code == 0 and words not in run.err, "nor is anything where we count no further", run.err[-2000:])


def peak_of(process):
    """MiB that it has had at most."""
    peak = 0
    while process.poll() is None:
        try:
            with open("/proc/%d/status" % process.pid, encoding="ascii") as file:
                peak = max([peak] + [int(line.split()[1]) // 1024 for line in file if line.startswith("VmHWM:")])
        except OSError:
            pass
        time.sleep(0.02)
    return peak


def memory():
    s = Sync("flood", n=2000)
    process = abhost_start(*s.words("--quiet"), cwd=s.folder, env=s.env, stdout_to=subprocess.DEVNULL)
    peak = peak_of(process)
    check(abhost_wait(process), 0, "140,000 records of 70 streams, mixed")
    tap.same([len(s.rows("SELECT id FROM s%d" % i)) for i in range(70)], [2000] * 70, "are all there")
    tap.ok(0 < peak < 32 or SANITIZED, "in bounded memory", "%d MiB" % peak)


def keeps():
    s = Sync("control", token="7")
    kept = os.path.join(s.folder, "config-secrets.json")
    run = s.run()
    check(run, 0, "CONTROL")
    tap.same(stat.S_IMODE(os.stat(kept).st_mode), 0o600, "the new configuration is kept, for its owner alone")
    s.run()
    tap.same(s.rows(), [7, 8], "and the next run has it")
    s.set(do="control", token="70", key=SECRET)
    s.run()
    tap.same(s.rows(), [7, 8, 70], "until the user's own changes")
    os.chmod(kept, 0o644)
    check(s.run(), 3, "a secrets file that others may read", "chmod 600")


def wrong():
    s = Sync(incremental=False)
    with open(os.path.join(s.folder, "catalog.json"), "w", encoding="utf-8") as file:
        json.dump({"streams": [{"stream": {"name": "users", "json_schema": {}, "supported_sync_modes": ["full_refresh"]},
                                "sync_mode": "incremental", "destination_sync_mode": "append"}]}, file)
    check(s.run("--catalog", "catalog.json"), 3, "incremental on a stream that cannot", "cannot be read in sync mode incremental")
    for name, words in (("airbyte:no-such-source", "no such program on PATH"), ("airbyte:./none", "no program of this name"),
                        ("airbyte:", "needs a program"), ("airbyte:/bin/true", "gave no SPEC"), ("airbyte:/bin/false", "exit status 1")):
        check(abhost("run", name, "config.json", cwd=s.folder), 3, name, words)
    bad = os.path.join(s.folder, "bad")
    with open(bad, "w", encoding="utf-8") as file:
        file.write("#!/no/such/interpreter\n")
    os.chmod(bad, 0o755)
    check(abhost("run", "airbyte:./bad", "config.json", cwd=s.folder), 3, "an interpreter that is missing", "interpreter")
    with open(bad, "w", encoding="utf-8") as file:
        file.write("#!/bin/sh\nprintf 'Traceback\\n  line 7\\n\\nNoSuchThing: x\\n' >&2; exit 1\n")
    run = abhost("run", "airbyte:./bad", "config.json", cwd=s.folder)
    check(run, 3, "a spec that fails", "bad: printed:   line 7\n", "cannot say what it needs", "exit status 1; it printed: NoSuchThing: x\n")
    tap.ok("|" not in run.err, "line by line", run)
    shim = os.path.join(BUILD, "tests/kill/shim.so")
    if os.path.exists(shim):
        s.env.update(LD_PRELOAD=shim, SHIM_UNDER=s.private, SHIM_FAULT="full@1")
        check(s.run(), 1, "no room for private files is no mistake of the configuration", "No space left", "XDG_RUNTIME_DIR")
        s.env = {"XDG_RUNTIME_DIR": s.private}
    else:
        tap.skip("a full disk", "no tests/kill/shim.so: a sanitizer has the memory to itself")
    for option in ("--in-process", "--record=rec"):
        check(s.run(option), 3, "%s is not for it" % option, "a program of its own")


def ends(pid, seconds=30):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if subprocess.run(["pgrep", "-f", pid], stdout=subprocess.DEVNULL, check=False).returncode != 0:
            return True
        time.sleep(0.1)
    return False


def signals():
    for do in ("stubborn", "deserter"):
        interrupt(do)


def interrupt(do):
    s = Sync(do)
    process = abhost_start(*s.words(), cwd=s.folder, env=s.env)
    while not os.path.exists(s.saw + ".up") and process.poll() is None:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    run = abhost_wait(process)
    tap.ok(run.code == 130, "%s: a source that ignores SIGTERM is killed" % do, run.code, run.err[-2000:])
    tap.same((s.rows(), s.left()), ([1], []), "what its state covered is there, no private file is")
    tap.ok(ends(s.private), "and no process is left")


def kills():
    program = OFTEN if os.path.exists(OFTEN) else ABHOST
    s = Sync(n=4000, every=50, slow=0.002)
    for _ in range(6):
        process = abhost_start(*s.words(), cwd=s.folder, env=s.env, program=program)
        time.sleep(chance.uniform(0.2, 1.2))
        process.kill()
        abhost_wait(process)
    until = time.monotonic() + 20
    while s.left() and time.monotonic() < until:
        time.sleep(0.1)
    tap.same(s.left(), [], "killed six times: no private file is left")
    check(s.run(), 0, "and the next run ends well")
    tap.same(s.rows(), list(range(1, 4001)), "with exact rows")


def litter():
    """What the program leaves in TMPDIR goes with it, however it ends."""
    s = Sync(n=100000, every=50, slow=0.05)
    place = os.path.join(s.folder, "tmp")
    os.mkdir(place)
    s.env.update(TMPDIR=place, AIRBYTE_LITTER="1")
    check(abhost("spec", "airbyte:" + PROGRAM, env=s.env), 0, "a program that makes temporary files", "airbyte_secret")
    check(abhost("read", "airbyte:" + PROGRAM, "config.json", "--stream", "users", "--limit", "1", cwd=s.folder, env=s.env), 0,
          "and is stopped in its read", "name 1")
    tap.same(os.listdir(place), [], "leaves none")
    os.unlink(s.saw)
    process = abhost_start(*s.words(), cwd=s.folder, env=s.env)
    while not os.path.exists(s.saw) and process.poll() is None:
        time.sleep(0.05)
    tap.ok("config.json" in [name for _, _, names in os.walk(place) for name in names], "while it runs, they are in TMPDIR")
    process.kill()
    abhost_wait(process)
    until = time.monotonic() + 20
    while os.listdir(place) and time.monotonic() < until:
        time.sleep(0.1)
    tap.same(os.listdir(place), [], "nor where we are killed")


def joined():
    """What the streams of a GLOBAL state have of it is committed together, or not at all."""
    program = OFTEN if os.path.exists(OFTEN) else ABHOST
    s = Sync("shared", n=3000, slow=0.001)
    torn = []
    for _ in range(6):
        process = abhost_start(*s.words(), cwd=s.folder, env=s.env, program=program)
        time.sleep(chance.uniform(0.3, 1.2))
        process.kill()
        abhost_wait(process)
        found = s.rows("SELECT json_extract(state, '$._airbyte_global.number') FROM _abhost_state")
        torn += [found] if len(set(found)) > 1 or len(found) not in (0, 2) else []
    tap.same(torn, [], "killed six times: no GLOBAL state is torn")
    top = s.rows("SELECT max(json_extract(state, '$.stream_state.at')) FROM _abhost_state")[0] or 0
    s.set(do="shared", n=10, saw=s.saw)
    check(s.run(), 0, "and the next run ends well")
    tap.same((s.rows(), s.rows("SELECT id / 10 FROM orders ORDER BY id")), (list(range(1, top + 11)),) * 2, "with exact rows")


def parted():
    """Of streams that one state covers none goes on without the others: it would come twice, or not at all."""
    s = Sync("shared", n=50)
    check(s.run(), 0, "GLOBAL: a first run, again")
    s.set(do="shared", n=50, saw=s.saw, pause=52, odd=51)
    check(s.run("--contract", "orders=freeze"), 1, "a stream that fails before the first state takes the other with it, too",
          "a state of this source covers")
    tap.same((s.rows(), len(s.rows("SELECT id FROM orders"))), (list(range(1, 51)), 50), "nothing of either is there")
    s.set(do="shared", n=50, saw=s.saw)
    check(s.run(), 0, "and without the contract")
    tap.same((s.rows(), len(s.rows("SELECT id FROM orders"))), (list(range(1, 101)), 100), "exact rows of both")
    s = Sync("shared", n=50, incomplete=True)
    check(s.run(), 4, "what the program itself calls failed", "orders")
    tap.same(len(s.rows()), 50, "is its own business")
    for where, n, freeze in (("in the middle", 100, "orders=freeze"), ("of the first stream", 100, "users=freeze")):
        s = Sync("shared", n=50)
        check(s.run(), 0, "GLOBAL: a first run")
        s.set(do="shared", n=n, saw=s.saw, odd=85, odder=85)
        fine, *why = says(s.run("--contract", freeze), 1, 'ends with stream "%s", since a state of this source covers both' %
                          freeze.split("=")[0], "its contract is freeze", folder=s.folder)
        tap.ok(fine, "a stream that breaks its contract takes the other with it, " + where, *why)
        found = s.rows("SELECT json_extract(state, '$._airbyte_global.number') FROM _abhost_state")
        tap.same((len(found), len(set(found))), (2, 1), "both have the same state")
        s.set(do="shared", n=150 - s.rows("SELECT json_extract(state, '$.stream_state.at') FROM _abhost_state")[0], saw=s.saw)
        check(s.run(), 0, "without the contract")
        tap.same((s.rows(), s.rows("SELECT id / 10 FROM orders ORDER BY id")), (list(range(1, 151)),) * 2, "with exact rows")


def some_of_them():
    """A run that reads only some of the streams has a newer state, however few came in it."""
    s = Sync("shared", n=50)
    check(s.run(), 0, "GLOBAL: all streams")
    s.set(do="shared", n=20, saw=s.saw)
    check(s.run("--streams", "users"), 0, "then one of them")
    s.set(do="shared", n=40, saw=s.saw)
    check(s.run(), 0, "then all")
    tap.same((sorted(set(s.rows())), s.rows("SELECT id / 10 FROM orders ORDER BY id")), (list(range(1, 91)),) * 2,
             "begin at the oldest state, and nothing is lost")


def lines(s, stream):
    with open(os.path.join(s.folder, "data", stream + ".jsonl"), encoding="utf-8") as file:
        return [json.loads(line)["id"] for line in file]


def parted_lines():
    """JSON Lines takes no rows of one stream back by themselves; the others are not read again without it."""
    words = ("run", "airbyte:" + PROGRAM, "config.json", "--to", "jsonl:data")
    for first in (0, 10):
        s = Sync("shared", n=10)
        if first:
            check(abhost(*words, cwd=s.folder, env=s.env), 0, "JSON Lines: a first run")
        s.set(do="shared", n=50, saw=s.saw, pause=first + 3, odd=first + 1)
        check(abhost(*words, "--contract", "orders=freeze", cwd=s.folder, env=s.env), 1,
              "JSON Lines: one takes the other with it, after %d" % first, 'ends with stream "orders"', "a state of this source covers")
        s.set(do="shared", n=50, saw=s.saw)
        check(abhost(*words, cwd=s.folder, env=s.env), 0, "and without the contract")
        top = first + 50
        tap.same((lines(s, "users"), lines(s, "orders")), (list(range(1, top + 1)), list(range(10, top * 10 + 1, 10))), "exact lines of both")


def environment():
    if shutil.which("python3") is None:
        tap.skip("--python", "no python3")
        return
    s = Sync()
    package = os.path.join(s.folder, "bad-1.0")
    os.mkdir(package)
    with open(os.path.join(package, "pyproject.toml"), "w", encoding="utf-8") as file:
        file.write("this is no TOML, by design\n")
    s.env["XDG_DATA_HOME"] = s.folder + "/data"
    run = abhost("run", "airbyte:source-bad", "config.json", "--python", package, cwd=s.folder, env=s.env, timeout=600)
    if "No module named" in run.err or "ensurepip" in run.err:
        tap.skip("--python", "this python3 has no venv")
    else:
        check(run, 3, "an environment that fails to install shows pip's log", "pip could not install", "TOML")
    home = os.path.join(s.folder, "data/abhost/python")
    tap.same([n for n in os.listdir(home) if not n.startswith(".")], [], "and nothing half-made is left")
    check(abhost("spec", "airbyte:x", "--python", "-r", cwd=s.folder, env=s.env), 3, "no option gets through to pip", "takes a package")
    # one that is there: a file beside its folder says so
    os.makedirs(os.path.join(home, "airbyte-source-toy==1.0/bin"))
    os.symlink(PROGRAM, os.path.join(home, "airbyte-source-toy==1.0/bin/source-toy"))
    about = {"format": 1, "name": "source-toy", "package": "airbyte-source-toy", "version": "1.0", "source": "airbyte-source-toy==1.0"}
    with open(os.path.join(home, "airbyte-source-toy==1.0.json"), "w", encoding="utf-8") as file:
        json.dump(about, file)
    check(abhost("spec", "airbyte:source-toy", cwd=s.folder, env=s.env), 0, "one that is there is found by its program's name", "airbyte_secret")
    check(abhost("spec", "airbyte:source-toy", "--python", "airbyte-source-toy==1.0", cwd=s.folder, env=s.env), 0,
          "and by its package, without pip", "airbyte_secret")


FAKE_PYTHON = r"""#!/bin/sh
if [ "$2" = venv ]; then mkdir -p "$3/bin"; cp "$0" "$3/bin/python"; exit; fi
if [ "$2" != pip ]; then printf 1.0; exit; fi
for wanted; do :; done
cat > "${0%/*}/source-x" <<END
#!/bin/sh
echo '{"type":"SPEC","spec":{"connectionSpecification":{"title":"$wanted"}}}'
END
chmod +x "${0%/*}/source-x"
"""


def versions():
    s = Sync()
    python = os.path.join(s.folder, "fake-python")
    with open(python, "w", encoding="utf-8") as file:
        file.write(FAKE_PYTHON)
    os.chmod(python, 0o755)
    s.env.update(XDG_DATA_HOME=s.folder + "/data", ABHOST_PYTHON=python)
    for wanted in ("x<2", "x>2", "x_2", "x[a]", "x<2"):
        check(abhost("spec", "airbyte:source-x", "--python", wanted, cwd=s.folder, env=s.env), 0,
              "--python %s is that and no other" % wanted, '"%s"' % wanted)
    check(abhost("spec", "airbyte:source-x", "--python", "x" * 300, cwd=s.folder, env=s.env), 3, "not beyond a name", "too long")


def stamp(ms):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(ms // 1000)) + ".%03d000Z" % (ms % 1000)


class Told(Sync):
    """A source that says when it emitted each record, and what it changed: (data, emitted_at, changes), both as JSON or None."""

    def __init__(self, records, **config):
        super().__init__("told", **config)
        self.set(do="told", saw=self.saw, lines=os.path.join(self.folder, "lines"), **config)
        self.says(records)

    def says(self, records):
        with open(self.config["lines"], "w", encoding="utf-8") as file:
            for data, emitted, changes in records:
                file.write(json.dumps(data) + "\t" + ("" if emitted is None else ',"emitted_at":%s' % emitted) +
                           ("" if changes is None else ',"meta":{"changes":%s}' % changes) + "\n")

    def beside(self):
        return self.rows("SELECT id, name, _airbyte_extracted_at, _airbyte_meta FROM users")


def told_of_each():
    base = 1600000000000
    numbers = list(range(1, 20001))
    chance.shuffle(numbers)
    records = [({"id": n, "name": "n%d" % i}, base + chance.randrange(10 ** 11),
                json.dumps([{"field": "f%d" % i, "change": "NULLED", "reason": "SOURCE_NEW"}]) if i % 7 == 0 else None)
               for i, n in enumerate(numbers + numbers[:5000])]

    def wanted(records):
        return [(d["id"], d["name"], stamp(at), '{"changes":%s}' % changes if changes else "{}") for d, at, changes in records]

    last = {d["id"]: (d, at, changes) for d, at, changes in records}
    for mode, rows in (("incremental:append", records), ("full_refresh:overwrite", records), ("full_refresh:append", records),
                       ("incremental:append_dedup", last.values()), ("full_refresh:append_dedup", last.values())):
        s = Told(records, keyed=True)
        check(s.run("--mode", "users=" + mode, "--verify"), 0, "%s, compared" % mode)
        tap.same(sorted(s.beside()), sorted(wanted(rows)), "%s: each row has its record's own time and changes" % mode)
        now = time.time() * 1000000
        tap.ok(all(now - 600e6 < at <= now for at in s.rows("SELECT _abhost_received_us FROM users")), "and when it came")
        again = [({"id": n, "name": "again"}, 5, "[7]") for n in range(10, 20)]
        s.says(again)
        check(s.run("--mode", "users=" + mode, "--verify"), 0, "%s, once more" % mode)
        rows = [(d["id"], d["name"]) for d, _, _ in rows]
        if mode.endswith("dedup"):
            rows = [r for r in rows if r[0] not in range(10, 20)]
        elif mode.endswith("overwrite"):
            rows = []
        tap.same(sorted((r[0], r[1]) for r in s.beside()), sorted(rows + [(n, "again") for n in range(10, 20)]), "with exact rows")
        tap.same([r[2:] for r in s.beside() if r[1] == "again"], [(stamp(5), '{"changes":[7]}')] * 10, "and what was said of them")


def told_badly():
    many = json.dumps([{"field": "f%d" % i, "change": "TRUNCATED", "reason": "SOURCE_SIZE"} for i in range(100000)])
    before = time.time() * 1000
    s = Told([({"id": i, "name": "x"}, at, c) for i, (at, c) in enumerate((
        (None, None), ("null", "null"), ("-1", "7"), ("1e400", "{}"), ('"1600000000000"', '"[1]"'), ("253402300800000", "[]"),
        ("99999999999999999999", "[ ]"), ("1600000000000.75", '[null, "x", {"reason": "NO SUCH"}]'), ("0", many), ("1.6e12", None)))])
    check(s.run("--verify"), 0, "what is said beside records makes no sense, and no record is lost")
    rows = s.beside()
    tap.same([r[0] for r in rows], list(range(10)), "each row")
    after = time.time() * 1000
    tap.ok(all(stamp(int(before)) <= r[2] <= stamp(int(after) + 1) for r in rows[:7]), "no time: when it was received", rows[:7])
    tap.same([r[2] for r in rows[7:]], [stamp(1600000000000), stamp(0), stamp(1600000000000)], "a time: to the millisecond")
    tap.same([r[3] for r in rows], ["{}"] * 7 + ['{"changes":[null, "x", {"reason": "NO SUCH"}]}', '{"changes":%s}' % many, "{}"],
             "changes are as they came, or none")
    s = Told([({"id": 1, "name": "half \ud800"}, 1, '[{"field": "a"}]')])
    check(s.run("--verify"), 0, "a value that is truncated here")
    tap.same(json.loads(s.beside()[0][3]), {"changes": [{"field": "a"}, {
        "field": "name", "change": "TRUNCATED", "reason": "DESTINATION_SERIALIZATION_ERROR"}]}, "the source's changes, then ours")
    check(abhost("run", "airbyte:" + PROGRAM, "config.json", "--to", "jsonl:lines-out", cwd=s.folder, env=s.env), 0, "as JSON Lines")
    with open(os.path.join(s.folder, "lines-out", "users.jsonl"), encoding="utf-8") as file:
        tap.same(json.loads(file.readline()), {"id": 1, "name": "half \ud800"}, "a record is its data")


def much_told():
    changes = "[%s]" % ", ".join('{"field": "%d"}' % i for i in range(3000))
    for mode, rows in (("append", 600), ("append_dedup", 10)):
        s = Told([({"id": i % 10}, i, changes) for i in range(600)], keyed=True)
        process = abhost_start(*s.words("--quiet", "--mode", "users=incremental:" + mode), cwd=s.folder, env=s.env, stdout_to=subprocess.DEVNULL)
        peak = peak_of(process)
        check(abhost_wait(process), 0, "%s: 30 MB beside records of 10 bytes" % mode)
        tap.same(s.rows("SELECT count(*), min(_airbyte_meta) = max(_airbyte_meta) FROM users"), [(rows, 1)], "are all there")
        tap.ok(0 < peak < 48 or SANITIZED, "in bounded memory", "%d MiB" % peak)


for part in (plain, noise, broken, deaths, states, miscounts, memory, keeps, wrong, signals, kills, litter, joined, parted, parted_lines, some_of_them, environment,
             versions, told_of_each, told_badly, much_told):
    part()
tap.done()
