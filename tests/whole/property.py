#!/usr/bin/env python3
"""Random schemas, random records, every mode, contract and selection, two or three runs one after the other: each table
must hold what a plain model of docs/schema.md says, cell by cell, with its types and its _airbyte_meta.

$PROPERTY_SECONDS (60) long; TEST_SEED=N repeats a series, which prints the seed of the case that fails.
"""
import json
import os
import random
import sqlite3
import time

from lib import ABHOST, Tap, need, open_db, seed
from pages import GIVEN, Source, stream

need(ABHOST, GIVEN)
SECONDS = float(os.environ.get("PROPERTY_SECONDS") or 60)

# what may stand in a field: its literal, and the narrowest type that holds it; "" for null
VALUES = [
    ("null", ""), ("0", "INTEGER"), ("-0", "INTEGER"), ("7", "INTEGER"), ("9223372036854775807", "INTEGER"),
    ("1.5", "NUMBER"), ("359.40", "NUMBER"), ("1e5", "NUMBER"), ("0.1", "NUMBER"), ("-2.50", "NUMBER"),
    ("9223372036854775808", "TEXT"), ("1e400", "TEXT"), ("123456789012345678901234567890", "TEXT"),
    ("true", "BOOLEAN"), ("false", "BOOLEAN"), ('"x"', "TEXT"), ('""', "TEXT"), ('"5"', "TEXT"),
    ('"\\u00e9\\n\\"q\\""', "TEXT"), ('"a\\u0000b"', "TEXT"), ('"\\ud83d\\ude00"', "TEXT"), ('"\\ud800"', "TEXT"),
    ("[1, 2]", "JSON"), ('{"a": {"b": 1.50}}', "JSON"), ("[]", "JSON"), ('"2024-01-01T00:00:00Z"', "TEXT"),
]
OF_TYPE = {t: [literal for literal, its in VALUES if its == t] for t in ("INTEGER", "NUMBER", "BOOLEAN", "TEXT", "JSON")}
KEYS = ["a", "b", "B", "c d", "select", "é", "k" * 70, "", "a_2"]
SCHEMAS = {"INTEGER": {"type": "integer"}, "NUMBER": {"type": ["null", "number"]}, "BOOLEAN": {"type": "boolean"},
           "TEXT": {"type": "string"}, "JSON": {"type": ["object", "array"]}, "": {}}


def join(a, b):
    if a == b or not b:
        return a
    if not a:
        return b
    return "NUMBER" if {a, b} == {"INTEGER", "NUMBER"} else "TEXT"


class Breach(Exception):
    """freeze: the stream fails with this page."""


class Model:
    """One stream's table."""

    def __init__(self, case):
        self.case = case
        self.types = None  # by key, in no order; None: there is no table with fields
        self.rows = []     # {"cells": {key: literal}, "meta": [...], "gone": bool}

    def begin(self):
        """The types that a run begins with, and the contract that it keeps."""
        case = self.case
        has_table = any((self.types or {}).values())
        fresh = case.mode == "overwrite" and not (has_table and case.contract != "evolve")
        types = {} if fresh or self.types is None else dict(self.types)
        if case.mode == "overwrite" and case.columns:
            types = {key: t for key, t in types.items() if case.selects(key)}
        if case.contract == "evolve" or not has_table:
            for key, t in case.schema.items():
                if case.selects(key):
                    types[key] = join(types.get(key, ""), t)
        else:
            for key, t in case.schema.items():
                if case.selects(key) and key in types and not types[key]:
                    types[key] = t
        if case.mode == "dedup" or case.columns:
            for key in [*case.always(), *(case.columns or [])]:
                types.setdefault(key, "")
        contract = case.contract if has_table or case.schema else "evolve"
        return types, contract

    def record(self, fields, types, contract):
        """A row, or None where the record is not written."""
        cells, meta, dropped = {}, [], False
        for key, literal, t in fields:
            if not self.case.selects(key):
                continue
            fits = key in types and (not types[key] or not t or join(types[key], t) == types[key])
            if contract == "evolve":
                types[key] = join(types.get(key, ""), t)
            elif key in types and not types[key]:
                types[key] = t
            elif not fits:
                if key not in types and not t:
                    continue
                if contract == "freeze":
                    raise Breach(key)
                if contract == "discard_row" or (self.case.mode == "dedup" and key == "id" and key in types):
                    dropped = True
                elif key in types:
                    meta.append((key, "NULLED"))
                continue
            if literal == '"\\ud800"':
                meta.append((key, "TRUNCATED"))
            cells[key] = literal
        if dropped:
            return None
        gone = self.case.deleted and cells.get(self.case.deleted_field) in ("true", "1", '"yes"')
        return {"cells": cells, "meta": meta, "gone": gone}

    def add(self, rows, row):
        key = row["cells"].get("id")
        if self.case.mode != "dedup" or key in (None, "null"):
            rows.append(row)
            return
        key = key.strip('"')
        for i, old in enumerate(rows):
            if str(old["cells"].get("id")).strip('"') == key and old["cells"].get("id") != "null":
                if self.replaces(row, old):
                    rows[i] = row
                return
        rows.append(row)

    def replaces(self, new, old):
        if not self.case.cursor:
            return True
        a, b = (int(c) if c not in (None, "null") else None for c in
                (new["cells"].get("at"), old["cells"].get("at")))
        return b is None or (a is not None and a >= b) or (a is None and bool(new["gone"]))

    def run(self, pages):
        """True: it succeeds."""
        types, contract = self.begin()
        rows = [] if self.case.mode == "overwrite" else list(self.rows)
        for page in pages:
            trial, made = dict(types), []
            try:
                for fields in page:
                    row = self.record(fields, trial, contract)
                    if row is not None:
                        made.append(row)
            except Breach:
                if self.case.mode == "dedup":  # what has a key will be replaced when it comes again
                    self.rows = [row for row in rows if row["cells"].get("id") not in (None, "null") or
                                 any(row is old for old in self.rows)]
                if self.case.mode != "overwrite":
                    self.types = types
                return False
            types = trial
            for row in made:
                self.add(rows, row)
        if self.case.mode == "dedup" and self.case.deleted == "remove":
            rows = [row for row in rows if not row["gone"]]
        self.rows, self.types = rows, types
        return True


