"""reference.py FIXTURES OUT [MODEL]: lm-evaluation-harness on our documents, through its own tasks.

Without MODEL answers come from a script that both sides know, so that no torch is needed: prompts, filters and scores are the harness's.
With MODEL, a checkpoint in Hugging Face layout, its `hf` backend computes; with MODEL, the address of a server, its `local-completions`, which asks
that server for everything, its tokens too. OUT gets one JSON object: results and samples by task.
"""
import csv
import hashlib
import importlib
import io
import json
import os
import random
import sys
import tempfile
import types

os.environ.update(HF_HUB_OFFLINE="1", HF_DATASETS_OFFLINE="1", TOKENIZERS_PARALLELISM="false")

fixtures, out = sys.argv[1], sys.argv[2]
checkpoint = sys.argv[3] if len(sys.argv) > 3 else None
served = checkpoint is not None and checkpoint.startswith("http")

import lm_eval
import numpy
import wonderwords
from lm_eval.api.model import LM
from lm_eval.tasks import TaskManager

INSTALLED = os.path.join(os.path.dirname(lm_eval.__file__), "tasks")
work = tempfile.mkdtemp()


def lines(name):
    with open(os.path.join(fixtures, name), encoding="utf-8") as file:
        return [json.loads(line) for line in file]


with open(os.path.join(fixtures, "words.json"), encoding="utf-8") as file:
    WORDS = json.load(file)
wonderwords.RandomWord = lambda: types.SimpleNamespace(_categories={**WORDS, **{name + "s": words for name, words in WORDS.items()}})


def written(name, docs):
    path = os.path.join(work, name + ".jsonl")
    with open(path, "w", encoding="utf-8") as file:
        for doc in docs:
            file.write(json.dumps(doc) + "\n")
    return path


def task(name, base, files, **more):
    """The harness's own definition with other documents."""
    config = {
        "include": os.path.join(INSTALLED, base),
        "task": "k_" + name,
        "dataset_path": "json",
        "dataset_name": None,
        "dataset_kwargs": {"data_files": files},
        "training_split": None,
        "validation_split": None,
        "tag": ["k_all"],
        **more,
    }
    with open(os.path.join(work, "k_" + name + ".yaml"), "w", encoding="utf-8") as file:
        # JSON is YAML.
        json.dump(config, file)


def arc_docs():
    for doc in lines("arc.jsonl"):
        labels = "ABCDE"[: len(doc["choices"])]
        yield {
            "question": doc["query"].removeprefix("Question: "),
            "choices": {"text": doc["choices"], "label": list(labels)},
            "answerKey": labels[doc["gold"]],
        }


def mmlu_docs(text):
    for question, a, b, c, d, answer in csv.reader(io.StringIO(text)):
        yield {"question": question, "choices": [a, b, c, d], "answer": "ABCD".index(answer)}


