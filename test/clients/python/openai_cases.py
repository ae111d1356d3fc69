import asyncio
import json

from cases import GIVEN, City, Tools, equal, run
from openai import AsyncOpenAI, OpenAI

SETTINGS = {"base_url": GIVEN["url"] + "/v1", "api_key": "none", "max_retries": 0}
client = OpenAI(**SETTINGS)
MODEL = "scripted"
FUNCTIONS = [{"type": "function", "function": {**tool, "strict": True}} for tool in GIVEN["tools"]]
RESPONSE_TOOLS = [{"type": "function", "strict": True, **tool} for tool in GIVEN["tools"]]


def ask(text: str) -> dict:
    return {"model": MODEL, "messages": [{"role": "user", "content": text}]}


def chat_plain():
    message = client.chat.completions.create(**ask(GIVEN["hello"])).choices[0].message
    equal(message.content, GIVEN["greeting"])

    async def later():
        async with AsyncOpenAI(**SETTINGS) as other:
            return await other.chat.completions.create(**ask(GIVEN["hello"]))

    equal(asyncio.run(later()).choices[0].message.content, GIVEN["greeting"])


def chat_streaming():
    with client.chat.completions.stream(**ask(GIVEN["hello"])) as stream:
        text = "".join(event.delta for event in stream if event.type == "content.delta")
        equal(text, GIVEN["greeting"])
        equal(stream.get_final_completion().choices[0].message.content, GIVEN["greeting"])


def chat_loop(text: str, **more):
    tools = Tools()
    body = {**ask(text), "tools": FUNCTIONS, **more}
    while True:
        message = client.chat.completions.parse(**body).choices[0].message
        if not message.tool_calls:
            tools.check()
            return message
        body["messages"].append(message)
        for call in message.tool_calls:
            result = tools.call(call.function.name, json.loads(call.function.arguments))
            body["messages"].append({"role": "tool", "tool_call_id": call.id, "content": result})


def chat_object():
    message = client.chat.completions.parse(**ask(GIVEN["as_object"]), response_format=City).choices[0].message
    equal(message.parsed.model_dump(), GIVEN["city"])


def responses_plain():
    equal(client.responses.create(model=MODEL, input=GIVEN["hello"]).output_text, GIVEN["greeting"])


def responses_streaming():
    with client.responses.stream(model=MODEL, input=GIVEN["hello"]) as stream:
        text = "".join(event.delta for event in stream if event.type == "response.output_text.delta")
        equal(text, GIVEN["greeting"])
        equal(stream.get_final_response().output_text, GIVEN["greeting"])


def responses_loop(text: str, stored: bool, **more):
    tools = Tools()
    items = [{"role": "user", "content": text}]
    previous = {}
    while True:
        response = client.responses.parse(model=MODEL, input=items, tools=RESPONSE_TOOLS, **previous, **more)
        calls = [item for item in response.output if item.type == "function_call"]
        if not calls:
            tools.check()
            return response
        results = [
            {
                "type": "function_call_output",
                "call_id": call.call_id,
                "output": tools.call(call.name, json.loads(call.arguments)),
            }
            for call in calls
        ]
        items = results if stored else [*items, *response.output, *results]
        if stored:
            previous = {"previous_response_id": response.id}


def responses_object():
    response = client.responses.parse(model=MODEL, input=GIVEN["as_object"], text_format=City)
    equal(response.output_parsed.model_dump(), GIVEN["city"])


run(
    {
        "chat: plain": chat_plain,
        "chat: streaming": chat_streaming,
        "chat: a loop of tools": lambda: equal(chat_loop(GIVEN["mail"]).content, GIVEN["mailed"]),
        "chat: structured output": chat_object,
        "chat: tools together with an output type": lambda: equal(
            chat_loop(GIVEN["mail_as_object"], response_format=City).parsed.model_dump(), GIVEN["city"]
        ),
        "responses: plain": responses_plain,
        "responses: streaming": responses_streaming,
        "responses: a loop of tools": lambda: (
            equal(responses_loop(GIVEN["mail"], True).output_text, GIVEN["mailed"]),
            equal(responses_loop(GIVEN["mail"], False).output_text, GIVEN["mailed"]),
        ),
        "responses: structured output": responses_object,
        "responses: tools together with an output type": lambda: equal(
            responses_loop(GIVEN["mail_as_object"], False, text_format=City).output_parsed.model_dump(), GIVEN["city"]
        ),
    }
)
