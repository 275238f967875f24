"""Asks a server through OpenFeature's own OFREP provider.

    SWITCHBACK_TOKEN=... python ofrep.py URL < questions.json > answers.json

A question is {"flag", "kind": "boolean" or "string", "default", "subject": text or null}; answers come in the same order,
each {"value", "variant", "reason", "error_code", "error_message", "flag_metadata"}.
"""

import json
import os
import sys

from openfeature import api
from openfeature.contrib.provider.ofrep import OFREPProvider
from openfeature.evaluation_context import EvaluationContext


def answer(client, question):
    """What the client makes of one question."""
    ask = {
        "boolean": client.get_boolean_details,
        "string": client.get_string_details,
    }[question["kind"]]
    context = EvaluationContext(targeting_key=question["subject"])
    details = ask(question["flag"], question["default"], context)
    return {
        "value": details.value,
        "variant": details.variant,
        "reason": details.reason,
        "error_code": details.error_code,
        "error_message": details.error_message,
        "flag_metadata": dict(details.flag_metadata),
    }


def main():
    """Answers the questions on standard input."""
    headers = {"Authorization": "Bearer " + os.environ["SWITCHBACK_TOKEN"]}
    api.set_provider(OFREPProvider(sys.argv[1], headers_factory=lambda: headers))
    client = api.get_client()
    questions = json.load(sys.stdin)
    json.dump([answer(client, question) for question in questions], sys.stdout)


if __name__ == "__main__":
    main()
