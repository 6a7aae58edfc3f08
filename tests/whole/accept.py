#!/usr/bin/env python3
"""abhost test: connectors that are right pass it, with fixtures that were recorded; each way to be wrong fails its own check
first; TAP, JSON and the document agree.  (tests/zoo has a wrong connector for each check.)"""
import json
import os
import re
import shutil
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.environ.get("top_srcdir", "."), "tests", "whole"))
import lib

RECIPES = sorted(f[:-2] for f in os.listdir(os.path.join(lib.SRC, "examples/cookbook")) if f.endswith(".c"))
lib.need(lib.ABHOST, lib.connector("my-api"), lib.connector("my-api-low"),
         *(lib.connector("examples/cookbook/" + name) for name in RECIPES))
PLAIN = {"PATH": lib.scratch()}  # valgrind is zoo-accept.py's
tap = lib.Tap()
EXAMPLE = os.path.join(lib.SRC, "examples", "recordings", "my-api")
DOCS = open(os.path.join(lib.SRC, "docs", "connector-tests.md"), encoding="utf-8").read()
CC = os.environ.get("CC", "cc").split()
HEAD = '#include <abhost/connector.h>\n'
BODY = '''
static ab_status my_open(struct ab_host *h, void **self) { *self = h; return AB_OK; }
static void my_close(void *self) { (void)self; }
static ab_status my_check(void *self) { (void)self; return AB_OK; }
static ab_status my_streams(void *self, struct ab_catalog *c)
{
	struct ab_host *h = self;
	return h->add_stream(c, STREAM);
}
static ab_status my_read(void *self, const struct ab_read *r, struct ab_page *p)
{
	struct ab_host *h = self;
	(void)r;
	return h->emit_text(p, (struct ab_str){"{\\"id\\": 1}", 9});
}
AB_CONNECTOR(.id = "mine", .version = "1.0.0", .spec = SPEC, .open = my_open, .close = my_close,
	.check = my_check, .streams = my_streams, .read_page = my_read);
'''
SPEC = '{"type": "object", "properties": {"table": {"type": "string"}}}'
STREAM = '{"name": "things", "source_defined_primary_key": [["id"]]}'


def results(run):
    """{name: result} of a --json run, in order."""
    return {r["name"]: r for r in map(json.loads, run.out.splitlines())}


def folder_of(name, config, fixtures=None):
    """A connector in a folder of its own, as an author has it."""
    folder = lib.scratch()
    shutil.copy(lib.connector(name), folder)
    if config is not None:
        with open(os.path.join(folder, "config.json"), "w", encoding="utf-8") as file:
            json.dump(config, file)
    if fixtures:
        shutil.copytree(fixtures, os.path.join(folder, "fixtures"))
    return folder


def build(name, spec=SPEC, stream=STREAM, head="", flags=(), text=BODY):
    folder = lib.scratch()
    source = os.path.join(folder, name + ".c")
    with open(source, "w", encoding="utf-8") as file:
        file.write(HEAD + head + "#define SPEC %s\n#define STREAM %s\n" % (json.dumps(spec), json.dumps(stream)) + text)
    out = os.path.join(folder, name + ".so")
    made = subprocess.run([*CC, "-std=c11", "-fPIC", "-shared", "-I", os.path.join(lib.SRC, "sdk/include"), *flags, source,
                           "-o", out], stderr=subprocess.PIPE, text=True)
    if made.returncode != 0:
        tap.ok(False, "%s is built" % name, made.stderr)
        tap.done()
    return out


def fails_first(so, check, name, *words, pages="100"):
    """The first check that is not ok is this one, and what else is not ok is skipped because of it."""
    run = lib.abhost("test", so, "--json", "--pages", pages, cwd=os.path.dirname(so), env=PLAIN)
    failed = [r for r in results(run).values() if r["result"] == "failed"]
    tap.ok(run.code == 1 and [r["name"] for r in failed] == [check], name, [r["name"] + ": " + r["seen"] for r in failed], run)
    for word in words:
        tap.ok(failed and word in failed[0]["seen"] + failed[0]["expected"], "%s: says %s" % (name, word), run)


