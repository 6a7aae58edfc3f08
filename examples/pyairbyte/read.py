#!/usr/bin/env python3
"""An abhost connector in PyAirbyte: check, select, read into the default cache, data frames, SQL.

    abhost wrap my-api.so -o source-my-api
    pip install airbyte
    python3 read.py ./source-my-api config.json [STREAM ...]
"""
import json
import sys

import airbyte as ab

program, config, *streams = sys.argv[1:]
with open(config, encoding="utf-8") as file:
    source = ab.get_source("source-my-api", local_executable=program, config=json.load(file))

source.check()
print("streams:", ", ".join(source.get_available_streams()))
source.select_streams(streams or "*")

# The second time, only what is new is read.
result = source.read(cache=ab.get_default_cache())
for name, dataset in result.streams.items():
    frame = dataset.to_pandas()
    print("%s: %d records, columns %s" % (name, len(frame), ", ".join(frame.columns)))

with result.cache.get_sql_engine().connect() as connection:
    for name in result.streams:
        count = connection.exec_driver_sql('SELECT count(*) FROM main."%s"' % name).scalar()
        print("SQL: %s has %d rows" % (name, count))
