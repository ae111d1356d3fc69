"""What the tests of all Python clients share. The only argument is JSON: where the server is, and what its model says."""

import json
import sys
import traceback

from pydantic import BaseModel

GIVEN = json.loads(sys.argv[1])


class City(BaseModel):
    name: str
    people: int
    tags: list[str]


class Tools:
    """The tools of the loop; `log` has their calls."""

    def __init__(self):
        self.log = []

    def find_city(self, city: str) -> str:
        self.log.append(f"find_city {city}")
        return "17" if city == "Oslo" else "no such city"

    def get_weather(self, id: int) -> str:
        self.log.append(f"get_weather {id}")
        return "4 degrees in place 17" if id == 17 else "no such place"

    def send_mail(self, text: str) -> str:
        self.log.append(f"send_mail {text}")
        return f"sent: {text}"

    def call(self, name: str, arguments: dict) -> str:
        return {"find_city": self.find_city, "get_weather": self.get_weather, "send_mail": self.send_mail}[name](
            **arguments
        )

    def functions(self) -> list:
        """As functions, for clients that make schemas of them."""

        def find_city(city: str) -> str:
            """The id of a city

            Args:
                city: its name
            """
            return self.find_city(city)

        def get_weather(id: int) -> str:
            """The weather of a place

            Args:
                id: the place
            """
            return self.get_weather(id)

        def send_mail(text: str) -> str:
            """Sends a mail

            Args:
                text: what to send
            """
            return self.send_mail(text)

        return [find_city, get_weather, send_mail]

    def check(self) -> None:
        equal(self.log, GIVEN["log"])


def equal(found, expected) -> None:
    assert found == expected, f"expected {expected!r}, found {found!r}"


def run(cases: dict) -> None:
    """Prints what became of each case, in the order of the dictionary: null, or how it failed."""
    for name, case in cases.items():
        try:
            case()
            print(json.dumps({"name": name, "error": None}), flush=True)
        except Exception:
            print(json.dumps({"name": name, "error": traceback.format_exc()}), flush=True)
