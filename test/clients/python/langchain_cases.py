from cases import GIVEN, City, Tools, equal, run
from langchain.agents import create_agent
from langchain.agents.structured_output import ProviderStrategy, ToolStrategy
from langchain_anthropic import ChatAnthropic
from langchain_openai import ChatOpenAI

OPENAI = {"model": "scripted", "api_key": "none", "base_url": GIVEN["url"] + "/v1", "max_retries": 0}
MODELS = {
    "ChatOpenAI, completions": ChatOpenAI(**OPENAI),
    "ChatOpenAI, responses": ChatOpenAI(**OPENAI, use_responses_api=True),
    "ChatAnthropic": ChatAnthropic(model="scripted", api_key="none", base_url=GIVEN["url"], max_retries=0),
}


def ask(text: str) -> dict:
    return {"messages": [{"role": "user", "content": text}]}


def loop(model, text: str, **more) -> dict:
    tools = Tools()
    state = create_agent(model, tools.functions(), **more).invoke(ask(text))
    tools.check()
    return state


def loop_streaming(model):
    tools = Tools()
    text = ""
    for chunk, _ in create_agent(model, tools.functions()).stream(ask(GIVEN["mail"]), stream_mode="messages"):
        if chunk.type in ("ai", "AIMessageChunk"):
            text += chunk.text
    tools.check()
    equal(text, GIVEN["mailed"])


def structured(model, method: str):
    equal(model.with_structured_output(City, method=method).invoke(GIVEN["as_object"]).model_dump(), GIVEN["city"])


def together(model, strategy):
    state = loop(model, GIVEN["mail_as_object"], response_format=strategy(City))
    equal(state["structured_response"].model_dump(), GIVEN["city"])


def cases_of(model) -> dict:
    return {
        "plain": lambda: equal(model.invoke(GIVEN["hello"]).text, GIVEN["greeting"]),
        "streaming": lambda: equal("".join(part.text for part in model.stream(GIVEN["hello"])), GIVEN["greeting"]),
        "a loop of tools": lambda: equal(loop(model, GIVEN["mail"])["messages"][-1].text, GIVEN["mailed"]),
        "a loop of tools, streaming": lambda: loop_streaming(model),
        "structured output": lambda: (structured(model, "json_schema"), structured(model, "function_calling")),
        "tools together with an output type, by the form of the answer": lambda: together(model, ProviderStrategy),
        "tools together with an output type, by a tool": lambda: together(model, ToolStrategy),
    }


run({f"{name}: {case}": run_it for name, model in MODELS.items() for case, run_it in cases_of(model).items()})
