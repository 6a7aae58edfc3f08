#!/usr/bin/env python3
"""abhost inspect tells, of files built this way and that, what a person wants to know before trusting one; it runs
nothing of them."""
import hashlib
import json
import os
import shlex
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "whole"))
from lib import ABHOST, SRC, Tap, abhost, connector, need, scratch  # noqa: E402

need(ABHOST)
tap = Tap()
folder = scratch()
ran = os.path.join(folder, "ran")
CC = shlex.split(os.environ.get("CC") or "cc")
PLAIN = ["-shared", "-fPIC", "-O2", "-fvisibility=hidden", "-fno-stack-protector", "-U_FORTIFY_SOURCE", "-I" + SRC + "/sdk/include"]
SPEC = {"type": "object", "properties": {
    "key": {"type": "string", "airbyte_secret": True},
    "shown": {"type": "string", "airbyte_secret": True, "ab_reveal": True},
    "plain": {"type": "string", "ab_reveal": True},
    "deep": {"oneOf": [{"properties": {"how": {"const": "a"}, "token": {"airbyte_secret": True}}},
                       {"properties": {"how": {"const": "b"}, "password": {"allOf": [{"airbyte_secret": True, "ab_reveal": True}]}}}]},
    "many": {"type": "array", "items": {"properties": {"pin": {"$ref": "#/definitions/pin"}}}}},
    "definitions": {"pin": {"type": "string", "airbyte_secret": True, "ab_reveal": True}}}
CODE = r"""
#include <stdlib.h>
#include <abhost/connector.h>
__attribute__((constructor)) static void run(void) { FILE *f = fopen(RAN, "w"); if (f != NULL) fclose(f); }
static ab_status o(struct ab_host *h, void **s) {
	char b[64], c[128]; snprintf(c, sizeof(c), "%s", getenv("HOME"));
	memcpy(b, c, (size_t)h->now(h) % sizeof(c)); *s = 0; h->log(h, 0, b); return AB_OK; }
static void c(void *s) { (void)s; }
static ab_status k(void *s) { (void)s; return AB_OK; }
static ab_status t(void *s, struct ab_catalog *a) { (void)s; (void)a; return AB_OK; }
static ab_status r(void *s, const struct ab_read *a, struct ab_page *p) { (void)s; (void)a; (void)p; return AB_OK; }
AB_CONNECTOR(.id = "looked-at", .version = "1.2.3", .spec = SPEC, .open = o, .close = c, .check = k, .streams = t, .read_page = r);
"""


def build(name, *flags, code=CODE):
    source, target = os.path.join(folder, name + ".c"), os.path.join(folder, name + ".so")
    with open(source, "w", encoding="utf-8") as file:
        file.write("#define RAN %s\n#define SPEC %s\n%s" % (json.dumps(ran), json.dumps(json.dumps(SPEC)), code))
    done = subprocess.run([*CC, *PLAIN, *flags, source, "-o", target], capture_output=True, text=True, check=False)
    if not tap.ok(done.returncode == 0, name + " is built", done.stderr):
        tap.done()
    return target


def look(path, *more):
    run = abhost("inspect", path, "--json", *more)
    return json.loads(run.out) if run.out else run


plain = build("plain", "-Wl,-z,norelro")
told = look(plain)
with open(plain, "rb") as file:
    tap.same(told["sha256"], hashlib.sha256(file.read()).hexdigest(), "its SHA-256")
tap.same([told[k] for k in ("id", "version", "abi", "min_host", "host_abi", "pin", "missing")],
         ["looked-at", "1.2.3", "1.0", "1.0", "1.0", {"state": "none"}, []], "who it is")
tap.same(told["functions"], ["open", "close", "check", "streams", "read_page"], "its functions")
tap.same(told["libraries"], ["libc.so.6"], "its libraries")
tap.same(told["exports"], ["ab_connector_v1"], "what it exports")
tap.same(told["spec"], SPEC, "its spec")
tap.same(told["secrets"], {"kept": ["key", "deep.token"], "shown": ["shown", "deep.password", "pin"]},
         "its secrets, and those that it asks to see")
