#!/usr/bin/env python3
"""Tokens in whole commands: got once for all streams, again when they are refused, kept where the next command finds
them, and told in sentences that say what to do.  Nothing that anyone can read holds a secret."""
import glob
import json
import os
import signal
import stat
import time

from lib import (ABHOST, FAKE, KEY, FakeApi, Tap, abhost, abhost_start, abhost_wait, check_table, connector, need,
                 parallel, scratch, secrets_in, wait_until, worker_pids)

AUTHED = connector("tests/whole/authed")
need(ABHOST, FAKE, AUTHED)
tap = Tap()
SECRET = {"config": "api_key"}
CREDENTIALS = {"type": "oauth2", "grant": "client_credentials", "token_url": "oauth/token", "client_id": "me",
               "client_secret": SECRET}
PASSWORD = {"type": "oauth2", "grant": "password", "token_url": "oauth/token", "username": "me", "password": SECRET}
SESSION = {"type": "session", "login": {"url": "login", "params": {"user": "me", "password": SECRET}},
           "answer": {"token": "session.id"}}
REFRESH = {"type": "oauth2", "grant": "refresh_token", "token_url": "oauth/token", "refresh_token": SECRET}
STDIN = ("sh", "-c", 'exec "$@" < config.json', "-")
ROTATING = dict(REFRESH, rotates=True)


class Place:
    """A folder with a config, and the API that it is for."""

    def __init__(self, auth, key=KEY, name="config.json", **options):
        self.folder = scratch()
        self.api = FakeApi(users=options.pop("users", 60), events=options.pop("events", 200), **options)
        self.name = name
        self.write(auth, key)

    def __enter__(self):
        return self

    def __exit__(self, *why):
        self.api.close()

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, auth, key=KEY, **more):
        config = {"base_url": self.api.url, "api_key": key, "auth": json.dumps(auth), **more}
        with open(self.path(self.name), "w", encoding="utf-8") as file:
            json.dump(config, file)

    def start(self, command, *args, **more):
        return abhost_start(command, AUTHED, self.path(self.name), *args, cwd=self.folder, **more)

    def run(self, command="run", *args):
        return abhost_wait(self.start(command, *args))

    def oauth(self, **options):
        self.api.admin("oauth?" + "&".join("%s=%s" % o for o in options.items()), b"", "POST")

    def tokens(self):
        return [e for e in self.api.log() if e["path"] in ("/v1/oauth/token", "/v1/login")]

    def found(self, run):
        """Where a secret can be read; the secrets file is the one place for it."""
        files = [f for f in glob.glob(self.path("**"), recursive=True)
                 if os.path.isfile(f) and f != self.path(self.name) and not f.endswith("-secrets.json")]
        found = secrets_in(run, *files)
        for name in files:
            with open(name, "rb") as file:
                data = file.read()
            found += [name for word in (b"fake-access-", b"fake-refresh-") if word in data]
        return found + [word for word in ("fake-access-", "fake-refresh-") if word in run.text]

    def expect(self, run, code, part, name):
        tap.ok(run.code == code and part in run.err, name, "wanted exit %d, %s" % (code, part), run)
        tap.same(self.found(run), [], "and no secret is told")


def kinds():
    for name, auth in (("client credentials", CREDENTIALS), ("password", PASSWORD), ("session", SESSION),
                       ("refresh token", REFRESH)):
        with Place(auth) as p:
            done = p.run()
            tap.ok(done.code == 0, name, done)
            for stream in ("users", "events"):
                check_table(tap, p.path("authed.db"), stream, p.api.truth(stream), "%s: %s arrive" % (name, stream))
            tap.same(len(p.tokens()), 1, "one token for all streams")
            tap.same(p.found(done), [], "no secret is anywhere")


def refused_meanwhile():
    for name, auth in (("a token", CREDENTIALS), ("a session", SESSION)):
        with Place(auth) as p:
            p.oauth(uses=3)
            done = p.run("run", "--concurrency", "1")  # another lane could use the new one up before it is tried again
            tap.ok(done.code == 0, name + " that is refused again and again is got again", done)
            check_table(tap, p.path("authed.db"), "events", p.api.truth("events"), "and each record arrives once")
            refused = [e for e in p.api.log() if e["status"] == 401]
            tap.ok(1 < len(p.tokens()) <= len(refused) + 1, "one for each refusal at most", len(p.tokens()), refused)


