"""Scenes of faults.py: `abhost airbyte-destination`.  A client sends a sync of three streams; where the program dies, it sends
again what comes behind the last STATE that it was told, as Airbyte's platform does.

What must be there then (docs/airbyte.md): every record once; only what a commit covers whose STATE could not be told any more
may be there twice: all of it and nothing else.  Of an overwrite that nothing was told of, all comes again."""
import json
import os
import random

from lib import abhost
from made import data_of, difference, kept, record_of, state_of, status_of
from scene import KINDS, MadeScene, WAL

KEY = ("id", "ref")
MODES = {"a": "append", "d": "append_dedup", "o": "overwrite"}


class MessageScene(MadeScene):
    family = "messages"
    kinds = {**{kind: share for kind, (_, share) in KINDS.items()}, "moment": 1, "cut": 2}

    def __init__(self, chance, to, states):
        super().__init__()
        self.to, self.states = to, states
        self.database = "m.db" if to.startswith("sqlite:") else None
        self.has_status = chance.random() < 0.7
        # with a LEGACY state an overwrite cannot tell where it was
        self.generations = states != "LEGACY" and chance.random() < 0.7
        self.cursor = chance.choice([None, ["v"]])
        self.every = chance.choice([3, 20, 100])
        self.total = {name: chance.randrange(200, 900) for name in MODES}
        self.first = {name: chance.randrange(0, n) for name, n in self.total.items()}
        self.seed = chance.randrange(1 << 30)

    def __str__(self):
        return "airbyte-destination %s, %s states%s%s%s" % (
            self.to, self.states, ", statuses" if self.has_status else "", ", generations" if self.generations else "",
            ", a cursor" if self.cursor else "")

    def entry(self, name, round_):
        described = {"name": name, "json_schema": {"properties": {"id": {"type": "integer"}}},
                     "supported_sync_modes": ["full_refresh", "incremental"]}
        sync = {"generation_id": round_ if name == "o" else 0, "minimum_generation_id": round_ if name == "o" else 0, "sync_id": 7}
        return {"stream": described, "sync_mode": "incremental", "destination_sync_mode": MODES[name],
                "cursor_field": self.cursor, "primary_key": [[part] for part in KEY] if name == "d" else None,
                **(sync if self.generations else {})}

    def send(self, folder, round_, begin, end):
        """Writes the files of one write: all that comes behind `begin` up to `end`, the streams mixed. Where its STATEs are."""
        chance = random.Random(self.seed + sum(begin.values()))
        at, lines, places = dict(begin), [], []
        lines += [status_of(name, "STARTED") for name in at if self.has_status]
        while any(at[name] < end[name] for name in at):
            name = chance.choice([name for name in at if at[name] < end[name]])
            for _ in range(min(chance.randrange(1, 2 * self.every), end[name] - at[name])):
                lines.append(record_of(name, at[name], round_))
                at[name] += 1
            if chance.random() < 0.7:
                lines.append(state_of(self.states, at, name, round_))
                places.append(dict(at))
        for name in at:
            lines.append(state_of(self.states, at, name, round_))
            lines += [status_of(name, "COMPLETE")] if self.has_status else []
        self.put(folder, "catalog.json", {"streams": [self.entry(name, round_) for name in at]})
        self.put(folder, "c.json", {"destination_path": os.path.join(folder, self.to.split(":")[1])})
        with open(os.path.join(folder, "in"), "w", encoding="utf-8") as file:
            file.write("".join(json.dumps(line) + "\n" for line in lines))
        return places + [end]

    def begins(self):
        """Where the second sync begins: an overwrite at its first record."""
        return {**self.first, "o": 0}

    def open(self, chance):
        os.mkdir(os.path.join(self.folder, "out"))
        self.send(self.folder, 1, dict.fromkeys(MODES, 0), self.first)
        run = self.run(self.folder)
        if run.code != 0:
            raise RuntimeError(str(run))

    def command(self, folder, fault):
        if fault is not None:
            self.send(folder, 2, self.begins(), self.total)
            if fault.kind == "cut":
                self.cut(os.path.join(folder, "in"), fault.at)
        return ("airbyte-destination", self.to.split(":")[0], "write", "--config", "c.json", "--catalog", "catalog.json"), \
            os.path.join(folder, "in")

    def cut(self, path, at):
        """The client dies; without statuses only half a line tells that from the end of a sync."""
        with open(path, "rb") as file:
            lines = file.read()
        end = len(lines) * at // 1000
        while not self.has_status and b"\n" in lines[max(end - 1, 0):end + 1]:
            end -= 1
        os.truncate(path, end)

    def said(self, run):
        return '"ERROR"' in run.out or run.err

    def told(self, run):
        """{stream: number} of the last STATEs, or of the one that is of all."""
        at = self.begins()
        for line in run.out.splitlines():
            try:
                m = json.loads(line)
            except ValueError:
                continue  # the last one, cut off
            if m["type"] == "STATE":
                s = m["state"]
                listed = [s["stream"]] if self.states == "STREAM" else s["global"]["stream_states"] if "global" in s else []
                at.update({x["stream_descriptor"]["name"]: x["stream_state"]["n"] for x in listed} if listed else s["data"])
        if not self.generations:  # nobody knows where an overwrite was: it begins again
            at["o"] = 0
        return at

    def finish(self, folder, struck, fault):
        told = self.told(struck)
        if struck.code == 0:
            untold = [name for name in told if told[name] != self.total[name] and (name != "o" or self.generations)]
            return "the last STATE of %s is lost" % untold if untold else self.compare(folder, self.begins(), self.begins())
        may_be = self.stored(folder, told)
        self.send(folder, 2, told, self.total)
        run = self.run(folder)
        if run.code != 0:
            return "the next write failed: %s" % run
        why = [self.compare(folder, told, stored) for stored in may_be]
        return None if None in why else "%s\ntold %s, stored %s" % (why[0], told, may_be[0])

    def stored(self, folder, told):
        """What the destination has of this sync, never less than what it has told: it says so itself; or else, with states that
        are not a stream's own, one of those that were sent."""
        run = abhost("state", "export", self.to, cwd=folder)
        states = {m["stream"]["stream_descriptor"]["name"]: m["stream"].get("stream_state") or {} for m in json.loads(run.out or "[]")}
        had = {name: states[name]["n"] for name in MODES if states.get(name, {}).get("round") == 2}
        if self.states == "LEGACY":
            return [told] + self.send(folder, 2, self.begins(), self.total)
        return [{**told, **{name: n for name, n in had.items() if n > told[name]}}]

    def compare(self, folder, told, stored):
        """Written were all up to what is stored, then all behind what was told."""
        for name in MODES:
            first = 0 if name == "o" else self.first[name]
            is_anew = name == "o" and not self.generations
            numbers = [*range(0 if is_anew else stored[name]), *range(told[name], self.total[name])]
            sent = [data_of(n, 1 if n < first else 2) for n in numbers]
            rows = self.rows(folder, name)
            if name == "d" and self.database is None:
                rows = kept(rows, KEY)
            why = difference(rows, kept(sent, KEY if name == "d" else None))
            if why:
                return "%s: %s" % (name, why)
        return None


def message_scenes(chance):
    for to in ("sqlite:m.db", "sqlite:m.db" + WAL, "jsonl:out"):
        for states in ("STREAM", "GLOBAL", "LEGACY"):
            for _ in range(2):
                yield MessageScene(chance, to, states)
