#!/usr/bin/env python3
"""A source that speaks Airbyte's protocol, of programs.py: {"streams": {NAME: N records}, "old": {NAME: N}, "states": "STREAM", "every": N,
"die": N}.  A record is known by its number; with a state it goes on behind it."""
import json
import os
import random
import signal
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from made import message, record_of, state_of, status_of  # noqa: E402

words = dict(zip(sys.argv[2::2], sys.argv[3::2]))


def load(option):
    with open(words[option], encoding="utf-8") as file:
        return json.load(file)


def positions(states):
    """{stream: number of its last record}"""
    if isinstance(states, dict):
        return states
    found = {}
    for one in states:
        listed = one["global"]["stream_states"] if one["type"] == "GLOBAL" else [one["stream"]]
        found.update({s["stream_descriptor"]["name"]: s["stream_state"].get("n", 0) for s in listed})
    return found


def read(config, catalog, states):
    total, chance = config["streams"], random.Random(config["seed"])
    incremental = {s["stream"]["name"] for s in catalog["streams"] if s["sync_mode"] == "incremental"}
    at = {name: n if name in incremental or config.get("resumable") else 0 for name, n in positions(states).items()}
    at = {name: at.get(name, 0) for name in total}
    for name in total:
        message(sys.stdout, status_of(name, "STARTED"))
    said = 0
    while any(at[name] < total[name] for name in total):
        name = chance.choice([name for name in total if at[name] < total[name]])
        for _ in range(chance.randrange(1, 2 * config["every"])):
            if at[name] < total[name]:
                message(sys.stdout, record_of(name, at[name], config["round"]))
                at[name] += 1
                said += 1
            if said == config.get("die"):
                sys.stdout.flush()
                os.kill(os.getpid(), signal.SIGKILL)
        message(sys.stdout, state_of(config["states"], at, name, config["round"]))
    for name in total:
        message(sys.stdout, state_of(config["states"], at, name, config["round"]))
        message(sys.stdout, status_of(name, "COMPLETE"))


def main():
    if sys.argv[1] == "spec":
        message(sys.stdout, {"type": "SPEC", "spec": {"connectionSpecification": {"type": "object", "properties": {}}}})
        return
    config = load("--config")
    if sys.argv[1] == "discover":
        message(sys.stdout, {"type": "CATALOG", "catalog": {"streams": [{
            "name": name, "json_schema": {"type": "object", "properties": {"id": {"type": "integer"}}},
            "supported_sync_modes": ["full_refresh", "incremental"], "source_defined_cursor": True,
            "default_cursor_field": ["v"], **({"is_resumable": True} if config.get("resumable") else {})}
            for name in config["streams"]]}})
    if sys.argv[1] == "read":
        read(config, load("--catalog"), load("--state"))


main()