def ruler_docs(name, length, count=3):
    """What the harness makes for the task alone, from our own words; a token is four characters."""
    for module in [module for module in sys.modules if module.startswith("lm_eval.tasks.ruler")]:
        del sys.modules[module]
    niah, cwe, fwe, vt = (
        importlib.import_module("lm_eval.tasks.ruler." + module)
        for module in ("prepare_niah", "cwe_utils", "fwe_utils", "vt_utils")
    )
    random.seed(0)
    numpy.random.seed(1234)

    def tokens(text):
        return types.SimpleNamespace(input_ids=[0] * -(-len(text) // 4))

    if name.startswith("niah"):
        haystack, key, value = {
            "niah_single_1": ("repeat", "words", "numbers"),
            "niah_multikey_2": ("needle", "words", "numbers"),
            "niah_multikey_3": ("needle", "uuids", "uuids"),
        }[name]
        return niah.generate_samples(
            niah.get_haystack(type_haystack=haystack),
            TOKENIZER=tokens,
            max_seq_length=length,
            type_haystack=haystack,
            type_needle_k=key,
            type_needle_v=value,
            template=importlib.import_module("lm_eval.tasks.ruler.niah_utils").TEMPLATE,
            num_samples=count,
        )
    if name == "ruler_cwe":
        return cwe.sys_word_pair_random(count, length, tokens)
    if name == "ruler_fwe":
        return fwe.sys_kwext(tokens, length, count)
    example = vt.sys_vartrack_w_noise_random(tokens, 1, 500, incremental=5)[0]
    return vt.sys_vartrack_w_noise_random(tokens, count, length, icl_example=example)


RULER = {
    "niah_single_1": "niah_single_1",
    "niah_multikey_2": "niah_multikey_2",
    "niah_multikey_3": "niah_multikey_3",
    "ruler_vt": "vt",
    "ruler_cwe": "cwe",
    "ruler_fwe": "fwe",
}


def made(name, lengths, count=3):
    """sha256 of input, answer's beginning and outputs of each document."""
    return {
        length: [
            hashlib.sha256("\0".join([doc["input"], doc["gen_prefix"], *doc["outputs"]]).encode()).hexdigest()
            for doc in ruler_docs(name, length, count)
        ]
        for length in lengths
    }


SHOTS = {}


def define():
    task("arc_easy", "arc/arc_easy.yaml", {"test": written("arc", arc_docs())})
    task("hellaswag", "hellaswag/hellaswag.yaml", {"validation": written("hellaswag", lines("hellaswag.jsonl"))}, validation_split="validation")
    with open(os.path.join(fixtures, "mmlu.json"), encoding="utf-8") as file:
        for subject, splits in json.load(file).items():
            files = {split: written(f"mmlu_{subject}_{split}", mmlu_docs(text)) for split, text in splits.items()}
            task(f"mmlu_{subject}", f"mmlu/default/mmlu_{subject}.yaml", files, num_fewshot=2)
    with open(os.path.join(fixtures, "mmlu-pro.json"), encoding="utf-8") as file:
        files = {split: written("mmlu_pro_" + split, docs) for split, docs in json.load(file).items()}
    for category in ("math", "physics"):
        task(f"mmlu_pro_{category}", f"mmlu_pro/mmlu_pro_{category}.yaml", files, num_fewshot=2)
    for name, file in RULER.items():
        files = {"test": written(name, ruler_docs(name, 4096))}
        task(name, f"ruler/{file}.yaml", files, custom_dataset=None)
    docs = lines("aime.jsonl")
    task("aime25", "aime/aime25.yaml", {"test": written("aime25", docs)})
    older = [{"ID": doc["id"], "Problem": doc["problem"], "Answer": int(doc["answer"])} for doc in docs]
    task("aime24", "aime/aime24.yaml", {"train": written("aime24", older)}, training_split="train")
    files = {split: written("gsm8k_" + split, lines(f"gsm8k-{split}.jsonl")) for split in ("train", "test")}
    task("gsm8k", "gsm8k/gsm8k.yaml", files, training_split="train")
    for subject in ("boolean_expressions", "penguins_in_a_table"):
        with open(os.path.join(fixtures, f"bbh-{subject}.json"), encoding="utf-8") as file:
            docs = json.load(file)["examples"]
        task("bbh_cot_fewshot_" + subject, f"bbh/cot_fewshot/{subject}.yaml", {"test": written("bbh_" + subject, docs)})


class Scripted(LM):
    """Likelihoods and answers that follow from the request's text: the tests compute the same."""

    def __init__(self):
        super().__init__()
        self.answers = lines("answers.jsonl")

    def loglikelihood(self, requests):
        found = []
        for request in requests:
            context, continuation = request.args
            digest = hashlib.sha256((context + "\0" + continuation).encode()).digest()
            found.append((-int.from_bytes(digest[:3], "big") / 2**20, digest[3] % 2 == 0))
        return found

    def generate_until(self, requests):
        found = []
        for request in requests:
            digest = hashlib.sha256(request.args[0].encode()).digest()
            text = self.answers[int.from_bytes(digest[:3], "big") % len(self.answers)]
            for stop in request.args[1]["until"]:
                text = text.split(stop)[0]
            found.append(text)
        return found

    def loglikelihood_rolling(self, requests):
        raise NotImplementedError


def model():
    if checkpoint is None:
        return Scripted()
    if served:
        from lm_eval.models.openai_completions import LocalCompletionsAPI

        return LocalCompletionsAPI(model="smollm2", base_url=checkpoint + "/v1/completions", tokenizer_backend="remote", num_concurrent=1, batch_size=8)
    from lm_eval.models.huggingface import HFLM
    from transformers import PreTrainedTokenizerFast

    # The tokenizer file as it is: transformers 5 builds Llama's anew, and drops characters that are no token in place of <unk>.
    marks = {"bos_token": "<|start_story|>", "eos_token": "<|end_story|>", "pad_token": "<unk>", "unk_token": "<unk>"}
    tokenizer = PreTrainedTokenizerFast(tokenizer_file=os.path.join(checkpoint, "tokenizer.json"), **marks)
    return HFLM(pretrained=checkpoint, tokenizer=tokenizer, dtype="float32", device="cpu", batch_size=1, add_bos_token=True)


define()
manager = TaskManager(include_path=work)
names = sorted(name[:-5] for name in os.listdir(work) if name.endswith(".yaml"))
if served:
    names = ["k_arc_easy", "k_gsm8k", "k_hellaswag"]
elif checkpoint is not None:
    # Its context is shorter than these prompts and answers.
    names = [name for name in names if not any(long in name for long in ("bbh", "mmlu_pro", "aime", "niah", "ruler"))]
found = lm_eval.simple_evaluate(model=model(), tasks=names, task_manager=manager, log_samples=True, bootstrap_iters=0)


def sample(one):
    prompt, *_ = one["arguments"][0]
    kept = {
        "doc_id": one["doc_id"],
        "filter": one["filter"],
        "prompt": prompt,
        "prompt_hash": one["prompt_hash"],
        "filtered": one["filtered_resps"],
        "scores": {name: one[name] for name in one["metrics"]},
    }
    if isinstance(one["arguments"][0][1], str):
        kept["continuations"] = [continuation for _, continuation in one["arguments"]]
    else:
        kept["text"] = one["resps"][0][0]
    return kept


def shots_of(name):
    """The worked examples of BIG-Bench Hard, which the harness has in its definitions."""
    config = found["configs"][name]
    samples = (config.get("fewshot_config") or {}).get("samples")
    return {"description": config["description"], "examples": samples} if samples else {}


result = {
    name.removeprefix("k_"): {
        "version": str(found["versions"][name]),
        "results": {key: value for key, value in found["results"][name].items() if isinstance(value, float)},
        "samples": [sample(one) for one in found["samples"][name]],
        **shots_of(name),
    }
    for name in names
}
for name in RULER if checkpoint is None else []:
    result[name]["made"] = made(name, [1024, 4096, 20000], 4)
with open(out, "w", encoding="utf-8") as file:
    json.dump(result, file, ensure_ascii=False, indent=1, default=str)
    file.write("\n")
