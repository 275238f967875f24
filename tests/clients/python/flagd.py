"""Evaluates a flag definition in this process, with flagd's own evaluator.

    python flagd.py < question.json > answers.json

The question is {"definition": a flagd definition, "questions": [{"flag", "subject": text or null}]}; answers come in the same
order, each {"value", "variant"}. Whoever cannot be answered ends the program with an error.
"""

import json
import sys

from openfeature.contrib.tools.flagd.core import FlagdCore
from openfeature.evaluation_context import EvaluationContext


def answer(evaluator, question):
    """The side one subject gets. No flag has null as its value, so a default cannot pass for an answer."""
    context = EvaluationContext(targeting_key=question["subject"])
    details = evaluator.resolve_boolean_value(question["flag"], None, context)
    return {"value": details.value, "variant": details.variant}


def main():
    """Answers the questions on standard input."""
    job = json.load(sys.stdin)
    evaluator = FlagdCore()
    evaluator.set_flags(json.dumps(job["definition"]))
    answers = [answer(evaluator, question) for question in job["questions"]]
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main()
