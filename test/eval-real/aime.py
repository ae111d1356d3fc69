"""aime.py FIXTURE OUT: lm-evaluation-harness' verdicts on answers to AIME and what else is the same in LaTeX, as [answer, right, verdict]."""
import json
import sys

from lm_eval.tasks.aime.utils import process_results

with open(sys.argv[1], encoding="utf-8") as file:
    pairs = [pair[:2] for pair in json.load(file)]
found = [[answer, right, process_results({"Answer": right}, [answer])["exact_match"]] for answer, right in pairs]
with open(sys.argv[2], "w", encoding="utf-8") as file:
    file.write("[\n" + ",\n".join(" " + json.dumps(row, ensure_ascii=False) for row in found) + "\n]\n")