def expires_meanwhile():
    with Place(CREDENTIALS) as p:
        p.oauth(life=1)
        p.api.faults("drip=15,path=events")
        done = p.run()
        tap.ok(done.code == 0, "a token that lives for a second, in a sync of several", done)
        check_table(tap, p.path("authed.db"), "events", p.api.truth("events"), "and each record arrives once")
        refused = [e for e in p.api.log() if e["status"] == 401]
        tap.ok(len(p.tokens()) > 2 and len(refused) <= 1, "is renewed before it ends", len(p.tokens()), refused)


def given_up():
    with Place(CREDENTIALS) as p:
        p.api.faults("status=401,path=/v1/events")
        p.expect(p.run("run", "--streams", "events"), 3,
                 '401 Unauthorized: {"error":{"code":"unauthorized","message":"The API key is not valid"}} - check '
                 '"api_key" in the config (with a new token as well)', "a token that is refused at once is given up")
        tap.same(len(p.tokens()), 2, "after one more")
    with Place(CREDENTIALS, key="wrong-" + KEY) as p:
        for command in ("check", "run"):
            p.expect(p.run(command), 3, "cannot get an access token: POST %soauth/token: 401 Unauthorized: "
                     'invalid_client: No such client - check "api_key" in the config' % p.api.url,
                     "%s: a client that is not known" % command)
    with Place(SESSION, key="wrong-" + KEY) as p:
        p.expect(p.run("check"), 3, "cannot log in: POST %slogin: 401 Unauthorized: Wrong name or password - check "
                 '"api_key" in the config' % p.api.url, "a password that is wrong")


def token_server():
    with Place(CREDENTIALS) as p:
        p.api.faults("html,path=/oauth/")
        p.expect(p.run("check"), 3, "(200, text/html): the answer is no JSON but", "a page of HTML for a token")
        p.api.faults("json-cut,path=/oauth/")
        p.expect(p.run("check"), 3, "the answer is no JSON but", "half a token")
        p.api.faults('text={"token": "fake-access-1"}')
        p.expect(p.run("check"), 1, '(200, application/json): the answer has no text at "access_token"; it has "token"',
                 "another name for a token")
        p.api.faults("status=503,times=2,path=/oauth/", "drip=5,path=/oauth/")
        done = p.run("check")
        tap.ok(done.code == 0, "a token server that is down for a moment, then slow", done)
        p.api.faults("reset=0,path=/oauth/")
        p.expect(p.run("check"), 1, "cannot get an access token: POST %soauth/token: " % p.api.url,
                 "a token server that is down")
        p.write(dict(CREDENTIALS, token_url="http://auth.example/token"))
        p.expect(p.run("check"), 1, "/auth/token_url: is plain http, which is used only where the config says so",
                 "a token is not asked for where anyone can read along")


def chosen():
    cases = {"type": "select", "config": "how", "cases": {"app": CREDENTIALS, "user": PASSWORD}}
    with Place(cases) as p:
        p.expect(p.run("check"), 3, '"how" in the config, which says how to sign in, must be one of "app", "user"',
                 "a choice that was not made")
        p.write(cases, how="user")
        done = p.run("check")
        tap.ok(done.code == 0 and len(p.tokens()) == 1, "the config chooses", done)


def rotating():
    with Place(ROTATING) as p:
        p.oauth(rotate=1)
        kept = p.path("config-secrets.json")
        commands = (("check",), ("discover",), ("read", "--stream", "users"), ("run",), ("run",),
                    ("run", "--to", "other.db"), ("run", "--to", "jsonl:-"), ("check",))
        for command in commands:
            done = p.run(*command)
            tap.ok(done.code == 0, "%s finds the token that the last command got" % " ".join(command), done)
            tap.same(p.found(done), [], "and tells none")
        check_table(tap, p.path("authed.db"), "events", p.api.truth("events"), "each record arrives once")
        tap.same(stat.S_IMODE(os.stat(kept).st_mode), 0o600, "the file is for its owner alone")
        left = sorted(f for f in os.listdir(p.folder) if not f.endswith("-journal"))
        tap.same(left, ["authed.db", "config-secrets.json", "config.json", "other.db"], "and nothing else was left")
        os.chmod(kept, 0o640)
        p.expect(p.run("check"), 3, "config-secrets.json may be read or written by others (mode 0640); chmod 600 it",
                 "a file that others may read is refused")
        os.chmod(kept, 0o600)
        with open(kept, "w", encoding="utf-8") as file:
            file.write("{}")
        p.expect(p.run("check"), 3, 'cannot get an access token: POST %soauth/token: 400 Bad Request: invalid_grant: '
                 "The refresh token was used before - the refresh token is expired, revoked or used already: sign in "
                 'again and change "api_key" in the config' % p.api.url, "a token that was lost")


