#!/usr/bin/env python3
"""GitHub's recorded answers, played by octokit's fixtures server: every request must be the recorded one, in order."""
import json
import os
import re

import real
import servers
from real import lib

TOKEN = "0" * 39 + "1"  # the one that was recorded
SCENARIO = os.path.join("node_modules", "@octokit", "fixtures", "scenarios", "api.github.com", "paginate-issues",
                        "normalized-fixture.json")


def load(api):
    """A new playback; its URL."""
    return real.must(api.url + "/fixtures", {"scenario": "paginate-issues"})["url"]


def recorded(api, url):
    """The records of the file, with the server's addresses in place of GitHub's."""
    with open(os.path.join(api.home, SCENARIO), encoding="utf-8") as file:
        exchanges = json.load(file)
    found = [issue for exchange in exchanges for issue in exchange["response"]]
    start, _, rest = url.partition("/api.github.com/")
    return json.loads(re.sub(r"https://([a-z.]+)", r"%s/\1/%s" % (start, rest), json.dumps(found)))


tap = lib.Tap()
with servers.Octokit() as api:
    url = load(api)
    sync = real.Sync(tap, "octokit", {"base_url": url, "token": TOKEN})
    outcome = sync.run("the first run")
    truth = recorded(api, url)
    tap.ok(len(truth) == 13 and outcome.read == {"issues": 13}, "13 issues", outcome)
    sync.same("issues", truth, "issues")
    tap.same(lib.secrets_in(outcome, sync.db, key=TOKEN), [], "the token is nowhere")

    run = sync.run("a playback that is over is an error", code=1)
    tap.ok("404" in run.text, "and the error says 404", run)

    url = load(api)
    sync.configure({"base_url": url, "token": TOKEN})
    sync.run("the second run: every URL in the records changed")
    sync.same("issues", recorded(api, url), "issues of the second playback")
real.finish(tap, api)
