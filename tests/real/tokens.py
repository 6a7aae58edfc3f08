#!/usr/bin/env python3
"""Two token servers before json-server: tokens that end in mid-sync, refresh tokens that are good for one use."""
import os
import random
import re

import gate
import real
import servers
from real import lib

POSTS = 84  # twelve pages
MINUTES = iter(range(30, 60))  # each change is later than all before


def post(i, when):
    return {"id": i, "title": "Post %d" % i, "updated": "2026-03-01T00:%02d:00Z" % when}


class World:
    """A list, a gate before it, and a token server behind a gate that only writes down."""

    def __init__(self, tap, api, provider, judge, delay=0.0, config=None, watch=None):
        self.tap, self.api = tap, api
        self.door = gate.Gate(api, judge, delay)
        self.bank = gate.Gate(provider, watch or (lambda handler, body: None))
        self.config = {"base_url": self.door.url, "token_url": self.bank.url + "/token", **config}
        self.sync = real.Sync(tap, "tokens", self.config)
        self.secrets = os.path.join(self.sync.folder, "config-secrets.json")

    def run(self, name, code=0):
        self.door.passed = self.door.refused = 0
        self.bank.bodies.clear()
        outcome = self.sync.run(name, code=code)
        told = [c for c in (self.config["secret"], self.config.get("refresh_token")) if c]
        found = [where for secret in told for where in lib.secrets_in(outcome, self.sync.db, key=secret)]
        self.tap.same(found, [], name + ": no secret is told")
        return outcome

    def same(self, name):
        self.sync.same("posts", real.must(self.api.url + "/posts"), name)

    def change(self):
        """An insert, an update; a list that is read by its cursor tells of no delete."""
        i = max(p["id"] for p in real.must(self.api.url + "/posts")) + 1
        real.must(self.api.url + "/posts", post(i, next(MINUTES)))
        real.must("%s/posts/%d" % (self.api.url, random.randrange(1, POSTS)),
                  {"updated": post(0, next(MINUTES))["updated"]}, "PATCH")

    def close(self):
        self.door.close()
        self.bank.close()


def short_lived(tap, api, provider, grant, client):
    """Tokens of two seconds, a sync of more than three."""
    secret = "s3cret-" + client
    judge = gate.wants(gate.introspected(provider, "cc", "s3cret-cc"))
    world = World(tap, api, provider, judge, 0.3, {"grant": grant, "client": client, "secret": secret})
    outcome = world.run(grant + ": tokens that live two seconds")
    world.same(grant + ": posts")
    took = outcome.of("end")[0]["duration_us"] / 1e6
    tap.ok(took > 3 and 2 <= len(world.bank.bodies) <= took + 2, "%s: %d tokens in %.1f s, %d requests, %d refused" % (
        grant, len(world.bank.bodies), took, world.door.passed, world.door.refused), outcome)
    tap.ok(world.door.refused <= len(world.bank.bodies), grant + ": no token is refused twice")
    world.change()
    world.run(grant + ": after a change")
    world.same(grant + ": posts after a change")
    world.sync.configure({**world.config, "secret": "wrong-secret"})
    run = lib.abhost("check", world.sync.connector, "config.json", cwd=world.sync.folder)
    tap.ok(run.code == 3 and "invalid_client" in run.err, grant + ": a wrong secret is the config's fault", run)
    world.close()


def rotating(tap, api, provider):
    """oidc-provider takes a refresh token once; if it comes again, all tokens of that line end."""
    first = re.search(r"refresh token (\S+)", provider.tail()).group(1)
    judge = gate.wants(gate.introspected(provider, "cc", "s3cret-cc"))
    world = World(tap, api, provider, judge, 0.3, {"grant": "refresh", "client": "rt", "secret": "s3cret-rt",
                                                   "refresh_token": first})
    world.run("rotating: the first run")
    world.same("rotating: posts")
    spent = [body["refresh_token"] for body in world.bank.bodies]
    tap.ok(spent[0] == first and len(spent) >= 2 and len(set(spent)) == len(spent), "rotating: %d tokens, each spent once"
           % len(spent), spent)
    tap.same(oct(os.stat(world.secrets).st_mode & 0o777), "0o600", "rotating: the new one is kept, for the owner alone")
    world.change()
    world.run("rotating: the second run begins with what was kept")
    world.same("rotating: posts after a change")
    tap.ok(first not in [body["refresh_token"] for body in world.bank.bodies], "rotating: the old one is not sent again")
    world.bank.bodies.clear()
    both = [lib.abhost_start("run", world.sync.connector, "config.json", "--full-refresh", "--to", "sqlite:%d.db" % i,
                             cwd=world.sync.folder) for i in range(2)]
    runs = [lib.abhost_wait(process) for process in both]
    tap.ok([run.code for run in runs] == [0, 0], "rotating: two runs at once", *runs)
    spent = [body["refresh_token"] for body in world.bank.bodies]
    tap.same(len(set(spent)), len(spent), "rotating: and no token is spent by both")
    form = {"grant_type": "refresh_token", "refresh_token": first}
    status, _, answer = real.request(provider.url + "/token", form, headers=real.basic("rt", "s3cret-rt"), form=True)
    tap.ok(status == 400, "rotating: somebody spends the first one again, and the server ends the line", answer)
    run = world.run("rotating: the config's fault, from here on", code=3)
    tap.ok("invalid_grant" in run.text and "refresh_token" in run.text, "rotating: and the error says which key", run)
    world.close()


def revoked(tap, api, provider):
    """oauth2-mock-server's tokens live an hour; the gate lets each in six times.  (Two tokens of one second are the
    same, so six requests must last longer.)"""
    keys, uses, spent = real.must(provider.url + "/jwks")["keys"], {}, set()

    def good(token):
        uses[token] = uses.get(token, 0) + 1
        return uses[token] <= 6 and gate.signed(token, keys)

    def watch(_, body):
        token = dict(gate.urllib.parse.parse_qsl(body)).get("refresh_token")
        refusal = (400, {"error": "invalid_grant"}) if token in spent else None
        spent.add(token)
        return refusal

    config = {"grant": "refresh", "client": "any", "secret": "s3cret-any", "refresh_token": "the-first-refresh-token"}
    world = World(tap, api, provider, gate.wants(good), 0.2, config, watch)
    outcome = world.run("revoked: the gate refuses a token in mid-sync")
    world.same("revoked: posts")
    tap.ok(2 <= world.door.refused and len(world.bank.bodies) == world.door.refused + 1,
           "revoked: one new token for each refusal, %d" % world.door.refused, outcome)
    tap.same(world.bank.refused, 0, "revoked: each refresh token was spent once")
    world.change()
    world.run("revoked: after a change")
    world.same("revoked: posts after a change")
    world.close()


tap = lib.Tap()
data = {"posts": [post(i, i // 3) for i in range(1, POSTS + 1)]}
with servers.JsonServer(data=data) as api, servers.OidcProvider(ttl=2) as provider, servers.OauthMock() as mock:
    for grant, client in (("basic", "cc"), ("form", "post")):
        short_lived(tap, api, provider, grant, client)
    rotating(tap, api, provider)
    revoked(tap, api, mock)
real.finish(tap, api, provider, mock)
