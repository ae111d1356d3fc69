"""Normalizers and pre-tokenizers of tokenizer.json, alone, as the tokenizers library (0.23.2) has them.

python make_tokenizer_parts.py OUT.json : {"normalizers": [[part, [[text, result], ...]], ...], "preTokenizers": [[part, [[text, pieces], ...]], ...]}
"""
import json, random, sys
from tokenizers import normalizers, pre_tokenizers

rnd = random.Random(1)
EXPRESSIONS = [
    r'\d', r'\s+', r'\p{L}+', r'\w+', r'\w+|[^\w\s]+', r'(?i:ab|the)', r'\s+(?!\S)|\s+', r'[[:punct:]]', r'(?<=a)b', r'(?<!a)b+', r'^.', r'.$', r'\b',
    r'(a|ab)(c|bcd)?', r'[a-z&&[^aeiou]]+', r'\h+', r'(?>a+)b', r'a++b', r'\p{Han}+', r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}",
    r'(?:\r?\n)+(?!\r?\n)', r' ?[^(\s|[.,!?])]+', r'\d{1,3}(?=(?:\d{3})*\b)', r'\A\w', r'\w\z', r'[\d\-]+', r'\D+', r'(?i)the|A', r'\u0041|\x42', r'(a+)+$',
    r'a{2,}?', r'\p{^L}+', r'[^\p{L}]+?', r'(?i:s)', r'[^\S\n]', r'[]a]+', r'[a-]+', r'\p{Alnum}+', r'(a*)*b', r'\x{41}|\t', r'x|', r'{a}', r'a{,2}b',
]
BEHAVIORS = ['Removed', 'Isolated', 'MergedWithPrevious', 'MergedWithNext', 'Contiguous']
ALPHABET = 'aabbccdeethe  .,-!?\'12339é½①²٣ \t\n\r\ufeff  \u0085漢字かなカ한ABTHESßſ😀👍🏽\u0301ñ▁$^+<=>|~`_()[]{}"xyzAbc  \u2028\u3000Σς'
TEXTS = ['hello world', 'x 12', '12345 3.14', 'wait...', '\ufeffbom', 'trail  ', "the THE's 'LL", '1234567 89', 'a\r\n\r\nb', '  x  ', ' ½', 'aab aaab', 'naïve ΣΑΣ']

def texts():
    return rnd.sample(TEXTS, 3) + [''.join(rnd.choice(ALPHABET) for _ in range(rnd.randint(4, 24))) for _ in range(2)]

def pattern():
    return {'Regex': rnd.choice(EXPRESSIONS)} if rnd.random() < 0.8 else {'String': rnd.choice([' ', 'ab', '.', '\n'])}

def splits():
    for source in EXPRESSIONS:
        yield {'type': 'Split', 'pattern': {'Regex': source}, 'behavior': 'Isolated', 'invert': False}
        yield {'type': 'Split', 'pattern': {'Regex': source}, 'behavior': rnd.choice(BEHAVIORS), 'invert': rnd.random() < 0.3}
    for behavior in BEHAVIORS:
        yield {'type': 'Split', 'pattern': {'String': ' '}, 'behavior': behavior, 'invert': False}
        yield {'type': 'Punctuation', 'behavior': behavior}

def pre():
    yield from splits()
    for lead in (False, True):
        for use in (False, True):
            yield {'type': 'ByteLevel', 'add_prefix_space': lead, 'trim_offsets': True, 'use_regex': use}
    for scheme in ('always', 'first', 'never'):
        for words in (False, True):
            yield {'type': 'Metaspace', 'replacement': '▁', 'prepend_scheme': scheme, 'split': words}
    for each in (False, True):
        yield {'type': 'Digits', 'individual_digits': each}
    for kind in ('Whitespace', 'WhitespaceSplit', 'BertPreTokenizer'):
        yield {'type': kind}
    yield {'type': 'CharDelimiterSplit', 'delimiter': '-'}
    yield {'type': 'FixedLength', 'length': 3}
    yield {'type': 'Sequence', 'pretokenizers': [{'type': 'Digits', 'individual_digits': True}, {'type': 'ByteLevel', 'add_prefix_space': False, 'trim_offsets': True, 'use_regex': True}]}
    yield {'type': 'Sequence', 'pretokenizers': [{'type': 'WhitespaceSplit'}, {'type': 'Metaspace', 'replacement': '▁', 'prepend_scheme': 'first', 'split': True}]}

def norms():
    for kind in ('NFC', 'NFD', 'NFKC', 'NFKD', 'Lowercase', 'StripAccents'):
        yield {'type': kind}
    for left in (False, True):
        yield {'type': 'Strip', 'strip_left': left, 'strip_right': not left}
    yield {'type': 'Prepend', 'prepend': '▁'}
    yield {'type': 'ByteLevel'}
    for source in EXPRESSIONS[:12]:
        yield {'type': 'Replace', 'pattern': {'Regex': source}, 'content': rnd.choice(['', '$1', '▁'])}
    yield {'type': 'Sequence', 'normalizers': [{'type': 'Prepend', 'prepend': '▁'}, {'type': 'Replace', 'pattern': {'String': ' '}, 'content': '▁'}]}

def load(module, kind, part):
    whole = {'version': '1.0', 'truncation': None, 'padding': None, 'added_tokens': [], 'normalizer': None, 'pre_tokenizer': None, 'post_processor': None, 'decoder': None, 'model': {'type': 'BPE', 'vocab': {}, 'merges': []}}
    from tokenizers import Tokenizer
    return getattr(Tokenizer.from_str(json.dumps({**whole, kind: part})), kind)

out = {'normalizers': [], 'preTokenizers': []}
for part in norms():
    made = load(normalizers, 'normalizer', part)
    out['normalizers'].append([part, [[t, made.normalize_str(t)] for t in texts()]])
for part in pre():
    made = load(pre_tokenizers, 'pre_tokenizer', part)
    out['preTokenizers'].append([part, [[t, [p for p, _ in made.pre_tokenize_str(t)]] for t in texts()]])
with open(sys.argv[1], 'w', encoding='utf8') as f:
    json.dump(out, f, ensure_ascii=True, separators=(',', ':'))
