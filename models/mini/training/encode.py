"""Text to ids and back: bytes, and the special tokens that the tokenizer has after them."""
import re

SPECIAL = ["<｜begin▁of▁sentence｜>", "<｜User｜>", "<｜Assistant｜>", "<｜end▁of▁sentence｜>", "<think>", "</think>", "<｜▁pad▁｜>",
           "<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>", "<tools>", "</tools>"]
BOS, USER, ASSISTANT, EOS, THINK, THINK_END, PAD = range(256, 263)
IDS = {name: 256 + i for i, name in enumerate(SPECIAL)}
SPLIT = re.compile("(" + "|".join(map(re.escape, SPECIAL)) + ")")


def ids_of(text):
    out = []
    for part in SPLIT.split(text): out += [IDS[part]] if part in IDS else list(part.encode())
    return out


def prompt_ids(prompt):
    """A question, or several turns that a task has written with their marks, as the chat template renders them."""
    body = prompt if prompt.startswith(("<tools>", "<｜User｜>")) else "<｜User｜>" + prompt
    return [BOS] + ids_of(body) + [ASSISTANT]


def answer_ids(reasoning, answer): return [THINK] + ids_of(reasoning) + [THINK_END] + ids_of(answer) + [EOS]


def text_of(ids):
    out = b""
    for i in ids: out += bytes([i]) if i < 256 else SPECIAL[i - 256].encode() if i - 256 < len(SPECIAL) else b"?"
    return out.decode("utf8", "replace")
