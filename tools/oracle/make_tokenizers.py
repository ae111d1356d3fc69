"""Tiny tokenizer.json files, whole, with the ids and texts that the tokenizers library (0.23.3) gives.

python make_tokenizers.py OUT.json : {"models": [...], "tokenizers": [{"name", "model" (its place), "json", "cases": [[text, ids, text of the ids], ...]}, ...]}
"""
import json, sys
from tokenizers import Tokenizer

MARK = '\u2581'
LETTERS = list('abcdehlortwxHW.,!') + [' ', '\n', MARK, '_', '\u00e9', '\u0301']
BYTES = ['<0x%02X>' % byte for byte in range(256)]
TEXTS = [
    '', 'a', ' ', '   ', 'hello world', ' hello  world ', 'a<end>  b', '<end>\n\n<end> <end>', 'hello<end>', 'x <mask>  <mask> y', 'foobar foo barfoo',
    'a\r\nb', '\t\tx\u00a0y', 'e\u0301 \u00e9', '\U0001f469\u200d\U0001f467 \U0001f642', '\u1112\u1161\u11ab', '\u0645\u0631 \u05e9\u05dc', '\u0000a\u001f\u007f',
    f'{MARK}a{MARK}{MARK}b', f'x{MARK}', '_a__b_', 'a' + ' ' * 9 + 'b', '\ufb01 \uff21 \u0131\u0130', 'el \ufeff\u200b.',
]

def added(content, id, **flags):
    return {'id': id, 'content': content, 'single_word': False, 'lstrip': False, 'rstrip': False, 'normalized': False, 'special': False, **flags}

def bpe(extra=(), **more):
    tokens = ['<unk>', *BYTES, *LETTERS, 'he', 'll', 'hell', 'hello', MARK + MARK, MARK + 'a', *extra]
    merges = [['h', 'e'], ['l', 'l'], ['he', 'll'], ['hell', 'o'], [MARK, MARK], [MARK, 'a']]
    model = {'type': 'BPE', 'unk_token': '<unk>', 'fuse_unk': True, 'byte_fallback': True, 'ignore_merges': False, 'dropout': None,
             'continuing_subword_prefix': None, 'end_of_word_suffix': None, 'vocab': {token: id for id, token in enumerate(tokens)}, 'merges': merges}
    return {**model, **more}, len(tokens)

def whole(model, tokens, **parts):
    return {'version': '1.0', 'truncation': None, 'padding': None, 'added_tokens': tokens, 'normalizer': None, 'pre_tokenizer': None,
            'post_processor': None, 'decoder': None, 'model': model, **parts}

REPLACE = {'type': 'Replace', 'pattern': {'String': ' '}, 'content': MARK}
FUSED = [{'type': 'Replace', 'pattern': {'String': MARK}, 'content': ' '}, {'type': 'ByteFallback'}, {'type': 'Fuse'}]
SPACE = {'type': 'Strip', 'content': ' ', 'start': 1, 'stop': 0}

def sequence(decoders):
    return {'type': 'Sequence', 'decoders': decoders}

def tokenizers():
    model, size = bpe()
    double = model['vocab'][MARK + MARK]
    yield 'spaces as added tokens (Gemma)', whole(
        model, [added(MARK + MARK, double), added('\n\n', size), added('<end>', size + 1, special=True)], normalizer=REPLACE, decoder=sequence(FUSED))
    yield 'a space before the text (Llama)', whole(
        model, [added('<end>', size, special=True)],
        normalizer={'type': 'Sequence', 'normalizers': [{'type': 'Prepend', 'prepend': MARK}, REPLACE]}, decoder=sequence([*FUSED, SPACE]))
    yield 'tokens that take white space, next to white space', whole(
        model, [added('<end>', size, special=True, rstrip=True), added(' ', model['vocab'][' ']), added('\n', model['vocab']['\n'], rstrip=True),
                added('<mask>', size + 1, lstrip=True, rstrip=True)], decoder=sequence(FUSED))
    yield 'white space that takes white space', whole(
        model, [added(' ', model['vocab'][' '], lstrip=True, rstrip=True), added('  ', size), added('foo', size + 1, single_word=True)], decoder=sequence(FUSED))
    for scheme in ('first', 'always', 'never'):
        space = {'type': 'Metaspace', 'replacement': '_', 'prepend_scheme': scheme, 'split': scheme != 'first'}
        yield f'another mark, {scheme}', whole(model, [added('<end>', size)], normalizer={**REPLACE, 'content': '_'}, pre_tokenizer=space,
                                               decoder=sequence([{'type': 'ByteFallback'}, space]))
    yield 'a start that is stripped', whole(
        model, [], normalizer={'type': 'Strip', 'strip_left': True, 'strip_right': False},
        pre_tokenizer={'type': 'Metaspace', 'replacement': MARK, 'prepend_scheme': 'first', 'split': True}, decoder=sequence([*FUSED, SPACE]))
    yield 'other decoders', whole(model, [], normalizer=REPLACE, decoder=sequence(
        [{'type': 'Replace', 'pattern': {'Regex': '[ao]'}, 'content': '0'}, *FUSED, {**SPACE, 'start': 0}, {'type': 'Replace', 'pattern': {'String': 'l'}, 'content': '1'}]))
    yield 'marks that stay', whole(model, [], normalizer=REPLACE, decoder=sequence([{'type': 'ByteFallback'}, {'type': 'Fuse'}]))
    pieces, size = bpe(['##e', '##l', '##o', '##ll', 'h##e'], byte_fallback=False, continuing_subword_prefix='##', merges=[['##l', '##l']])
    yield 'a prefix, no bytes', whole(pieces, [], pre_tokenizer={'type': 'WhitespaceSplit'}, decoder={'type': 'Fuse'}, post_processor={
        'type': 'Sequence', 'processors': [{'type': 'BertProcessing', 'sep': ['a', 2], 'cls': ['a', 1]}, {'type': 'ByteLevel', 'add_prefix_space': True, 'trim_offsets': True, 'use_regex': True}]})

models, out = [], []
for name, file in tokenizers():
    made = Tokenizer.from_str(json.dumps(file))
    cases = []
    for text in TEXTS:
        ids = made.encode(text).ids
        cases.append([text, ids, made.decode(ids)])
    model = file.pop('model')
    if model not in models:
        models.append(model)
    out.append({'name': name, 'model': models.index(model), 'json': file, 'cases': cases})
with open(sys.argv[1], 'w', encoding='utf8') as f:
    json.dump({'models': models, 'tokenizers': out}, f, ensure_ascii=True, separators=(',', ':'))
