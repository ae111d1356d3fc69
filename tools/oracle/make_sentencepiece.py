"""Trains tiny SentencePiece models on LICENSE and writes them with the ids that sentencepiece itself gives.

    pip install sentencepiece==0.2.2
    python tools/oracle/make_sentencepiece.py test/fixtures/tokenizers
"""

import io
import json
import sys
from pathlib import Path

import sentencepiece

ROOT = Path(__file__).parents[2]
TEXTS = [
    "Hello world", "  two  spaces  ", "", "a", "the terms of the license", "开源 means open source",
    "emoji 🙂 and ümläut", "<tool>call</tool> x", "x<tool> y", "tab\tnew\nline", "1234567890", "a" * 20, " lead",
    "trail ", "\u2581literal", "<unk> <s> </s>", "<0x41>", "キロ 🙃🙃 zz", "THE WORK", "<tool>",
    " ", "   ", "\u2581", "x \u2581", "a  b   c    d", "the  the \u2581the", "a <tool> the</tool>",
]
KINDS = {
    "plain": dict(byte_fallback=True, remove_extra_whitespaces=False, user_defined_symbols=["<tool>", "</tool>"]),
    "squeezed": dict(byte_fallback=False, remove_extra_whitespaces=True, character_coverage=0.98),
    "bare": dict(byte_fallback=True, remove_extra_whitespaces=False, add_dummy_prefix=False),
    "symbols": dict(byte_fallback=True, remove_extra_whitespaces=False, user_defined_symbols=["\u2581\u2581", "\u2581the", " x", "<tool>"]),
}


def main(folder: Path) -> None:
    lines = [line for line in (ROOT / "LICENSE").read_text().split("\n") if line.strip()]
    for model_type in ("bpe", "unigram"):
        for name, options in KINDS.items():
            model = io.BytesIO()
            sentencepiece.SentencePieceTrainer.train(
                sentence_iterator=iter(lines), model_writer=model, vocab_size=400, model_type=model_type,
                normalization_rule_name="identity", num_threads=1, minloglevel=2, **options,
            )
            processor = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
            cases = [{"text": text, "ids": processor.encode(text)} for text in TEXTS]
            (folder / f"{model_type}-{name}.model").write_bytes(model.getvalue())
            (folder / f"{model_type}-{name}.json").write_text(json.dumps(cases, ensure_ascii=False) + "\n")


main(Path(sys.argv[1]))
