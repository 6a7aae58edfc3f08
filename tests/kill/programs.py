"""Scenes of faults.py: `abhost run airbyte:PROGRAM` (program.py).  Records and states are committed together, so every mode
holds exactly what it would hold if nothing had happened, also where the program dies, or both."""
import os

from lib import SRC, worker_pids
from kill import kill
from made import data_of, difference, kept
from scene import KINDS, MadeScene, WAL

PROGRAM = os.path.join(os.path.abspath(SRC), "tests/kill/program.py")
MODES = {"append": ("incremental", "append"), "dedup": ("incremental", "append_dedup"), "overwrite": ("full_refresh", "overwrite")}
KEYS = {"id": ("id",), "id,ref": ("id", "ref")}


class ProgramScene(MadeScene):
    family = "program"
    kinds = {**{kind: share for kind, (_, share) in KINDS.items()}, "moment": 3, "die": 3}

    def __init__(self, chance, to, states, mode):
        super().__init__()
        self.to, self.states, self.mode = to, states, mode
        self.database = "p.db" if to.startswith("sqlite:") else None
        self.key = chance.choice(list(KEYS)) if mode == "dedup" else None
        self.names = ["s%d" % n for n in range(chance.choice([1, 2, 3]))]
        self.total = {name: chance.randrange(300, 1200) for name in self.names}
        self.first = {name: chance.randrange(1, n) for name, n in self.total.items()}
        self.config = {"states": states, "every": chance.choice([5, 50, 200]), "seed": chance.randrange(1 << 30),
                       "resumable": mode == "overwrite" and states == "STREAM" and chance.random() < 0.5}

    def __str__(self):
        return "airbyte:PROGRAM, %s, %s%s, %s states, %d streams%s" % (
            self.to, self.mode, " by " + self.key if self.key else "", self.states, len(self.names),
            ", resumable" if self.config["resumable"] else "")

    def configure(self, folder, round_, total, **more):
        self.put(folder, "config.json", {**self.config, "streams": total, "round": round_, **more})

    def open(self, chance):
        os.mkdir(os.path.join(self.folder, "out"))
        sync, destination = MODES[self.mode]
        self.put(self.folder, "catalog.json", {"streams": [{
            "stream": {"name": name, "json_schema": {}, "supported_sync_modes": ["full_refresh", "incremental"]},
            "sync_mode": sync, "destination_sync_mode": destination, "cursor_field": ["v"],
            **({"primary_key": [[part] for part in KEYS[self.key]]} if self.key else {})} for name in self.names]})
        self.configure(self.folder, 1, self.first)
        run = self.run(self.folder)
        if run.code != 0:
            raise RuntimeError(str(run))
        self.configure(self.folder, 2, self.total)
        self.counts["records"] = sum(self.total.values())

    def places(self, kind):
        return self.counts["records"] if kind == "die" else super().places(kind)

    def command(self, folder, fault):
        if fault is not None and fault.kind == "die":
            self.configure(folder, 2, self.total, die=fault.at)
        return ("run", "airbyte:" + PROGRAM, "config.json", "--catalog", "catalog.json", "--to", self.to), None

    def strike(self, process, fault):
        """The engine, the program (whatever it does just then), or both."""
        target, programs = fault.number % 3, worker_pids(process.pid)
        for pid in programs if target != 0 else []:
            kill(pid)
        if target != 1:
            kill(process.pid)

    def finish(self, folder, struck, fault):
        self.configure(folder, 2, self.total)
        run = self.run(folder)
        if run.code != 0:
            return "the next run failed: %s" % run
        for name in self.names:
            first = 0 if self.mode == "overwrite" else self.first[name]
            sent = [data_of(n, 1 if n < first else 2) for n in range(self.total[name])]
            rows = self.rows(folder, name)
            key = KEYS[self.key] if self.key else None
            if key and self.database is None:
                rows = kept(rows, key)
            why = difference(rows, kept(sent, key))
            if why:
                return "%s: %s" % (name, why)
        return None


def program_scenes(chance):
    for to in ("sqlite:p.db", "sqlite:p.db" + WAL, "jsonl:out"):
        for states in ("STREAM", "GLOBAL", "LEGACY"):
            for mode in MODES:
                yield ProgramScene(chance, to, states, mode)
