"""Drives a Python function: takes invocations from the Runtime API, one at a time, and answers them.

It runs in the function's own process and ends when the Runtime API goes away. Only the standard
library is used; the forms of errors and log lines are Lambda's.
"""
import http.client
import importlib
import json
import logging
import os
import resource
import sys
import time
import traceback

host, _, own_path = os.environ["AWS_LAMBDA_RUNTIME_API"].partition("/")
api = f"/{own_path}/2018-06-01/runtime"
connection = http.client.HTTPConnection(host)
current_request_id = None


def call(method, path, body=None, headers=None):
    try:
        connection.request(method, api + path, body, headers or {})
        answer = connection.getresponse()
        return answer.headers, answer.read()
    except OSError:
        # The server has gone, and nobody would hear more.
        os._exit(1)


def limit_memory():
    """Far enough above the function's memory for libraries, near enough for a sudden allocation."""
    megabytes = int(os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"])
    limit = max(2 * megabytes, megabytes + 256) * 1024 * 1024
    try:
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    except (OSError, ValueError):
        pass


class RequestIdFilter(logging.Filter):
    def filter(self, record):
        record.aws_request_id = current_request_id or ""
        return True


def set_up_logging():
    handler = logging.StreamHandler(sys.stdout)
    form = "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s"
    formatter = logging.Formatter(form, "%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    handler.addFilter(RequestIdFilter())
    logging.getLogger().addHandler(handler)


class Context:
    def __init__(self, headers):
        env = os.environ
        self.aws_request_id = headers["Lambda-Runtime-Aws-Request-Id"]
        self.invoked_function_arn = headers["Lambda-Runtime-Invoked-Function-Arn"]
        self.function_name = env["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = env["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = env["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = env["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = env["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.identity = None
        client_context = headers["Lambda-Runtime-Client-Context"]
        self.client_context = json.loads(client_context) if client_context else None
        self._deadline_ms = int(headers["Lambda-Runtime-Deadline-Ms"])

    def get_remaining_time_in_millis(self):
        return max(0, self._deadline_ms - int(time.time() * 1000))

    def log(self, message):
        sys.stdout.write(str(message))


def error_of(kind, message, trace=()):
    error = {"errorMessage": str(message), "errorType": kind}
    if current_request_id is not None:
        error["requestId"] = current_request_id
    error["stackTrace"] = list(trace)
    return error


def report(path, error):
    shown = "\n".join(error["stackTrace"])
    tail = f"\nTraceback (most recent call last):\n{shown}" if shown else ""
    print(f"[ERROR] {error['errorType']}: {error['errorMessage']}{tail}")
    headers = {"Lambda-Runtime-Function-Error-Type": error["errorType"]}
    call("POST", path, json.dumps(error), headers)


def load_handler(name):
    """Returns the handler, or the error that says why there is none."""
    module_name, dot, function_name = name.rpartition(".")
    if not dot:
        return None, error_of("Runtime.MalformedHandlerName", f"Bad handler '{name}'")
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as cause:
        text = f"Unable to import module '{module_name}': {cause}"
        return None, error_of("Runtime.ImportModuleError", text)
    except SyntaxError as cause:
        text = f"Syntax error in module '{module_name}': {cause}"
        return None, error_of("Runtime.UserCodeSyntaxError", text)
    except BaseException as cause:
        trace = traceback.format_exception(cause)[1:-1]
        return None, error_of(type(cause).__name__, cause, trace)
    handler = getattr(module, function_name, None)
    if handler is None:
        text = f"Handler '{function_name}' missing on module '{module_name}'"
        return None, error_of("Runtime.HandlerNotFound", text)
    return handler, None


def answer(handler, headers, body):
    """Runs the handler once; returns the text of its result, or what went wrong."""
    try:
        event = json.loads(body)
    except ValueError as cause:
        return None, error_of("Runtime.UnmarshalError", f"Unable to unmarshal input: {cause}")
    try:
        result = handler(event, Context(headers))
    except Exception as cause:
        frames = traceback.extract_tb(cause.__traceback__)[1:]
        return None, error_of(type(cause).__name__, cause, traceback.format_list(frames))
    try:
        return json.dumps(result), None
    except (TypeError, ValueError) as cause:
        return None, error_of("Runtime.MarshalError", f"Unable to marshal response: {cause}")


def main():
    global current_request_id
    limit_memory()
    sys.path.insert(0, os.environ["LAMBDA_TASK_ROOT"])
    set_up_logging()
    handler, fault = load_handler(os.environ["_HANDLER"])
    if fault is not None:
        report("/init/error", fault)
        os._exit(1)
    while True:
        headers, body = call("GET", "/invocation/next")
        current_request_id = headers["Lambda-Runtime-Aws-Request-Id"]
        os.environ["_X_AMZN_TRACE_ID"] = headers["Lambda-Runtime-Trace-Id"] or ""
        result, fault = answer(handler, headers, body)
        sys.stdout.flush()
        if fault is None:
            call("POST", f"/invocation/{current_request_id}/response", result.encode())
        else:
            report(f"/invocation/{current_request_id}/error", fault)
        current_request_id = None


main()
