from cases import GIVEN, City, Tools, equal, run
from ollama import Client

client = Client(host=GIVEN["url"])
MODEL = "scripted"


def ask(text: str) -> dict:
    return {"model": MODEL, "messages": [{"role": "user", "content": text}]}


def plain():
    equal(client.chat(**ask(GIVEN["hello"])).message.content, GIVEN["greeting"])
    equal(client.generate(model=MODEL, prompt=GIVEN["hello"]).response, GIVEN["greeting"])
    equal([model.model for model in client.list().models], [MODEL])
    assert "tools" in client.show(MODEL).capabilities
    equal(len(client.ps().models), 1)


def streaming():
    equal("".join(part.message.content for part in client.chat(**ask(GIVEN["hello"]), stream=True)), GIVEN["greeting"])


def loop(text: str, **more) -> str:
    tools = Tools()
    body = ask(text)
    while True:
        message = client.chat(**body, tools=tools.functions(), **more).message
        body["messages"].append(message)
        if not message.tool_calls:
            tools.check()
            return message.content
        for call in message.tool_calls:
            result = tools.call(call.function.name, call.function.arguments)
            body["messages"].append({"role": "tool", "tool_name": call.function.name, "content": result})


def structured():
    message = client.chat(**ask(GIVEN["as_object"]), format=City.model_json_schema()).message
    equal(City.model_validate_json(message.content).model_dump(), GIVEN["city"])


def together():
    text = loop(GIVEN["mail_as_object"], format=City.model_json_schema())
    equal(City.model_validate_json(text).model_dump(), GIVEN["city"])


run(
    {
        "plain": plain,
        "streaming": streaming,
        "a loop of tools": lambda: equal(loop(GIVEN["mail"]), GIVEN["mailed"]),
        "structured output": structured,
        "tools together with an output type": together,
    }
)
