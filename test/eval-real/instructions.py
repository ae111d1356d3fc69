"""instructions.py FIXTURE OUT: lm-evaluation-harness' verdicts on every instruction and answer of the fixture, as a table of true, false
and null (the harness failed: data of NLTK or langdetect are missing)."""
import json
import logging
import sys

logging.disable(logging.CRITICAL)
from lm_eval.tasks.ifeval import instructions_registry


def verdict(name, given, answer):
    instruction = instructions_registry.INSTRUCTION_DICT[name](name)
    try:
        instruction.build_description(**given)
        return bool(answer.strip() and instruction.check_following(answer))
    except Exception:
        return None


with open(sys.argv[1], encoding="utf-8") as file:
    fixture = json.load(file)
table = [[verdict(name, given, answer) for answer in fixture["answers"]] for name, given in fixture["instructions"]]
with open(sys.argv[2], "w", encoding="utf-8") as file:
    file.write("[\n" + ",\n".join(" " + json.dumps(row) for row in table) + "\n]\n")
