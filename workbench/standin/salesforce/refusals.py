"""How the org says no: the array of messages of REST, or one failed row of many."""

from typing import Any

from workbench.standin.replies import Reply, json_reply


class Refusal(Exception):
    """A request, or one row of it, that the org answers with an error."""

    def __init__(
        self, code: str, message: str, *, status: int = 400, fields: tuple[str, ...] = ()
    ) -> None:
        super().__init__(message)
        self.code, self.message, self.status, self.fields = code, message, status, fields

    def reply(self) -> Reply:
        """As the whole answer: the top level spells ``errorCode``."""
        error: dict[str, Any] = {"message": self.message, "errorCode": self.code}
        if self.fields:
            error["fields"] = list(self.fields)
        return json_reply([error], self.status)

    def row(self) -> dict[str, Any]:
        """As the answer of one row: rows spell ``statusCode``, and failed ones have no id."""
        error = {"statusCode": self.code, "message": self.message, "fields": list(self.fields)}
        return {"success": False, "errors": [error]}


def not_found(what: str = "The requested resource does not exist") -> Refusal:
    """404."""
    return Refusal("NOT_FOUND", what, status=404)


def malformed_body(why: str) -> Refusal:
    """400: the body is not what the endpoint takes."""
    return Refusal("JSON_PARSER_ERROR", why)