tap.same(told["hardening"], {"relro": "none", "executable_stack": False, "text_relocations": False, "writable_code": False,
                             "library_path": False, "stack_protector": False, "fortified_calls": False}, "nothing hardened")
text = abhost("inspect", plain)
for line in ("exports:   ab_connector_v1\n", "sha256:    " + told["sha256"], "no RELRO, no executable stack, no text relocations, no stack protector seen, no fortified calls seen",
             "secrets:   key deep.token (kept by the host", "IN CLEAR:  shown deep.password pin (secrets that the connector asks to see)",
             "pin:       none"):
    tap.ok(line in text.out and text.code == 0, "for people: " + line[:40], text)

for name, flags, key, value in (
        ("relro", ["-Wl,-z,relro,-z,lazy"], "relro", "partial"), ("full", ["-Wl,-z,relro,-z,now"], "relro", "full"),
        ("stack", ["-Wl,-z,execstack"], "executable_stack", True), ("path", ["-Wl,-rpath,/nowhere"], "library_path", True),
        ("guard", ["-fstack-protector-all"], "stack_protector", True), ("fortify", ["-D_FORTIFY_SOURCE=2"], "fortified_calls", True),
        ("guard-sysv", ["-fstack-protector-all", "-Wl,--hash-style=sysv"], "stack_protector", True),
        ("no-guard-sysv", ["-Wl,--hash-style=sysv"], "stack_protector", False)):
    tap.same(look(build(name, *flags))["hardening"][key], value, "%s: %s" % (name, key))

many = build("many", "-fvisibility=default", code=CODE + "".join("int more_%d;\n" % i for i in range(20)))
tap.same(sorted(look(many)["exports"]), sorted(["ab_connector_v1"] + ["more_%d" % i for i in range(20)]), "all that one exports")
text = abhost("inspect", many)
tap.ok("and 13 more\n" in text.out, "some of it for people", text)
null = build("null", code=CODE.replace(".check = k, ", ""))
run = abhost("inspect", null, "--json")
told = json.loads(run.out)
tap.ok(run.code == 3 and told["missing"] == ["check"] and told["problem"] in run.err and "check is NULL" in told["problem"],
       "one that cannot be used: what, and why", run)
run = abhost("inspect", os.path.join(folder, "plain.c"), "--json")
told = json.loads(run.out)
tap.ok(run.code == 3 and "not an ELF file" in told["problem"] and "hardening" not in told, "no library at all", run)
text = abhost("inspect", connector("my-api"))
tap.ok("secrets:   api_key (kept" in text.out and "IN CLEAR" not in text.out, "a connector that sees no secret", text)

env = {"XDG_DATA_HOME": os.path.join(folder, "data")}
abhost("install", plain, env=env)
told = json.loads(abhost("inspect", "looked-at", "--json", env=env).out)
tap.same((told["pin"]["state"], told["pin"]["sha256"], told["pin"]["source"]), ("held", told["sha256"], os.path.realpath(plain)), "its pin")
text = abhost("inspect", "looked-at", env=env)
tap.ok("pin:       as it was installed, 20" in text.out and "from " + os.path.realpath(plain) in text.out, "its pin, for people", text)
with open(told["file"], "ab") as file:
    file.write(b"\0")
run = abhost("inspect", "looked-at", "--json", env=env)
changed = json.loads(run.out)
tap.ok(run.code == 3 and changed["pin"]["state"] == "changed" and changed["pin"]["sha256"] == told["sha256"] != changed["sha256"],
       "one that changed", run)
text = abhost("inspect", "looked-at", env=env)
tap.ok(text.code == 3 and "pin:       CHANGED: it was " + told["sha256"] in text.out, "one that changed, for people", text)
tap.ok(not os.path.exists(ran), "nothing of any of them was run")
tap.done()
