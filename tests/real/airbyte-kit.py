#!/usr/bin/env python3
"""Airbyte's standard tests (airbyte_cdk.test.standard_tests, as its CI runs them on an image) on a wrapped connector.  The program
`docker` that they start is a stand-in: it runs the connector, its paths those of this machine."""
import os
import subprocess
import sys

import servers

HOME, PYTEST = servers.installed("pyairbyte"), servers.installed("pytest")

import glob  # noqa: E402
import json  # noqa: E402
import re  # noqa: E402

from real import lib  # noqa: E402

lib.need(lib.ABHOST, lib.FAKE, lib.connector("my-api"))
tap = lib.Tap()
folder = lib.scratch()
ROOT = os.path.join(folder, "source-my-api")
DOCKER = '''#!%s
"""docker run --rm [-v HOST:INSIDE:rw]... [-e N=V]... IMAGE WORDS..."""
import os
import sys
args, paths = sys.argv[1:], {}
if args[:1] != ["run"]:
    sys.exit(0)
args = args[1:]
while args[0].startswith("-"):
    option = args.pop(0)
    if option == "-v":
        host, inside = args.pop(0).split(":")[:2]
        paths[inside] = host
    elif option == "-e":
        name, _, value = args.pop(0).partition("=")
        os.environ[name] = value
words = [os.environ["WRAPPED"]]
for word in args[1:]:
    for inside, host in paths.items():
        if word == inside or word.startswith(inside + "/"):
            word = host + word[len(inside):]
            break
    words.append(word)
os.execv(words[0], words)
''' % sys.executable
FILES = {
    "metadata.yaml": """metadataSpecVersion: "1.0"
data:
  name: My API
  dockerRepository: airbyte/source-my-api
  dockerImageTag: 1.0.0
  definitionId: 00000000-0000-0000-0000-000000000000
  connectorType: source
  connectorSubtype: api
  license: MIT
  githubIssueLabel: source-my-api
  documentationUrl: https://docs.airbyte.com/integrations/sources/my-api
  releaseStage: alpha
  tags: ["language:manifest-only"]
""",
    "acceptance-test-config.yml": """connector_image: airbyte/source-my-api:dev
acceptance_tests:
  spec:
    tests: [{spec_path: spec.json, config_path: secrets/config.json}]
  connection:
    tests:
      - {config_path: secrets/config.json, status: succeed}
      - {config_path: secrets/wrong.json, status: failed}
  discovery:
    tests: [{config_path: secrets/config.json}]
  basic_read:
    tests: [{config_path: secrets/config.json}]
""",
    "conftest.py": 'pytest_plugins = ["airbyte_cdk.test.standard_tests.pytest_hooks"]\n',
    "tests/test_standard.py": """from airbyte_cdk.test.standard_tests.docker_base import DockerConnectorTestSuite


class TestSuite(DockerConnectorTestSuite):
    pass
""",
    "../bin/docker": DOCKER,
}


def write(name, text):
    path = os.path.join(ROOT, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


os.makedirs(ROOT)
for each, content in FILES.items():
    os.chmod(write(each, content), 0o755)
wrapped = os.path.join(folder, "wrapped")
lib.abhost("wrap", lib.connector("my-api"), "-o", wrapped)
with lib.FakeApi(users=30, events=50, seed=3) as api:
    for kind, key in (("config", api.key), ("wrong", "a-wrong-key")):
        write("secrets/%s.json" % kind, json.dumps({"api_key": key, "base_url": api.url}))
    path = os.path.join(folder, "bin") + ":" + os.environ["PATH"]
    libraries = glob.glob(os.path.join(PYTEST, "lib", "python3*", "site-packages"))[0]
    done = subprocess.run([os.path.join(HOME, "bin", "python"), "-m", "pytest", "-q", "-rA", "--tb=short", "tests",
                           "--connector-image", "airbyte/source-my-api:1.0.0", "--read-from-streams=all"], cwd=ROOT,
                          env=lib.environment({"WRAPPED": wrapped, "PATH": path, "PYTHONPATH": libraries,
                                               "PYTHONWARNINGS": "ignore"}),
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=600)
passed = re.findall(r"^PASSED \S+::test_docker_image_build_and_(\S+?)(?:\[|$)", done.stdout, re.M)
tap.ok(done.returncode == 0, "no standard test fails", done.stdout[-4000:])
for name in ("spec", "check", "config_matches_spec", "discover", "read"):
    tap.ok(name in passed, "standard test %s runs and passes" % name, done.stdout[-4000:])
for line in re.findall(r"^SKIPPED \[\d+\] \S+ (.*)", done.stdout, re.M):
    tap.note("skipped: %.160s" % line)
tap.done()
