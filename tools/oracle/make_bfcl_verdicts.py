"""Verdicts of BFCL's own checker about calls of our own, which test/eval/bfcl.test.ts asks our checker for.

    pip install --no-deps bfcl-eval==2026.3.23
    python tools/oracle/make_bfcl_verdicts.py > test/fixtures/eval/bfcl-verdicts.json

The package's table of models, which imports every vendor's library, is replaced: the checker reads one flag of it.
"""
import copy
import json
import sys
import types

import bfcl_eval.constants

table = types.ModuleType("bfcl_eval.constants.model_config")
table.MODEL_CONFIG_MAPPING = {
    "dots": types.SimpleNamespace(underscore_to_dot=False),
    "underscores": types.SimpleNamespace(underscore_to_dot=True),
}
sys.modules["bfcl_eval.constants.model_config"] = table
from bfcl_eval.constants.enums import Language  # noqa: E402
from bfcl_eval.eval_checker.ast_eval.ast_checker import ast_checker  # noqa: E402
from bfcl_eval.eval_checker.ast_eval.type_convertor.java_type_converter import java_type_converter  # noqa: E402
from bfcl_eval.eval_checker.ast_eval.type_convertor.js_type_converter import js_type_converter  # noqa: E402


def function(name, required, /, **properties):
    return {
        "name": name,
        "description": f"{name}.",
        "parameters": {"type": "dict", "properties": properties, "required": required},
    }


def of(kind, items=None):
    description = {"type": kind, "description": f"A {kind}."}
    return description if items is None else {**description, "items": {"type": items}}


TEA = function("tea.order", ["leaf", "cups"], leaf=of("string"), cups=of("integer"), sugar=of("float"), hot=of("boolean"), note=of("any"))
BOAT = function("boat.rent", ["days"], days=of("array", "string"), seats=of("tuple", "integer"), crew=of("array", "dict"), plan=of("dict"), rates=of("array", "float"), rows=of("array", "array"))
ODD = function("odd", ["a"], a=of("complex"), b={"description": "No type."}, c=of("array"))
TEA_ANSWER = {"tea.order": {"leaf": ["Lapsang, smoked", "lapsang"], "cups": [2, "n"], "sugar": ["", 1.5], "hot": ["", True], "note": ["", "It's late"]}}
HOT_ANSWER = {"tea.order": {"leaf": ["lapsang"], "cups": [2], "hot": [True]}}
BOAT_ANSWER = {
    "boat.rent": {
        "days": [["Mon-day", "Tuesday"], ["monday"]],
        "seats": ["", [3, 4]],
        "crew": ["", [{"name": ["Ann"], "age": [30, 31, ""]}, {"name": ["Bo", "Bob"], "age": [""]}]],
        "plan": ["", {"from": ["Pier 1"], "to": ["Pier 2", ""], "stops": [["a", "b"], ""]}],
        "rates": ["", [1.0, 2.5]],
        "rows": ["", [[1, 2], [3]]],
    }
}
ODD_ANSWER = {"odd": {"a": [1], "b": [1, ""], "c": [[1], ""]}}
DAYS = {"days": ["Monday", "tues day"]}


def tea(**arguments):
    return {"tea.order": {"leaf": "lapsang", "cups": 2, **arguments}}


def boat(**arguments):
    return {"boat.rent": {**DAYS, **arguments}}


