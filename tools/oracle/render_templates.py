"""What transformers makes of chat templates: python render_templates.py JOB.json > RESULT.json

JOB: {"templates": {name: text}, "conversations": {name: {messages, tools?, extra?, addGenerationPrompt?}},
      "context": {...}, "oneLiners": [text]}
RESULT: {"rendered": {template: {conversation: [outcome as given, outcome as meant]}}, "oneLiners": [outcome]}, an outcome being
{"text"} or {"error"}. As meant: null content is "" and developers are the system.
"""
import copy
import json
import sys

from transformers.utils.chat_template_utils import render_jinja_template

TOKENS = {"bos_token": "<BOS>", "eos_token": "<EOS>", "pad_token": "<PAD>", "unk_token": "<UNK>"}


def outcome(render):
    try:
        return {"text": render()}
    except Exception as error:  # noqa: BLE001 - whatever it fails with is the outcome
        return {"error": f"{type(error).__name__}: {error}"[:300]}


def messages_of(given, meant):
    messages = copy.deepcopy(given)
    for message in messages:
        if meant and message["content"] is None:
            message["content"] = ""
        if meant and message["role"] == "developer":
            message["role"] = "system"
        for call in message.get("tool_calls") or []:
            call["function"]["arguments"] = json.loads(call["function"]["arguments"])
    return messages


def prompt(source, conversation, meant):
    extra = dict(conversation.get("extra") or {})
    if "enable_thinking" in extra:
        extra["thinking"] = extra["enable_thinking"]
    texts, _ = render_jinja_template(
        [messages_of(conversation["messages"], meant)],
        tools=conversation.get("tools"),
        chat_template=source,
        add_generation_prompt=conversation.get("addGenerationPrompt", True),
        **TOKENS,
        **extra,
    )
    return texts[0]


def one_liner(source, context):
    return render_jinja_template([[]], chat_template=source, **json.loads(context))[0][0]


job = json.load(open(sys.argv[1], encoding="utf-8"))
rendered = {}
for name, source in job["templates"].items():
    rendered[name] = {
        key: [outcome(lambda meant=meant: prompt(source, conversation, meant)) for meant in (False, True)]
        for key, conversation in job["conversations"].items()
    }
one_liners = [outcome(lambda: one_liner(source, job["context"])) for source in job["oneLiners"]]
json.dump({"rendered": rendered, "oneLiners": one_liners}, sys.stdout, ensure_ascii=False)
