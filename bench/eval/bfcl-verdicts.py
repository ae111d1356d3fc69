"""bfcl-verdicts.py FOLDER: asks bfcl-eval's own checker about the answers that `kaiyuan eval run --out FOLDER` kept of BFCL's tasks of Python,
and compares its verdict on each with ours. Needs `pip install --no-deps bfcl-eval==2026.3.23`. Ends with 1 where any differs."""
import collections
import glob
import json
import os
import re
import sys
import types

# The checker asks one setting of a table that imports every vendor's client: that tools' names have underscores for dots.
table = types.ModuleType("bfcl_eval.constants.model_config")
table.MODEL_CONFIG_MAPPING = collections.defaultdict(lambda: types.SimpleNamespace(underscore_to_dot=True))
sys.modules["bfcl_eval.constants.model_config"] = table

from bfcl_eval.constants.enums import Language  # noqa: E402
from bfcl_eval.eval_checker.ast_eval.ast_checker import ast_checker  # noqa: E402


def decoded(calls):
    """As bfcl-eval reads a model that calls functions; None for what is no call."""
    try:
        return [{call["name"]: given if isinstance(given := call["arguments"], dict) else json.loads(given)} for call in calls]
    except ValueError:
        return None


def is_right(part, sample):
    calls = decoded(sample.get("calls", []))
    if part == "irrelevance":
        return not calls
    if not calls or not all(isinstance(given, dict) for call in calls for given in call.values()):
        return False
    truth = json.loads(sample["target"])
    return ast_checker(sample["doc"]["function"], calls, truth, Language.PYTHON, part, "model")["valid"]


if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
    sys.exit(__doc__)
different = 0
for path in sorted(glob.glob(os.path.join(sys.argv[1], "samples_bfcl_*.jsonl"))):
    part = re.search(r"samples_bfcl_(.*)\.jsonl$", path)[1]
    if part in ("simple_java", "simple_javascript"):
        continue
    with open(path, encoding="utf-8") as file:
        samples = [json.loads(line) for line in file]
    verdicts = [(bool(is_right(part, sample)), sample["acc"] == 1, sample["doc"]["id"]) for sample in samples]
    parted = [name for theirs, ours, name in verdicts if theirs != ours]
    different += len(parted)
    right = sum(theirs for theirs, _, _ in verdicts)
    print(f"bfcl_{part}: {right} of {len(verdicts)} right by bfcl-eval; {len(parted)} differ {' '.join(parted[:5])}".rstrip())
sys.exit(1 if different else 0)