PYTHON = [
    [tea()],
    [tea(leaf="LAPSANG smoked")],
    [tea(leaf="Lapsang^*,./-_ Smoked")],
    [tea(leaf="lapsang!")],
    [tea(leaf=None)],
    [tea(leaf=7)],
    [tea(leaf=["lapsang"])],
    [tea(cups=2.0)],
    [tea(cups=3)],
    [tea(cups=True)],
    [tea(cups="n")],
    [tea(cups="N")],
    [tea(cups="2")],
    [tea(sugar=1.5)],
    [tea(sugar=1)],
    [tea(sugar=2)],
    [tea(sugar="1.5")],
    [tea(sugar="")],
    [tea(hot=True)],
    [tea(hot=1)],
    [tea(hot=1.0)],
    [tea(hot=False)],
    [tea(hot="True")],
    [tea(note='it"s late')],
    [tea(note="its late")],
    [tea(note=5)],
    [tea(milk=True)],
    [{"tea.order": {"leaf": "lapsang"}}],
    [{"tea.order": {}}],
    [{"tea_order": {"leaf": "lapsang", "cups": 2}}],
    [{"tea": {"leaf": "lapsang", "cups": 2}}],
    [],
    [tea(), tea()],
]
LISTS = [
    [boat()],
    [boat(days=["MONDAY"])],
    [boat(days=["Tuesday", "Monday"])],
    [boat(days=["Monday", 2])],
    [boat(days="monday")],
    [boat(days=[])],
    [boat(seats=[3, 4])],
    [boat(seats=[3.0, 4])],
    [boat(seats=[3, True])],
    [boat(seats=[])],
    [boat(seats="3")],
    [boat(rates=[1.0, 2.5])],
    [boat(rates=[1, 2.5])],
    [boat(rates=[1.0, 2.6])],
    [boat(rows=[[1, 2], [3]])],
    [boat(rows=[[1, 2], [3.0]])],
    [boat(rows=[[1, 2], 3])],
    [boat(plan={"from": "pier 1"})],
    [boat(plan={"from": "pier 1", "to": "pier-2", "stops": ["a", "b"]})],
    [boat(plan={"from": "pier 1", "stops": ["A", "b"]})],
    [boat(plan={"from": "pier 3"})],
    [boat(plan={"to": "pier 2"})],
    [boat(plan={"from": "pier 1", "via": "x"})],
    [boat(plan={"from": "pier 3", "via": "x"})],
    [boat(plan={"via": "x"})],
    [boat(plan={})],
    [boat(plan="pier 1")],
    [boat(plan=[])],
    [boat(crew=[{"name": "ann", "age": 30}, {"name": "BOB"}])],
    [boat(crew=[{"name": "ann"}, {"name": "bo"}])],
    [boat(crew=[{"name": "ann", "age": 32}, {"name": "bo"}])],
    [boat(crew=[{"name": "bo"}, {"name": "ann"}])],
    [boat(crew=[{"name": "ann"}])],
    [boat(crew=[{"name": "ann"}, "bo"])],
    [boat(crew=[])],
    [boat(crew={})],
]
ODDS = [[{"odd": {"a": 1}}], [{"odd": {"a": 1, "b": 1}}], [{"odd": {"b": 1}}]]
BOTH = [TEA_ANSWER, BOAT_ANSWER, TEA_ANSWER]
PARALLEL = [
    [tea(), boat(), tea(leaf="lapsang smoked")],
    [boat(), tea(), tea()],
    [tea(), tea(), tea()],
    [tea(), boat()],
    [tea(), boat(), tea(cups=3)],
    [],
]
JAVA = function(
    "Box.put",
    [],
    count=of("integer"),
    small=of("byte"),
    far=of("long"),
    part=of("float"),
    exact=of("double"),
    open=of("boolean"),
    mark=of("char"),
    name=of("String"),
    what=of("any"),
    row=of("Array", "integer"),
    names=of("ArrayList", "String"),
    flags=of("ArrayList", "boolean"),
    map=of("HashMap"),
    set=of("Set"),
    queue=of("Queue"),
)
JAVA_ANSWER = {
    "Box.put": {
        "count": [5, ""], "small": [1, ""], "far": [7, ""], "part": [1.5, ""], "exact": [2.5, "x", ""], "open": [True, ""],
        "mark": ["'a'", ""], "name": ["crate", ""], "what": ["myObject", ""], "row": [[1, 2], ""], "names": [["a", "b"], ""],
        "flags": [[True, False], ""], "map": [{"k": [1], "s": ["t"]}, ""], "set": [[1], ""], "queue": [[1], ""],
    }
}
JAVA_TEXTS = {
    "count": ["5", "-5", "5.0", "five", " 5"], "small": ["1"], "far": ["7L", "7l", "7"], "part": ["1.5f", "1.5F", "15e-1f", "1.5"],
    "exact": ["2.5", "25e-1", "2.5f", "x", "X"], "open": ["true", "false", "True"], "mark": ["'a'", "a"], "name": ["crate", "CRATE", '"crate"'],
    "what": ["myObject", "my_object", "new Object()"],
    "row": ["new int[]{1, 2}", "new int[] {1,2,}", "new int[]{1, 2.0}", "new int[]{}", "{1, 2}", "new int[]{2, 1}"],
    "names": ['new ArrayList<String>(Arrays.asList("a", "b"))', 'new ArrayList<>() {{ add("a"); add("b"); }}', "new ArrayList<String>()", 'List.of("a", "b")', "new ArrayList<String>(Arrays.asList(a, b))"],
    "flags": ["new ArrayList<Boolean>(Arrays.asList(true, false))", "new ArrayList<Boolean>(Arrays.asList(true, no))"],
    "map": ['new HashMap<String, Object>() {{ put("k", 1); put("s", "t"); }}', 'new HashMap<>() { { put("k", 1); put("s", "T"); } }', 'new HashMap<>() {{ put("k", 2); put("s", "t"); }}', "new HashMap<>()", "map"],
    "set": ["new HashSet<>()"], "queue": ["new LinkedList<>()"],
}
SCRIPT = function(
    "box.put", [], name=of("String"), count=of("integer"), part=of("float"), large=of("Bigint"), open=of("Boolean"), map=of("dict"),
    row=of("array", "integer"), names=of("array", "String"), rows=of("array", "array"), maps=of("array", "dict"), what=of("any"),
)
SCRIPT_ANSWER = {
    "box.put": {
        "name": ["crate", ""], "count": [5, ""], "part": [1.5, ""], "large": [7, ""], "open": [False, ""],
        "map": [{"a": [1], "b": ["x"], "c": [["p", "q"]], "d": [True, ""]}, ""], "row": [[1, 2], ""], "names": [["a", "b"], ""],
        "rows": [[[1, 2], [3]], ""], "maps": [[{"a": [1]}], ""], "what": ["thing", ""],
    }
}
SCRIPT_TEXTS = {
    "name": ["crate", '"crate"', "'Crate'", '"crate\''], "count": ["5", "5.0", "x"], "part": ["1.5", "15e-1"], "large": ["7n", "7"],
    "open": ["false", "False"],
    "map": ["{a: 1, b: 'x', c: ['p', 'q']}", '{"a": 1, "b": "x", "c": ["p", "q"], "d": true}', "{a: 1}", "{}", "x", "{a: 1, b: 'x', c: ['p'], d: false}", "{a: 1, e: {f: 2}}"],
    "row": ["[1, 2]", "new Array(1, 2)", "[1, '2']", "[]", "[2, 1]", "1, 2"], "names": ["['a', \"b\"]", "[a, b]", "new Array('A', 'B')", "['a']"],
    "rows": ["[[1, 2], [3]]", "new Array([1, 2], [3])", "[ [1,2] , [3] ]", "[[1, 2], [3], 4]", "[[1, 2], ['3']]"], "maps": ["[{a: 1}]", "[{a: 1, b: 2}]", "[]"],
    "what": ["thing", "'thing'"],
}


