"""Runs Salt functions for the tests; the interpreter is the one of a Salt virtual environment.

Reads one JSON object a line: {"config": FILE, "calls": [[FUNCTION, ARGS, KWARGS], ...]}. Each line is
carried out by a forked process, so that the imports are paid for once and nothing else is shared;
its answer is one line: a list of {"value": ...} or {"error": TYPE, "message": ...}.
"""
import json
import os
import sys

import salt.client
import salt.config
import salt.exceptions  # noqa: F401
import salt.minion  # noqa: F401
import salt.pillar  # noqa: F401
import salt.state  # noqa: F401


def answer(request):
    opts = salt.config.minion_config(request["config"])
    functions = salt.client.Caller(mopts=opts).sminion.functions
    results = []
    for function, args, kwargs in request["calls"]:
        try:
            results.append({"value": functions[function](*args, **kwargs)})
        except Exception as error:  # the test decides what it means
            results.append({"error": type(error).__name__, "message": str(error)})
    return results


def main():
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what Salt or a state prints is not an answer
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            try:
                text = json.dumps(answer(json.loads(line)), default=str)
            except BaseException as error:
                text = json.dumps([{"error": type(error).__name__, "message": str(error)}])
            out.write(text + "\n")
            out.flush()
            os._exit(0)
        os.waitpid(child, 0)


main()
