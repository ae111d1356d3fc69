"""Phrasings made into sentences: alternatives are chosen, frames are put round them, and people's habits of typing on top."""
import random, re
from functools import lru_cache
from phrases import FRAMES


@lru_cache(maxsize=None)
def parse(text):
    """`[a|b|]` as nested lists: a sequence of strings and of tuples of sequences."""
    def sequence(i, inside):
        parts, choices, start = [], [], i
        while i < len(text):
            ch = text[i]
            if ch == "[":
                parts.append(text[start:i]); inner, i = sequence(i + 1, True); parts.append(inner); start = i; continue
            if inside and ch in "|]":
                parts.append(text[start:i]); choices.append(parts); parts = []; start = i + 1
                if ch == "]": return tuple(choices), i + 1
            i += 1
        parts.append(text[start:]); return parts, i
    return sequence(0, False)[0]


def choose(r, parts):
    return "".join(p if isinstance(p, str) else choose(r, r.choice(p)) for p in parts)


def expand(r, text):
    """One of the sentences that a small grammar stands for; slots stay."""
    return choose(r, parse(text))


def fill(text, slots):
    for k, v in slots.items(): text = text.replace("{" + k + "}", v)
    return text


def phrase(r, table, kinds, subject="{w}"):
    """A whole sentence of one of a task's kinds, with its slots."""
    kind = r.choice(kinds); core = expand(r, r.choice(table[kind]))
    if kind not in FRAMES: return core
    return expand(r, r.choice(FRAMES[kind])).replace("{x}", core).replace("{s1}", subject)


KEYS = "qwertyuiopasdfghjklzxcvbnm"


def typo(r, text):
    """One slip of the finger in a word that is no slot."""
    places = [i for i in range(1, len(text) - 1) if text[i - 1:i + 2].isascii() and text[i - 1:i + 2].isalpha() and "{" not in text[max(0, i - 2):i + 1] and "}" not in text[i:i + 3]]
    if not places: return text
    i = r.choice(places); k = r.randrange(4)
    if k == 0: return text[:i] + text[i + 1:]
    if k == 1: return text[:i] + text[i] + text[i:]
    if k == 2: return text[:i] + text[i + 1] + text[i] + text[i + 2:]
    return text[:i] + r.choice(KEYS) + text[i + 1:]


def outer(text, change):
    """`change` for all that is no slot."""
    out, i = [], 0
    while i < len(text):
        j = text.find("{", i)
        if j < 0: out.append(change(text[i:])); break
        k = text.index("}", j) + 1; out.append(change(text[i:j])); out.append(text[j:k]); i = k
    return "".join(out)


def ended(r, text, marks='?'):
    """With an end mark or, as often, without."""
    if text.endswith(('?', '!', '=')): return text
    zh = any("\u4e00" <= ch <= "\u9fff" for ch in text)
    return text + r.choice(['', '', '。' if zh else '.', '？' if zh and marks == '?' else marks])


def dress(r, text, slots, loud=False):
    """The sentence as somebody types it: case, end marks, a slip, and then the slots. Loud is in capitals, slots too."""
    text = text.replace("{s:}", r.choice(["", ":"])); zh = any("\u4e00" <= ch <= "\u9fff" for ch in text); k = r.random()
    text = re.sub(r"\{s\} ?", lambda _: r.choice(["，", ","]) if zh else r.choice([" ", ", "]), text)
    if zh: return fill(re.sub(r'(?<=[\u4e00-\u9fff])(?=\{)|(?<=\})(?=[\u4e00-\u9fff])', ' ', text) if r.random() < 0.2 else text, slots)
    if r.random() < 0.05: text = typo(r, text)
    if loud: text = outer(text, str.upper); slots = {n: v.upper() for n, v in slots.items()}
    elif k < 0.5 and text: text = text[0].upper() + text[1:]
    elif k < 0.55: text = outer(text, str.title)
    j = r.random()
    if j < 0.10: text = text.rstrip("?.!") + r.choice(["??", "!", "...", " ?", " !", "?!", "", ".", "?", " .", ","])
    elif j < 0.25: text = text.rstrip("?.")
    if r.random() < 0.02: text = text.replace(" ", "  ", 1)
    if r.random() < 0.02: text = r.choice([" ", "\n", ""]) + text + r.choice([" ", "\n", "  "])
    return fill(text, slots)
