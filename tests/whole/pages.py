"""Streams whose pages a test writes itself, byte for byte, for the connector tests/whole/given.c."""
import json
import os

from lib import abhost, connector, scratch

GIVEN = connector("tests/whole/given")


def stream(name="t", schema=None, key=None, cursor=None, **more):
    """An AirbyteStream; key and cursor are names of top-level fields."""
    made = {"name": name, **more}
    if schema is not None:
        made["json_schema"] = {"type": "object", "properties": schema}
    if key is not None:
        made["source_defined_primary_key"] = [[key]]
    if cursor is not None:
        made.update(default_cursor_field=[cursor], source_defined_cursor=True)
    return made


class Source:
    """A folder of streams and pages, and a folder to run in, where out.db is made."""

    def __init__(self, *streams):
        self.folder, self.pages = scratch(), scratch()
        self.db = os.path.join(self.folder, "out.db")
        self.describe(*streams)
        with open(os.path.join(self.folder, "config.json"), "w", encoding="utf-8") as file:
            json.dump({"folder": self.pages}, file)

    def describe(self, *streams):
        with open(os.path.join(self.pages, "streams.json"), "w", encoding="utf-8") as file:
            json.dump(list(streams), file)

    def give(self, name, *pages):
        """These pages from now on: texts, bytes, or lists of objects."""
        for old in os.listdir(self.pages):
            if old.startswith(name + ".") and old != "streams.json":
                os.unlink(os.path.join(self.pages, old))
        for i, page in enumerate(pages):
            if isinstance(page, list):
                page = json.dumps(page)
            if isinstance(page, str):
                page = page.encode("utf-8", "surrogatepass")
            with open(os.path.join(self.pages, "%s.%d" % (name, i)), "wb") as file:
                file.write(page)

    def run(self, *args, to=None, **more):
        return abhost("run", GIVEN, "config.json", "--to", to or "sqlite:out.db", *args, cwd=self.folder, **more)

    def catalog(self, *entries):
        path = os.path.join(self.folder, "catalog.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"streams": list(entries)}, file)
        return path
