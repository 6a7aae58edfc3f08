#!/usr/bin/env python3
"""The disk or the memory of a command fails at a chosen call (tests/kill/shim.c): between any two writes or syncs of a
commit, by a power cut that keeps, loses or tears what was not synced, by a full disk, an I/O error, a sync that fails and
later ones that do not, a failing malloc.  Families of scenes:

  run       `abhost run`: every mode, sorted or not, one stream or two at once of
            which one is in partitions, in several lanes; in append_dedup with NULLs in keys or without, with records that are
            deleted, marked or removed, or without; with a rollback journal or a write-ahead log; with --full-refresh, or
            columns that come while it runs
  worker    the same with a failing malloc in the worker
  older     the same into a database that an older abhost has left, most of them while it is brought up to date
  state     `abhost state` reset, set and import
  program   `abhost run airbyte:PROGRAM`, the engine, the program or both, with states of each type
  messages  `abhost airbyte-destination`, to which the client sends again what it was not told

Then what sets it right, left alone.  The content must be the truth, and the command must have said what happened.

usage: faults.py [ROUNDS] [FAMILY...]     (default: $FAULT_ROUNDS, or 200, of all; TEST_SEED=N repeats a series)
"""
import os
import random
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from scene import OFTEN, SHIM  # noqa: E402
from lib import FAKE, Tap, connector, need, seed  # noqa: E402
from messages import message_scenes  # noqa: E402
from programs import program_scenes  # noqa: E402
from runs import older_scenes, run_scenes, state_scenes, worker_scenes  # noqa: E402

FAMILIES = {"run": run_scenes, "older": older_scenes, "state": state_scenes, "program": program_scenes,
            "messages": message_scenes, "worker": worker_scenes}
LEAST = 4  # rounds of a scene, which takes as long to prepare as they take


def choose(chance, families, rounds):
    """[(scene, rounds)]: all of them, or of each family as many as there are rounds for."""
    made = {name: list(FAMILIES[name](chance)) for name in families}
    total = sum(map(len, made.values()))
    part = min(1, rounds / LEAST / total)
    chosen = []
    for scenes in made.values():
        chosen += chance.sample(scenes, max(1, round(len(scenes) * part)))
    return [(scene, rounds * (n + 1) // len(chosen) - rounds * n // len(chosen)) for n, scene in enumerate(chosen)]


def run_scene(tap, scene, chance, rounds):
    scene.prepare(chance)
    faults = list(scene.draw(chance, rounds))
    done = scene.play_all(faults)
    scene.close()
    struck = sum(1 for _, hit in done if hit)
    bad = [(fault, why) for fault, (why, _) in zip(faults, done) if why is not None]
    tap.ok(not bad, "%s: %s: %d faults, %d of them felt; it makes %s" % (
        scene.family, scene, len(faults), struck, ", ".join("%d %s" % (v, k) for k, v in scene.counts.items() if v)),
        *["%s: %s" % case for case in bad[:3]], "%d bad" % len(bad))
    return [why for _, why in bad], struck


def main():
    need(OFTEN, FAKE, SHIM, connector("tests/whole/paged"), connector("tests/zoo/gen"))
    families = [word for word in sys.argv[1:] if not word.isdigit()] or list(FAMILIES)
    numbers = [int(word) for word in sys.argv[1:] if word.isdigit()]
    rounds = numbers[0] if numbers else int(os.environ.get("FAULT_ROUNDS") or 200)
    tap = Tap()
    value, begun = seed(), time.monotonic()
    chance = random.Random(value)
    played, struck, wrong = 0, 0, []
    for scene, n in choose(chance, families, rounds):
        if n > 0:
            bad, hits = run_scene(tap, scene, chance, n)
            played, struck, wrong = played + n, struck + hits, wrong + bad
    tap.ok(struck > played / 2, "most faults were felt: %d of %d" % (struck, played))
    tap.sum_up(played, begun, value, wrong)
    tap.done()


main()
