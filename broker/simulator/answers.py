"""What the broker says over the wire when it does not hand out rows: the known bodies, and how any body is written."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer."""

    body: bytes
    status: int = 200
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


class Refusal(Exception):
    """The call ends here with an answer of its own."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.body.decode())
        self.answer = answer


def text_of(value: object) -> str:
    """The value as compact JSON."""
    return _encode(value)


def say(value: object, status: int = 200) -> Answer:
    """An answer with the value as JSON."""
    return Answer(_encode(value).encode(), status)


def rows(texts: list[str], stat: str = "Ok") -> Answer:
    """A list of rows that are JSON already; none is "No Data"."""
    if not texts:
        return NO_DATA
    return Answer(f'{{"stat":"{stat}","stCode":200,"data":[{",".join(texts)}]}}'.encode())


def accepted(number: str) -> Answer:
    """The order management system has the request."""
    return Answer(f'{{"stat":"Ok","nOrdNo":"{number}","stCode":200}}'.encode())


def not_ok(code: int, message: str, stat: str = "Not_Ok", status: int = 200) -> Answer:
    """An error in the shape of the trading calls."""
    return say({"stCode": code, "errMsg": message, "stat": stat}, status)


def login_error(message: str, status: int = 401) -> Answer:
    """An error in the shape of the login calls; with HTTP 200 it has another one."""
    if status == 200:
        return say({"stCode": 401, "errMsg": message.rstrip("."), "status": "failure"})
    return say({"status": "error", "message": message, "errorCode": "401"}, status)


def missing_field(name: str) -> Answer:
    """A login field was left blank."""
    return say({"error": [{"code": "400", "message": f"Missing required field '{name}'"}]}, 400)


def invalid_route(path: str, instead: str = "") -> Answer:
    """There is no such call; `instead` is the one that was meant."""
    hint = f", Please use {instead}" if instead else ""
    return say({"error": [{"code": 404, "message": f"route '{path}' is invalid{hint}"}]}, 404)


NO_DATA = not_ok(5203, "No Data")
BODY_INVALID = not_ok(1007, "body invalid", "bad request")
UNKNOWN_EXCHANGE = not_ok(1006, "Invalid Exchange")
UNKNOWN_SYMBOL = not_ok(1007, "Invalid Symbol")
INVALID_REQUEST = not_ok(5202, "Error: Invalid Request")
INVALID_QUANTITY = not_ok(1009, "please provide valid quantity")
COMPLETED = not_ok(1021, "order is completed", "please provide valid order number")
NOT_MODIFIABLE = say({"stat": "Not_Ok", "emsg": "Order cannot be modified as it is already executed.", "stCode": 1006})
NOT_CANCELLABLE = say({"stat": "Not_Ok", "emsg": "Order already cancelled or not found.", "stCode": 1006})
HASH_ERROR = not_ok(32, "error from core", "hash error")
NO_LAST_PRICE = not_ok(
    1041, "Last Traded Price (LTP) not available for this instrument. Please try placing a limit order"
)
VIEW_TOKEN = not_ok(100021, "invalid  access type")
NO_SESSION = not_ok(100022, "invalid session token")
INVALID_SESSION = say({"stat": "Not_Ok", "emsg": "Invalid session", "stCode": 1003})
ADDRESS_REFUSED = not_ok(100008, "unauthorized")
OTHER_ADDRESS = not_ok(1037, "session ip doesnt match with reqest ip")
WRONG_CREDENTIALS = "Invalid credentials or TOTP."
WRONG_MPIN = "Invalid MPIN."
BAD_LOGIN = login_error(WRONG_CREDENTIALS)
BAD_QUOTE = say({"stat": "Not_Ok", "emsg": "Invalid instrument/code", "stCode": 1009})
NO_FILE = Answer(b'<?xml version="1.0"?><Error><Code>NoSuchKey</Code></Error>', 404, "application/xml")
OK_WITHOUT_NUMBER = say({"stat": "Ok", "stCode": 200})
GARBAGE = Answer(b"\x00\x1f<<upstream>>", content_type="application/json")
BAD_GATEWAY = Answer(b"<html><head><title>502 Bad Gateway</title></head></html>", 502, "text/html")
UNAVAILABLE = say({"code": 503, "error": "Service Unavailable", "message": "service unavailable"}, 503)
TOO_MANY_AND_NO_MORE = say({"code": 429, "error": "Rate limit exceeded", "message": "too many request received"}, 429)
TOO_MANY = replace(TOO_MANY_AND_NO_MORE, headers={"Retry-After": "1"})
WRONG_HOST = not_ok(200032, "Invalid URL. Please verify the 'baseUrl' in the Login Validate API response")


def duplicate_tag(status: int) -> Answer:
    """The tag was used before, today, in this account."""
    return not_ok(32, "error from core", "Put Order Response : Client OrderID already exists Data: 0", status)
