#!/usr/bin/env python3
"""abhost test: connectors that are right pass it, with fixtures that were recorded; each way to be wrong fails its own check
first; TAP, JSON and the document agree.  (tests/zoo has a wrong connector for each check.)"""
import json
import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.environ.get("top_srcdir", "."), "tests", "whole"))
import lib

lib.need(lib.ABHOST, lib.connector("my-api"), lib.connector("my-api-low"))
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


def fails_first(so, check, name, *words):
    """The first check that is not ok is this one, and what else is not ok is skipped because of it."""
    run = lib.abhost("test", so, "--json", cwd=os.path.dirname(so))
    found = results(run)
    failed = [r for r in found.values() if r["result"] == "failed"]
    tap.ok(run.code == 1 and [r["name"] for r in failed] == [check], name, run)
    for word in words:
        tap.ok(failed and word in failed[0]["seen"] + failed[0]["expected"], "%s: says %s" % (name, word), run)


def good():
    for name in ("my-api", "my-api-low"):
        folder = folder_of(name, {"api_key": "any", "page_size": 4}, EXAMPLE)
        run = lib.abhost("test", name + ".so", cwd=folder)
        lines = [line for line in run.out.splitlines() if re.match("(not )?ok ", line)]
        plan = re.search(r"^1\.\.(\d+)$", run.out, re.M)
        tap.ok(run.code == 0 and plan and len(lines) == int(plan.group(1)) and "\nnot ok" not in run.out,
               "%s passes, run in its folder" % name, run)
        tap.same([re.match(r"(?:not )?ok (\d+) - \w+: ", line).group(1) for line in lines],
                 [str(i + 1) for i in range(len(lines))], "%s: its lines are numbered" % name)
        tap.ok("SKIP not in fixtures: GET https://api.myservice.com/v1/health" in run.out,
               "%s: what is not in the fixtures is skipped, with the request" % name, run)
        there = results(lib.abhost("test", os.path.join(folder, name + ".so"), "--json", cwd="/"))
        tap.ok(len(there) == len(lines) and all(r["result"] != "failed" for r in there.values()),
               "%s passes, run from elsewhere, as JSON" % name, there)
    return there


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
                        ([lib.connector("my-api"), "--replay", "/nowhere"], "cannot replay /nowhere")):
        run = lib.abhost("test", *words)
        tap.ok(run.code == 2 and said in run.err, "usage: %s" % said, run)


documented(good())
wrong()
misuse()
tap.done()