def rotating_at_once():
    with Place(ROTATING) as p:
        p.oauth(rotate=1, uses=4)
        runs = parallel(lambda i: p.run("run", "--concurrency", "1", "--to", "%d.db" % i), range(6), 6)
        for done in runs:
            tap.ok(done.code == 0, "runs at once do not spend one token twice", done)
        for i in range(6):
            check_table(tap, p.path("%d.db" % i), "events", p.api.truth("events"), "each record arrives once")
        tap.ok("fake-refresh-" in open(p.path("config-secrets.json"), encoding="utf-8").read(), "the last one is kept")


def rotating_without_a_place():
    with Place(ROTATING) as p:
        p.oauth(rotate=1)
        for more, part in (((), "is good for one use, and there is no file to keep its successor in; --secrets FILE "
                            "names one"), (("--secrets", "kept.json"), None), (("--secrets", "kept.json"), None)):
            done = abhost("check", AUTHED, "-", *more, cwd=p.folder, before=STDIN)
            if part:
                p.expect(done, 3, part, "a config without a place")
                tap.same(p.tokens(), [], "spends nothing")
            else:
                tap.ok(done.code == 0, "--secrets names the place", done)
        done = abhost("run", AUTHED, "-", "--secrets", "kept.json", cwd=p.folder, before=STDIN)
        tap.ok(done.code == 0, "for a run as well", done)
    with Place(ROTATING) as p:
        p.oauth(rotate=1)
        for _ in range(2):
            done = abhost("run", AUTHED, "-", cwd=p.folder, before=STDIN)
            tap.ok(done.code == 0, "a run has a place beside its data", done)
        tap.ok(os.path.exists(p.path("authed.db-secrets.json")), "of that name", os.listdir(p.folder))


class Client:
    """An Airbyte client that keeps the configuration of CONTROL messages, or does not."""

    def __init__(self, place, **env):
        self.place, self.env, self.told = place, env, None
        self.catalog = place.path("catalog")
        with open(self.catalog, "w", encoding="utf-8") as file:
            json.dump({"streams": [{"stream": {"name": n, "json_schema": {}, "supported_sync_modes": ["full_refresh"]},
                                    "sync_mode": "full_refresh"} for n in ("users", "events")]}, file)

    def call(self, command, *args):
        done = abhost("airbyte", AUTHED, command, "--config", self.place.path(self.place.name), *args,
                      cwd=self.place.folder, env=self.env)
        found = [json.loads(line) for line in done.out.splitlines()]
        self.told = [m["control"] for m in found if m["type"] == "CONTROL"]
        done.out = "".join(line + "\n" for line in done.out.splitlines() if '"CONTROL"' not in line)
        done.text = done.out + done.err
        return done, found

    def keep(self):
        with open(self.place.path(self.place.name), "w", encoding="utf-8") as file:
            json.dump(self.told[-1]["connectorConfig"]["config"], file)


