"""What keeps ../phrasings.jsonl apart from training: a question's wording, with its operands, case and marks left out."""
import json, os, re

OPERAND = [r'in "(.+?)"\.$', r'^"(.+?)" backwards', r'^(?:Yes|No), "(.+?)" is', r'^"(.+?)" has \d', r'^"(.+?)"[里有]', r'^(.+?)倒过来是', r'^(?:是|不是)，(.+?)不?是回文']
LETTER = [r'^The letter "(.)"', r'里有\d+个(.)。']


def found(patterns, answer):
    for p in patterns:
        m = re.search(p, answer)
        if m: return m.group(1).lower()


def wording(prompt, answer):
    """`how many L s are in W`: the same for all words, letters and numbers that a phrasing is asked with."""
    text = prompt.split('<｜User｜>')[1].split('<｜Assistant｜>')[0] if '<｜User｜>' in prompt else prompt
    text = text.lower(); w = found(OPERAND, answer); c = found(LETTER, answer)
    if w: text = text.replace(w, ' W ')
    if c: text = re.sub(rf'(?<![^\W\d_]){re.escape(c)}(?=s?(?![^\W\d_]))', ' L ', text)
    return ' '.join(re.findall(r'[^\W\d_]+', re.sub(r'\d+', ' ', text))) or text.strip()


PATH = os.path.join(os.path.dirname(os.path.abspath(__file__)), '../phrasings.jsonl')
HELD = set()
for line in open(PATH, encoding='utf8'):
    q = json.loads(line); HELD |= {wording(q['prompt'], a) for a in q['right']}
