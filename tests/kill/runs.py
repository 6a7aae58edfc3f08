"""Scenes of faults.py: `abhost run` of one of our connectors from the fake API, into an empty place or one that an older abhost
has left; `abhost state` where one has run."""
import itertools
import json
import os
import shutil
import sqlite3

from lib import SRC, FakeApi, abhost, connector, newcomers, read_table, sort_key, write_catalog, write_config
from kill import compare
from scene import KINDS, OFTEN, Scene, WAL, WORKER

PLAIN = "sqlite:paged.db"
NARROW = "id,updated_at,type"  # the columns of a first run, where others come later


class ApiScene(Scene):
    """A first run, then changes at the API."""

    family = "run"

    def __init__(self, chance, to, mode, is_sorted, crowd, key="id", deleted=None, extra=None):
        super().__init__()
        self.mode, self.to, self.sorted, self.key, self.deleted, self.extra = mode, to, is_sorted, key, deleted, extra
        self.database = "paged.db" if to.startswith("sqlite:") else None
        self.paging = chance.choice(["cursor", "page"])
        self.fleeting = chance.random() < 0.5
        self.streams = ["events", "others"] if crowd else ["events"]
        self.words = [word for stream in self.streams if deleted
                      for word in ("--deleted", "%s=%s:active" % (stream, deleted))]
        self.first = ["--columns=%s=%s" % (stream, NARROW) for stream in self.streams if extra == "new columns"]
        if extra == "--full-refresh":
            self.words += [extra]

    def __str__(self):
        return "%s, %s%s%s%s, %s, %s%s%s" % (self.to, self.mode, " with NULL keys" if self.key != "id" else "",
                                       ", deleted: " + self.deleted if self.deleted else "",
                                       ", " + self.extra if self.extra else "",
                                       "sorted" if self.sorted else "unsorted", self.paging,
                                       " (fleeting)" if self.fleeting else "",
                                       ", two streams, partitions" if len(self.streams) > 1 else "")

    def sync(self, *words):
        return ("run", connector("tests/whole/paged"), "config.json", "--catalog", "catalog.json", "--to", self.to, *words)

    def command(self, folder, fault):
        return self.sync(*self.words), None

    def alone(self, folder, *words):
        """A command that nothing happens to."""
        run = abhost(*words, cwd=folder, program=OFTEN, env={"ABHOST_WORKER": WORKER})
        return None if run.code == 0 else "the next command failed: %s" % run

    def begin(self, chance):
        options = [] if self.sorted else ["--unsorted"]
        self.api = FakeApi(*options, users=0, events=chance.randrange(700, 1500), seed=chance.randrange(1 << 30))
        url = "by-page/events" if self.paging == "page" else "events"
        write_config(self.folder, self.api, page_size=50, streams=[{
            "name": name, "url": url, "paging": self.paging, "key": self.key, "cursor": "updated_at", "parts": name != "events",
            "sorted": self.sorted, "fleeting": self.fleeting} for name in self.streams])
        write_catalog(self.folder, {name: self.mode for name in self.streams}, key=self.key)
        os.mkdir(os.path.join(self.folder, "out"))
        self.must(*self.sync(*self.words, *self.first))
        self.before = self.api.truth("events")

    def must(self, *words):
        why = self.alone(self.folder, *words)
        if why:
            raise RuntimeError(why)

    def change(self, chance):
        self.api.change("events", chance.randrange(0, 200))
        self.api.add("events", chance.randrange(600, 900), tie=chance.random() < 0.5)
        self.now = self.api.truth("events")

    def open(self, chance):
        self.begin(chance)
        self.change(chance)

    def close(self):
        self.api.close()
        super().close()

    def finish(self, folder, struck, fault):
        return self.alone(folder, *self.sync(*self.words)) or self.compare(folder)

    def compare(self, folder):
        why = None
        for stream in self.streams:
            is_wide = self.first and self.mode != "overwrite"
            why = why or match(self, folder, stream, *(
                (None, widened(self, stream)) if is_wide else (self.before, self.now)))
        return why


class View:
    """What kill.py's compare wants to know of a round."""

    def __init__(self, scene, folder, before, as_list):
        self.to, self.folder, self.key, self.deleted = scene.to, folder, scene.key, scene.deleted
        # an append that is read from the beginning is replaced
        is_plain = as_list or scene.extra == "--full-refresh"
        self.mode = "overwrite" if scene.mode == "append" and is_plain else scene.mode
        self.truths = {1: before}  # of a table of generations: the first one


