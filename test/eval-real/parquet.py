"""parquet.py FIXTURES: our documents of MMLU-Pro and AIME as the hub publishes data sets: Parquet files written by `datasets`."""
import json
import os
import sys

import pyarrow as pa
import pyarrow.parquet as pq

from datasets import Dataset

fixtures = sys.argv[1]
with open(os.path.join(fixtures, "mmlu-pro.json"), encoding="utf-8") as file:
    for split, rows in json.load(file).items():
        Dataset.from_list(rows).to_parquet(os.path.join(fixtures, f"mmlu-pro-{split}.parquet"))
with open(os.path.join(fixtures, "aime.jsonl"), encoding="utf-8") as file:
    docs = [json.loads(line) for line in file]
rows = [{"ID": doc["id"], "Problem": doc["problem"], "Answer": int(doc["answer"])} for doc in docs]
Dataset.from_list(rows).to_parquet(os.path.join(fixtures, "aime24.parquet"))

# What a reader meets besides.
kinds = [
    {
        "list": [[], None, [f"n{i}", None, ""], ["x"]][i % 4],
        "share": None if i % 3 == 0 else i / 8,
        "small": i - 1250,
        "flag": i % 2 == 0,
        "text": f"t{i % 700}",
    }
    for i in range(2500)
]
types = pa.schema([("list", pa.list_(pa.string())), ("share", pa.float64()), ("small", pa.int32()), ("flag", pa.bool_()), ("text", pa.string())])
path = lambda name: os.path.join(fixtures, f"parquet-{name}.parquet")
pq.write_table(pa.Table.from_pylist(kinds, types), path("kinds"), compression="none", row_group_size=1000, data_page_size=2048)
records = pa.Table.from_pylist([{"answers": [{"a": 1, "b": 2}]}])
pq.write_table(records, path("records"))
pq.write_table(pa.table({"a": ["b"]}), path("zstd"), compression="zstd")
