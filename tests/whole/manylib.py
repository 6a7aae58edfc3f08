"""What tests/zoo/many.c makes, made again in another language; for tests/whole/many.py and tests/kill/many.py."""
import collections
import json
import os
import sqlite3

from lib import connector

MANY = connector("tests/zoo/many")


def configure(folder, **settings):
    with open(os.path.join(folder, "c.json"), "w", encoding="utf-8") as file:
        json.dump(settings, file)


def truth(settings):
    """{(id, at)} of each stream."""
    parts, more = settings.get("parts", 0), settings.get("more", 0)
    rows = set()
    for part in range(max(parts, 1)):
        base = part * 1000 if settings.get("shared") and parts else 0
        last = not settings.get("shared") or not parts or part == parts - 1
        for i in range(settings["records"] + (more if last else 0)):
            rows.add((part * 1000000 + i, base + i // 3))
    return rows


def held(folder, stream, lines):
    if lines:
        with open(os.path.join(folder, "out", stream + ".jsonl"), encoding="utf-8") as file:
            return [(r["id"], r["at"]) for r in map(json.loads, file)]
    db = sqlite3.connect(os.path.join(folder, "m.db"))
    try:
        return db.execute('SELECT id, at FROM "%s"' % stream).fetchall()
    finally:
        db.close()


def rows_of(folder, stream):
    """The same, also where there is no table yet."""
    try:
        return held(folder, stream, False)
    except sqlite3.OperationalError:
        return []


def wrong(folder, settings, lines=False):
    """What is not as it should be, or None."""
    for number in range(settings.get("streams", 1)):
        found = collections.Counter(held(folder, "s%d" % number, lines))
        if found != collections.Counter(truth(settings)):
            lost = truth(settings) - set(found)
            twice = [row for row, count in found.items() if count > 1]
            return "s%d: %d lost, %d twice, %d foreign" % (number, len(lost), len(twice),
                                                           len(set(found) - truth(settings)))
    return None
