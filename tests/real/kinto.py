#!/usr/bin/env python3
"""Kinto: an opaque Next-Page header, `_since`, deleted records as tombstones, Basic."""
import os
import re

import real
import servers
from real import lib

PASSWORD = "pass:word \u2603 " + lib.KEY
WHO = real.basic("us er", PASSWORD)
WHEN = "_ab_cdc_deleted_at"


def everything(records):
    """All records and tombstones, by Python's own walk along the pages."""
    found, url = [], records + "?_since=0&_limit=7"
    while url:
        status, headers, body = real.request(url, headers=WHO)
        if status != 200:
            raise RuntimeError(body)
        found += body["data"]
        url = headers["Next-Page"]
    return found


def new(records, i):
    data = {"n": i, "title": "Record %d \u00e4\U0001f600" % i, "tags": [i, {"x": None}], "big": 2**55 + i, "half": i / 2}
    return real.must(records, {"data": data}, headers=WHO)["data"]["id"]


def check_tombstones(tap, db):
    """Each tombstone's row, and no other, says when it was deleted."""
    rows = lib.read_table(db, "records")
    marked = {row["id"] for row in rows if row.get(WHEN)}
    return tap.same(marked, {row["id"] for row in rows if row.get("deleted")}, "tombstones are marked")


tap = lib.Tap()
with servers.Kinto() as api:
    bucket = api.url + "/v1/buckets/b"
    real.must(bucket, {}, "PUT", WHO)
    for name in ("c", "other"):
        real.must("%s/collections/%s" % (bucket, name), {"data": {"of": name}}, "PUT", WHO)
    records = bucket + "/collections/c/records"
    ids = [new(records, i) for i in range(100)]
    config = {"base_url": api.url + "/v1", "user": "us er", "password": PASSWORD, "bucket": "b", "collection": "c",
              "page_size": 7}
    sync = real.Sync(tap, "kinto", config)
    sync.check()
    first = sync.run("the first run")
    tap.same(first.read, {"records": 100, "collections": 2}, "records of the first run")
    sync.same("records", everything(records), "records")
    other = os.path.join(sync.folder, "removed.db")
    lib.shutil.copyfile(sync.db, other)
    sync.same("collections", real.must(bucket + "/collections", headers=WHO)["data"], "collections")

    more = [new(records, i) for i in range(100, 120)]
    for i in (3, 50, 99):
        real.must("%s/%s" % (records, ids[i]), {"data": {"title": "changed", "extra": i}}, "PATCH", WHO)
    for i in (7, 60):
        real.must("%s/%s" % (records, ids[i]), method="DELETE", headers=WHO)
    real.must("%s/%s" % (records, more[0]), method="DELETE", headers=WHO)
    real.must(bucket + "/collections/other", method="DELETE", headers=WHO)
    second = sync.run("the second run")
    tap.same(second.read, {"records": 25, "collections": 1}, "of the records only what is new")
    truth = everything(records)
    tap.same(sum(bool(record.get("deleted")) for record in truth), 3, "three tombstones")
    sync.same("records", truth, "records after insert, update, delete", ignore=(WHEN,))
    check_tombstones(tap, sync.db)
    sync.same("collections", real.must(bucket + "/collections", headers=WHO)["data"], "collections after a delete")
    sync.db, other = other, sync.db
    sync.run("the second run again, with --deleted=remove", "--deleted", "records=remove")
    sync.same("records", [r for r in truth if not r.get("deleted")], "no row of a deleted record", ignore=("deleted", WHEN))
    sync.db = other
    third = sync.run("the third run")
    tap.same(third.read, {"records": 0, "collections": 1}, "nothing new")
    tap.same(lib.secrets_in(second, sync.db, key=PASSWORD), [], "the password is nowhere")

    with open(api.log, encoding="utf-8") as file:
        asked = re.findall(r"_since=([^ &\"]*)", file.read())
    tap.note("what Kinto was asked for: %s" % sorted(set(asked)))

    sync.configure({**config, "password": "wrong"})
    run = lib.abhost("run", sync.connector, "config.json", "--to", "sqlite:" + sync.db, cwd=sync.folder)
    tap.ok(run.code == 3 and re.search("40[13]", run.err), "another user may not read it: the config's fault", run)
real.finish(tap, api)
