"""The records and messages of Airbyte's protocol that programs.py and messages.py send, and what must become of them."""
import collections
import json

TEXT = "x" * 60


def data_of(number, round_):
    """A record by its number: every third is a newer version of one before it; every fourth has no "ref"."""
    is_old = number % 3 == 2
    id_ = number - 2 if is_old else number
    return {"id": id_, "v": number + 1000000 * round_, "ref": None if id_ % 4 == 1 else id_ * 7, "text": "%d %s" % (number, TEXT)}


def record_of(stream, number, round_):
    return {"type": "RECORD", "record": {"stream": stream, "data": data_of(number, round_), "emitted_at": 1700000000000}}


def state_of(kind, at, stream, round_):
    """The STATE that says how many records of each stream have come in a round; kind: STREAM (of the one), GLOBAL or LEGACY."""
    if kind == "LEGACY":
        return {"type": "STATE", "state": {"data": dict(at)}}
    each = [{"stream_descriptor": {"name": name}, "stream_state": {"n": n, "round": round_}} for name, n in at.items()]
    if kind == "GLOBAL":
        return {"type": "STATE", "state": {"type": "GLOBAL", "global": {"shared_state": dict(at), "stream_states": each}}}
    return {"type": "STATE", "state": {"type": "STREAM", "stream": each[list(at).index(stream)]}}


def status_of(stream, word):
    return {"type": "TRACE", "trace": {"type": "STREAM_STATUS", "emitted_at": 1.5, "stream_status": {
        "stream_descriptor": {"name": stream}, "status": word}}}


def message(out, value):
    out.write(json.dumps(value) + "\n")


def kept(records, key=None):
    """Of what was sent, what there must be: all of it; with a key of each the last, and all that lack a part of it."""
    if key is None:
        return records
    found, keyless = {}, []
    for record in records:
        values = tuple(record[name] for name in key)
        if None in values:
            keyless.append(record)
        else:
            found[values] = record
    return list(found.values()) + keyless


def difference(rows, records):
    """None where they are the same, each as often as the other; else what is missing or too many."""
    wrong = collections.Counter(json.dumps(r, sort_keys=True) for r in records)
    wrong.subtract(json.dumps(r, sort_keys=True) for r in rows)
    lost = {text: n for text, n in wrong.items() if n > 0}
    more = {text: -n for text, n in wrong.items() if n < 0}
    if lost:
        return "%d of %d records are missing: %s; %d that should not be there" % (
            sum(lost.values()), len(records), list(lost)[:2], len(more))
    return "%d rows are too many: %s" % (sum(more.values()), list(more)[:2]) if more else None
