"""calls.py OUT: verdicts of bfcl-eval's own checker on right and changed calls of all its parts that are checked call by call."""
import collections
import copy
import importlib.util
import json
import os
import random
import sys
import types

# The checker asks one setting of a table that imports every vendor's client.
table = types.ModuleType("bfcl_eval.constants.model_config")
table.MODEL_CONFIG_MAPPING = collections.defaultdict(lambda: types.SimpleNamespace(underscore_to_dot=True))
sys.modules["bfcl_eval.constants.model_config"] = table

from bfcl_eval.constants.enums import Language
from bfcl_eval.eval_checker.ast_eval.ast_checker import ast_checker

DATA = os.path.join(os.path.dirname(importlib.util.find_spec("bfcl_eval").origin), "data")
PARTS = ["simple_python", "multiple", "parallel", "parallel_multiple"]
OTHERS = ["", "x", "San Francisco", 0, 1, -3, 5.0, 2.5, True, False, None, [], [1, 2], ["a"], {}, {"a": 1}, [{"a": 1}]]


def lines(path):
    with open(os.path.join(DATA, path), encoding="utf-8") as file:
        return [line for line in file if line.strip()]


def filled(value):
    """A value that is allowed, made of the lists of what is."""
    if isinstance(value, dict):
        lists = {key: options if isinstance(options, list) else [options] for key, options in value.items()}
        return {key: filled(options[0]) for key, options in lists.items() if options and options[0] != ""}
    if isinstance(value, list):
        return [filled(one) for one in value]
    return value


def right(truth):
    calls = []
    for call in truth:
        for name, arguments in call.items():
            given = {key: filled(options[0]) for key, options in arguments.items() if options and options[0] != ""}
            calls.append({name.replace(".", "_"): given})
    return calls


def changed(calls, rng):
    calls = copy.deepcopy(calls)
    call = rng.choice(calls)
    (name, arguments), = call.items()
    way = rng.randrange(8)
    key = rng.choice(list(arguments)) if arguments else None
    if way == 0:
        calls.remove(call)
    elif way == 1:
        calls.append(copy.deepcopy(call))
    elif way == 2:
        call["other"] = call.pop(name)
    elif way == 3:
        arguments["unknown"] = 1
    elif key is None:
        pass
    elif way == 4:
        del arguments[key]
    elif way == 5 and isinstance(arguments[key], str):
        arguments[key] = arguments[key].upper().replace(" ", ", ")
    elif way == 6 and isinstance(arguments[key], (int, float)) and not isinstance(arguments[key], bool):
        arguments[key] = float(arguments[key])
    else:
        arguments[key] = rng.choice(OTHERS)
    rng.shuffle(calls)
    return calls


def verdict(part, functions, calls, truth):
    try:
        return bool(ast_checker(functions, calls, truth, Language.PYTHON, part, "model")["valid"])
    except Exception:
        # The checker itself fails on some values: nothing to compare with.
        return None


rng = random.Random(7)
cases = []
for part in PARTS:
    answers = {json.loads(line)["id"]: json.loads(line) for line in lines(f"possible_answer/BFCL_v4_{part}.json")}
    for line in lines(f"BFCL_v4_{part}.json"):
        doc = json.loads(line)
        truth = answers[doc["id"]]["ground_truth"]
        good = right(truth)
        for calls in [good] + [changed(good, rng) for _ in range(3) if good]:
            cases.append({"part": part, "id": doc["id"], "calls": [[*one.items()][0] for one in calls], "valid": verdict(part, doc["function"], calls, truth)})
with open(sys.argv[1], "w", encoding="utf-8") as file:
    for case in cases:
        # The arguments as text: 5 and 5.0 differ.
        case["calls"] = [[name, json.dumps(arguments)] for name, arguments in case["calls"]]
        file.write(json.dumps(case) + "\n")
