from anthropic import Anthropic, beta_tool
from cases import GIVEN, City, Tools, equal, run

client = Anthropic(base_url=GIVEN["url"], api_key="none", max_retries=0)


def ask(text: str) -> dict:
    return {"model": "scripted", "max_tokens": 1000, "messages": [{"role": "user", "content": text}]}


def text_of(message) -> str:
    return "".join(block.text for block in message.content if block.type == "text")


def plain():
    message = client.messages.create(**ask(GIVEN["hello"]), thinking={"type": "enabled", "budget_tokens": 1024})
    equal([block.type for block in message.content], ["thinking", "text"])
    equal(text_of(message), GIVEN["greeting"])
    assert message._request_id.startswith("req_"), message._request_id
    assert client.messages.count_tokens(**{k: v for k, v in ask("x").items() if k != "max_tokens"}).input_tokens > 0


def streaming():
    with client.messages.stream(**ask(GIVEN["hello"])) as stream:
        equal("".join(stream.text_stream), GIVEN["greeting"])
        equal(text_of(stream.get_final_message()), GIVEN["greeting"])


def loop(text: str, **more):
    tools = Tools()
    functions = [beta_tool(function) for function in tools.functions()]
    message = client.beta.messages.tool_runner(**ask(text), tools=functions, **more).until_done()
    tools.check()
    return message


def loop_streaming():
    tools = Tools()
    functions = [beta_tool(function) for function in tools.functions()]
    last = None
    for stream in client.beta.messages.tool_runner(**ask(GIVEN["mail"]), tools=functions, stream=True):
        last = stream.get_final_message()
    tools.check()
    equal(text_of(last), GIVEN["mailed"])


def structured():
    message = client.messages.parse(**ask(GIVEN["as_object"]), output_format=City)
    equal(message.parsed_output.model_dump(), GIVEN["city"])


run(
    {
        "plain": plain,
        "streaming": streaming,
        "a loop of tools": lambda: equal(text_of(loop(GIVEN["mail"])), GIVEN["mailed"]),
        "a loop of tools, streaming": loop_streaming,
        "structured output": structured,
        "tools together with an output type": lambda: equal(
            loop(GIVEN["mail_as_object"], output_format=City).parsed_output.model_dump(), GIVEN["city"]
        ),
    }
)
