"""livecodebench.py FIXTURES: problems of our own as LiveCodeBench publishes its: hidden tests are base64 of zlib of a pickle of JSON."""
import base64
import json
import os
import pickle
import sys
import zlib

PROBLEMS = [
    {
        "question_id": "own_1",
        "question_title": "Sum and half",
        "question_content": "Read two whole numbers from one line. Write their sum, and on the next line half of it.",
        "platform": "atcoder",
        "contest_date": "2024-11-02T00:00:00",
        "starter_code": "",
        "difficulty": "easy",
        "public": [("3 5\n", "8\n4.0\n", "stdin")],
        "hidden": [("1 2\n", "3\n1.50\n", "stdin"), ("-4 4", "0\n0", "stdin")],
        "metadata": {},
    },
    {
        "question_id": "own_2",
        "question_title": "Ends of a list",
        "question_content": "Give the first and the last of a list, and how long a word is: « naïf ».",
        "platform": "leetcode",
        "contest_date": "2025-01-04T00:00:00",
        "starter_code": "class Solution:\n    def ends(self, numbers: List[int], word: str) -> List[int]:\n        ",
        "difficulty": "easy",
        "public": [('[1, 2, 3]\n"naïf"', "[1, 3, 4]", "functional")],
        "hidden": [('[7]\n""', "[7, 7, 0]", "functional"), ('[5, 6]\n"日本"', "[5, 6, 2]", "functional")],
        "metadata": {"func_name": "ends"},
    },
    {
        "question_id": "own_3",
        "question_title": "Lines",
        "question_content": "Write how many lines there are.",
        "platform": "codeforces",
        "contest_date": "2025-03-30T00:00:00",
        "starter_code": "",
        "difficulty": "easy",
        "public": [("a\nb\n", "2", "stdin")],
        "hidden": [],
        "metadata": {},
    },
]


def cases(given):
    return json.dumps([{"input": one, "output": out, "testtype": kind} for one, out, kind in given])


with open(os.path.join(sys.argv[1], "livecodebench-own.jsonl"), "w", encoding="utf-8") as file:
    for problem in PROBLEMS:
        shown, hidden = problem.pop("public"), problem.pop("hidden")
        packed = base64.b64encode(zlib.compress(pickle.dumps(cases(hidden)))).decode() if hidden else "[]"
        doc = {**problem, "contest_id": "own", "public_test_cases": cases(shown), "private_test_cases": packed}
        file.write(json.dumps({**doc, "metadata": json.dumps(doc["metadata"])}, ensure_ascii=False) + "\n")