def told():
    """An Airbyte source tells its client of a new refresh token, before it is used."""
    with Place(ROTATING) as p:
        p.oauth(rotate=1, uses=5)
        client = Client(p)
        first = json.load(open(p.path(p.name), encoding="utf-8"))
        done, found = client.call("check")
        tap.ok("SUCCEEDED" in done.out, "told: check", done)
        control = client.told[0]
        tap.ok(len(client.told) == 1 and control["type"] == "CONNECTOR_CONFIG" and control["emitted_at"] > 1e12 and
               control["connectorConfig"]["config"]["api_key"].startswith("fake-refresh-"), "told: the new token", control)
        tap.same(dict(control["connectorConfig"]["config"], api_key=KEY), first, "told: in the whole configuration")
        tap.same((p.found(done), sorted(os.listdir(p.folder))), ([], ["catalog", p.name]), "told: nowhere else, and no file")
        client.keep()
        done, found = client.call("read", "--catalog", client.catalog)
        kinds = [m["type"] for m in found]
        tap.ok(done.code == 0 and kinds.count("RECORD") == 260 and len(client.told) > 1, "told: each one of a read",
               kinds.count("CONTROL"), done.err)
        tap.ok(kinds.index("CONTROL") < kinds.index("RECORD"), "told: before a record comes by it")
        tap.same([p.found(done)], [[]], "told: and nowhere else")
        client.keep()
        done, found = client.call("discover")
        tap.ok(done.code == 0, "told: the last one is good", done)
        done, found = client.call("check")
        tap.ok("FAILED" in done.out and "invalid_grant" in done.out, "told: a client that does not listen loses it", done)
    with Place(ROTATING) as p:
        p.oauth(rotate=1)
        client = Client(p, ABHOST_SECRETS=p.path("kept.json"))
        for keeps in (0, 0, 1, 0, 0, 1, 1):
            done, found = client.call("read", "--catalog", client.catalog)
            tap.ok(done.code == 0, "told, and kept in a file: the client %s" % ("listens" if keeps else "does not"), done)
            if keeps and client.told:
                client.keep()
    for name, where in (("in an object", {"refresh": KEY, "b": 1}), ("in a pasted file", json.dumps({"refresh": KEY}))):
        with Place(dict(ROTATING, refresh_token={"config": "given.refresh"})) as p:
            p.write(dict(ROTATING, refresh_token={"config": "given.refresh"}), given=where)
            p.oauth(rotate=1)
            client = Client(p)
            done, found = client.call("check")
            given = client.told[0]["connectorConfig"]["config"]["given"]
            tap.ok((json.loads(given) if isinstance(given, str) else given)["refresh"].startswith("fake-refresh-") and
                   type(given) is type(where), "told: %s" % name, given)
            client.keep()
            tap.ok("SUCCEEDED" in client.call("check")[0].out, "told: %s, and found there" % name)


def unasked():
    """A server that rotates although the connector does not say so."""
    with Place(REFRESH) as p:
        done = p.run("check")
        tap.same((done.code, os.listdir(p.folder)), (0, ["config.json"]), "no file where nothing rotates")
        p.oauth(rotate=1)
        for _ in range(2):
            done = p.run("check")
            tap.ok(done.code == 0, "a server that rotates unasked", done)
        tap.ok(os.path.exists(p.path("config-secrets.json")), "gets its file")


def interrupted():
    """The answer with the new refresh token is on its way when the user has had enough."""
    with Place(ROTATING) as p:
        p.oauth(rotate=1)
        p.api.faults("drip=40,path=/oauth/")
        process = p.start("run")
        asked = wait_until(lambda: "/v1/oauth/token" in p.api.admin("log").decode())
        os.kill(process.pid, signal.SIGINT)
        done = abhost_wait(process)
        tap.ok(asked and done.code == 130, "SIGINT while a token is spent", done)
        p.api.faults()
        done = p.run("check")
        tap.ok(done.code == 0, "does not lose the new one", done)


def looked_at():
    """What other users of the machine see of a run."""
    with Place(CREDENTIALS) as p:
        p.api.faults("drip=20,path=/v1/events")
        process = p.start("run")
        seen = b""
        while process.poll() is None and len(seen) < 1 << 20:
            for pid in [process.pid, *worker_pids(process.pid)]:
                try:
                    with open("/proc/%d/cmdline" % pid, "rb") as file:
                        seen += file.read()
                except OSError:
                    pass
            time.sleep(0.05)
        done = abhost_wait(process)
        tap.ok(done.code == 0 and b"abhost-worker" in seen, "a run was looked at", done)
        tap.ok(KEY.encode() not in seen and b"fake-access-" not in seen, "ps shows no secret")


kinds()
refused_meanwhile()
expires_meanwhile()
given_up()
token_server()
chosen()
rotating()
rotating_at_once()
rotating_without_a_place()
told()
unasked()
interrupted()
looked_at()
tap.done()