class Case:
    """What one series of runs has in common."""

    def __init__(self, chance):
        self.chance = chance
        self.mode = chance.choice(["overwrite", "refresh-append", "append", "dedup", "dedup"])
        self.contract = chance.choice(["evolve", "evolve", "freeze", "discard_row", "discard_value"])
        self.cursor = chance.random() < 0.8 or self.mode == "append"
        self.keys = chance.sample(KEYS, chance.randrange(1, len(KEYS)))
        self.schema = {}
        if chance.random() < 0.6:
            self.schema = {key: chance.choice(list(SCHEMAS)) for key in self.keys if chance.random() < 0.7}
            self.schema.update({"id": "INTEGER", "at": "INTEGER", "n": "INTEGER"})
        self.deleted = chance.choice([None, "mark", "remove"]) if self.mode == "dedup" else None
        self.deleted_field = "gone"
        self.columns = None
        if chance.random() < 0.25:
            known = [key for key in self.keys if not self.schema or key in self.schema]
            self.columns = ["n"] + [key for key in known if chance.random() < 0.5 and key]
        self.calm = chance.random() < 0.4  # mostly values of the schema's types
        self.verify = chance.random() < 0.5
        self.serial = 0

    def always(self):
        """What is a column whatever is selected."""
        return (["id"] if self.mode == "dedup" else []) + (["at"] if self.cursor else []) + \
            ([self.deleted_field] if self.deleted else [])

    def selects(self, key):
        return self.columns is None or key in self.columns or key in self.always()

    def fields(self):
        chance = self.chance
        self.serial += 1
        identity = ("null", "") if chance.random() < 0.15 else (str(chance.randrange(9)), "INTEGER")
        if not self.calm and chance.random() < 0.03:
            identity = ('"%s"' % identity[0], "TEXT") if identity[1] else identity
        out = [("n", str(self.serial), "INTEGER"), ("id",) + identity]
        if chance.random() < 0.9:
            out.append(("at",) + (("null", "") if chance.random() < 0.05 else (str(chance.randrange(20)), "INTEGER")))
        if chance.random() < 0.2:
            out.append(("gone",) + chance.choice([("true", "BOOLEAN"), ("false", "BOOLEAN"), ("null", "")]))
        for key in chance.sample(self.keys, chance.randrange(len(self.keys) + 1)):
            t = self.schema.get(key)
            calm = self.calm and chance.random() < 0.95
            if calm and t:
                literal, its = chance.choice(OF_TYPE[t]), t
            elif calm:
                literal, its = chance.choice([("5", "INTEGER"), ("null", "")])
            else:
                literal, its = chance.choice(VALUES)
            out.append((key, literal, its))
        if chance.random() < 0.05 and len(out) > 3:
            out.append((out[-1][0],) + chance.choice(VALUES))
            if out[-1][0] in ("at", "gone"):
                out.pop()
        if chance.random() < 0.2:
            chance.shuffle(out)
        return out

    def page(self):
        return [self.fields() for _ in range(self.chance.randrange(12))]

    def pages(self):
        """A run's. A first append that saw no cursor value keeps no state, and the next one would begin anew."""
        pages = [self.page() for _ in range(self.chance.randrange(1, 4))]
        if self.mode == "append":
            self.serial += 1
            pages[0].append([("n", str(self.serial), "INTEGER"), ("at", "3", "INTEGER")])
        return pages

    def text(self, page):
        return "".join("{%s}" % ",".join("%s:%s" % (self.spell(key), literal) for key, literal, _ in fields)
                       for fields in page)

    def spell(self, key):
        if key and self.chance.random() < 0.05:
            return '"\\u%04x' % ord(key[0]) + json.dumps(key[1:])[1:]
        return json.dumps(key, ensure_ascii=self.chance.random() < 0.5)

    def describe(self):
        schema = {key: SCHEMAS[t] for key, t in self.schema.items()} or None
        return stream(schema=schema, key="id" if self.mode == "dedup" else None, cursor="at" if self.cursor else None)

    def options(self):
        mode = {"overwrite": "full_refresh:overwrite", "refresh-append": "full_refresh:append",
                "append": "incremental:append",
                "dedup": ("incremental" if self.cursor else "full_refresh") + ":append_dedup"}[self.mode]
        args = ["--mode", "t=" + mode, "--contract", "t=" + self.contract]
        if self.deleted:
            args += ["--deleted", "t=%s:%s" % (self.deleted, self.deleted_field)]
        if self.columns:
            args += ["--columns", "t=" + ",".join(self.columns)]
        return args + (["--verify"] if self.verify else [])