def match(scene, folder, stream, before, now, as_list=False):
    """as_list: now is all that there must be, in append."""
    why = compare(View(scene, folder, before, as_list), before, now, stream)
    return why and "%s: %s" % (stream, why)


def part_of(record, stream):
    """Its partition."""
    return record["type"] if stream == "others" else None


def newest_of(records, stream):
    newest = {}
    for record in records:
        part = part_of(record, stream)
        newest[part] = max(newest.get(part, ""), record["updated_at"])
    return newest


def widened(scene, stream):
    """All that there must be where the first run had few columns: the newest of each partition comes again, and a key takes it."""
    newest = newest_of(scene.before, stream)
    old = [record if scene.mode == "dedup" and record["updated_at"] == newest[part_of(record, stream)] else
           {name: value if name in NARROW.split(",") else None for name, value in record.items()}
           for record in scene.before]
    return old + newcomers(scene.before, scene.now)


class OlderScene(ApiScene):
    """The first run was an older abhost's: the file is brought up to date while it is struck."""

    family = "older"
    kinds = {kind: share for kind, (_, share) in KINDS.items()}

    def __init__(self, chance, *args, **more):
        super().__init__(chance, *args, **more)
        self.format = chance.choice([1, 2])

    def __str__(self):
        return "of format %d, %s" % (self.format, super().__str__())

    def prepare(self, chance):
        super().prepare(chance)
        later = dict(self.counts)
        age(os.path.join(self.folder, self.database), self.format)
        self.count()
        # what is done before the run begins; at least the first of each kind
        self.early = {name: max(self.counts[name] - later[name], 4) for name in later}

    def places(self, kind):
        return self.early[KINDS[kind][0]] if self.chance.random() < 0.6 else super().places(kind)

    def draw(self, chance, n):
        self.chance = chance
        return super().draw(chance, n)


def age(path, number):
    """Makes of a database one as an older abhost left it."""
    gone = ["attempt", "rows", "seconds", "failure_type"] + (["changes"] if number == 1 else [])
    db = sqlite3.connect(path)
    for name in gone:
        db.execute('ALTER TABLE _abhost_runs DROP COLUMN "%s"' % name)
    db.execute("UPDATE _abhost_meta SET value = ? WHERE name = 'format'", (number,))
    db.execute("PRAGMA user_version = 1")
    db.commit()
    db.close()


class RelicScene(Scene):
    """tests/format-1.db, which the first abhost wrote: 20 of 30 records."""

    family, database, to = "older", "gen.db", "sqlite:gen.db"

    def __str__(self):
        return "a file of the first abhost"

    def open(self, chance):
        shutil.copy(os.path.join(SRC, "tests/format-1.db"), os.path.join(self.folder, "gen.db"))
        with open(os.path.join(self.folder, "config.json"), "w", encoding="utf-8") as file:
            json.dump({"records": 30, "page_size": 10}, file)
        run = abhost("run", connector("tests/zoo/gen"), "config.json", "--to", "jsonl:whole.jsonl", cwd=self.folder)
        with open(os.path.join(self.folder, "whole.jsonl"), encoding="utf-8") as file:
            self.truth = sorted(json.loads(line)["data"]["id"] for line in file)
        if run.code != 0 or len(self.truth) != 30:
            raise RuntimeError(str(run))

    def command(self, folder, fault):
        return ("run", connector("tests/zoo/gen"), "config.json", "--to", "gen.db"), None

    def finish(self, folder, struck, fault):
        run = self.run(folder)
        rows = sorted(row["id"] for row in read_table(os.path.join(folder, "gen.db"), "s0"))
        if run.code != 0:
            return "the next run failed: %s" % run
        return None if rows == self.truth else "s0: %d records are missing, %d too many" % (
            len(set(self.truth) - set(rows)), len(rows) - len(set(rows)))