def good():
    for name in ("my-api", "my-api-low"):
        folder = folder_of(name, {"api_key": "any", "page_size": 4}, EXAMPLE)
        run = lib.abhost("test", name + ".so", "--pages", "300", cwd=folder, env=PLAIN)
        lines = [line for line in run.out.splitlines() if re.match("(not )?ok ", line)]
        plan = re.search(r"^1\.\.(\d+)$", run.out, re.M)
        tap.ok(run.code == 0 and plan and len(lines) == int(plan.group(1)) and "\nnot ok" not in run.out,
               "%s passes, run in its folder" % name, run)
        tap.same([re.match(r"(?:not )?ok (\d+) - \w+: ", line).group(1) for line in lines],
                 [str(i + 1) for i in range(len(lines))], "%s: its lines are numbered" % name)
        tap.ok("SKIP not in fixtures: GET https://api.myservice.com/v1/health" in run.out,
               "%s: what is not in the fixtures is skipped, with the request" % name, run)
        other = lib.abhost("test", name + ".so", "--pages", "300", "--config", config_of(folder, {"api_key": "any", "page_size": 5}),
                           cwd=folder, env=PLAIN)
        tap.ok(other.code == 1 and re.search(r'users\?limit=5; the nearest one \(\S+\.json\) has "limit=4" in place of "limit=5"', other.out),
               "%s: and with what the nearest one has instead" % name, other)
        there = results(lib.abhost("test", os.path.join(folder, name + ".so"), "--json", "--pages", "300", cwd="/", env=PLAIN))
        tap.ok(len(there) == len(lines) and all(r["result"] != "failed" for r in there.values()),
               "%s passes, run from elsewhere, as JSON" % name, there)
    return there