def wanted_cell(literal, t):
    """What a cell must hold: a value, or a set of texts of which one must stand there."""
    if literal in (None, "null"):
        return None
    if literal == '"\\ud800"':
        return "\ufffd"
    if literal.startswith('"'):
        return json.loads(literal)
    if literal[0] in "[{":
        return literal
    if literal in ("true", "false"):
        return literal if t == "TEXT" else int(literal == "true")
    if t in ("INTEGER", "NUMBER"):
        return int(literal) if literal.lstrip("-").isdigit() else float(literal)
    number = float(literal)
    return {literal, repr(number), "%d" % number if number == int(number if abs(number) < 1e300 else 1) else literal,
            "0" if literal == "-0" else literal}


def cell_is(cell, wanted):
    if isinstance(wanted, set):
        return isinstance(cell, str) and cell in wanted
    return cell == wanted and (not isinstance(wanted, str) or isinstance(cell, str))


def read(source):
    with open_db(source.db) as db:
        saved = db.execute("SELECT columns FROM _abhost_streams WHERE stream = 't' AND staging = 0").fetchone()
        columns = {c["key"]: (c["column"], c["type"]) for c in json.loads(saved[0]) if "key" in c} if saved else {}
        there = db.execute("SELECT count(*) FROM sqlite_schema WHERE name = 't'").fetchone()[0]
        cursor = db.execute("SELECT * FROM t") if there else None
        names = [d[0] for d in cursor.description] if there else []
        return columns, [dict(zip(names, row)) for row in cursor] if there else []


def difference(source, model, case):
    columns, rows = read(source)
    if len(rows) != len(model.rows):
        return "%d rows, wanted %d" % (len(rows), len(model.rows))
    if not rows and not model.rows:
        return None
    for key, t in model.types.items():
        if key not in columns or columns[key][1] != t:
            return "column of %r is %r, wanted %r" % (key, columns.get(key), t)
    by_serial = {row[columns["n"][0]]: row for row in rows}
    for row in model.rows:
        got = by_serial.get(int(row["cells"]["n"]))
        if got is None:
            return "row %s is missing" % row["cells"]
        for key, (name, t) in columns.items():
            wanted = wanted_cell(row["cells"].get(key), t)
            if not cell_is(got[name], wanted):
                return "%r of row %s is %r, wanted %r (%s)" % (key, row["cells"]["n"], got[name], wanted, t)
        meta = [(c["field"], c["change"]) for c in json.loads(got["_airbyte_meta"]).get("changes", [])]
        if meta != row["meta"]:
            return "_airbyte_meta of row %s is %r, wanted %r" % (row["cells"]["n"], meta, row["meta"])
        if case.deleted and bool(got["_ab_cdc_deleted_at"]) != bool(row["gone"]):
            return "row %s: deleted at %r" % (row["cells"]["n"], got["_ab_cdc_deleted_at"])
    return None


def play(number):
    """None, or what went wrong."""
    case = Case(random.Random(number))
    model = Model(case)
    source = Source(case.describe())
    for attempt in range(case.chance.randrange(2, 4)):
        pages = case.pages()
        source.give("t", *map(case.text, pages))
        wanted = model.run(pages)
        run = source.run(*case.options())
        if (run.code == 0) != wanted or (not wanted and "its contract is freeze" not in run.err):
            return "run %d: should %s; %s" % (attempt + 1, "succeed" if wanted else "fail", run)
        why = difference(source, model, case)
        if why:
            return "run %d, %s, %s: %s\n%s" % (attempt + 1, case.mode, " ".join(case.options()), why, run)
    return None


def main():
    tap = Tap()
    chance = random.Random(seed())
    end = time.monotonic() + SECONDS
    cases = 0
    failures = []
    first = os.environ.get("PROPERTY_CASE")
    while time.monotonic() < end and len(failures) < 3:
        number = int(first) if first else chance.randrange(1 << 48)
        try:
            why = play(number)
        except (LookupError, sqlite3.Error, ValueError) as error:
            why = "%s: %s" % (type(error).__name__, error)
        cases += 1
        if why:
            failures.append("PROPERTY_CASE=%d: %s" % (number, why))
        if first:
            break
    tap.note("%d cases" % cases)
    tap.ok(not failures, "every table is as the model has it", *failures)
    tap.done()


main()