class StateScene(ApiScene):
    """A person resets the states, sets one, or puts earlier ones back; then a run."""

    family = "state"
    kinds = {kind: share for kind, (_, share) in KINDS.items()}

    def __init__(self, chance, to, mode, verb):
        super().__init__(chance, to, mode, chance.random() < 0.7, verb != "set")
        self.verb = verb

    def __str__(self):
        return "abhost state %s, %s" % (self.verb, super().__str__())

    def open(self, chance):
        self.begin(chance)
        with open(os.path.join(self.folder, "old.json"), "w", encoding="utf-8") as file:
            file.write(self.export(self.folder))
        self.change(chance)
        self.must(*self.sync())
        self.between = self.now
        self.change(chance)
        self.middle = sorted(record["updated_at"] for record in self.before)[len(self.before) // 2]
        self.states = [self.export(self.folder)]
        twin = self.folder + ".twin"
        shutil.copytree(self.folder, twin)
        run = self.run(twin)
        self.states.append(self.export(twin))
        shutil.rmtree(twin)
        if run.code != 0 or self.states[0] == self.states[1]:
            raise RuntimeError(str(run))

    def export(self, folder):
        return abhost("state", "export", self.to, cwd=folder).out

    def command(self, folder, fault):
        return ("state", self.verb, self.to, *{
            "reset": [], "set": ["events", json.dumps({"updated_at": self.middle})], "import": ["old.json"]}[self.verb]), None

    def finish(self, folder, struck, fault):
        state = self.export(folder)
        if state not in self.states or struck.code == 0 and state != self.states[1]:
            return "corrupt: a state that is neither the old one nor the new one: %s" % state
        if struck.code > 0 and state == self.states[0] or struck.code < 0 and fault.number % 4 > 1:
            run = self.run(folder)  # the same again
            state = self.states[1]
            if run.code != 0 or self.export(folder) != state:
                return "the command cannot be repeated: %s" % run
        why = self.alone(folder, *self.sync())
        for stream in self.streams:
            why = why or match(self, folder, stream, None, self.wanted(state, stream), as_list=True)
        return why

    def wanted(self, state, stream):
        """All records that were sent, in their order, by the run that comes last."""
        sent = self.before + newcomers(self.before, self.between)
        if state == self.states[0]:
            return sent + newcomers(self.between, self.now)
        if self.verb == "reset":
            return self.now if self.mode == "append" else sent + self.now
        if self.verb == "set":
            return sent + [record for record in self.now if record["updated_at"] >= self.middle]
        # an earlier state has no hashes of the records that stand at its cursor
        newest = newest_of(self.before, stream)
        known = set(map(sort_key, self.before))
        return sent + [record for record in self.now if sort_key(record) not in known or
                       record["updated_at"] == newest[part_of(record, stream)]]


def run_scenes(chance):
    """Every mode x sorted or not x one stream or two, one in partitions; of append_dedup x NULL keys x deleted records."""
    for is_sorted, crowd in itertools.product((False, True), repeat=2):
        for mode in ("overwrite", "refresh-append", "append"):
            yield ApiScene(chance, PLAIN, mode, is_sorted, crowd)
        for key, deleted in itertools.product(("id", "id,ref"), (None, "mark", "remove")):
            yield ApiScene(chance, PLAIN, "dedup", is_sorted, crowd, key, deleted)
        for mode in ("overwrite", "append", "dedup"):
            yield ApiScene(chance, PLAIN + WAL, mode, is_sorted, crowd, "id,ref" if mode == "dedup" and crowd else "id")
            yield ApiScene(chance, chance.choice([PLAIN + WAL, PLAIN]), mode, is_sorted, crowd, extra="new columns")
            yield ApiScene(chance, chance.choice([PLAIN + WAL, PLAIN]), mode, is_sorted, crowd, extra="--full-refresh")
        yield ApiScene(chance, "jsonl:out", "overwrite", is_sorted, crowd)
        yield ApiScene(chance, "jsonl:out" if crowd else "jsonl:log.jsonl", "append", is_sorted, crowd)
        yield ApiScene(chance, "jsonl:out", "dedup", is_sorted, crowd, chance.choice(["id", "id,ref"]))


def worker_scenes(chance):
    for scene in run_scenes(chance):
        scene.family, scene.kinds = "worker", {"worker malloc": 4, "worker nomem": 1}
        yield scene


def older_scenes(chance):
    for mode in ("overwrite", "refresh-append", "append", "dedup"):
        for to in (PLAIN, PLAIN + WAL):
            yield OlderScene(chance, to, mode, chance.random() < 0.5, chance.random() < 0.5)
    yield RelicScene()


def state_scenes(chance):
    for verb in ("reset", "set", "import"):
        for mode in ("append", "dedup"):
            for to in (PLAIN, PLAIN + WAL, "jsonl:out"):
                yield StateScene(chance, to, mode, verb)