def verdict(kind, language, functions, answers, calls, dots):
    try:
        found = ast_checker(copy.deepcopy(functions), copy.deepcopy(calls), copy.deepcopy(answers), language, kind, dots)
        return None if found["valid"] else found["error_type"]
    except Exception:  # the reference has no verdict
        return "unchecked"


def group(kind, language, functions, answers, all_calls):
    sides = [("dots", all_calls)]
    renamed = [[{name.replace(".", "_"): given for name, given in call.items()} for call in calls] for calls in all_calls]
    sides.append(("underscores", renamed))
    return [
        {
            "kind": kind,
            "language": language.value,
            "functions": functions,
            "answers": answers,
            "hasDotsReplaced": dots == "underscores",
            "cases": [[calls, verdict(kind, language, functions, answers, calls, dots)] for calls in cases],
        }
        for dots, cases in sides
    ]


def texts(name, table):
    return [[{name: {parameter: text}}] for parameter, all_texts in table.items() for text in [*all_texts, 5]]


def typed(value):
    """As JSON in which floats have a point."""
    return {str(key): typed(item) for key, item in value.items()} if isinstance(value, dict) else [typed(item) for item in value] if isinstance(value, list) else value


def values(convert, table, function_):
    properties = function_["parameters"]["properties"]
    rows = []
    for parameter, all_texts in table.items():
        kind, items = properties[parameter]["type"], properties[parameter].get("items", {}).get("type")
        for text in all_texts:
            try:
                rows.append([text, kind, items, typed(convert(text, kind, items))])
            except Exception:
                rows.append([text, kind, items])
    return rows


print(
    json.dumps(
        {
            "groups": [
                *group("simple", Language.PYTHON, [TEA], [TEA_ANSWER], PYTHON),
                *group("simple", Language.PYTHON, [TEA], [HOT_ANSWER], [[tea()], [tea(hot=True)]]),
                *group("simple", Language.PYTHON, [BOAT], [BOAT_ANSWER], LISTS),
                *group("simple", Language.PYTHON, [ODD], [ODD_ANSWER], ODDS),
                *group("multiple", Language.PYTHON, [BOAT, TEA], [TEA_ANSWER], PYTHON),
                *group("multiple", Language.PYTHON, [BOAT], [TEA_ANSWER], PYTHON[:1]),
                *group("parallel", Language.PYTHON, [TEA, BOAT], BOTH, PARALLEL),
                *group("simple", Language.JAVA, [JAVA], [JAVA_ANSWER], texts("Box.put", JAVA_TEXTS)),
                *group("simple", Language.JAVASCRIPT, [SCRIPT], [SCRIPT_ANSWER], texts("box.put", SCRIPT_TEXTS)),
            ],
            "values": {
                "java": values(java_type_converter, JAVA_TEXTS, JAVA),
                "javascript": values(js_type_converter, SCRIPT_TEXTS, SCRIPT),
            },
        }
    )
)