def config_of(folder, values):
    path = os.path.join(folder, "other.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump(values, file)
    return path


PARTS = """
static ab_status my_open(struct ab_host *h, void **self) { *self = h; return AB_OK; }
static void my_close(void *self) { (void)self; }
static ab_status my_check(void *self) { (void)self; return AB_OK; }
static ab_status my_streams(void *self, struct ab_catalog *c) { return ((struct ab_host *)self)->add_stream(c, STREAM); }
static ab_status my_read(void *self, const struct ab_read *r, struct ab_page *p)
{
	struct ab_host *h = self;
	int at = r->token == NULL ? 0 : (int)strtol(r->token, NULL, 10), since = (int)ab_cint(h, r->state, "at", 0), rc;
	char text[200], token[20];
	(void)since;
	%(read)s
	snprintf(text, sizeof(text), "{\\"id\\": %%d, \\"at\\": %%d}", at, at);
	rc = h->emit_text(p, (struct ab_str){text, strlen(text)});
	snprintf(token, sizeof(token), "%%d", at + 1);
	return rc != AB_OK || at == 3 ? rc : h->next(p, token);
}
%(more)s
AB_CONNECTOR(.id = "mine", .version = "1.0.0", .spec = SPEC, .open = my_open, .close = my_close, %(table)s
	.check = my_check, .streams = my_streams, .read_page = my_read);
"""
INCREMENTAL = ('{"name": "things", "source_defined_primary_key": [["id"]], "default_cursor_field": ["at"], "sorted": true, '
               '"is_resumable": true, "json_schema": {"properties": {"id": {"type": "integer"}, "at": {"type": "integer"}}}}')
UPDATE = """
static int calls;
static ab_status my_update(void *self, const struct ab_seen *seen, struct ab_state *out)
{
	struct ab_host *h = self;
	int at = (int)ab_cint(h, h->json_at(seen->records, h->json_len(seen->records) - 1), "at", 0);
	char text[60];
	calls++;
	%s
	snprintf(text, sizeof(text), "{\\"at\\": %%d}", at);
	return h->set_state(out, text);
}
"""


def reader(name, read="", update=None, stream=INCREMENTAL, head=""):
    """A connector of four pages with a record each, and what is wrong in its read_page or its update_state."""
    more, table = ("", "") if update is None else (UPDATE.replace("%%", "%") .replace("%s", update), ".update_state = my_update,")
    return build(name, stream=stream, text=PARTS % {"read": read, "more": more, "table": table},
                 head="#include <stdlib.h>\n#include <unistd.h>\n" + head)


def endless():
    """A stream without end, whose name looks like a result."""
    so = reader("endless", 'static char page[75000]; if (*page == 0) for (int i = 0; i < 25000; i++) memcpy(page + 3 * i, "{}\\n", 3); '
                'rc = h->emit_text(p, (struct ab_str){page, sizeof(page)}); snprintf(token, 20, "%d", at + 1); '
                'return rc != AB_OK ? rc : h->next(p, token);', stream='{"name": "a\\nnot ok 3 - b"}')
    run = lib.abhost("test", so, "--pages", "100", env=PLAIN)
    tap.ok(run.code == 0 and "up to record 2000000" in run.out, "a stream without end: the test ends", run)
    tap.ok("a not ok 3 - b" in run.out and "\nnot ok" not in run.out, "a stream's name does not forge a result", run)


def stopped():
    """Ctrl-C while valgrind runs."""
    so, tools, tmp = reader("stopped"), scratch_tools(), lib.scratch()
    mark = os.path.join(tools, "mark")
    process = lib.abhost_start("test", so, "--pages", "100", env={"PATH": tools, "TMPDIR": tmp, "MARK": mark})
    lib.wait_until(lambda: os.path.exists(mark) or process.poll() is not None)
    process.send_signal(signal.SIGINT)
    run = lib.abhost_wait(process)
    if not os.path.exists(mark):
        reason = re.search("valgrind finds no fault # SKIP (.*)", run.out)
        if reason and "sanitizer" in reason.group(1):
            tap.skip("Ctrl-C under valgrind", reason.group(1))
        else:
            tap.ok(False, "valgrind is started", run)
        return
    with open(mark, encoding="utf-8") as file:
        pid, words = file.read().split(" ", 1)
    tap.ok(run.code == 130 and "Bail out!" in run.out, "Ctrl-C under valgrind ends it", run)
    tap.ok(not os.path.exists("/proc/" + pid), "valgrind is gone")
    tap.ok(os.listdir(tmp) == [] and "--vgdb=no" in words, "no file is left", os.listdir(tmp), words)


def scratch_tools():
    """A folder with a valgrind that says with what words it was started, and never ends."""
    folder = lib.scratch()
    with open(os.path.join(folder, "valgrind"), "w", encoding="utf-8") as file:
        file.write('#!/bin/sh\necho "$$ $*" >"$MARK.new"\n/bin/mv "$MARK.new" "$MARK"\nexec /bin/sleep 600\n')
    os.chmod(file.name, 0o755)
    return folder


def passes(so, name):
    run = lib.abhost("test", so, "--pages", "300", cwd=os.path.dirname(so), env=PLAIN)
    tap.ok(run.code == 0 and "\nnot ok" not in run.out, name, run)


def wrong_reads():
    passes(reader("right"), "a connector that keeps no state passes")
    passes(reader("state", update=""), "a connector with an update_state passes")
    fails_first(reader("circle", "if (at == 3) at = 0;"), "read-tokens", "page tokens in a circle", "would never end")
    fails_first(reader("crash", "if (at == 2) abort();"), "read-full", "a crash", "page 3")
    fails_first(reader("rubbish", 'if (at == 2) return h->emit_text(p, (struct ab_str){"{\\"id\\": 01}", 10});'), "read-json",
                "a page that is no JSON", "page 3")
    fails_first(reader("type", 'if (at == 2) return h->emit_text(p, (struct ab_str){"{\\"id\\":\\"2\\",\\"at\\":2}", 17});'),
                "read-schema", "a value of another type", "record 1 of page 3", "/id")
    fails_first(reader("nokey", 'if (at == 2) return h->emit_text(p, (struct ab_str){"{\\"at\\": 2}", 9});'), "read-keys",
                "a record without its key", "record 1 of page 3", '"id"')
    fails_first(reader("twice", 'snprintf(text, sizeof(text), "{\\"id\\":%d,\\"at\\":%d}", at % 3, at); '
                       'rc = h->emit_text(p, (struct ab_str){text, strlen(text)}); snprintf(token, 20, "%d", at + 1); '
                       'return rc != AB_OK || at == 3 ? rc : h->next(p, token);'), "read-unique", "a key twice",
                "record 1 of page 1 and record 1 of page 4")
    fails_first(reader("nocursor", 'if (at == 2) return h->emit_text(p, (struct ab_str){"{\\"id\\": 2}", 9});'), "read-cursor",
                "a record without its cursor value", "record 1 of page 3", '"at"')
    fails_first(reader("unsorted", 'if (at == 2) return h->emit_text(p, (struct ab_str){"{\\"id\\":2,\\"at\\":0}", 15});'),
                "read-sorted", "an order that is not kept", "record 1 of page 3", "0 comes behind 1")
    fails_first(reader("pid", 'snprintf(text, sizeof(text), "{\\"id\\":%d,\\"at\\":1}", (int)getpid()); '
                       'return h->emit_text(p, (struct ab_str){text, strlen(text)});'), "read-same", "another process, another record")
    fails_first(reader("counter", 'static int n; if (r->token == NULL) n++; if (at == 2 && n > 1) return AB_OK;'), "read-again",
                "a counter that outlives a read", "4 records, and then 2")
    fails_first(reader("global", 'static int now; if (r->token == NULL) now = 0; h->wait(h, -1, 0, 5); usleep(3000); at = now++;'
                       'snprintf(text, sizeof(text), "{\\"id\\":%d,\\"at\\":%d}", at, at); '
                       'rc = h->emit_text(p, (struct ab_str){text, strlen(text)}); snprintf(token, 20, "%d", at + 1); '
                       'return rc != AB_OK || at >= 3 ? rc : h->next(p, token);',
                       stream=INCREMENTAL.replace('"is_resumable": true, ', "")), "read-two", "a page number in a global")
    fails_first(reader("deaf", "static int n; if (at == 1 && n++ == 0) for (int i = 0; i < 16; i++) usleep(100000);",
                       stream='{"name": "things"}'), "read-cancel", "a read that cannot be cancelled", "100 ms after it had begun", pages="4")
    fails_first(reader("skips", "if (r->token == NULL && since > 0) at = since + 2;"), "read-state",
                "a read that begins behind its state", "from the state behind page")
    fails_first(reader("token", "static int here; if (r->token == NULL) here = 1; if (!here && at < 3) at++, here = 1;"), "read-token",
                "a token that leads elsewhere", "from the token behind page 1")
    fails_first(reader("same", update="at = calls;"), "read-update-same", "an update_state that counts its calls")
    fails_first(reader("back", update="at = 9 - at;"), "read-update-monotone", "a state that goes back", '"at" is 8, and was 9')
    fails_first(reader("asks", update='const struct ab_response *resp; h->http(h, AB_NEW(ab_request, .url = "x"), &resp);'),
                "read-update-io", "an update_state that asks", "must be pure")
    fails_first(reader("prints", 'printf("page %d\\n", at);'), "read-quiet", "a connector that prints", "page 0")
    fails_first(reader("half", 'printf("half of it");'), "read-quiet", "a connector that prints no whole line", "half of it")
    fails_first(reader("cut", 'snprintf(text, sizeof(text), "{\\"id\\":%d,\\"at\\":\\"%d" TEXT "\\"}", at, 9 - at); '
                       'rc = h->emit_text(p, (struct ab_str){text, strlen(text)}); snprintf(token, 20, "%d", at + 1); '
                       'return rc != AB_OK || at == 3 ? rc : h->next(p, token);',
                       stream=INCREMENTAL.replace('"at": {"type": "integer"}', '"at": {"type": "string"}'), head='#define TEXT "%s"\n' % ("\u00e9" * 70)),
                "read-sorted", "a text that is cut inside of a character", "comes behind")


def record(name, **config):
    """Its fixtures, by --record against the fake API; then it passes without the API."""
    folder = lib.scratch()
    so = shutil.copy(lib.connector(name), folder)
    fixtures = os.path.join(folder, "fixtures")
    with lib.FakeApi(users=9, events=310) as api:
        if name.endswith("sign-in"):
            api.admin("oauth?uses=1000", b"", "POST")
        path = lib.write_config(folder, api, **config)
        first = lib.abhost("test", so, "--config", path, "--record", fixtures, "--pages", "3000", env=PLAIN)
        tap.ok(first.code == 0 and "\nnot ok" not in first.out and "not in fixtures" not in first.out,
               "%s: records its fixtures, and passes" % name, first)
        tap.same(lib.secrets_in(first, *[os.path.join(fixtures, f) for f in os.listdir(fixtures)], key=api.key), [],
                 "%s: no secret in them" % name)
    with open(path, encoding="utf-8") as file:
        config = json.load(file)
    with open(path, "w", encoding="utf-8") as file:
        json.dump({key: "another" if "key" in key or "secret" in key else value for key, value in config.items()}, file)
    again = lib.abhost("test", os.path.basename(so), "--pages", "3000", cwd=folder, env=PLAIN)
    tap.ok(again.code == 0 and "\nnot ok" not in again.out and "not in fixtures" not in again.out,
           "%s: passes on them, without the API and its credential" % name, again)


def recorded():
    cases = [("my-api", {}), ("my-api-low", {"page_size": 40})]
    for name in RECIPES:
        config = {}
        if name == "windows":
            config = {"end_date": "2024-01-01T00:10:00Z"}
        if name == "sign-in":
            config = {"auth_type": "app", "client_id": "me", "client_secret": lib.KEY}
        cases.append(("examples/cookbook/" + name, config))
    if not os.path.exists(lib.FAKE):
        tap.skip("fixtures are recorded", "the fake API is not built")
        return
    for name, config in cases:
        record(name, **config)


def recorded_though_wrong():
    """What the tests find wrong does not stop the recording: they tell it."""
    so = reader("lossy", "if (r->token == NULL && since > 0) at = since + 2;")
    folder = os.path.dirname(so)
    with open(os.path.join(folder, "c.json"), "w", encoding="utf-8") as file:
        file.write("{}")
    run = lib.abhost("test", so, "--json", "--pages", "100", "--config", "c.json", "--record", "fixtures", cwd=folder, env=PLAIN)
    failed = [r["name"] for r in results(run).values() if r["result"] == "failed"]
    tap.ok(run.code == 1 and "read-state" in failed, "a connector that loses records is recorded, and then fails", run)


def recordings_not_kept():
    so = reader("silent")
    folder = os.path.dirname(so)
    run = lib.abhost("test", so, "--pages", "100", "--config", config_of(folder, {}), "--record", "fixtures", cwd=folder, env=PLAIN)
    tap.ok(run.code == 0 and "no request was made" in run.err and not os.path.exists(os.path.join(folder, "fixtures")),
           "a connector that makes no request is tested without a recording, which is said", run)
    if not os.path.exists(lib.FAKE):
        return
    folder = lib.scratch()
    with lib.FakeApi(users=9, events=31) as api:
        api.faults("status=403,path=/v1/events")
        run = lib.abhost("test", lib.connector("my-api"), "--config", lib.write_config(folder, api), "--record", "fixtures",
                         cwd=folder, env=PLAIN)
        tap.ok(run.code == 2 and "is not complete, and was removed: " in run.err and
               not os.path.exists(os.path.join(folder, "fixtures")), "what could not be recorded whole does not stay", run)
        api.faults()
        again = lib.abhost("test", lib.connector("my-api"), "--config", lib.write_config(folder, api), "--record", "fixtures",
                           cwd=folder, env=PLAIN)
        tap.ok(again.code == 0, "and does not stand in the way of the next", again)


def slip(right, wrong):
    """my-api with a slip in its table, tested on its fixtures."""
    with open(os.path.join(lib.SRC, "examples/my-api.c"), encoding="utf-8") as file:
        text = file.read()
    kit = os.path.join(os.environ.get("top_builddir", "."), "libabhost-kit.a")
    folder = lib.scratch()
    with open(os.path.join(folder, "slip.c"), "w", encoding="utf-8") as file:
        file.write(text.replace(right, wrong))
    so = os.path.join(folder, "slip.so")
    made = subprocess.run([*CC, "-std=c11", "-fPIC", "-shared", "-I", os.path.join(lib.SRC, "sdk/include"),
                           os.path.join(folder, "slip.c"), kit, "-o", so], stderr=subprocess.PIPE, text=True)
    tap.ok(made.returncode == 0 and right in text, "%s is built in the place of %s" % (wrong, right), made.stderr)
    shutil.copytree(EXAMPLE, os.path.join(folder, "fixtures"))
    return lib.abhost("test", so, "--pages", "100", "--config", config_of(folder, {"api_key": "any", "page_size": 4}), cwd=folder,
                      env=PLAIN)


def slips():
    run = slip('"nextCursor"', '"nextCurser"')
    tap.ok('the answer has nothing where "nextCurser" leads' in run.out, "a slip in the path to the next page is a note", run)
    for right, wrong, said in (('.key = "page_size"', '.key = "pagesize"', 'stream "users": size.key: the spec has no key "pagesize", only '),
                               ('"config": "api_key"', '"config": "apikey"', 'the table: endpoint: the spec has no key "apikey", only '),
                               ('.name = "users"', '.name = "users", .url = "{config.team}/users"', 'url: the spec has no key "team", only ')):
        run = slip(right, wrong)
        tap.ok(run.code == 1 and said + "api_key, start_date, page_size, base_url" in run.out, "a key that the spec does not have is told: " + wrong, run)


def documented(names):
    tap.same(re.findall(r"^### (\S+)$", DOCS, re.M), list(names), "each check has its paragraph, in their order")


def wrong():
    fails_first(build("type", spec='{"type": "object", "properties": {"a": {"type": "objct"}}}'), "spec-schema",
                "a type that is none", "objct", "object", "/properties/a/type")
    fails_first(build("secret", spec='{"type": "object", "properties": {"api_token": {"type": "string"}}}'), "spec-secrets",
                "a secret that is not marked", "api_token")
    fails_first(build("default", spec='{"type": "object", "properties": {"n": {"type": "integer", "default": "7"}}}'),
                "spec-defaults", "a default that does not fit", "/properties/n/default")
    fails_first(build("example", spec='{"type": "object", "required": ["table"], "properties": {"table": {"type": "string"}}}'),
                "spec-example", "nothing to begin with", "config.example.json")
    fails_first(build("function", head="int rest_helper(void);\nint rest_helper(void) { return 1; }\n"), "binary-hidden",
                "an exported function", "rest_helper")
    fails_first(build("variable", head="int my_counter;\n"), "binary-exports", "exported data", "my_counter")
    fails_first(build("stack", flags=["-Wl,-z,execstack"]), "binary-stack", "an executable stack")
    fails_first(build("path", flags=["-Wl,-rpath,/opt/lib"]), "binary-libraries", "a library path of its own", "RUNPATH")
    fails_first(build("key", stream='{"name": "things", "json_schema": {"properties": {"id": {}}}, '
                      '"source_defined_primary_key": [["ID"]]}'), "streams-keys", "a key that is no field", '"ID"')
    fails_first(build("cursor", stream='{"name": "things", "json_schema": {"properties": {"id": {}}}, '
                      '"default_cursor_field": ["at"]}'), "streams-cursors", "a cursor that is no field", '"at"')
    fails_first(build("sorted", stream='{"name": "things", "sorted": true}'), "streams-modes",
                "an order of nothing", "default_cursor_field")
    twice = BODY.replace("return h->add_stream(c, STREAM);", "h->add_stream(c, STREAM); return h->add_stream(c, STREAM);")
    fails_first(build("twice", text=twice), "streams-names", "a name that is there twice", "things")
    other = BODY.replace("return h->add_stream(c, STREAM);",
                         'static int n; return h->add_stream(c, n++ ? "{\\"name\\": \\"b\\"}" : STREAM);')
    fails_first(build("other", text=other), "streams-same", "other streams each time", "called again")
    loose = BODY.replace("AB_CONNECTOR(", "ab_status nowhere(void *);\nAB_CONNECTOR(").replace(".check = my_check",
                                                                                             ".check = nowhere")
    fails_first(build("loose", text=loose), "check-open", "a function that is nowhere", "nowhere")
    folder = folder_of("my-api", {"api_key": "any", "page_size": 0}, EXAMPLE)
    fails_first(os.path.join(folder, "my-api.so"), "spec-example", "a config that does not fit", "page_size")


def misuse():
    for words, said in ((["/nowhere/x.so"], "there is no such file"), (["-x"], "no option"), ([], "CONNECTOR is missing"),
                        ([lib.connector("my-api"), "--config", "/nowhere/c.json"], "cannot read /nowhere/c.json"),
                        ([lib.connector("my-api"), "--replay", "/nowhere"], "cannot replay /nowhere"),
                        ([lib.connector("my-api"), "--record", "/nowhere/x"], "--record needs --config FILE"),
                        ([lib.connector("my-api"), "--stream", "nothing", "--config", "x", "--replay", "y", "--record", "z"],
                         "exclude each other")):
        run = lib.abhost("test", *words)
        tap.ok(run.code == 2 and said in run.err and run.out == "", "usage, and no plan of tests: %s" % said, run)
    with open(os.path.join(lib.scratch(), "c.json"), "w", encoding="utf-8") as file:
        file.write("{")
    run = lib.abhost("test", lib.connector("my-api"), "--config", file.name)
    tap.ok(run.code == 1 and "seen: %s:1:1: not JSON" % file.name in run.out, "a broken configuration, named once", run)
    so = reader("named")
    run = lib.abhost("test", so, "--stream", "nothing", env=PLAIN)
    tap.ok(run.code == 2 and '"nothing"' in run.err and "it has: things" in run.err and "\nnot ok" not in run.out and
           "\nBail out! --stream" in run.out, "a stream that it does not have is the user's mistake", run)
    run = lib.abhost("test", so, "--stream", "nothing", "--json", env=PLAIN)
    tap.ok(run.code == 2 and all(r["result"] == "ok" or r["result"] == "skipped" for r in results(run).values()), "the same, as JSON", run)


documented(good())
wrong()
wrong_reads()
endless()
stopped()
recorded()
recorded_though_wrong()
recordings_not_kept()
slips()
misuse()
tap.done()
