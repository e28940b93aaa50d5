# SPDX-License-Identifier: Apache-2.0
"""A recording proxy between kube-scheduler and the extender."""

import dataclasses
import http.client
import http.server
import json
import threading
import time

from processes import Failure


@dataclasses.dataclass
class Exchange:
    """One call of kube-scheduler and the answer that it got."""

    verb: str
    request: bytes
    status: int
    answer: bytes
    time: float

    def asked(self):
        return json.loads(self.request)

    def answered(self):
        return json.loads(self.answer)

    def pod(self):
        return self.asked()["Pod"]["metadata"]["name"]


class Proxy:
    """Forwards every call to `target` (host, port) and keeps the exchange."""

    def __init__(self):
        self.target = None
        self.exchanges = []
        self.lock = threading.Lock()
        proxy = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self):
                proxy.forward(self)

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            def handle_error(self, *_):
                pass    # kube-scheduler was stopped in the middle of a call

        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def forward(self, handler):
        body = handler.rfile.read(int(handler.headers["Content-Length"]))
        started = time.monotonic()
        try:
            connection = http.client.HTTPConnection(*self.target, timeout=30)
            connection.request("POST", handler.path, body,
                               {"Content-Type": handler.headers["Content-Type"]})
            response = connection.getresponse()
            status, answer = response.status, response.read()
            connection.close()
        except (OSError, http.client.HTTPException, TypeError) as error:
            status, answer = 502, str(error).encode()
        with self.lock:
            self.exchanges.append(
                Exchange(handler.path.lstrip("/"), body, status, answer, started))
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(answer)))
        handler.end_headers()
        handler.wfile.write(answer)

    def calls(self, verb=None, pod=None):
        """The exchanges so far, of one verb or one pod where that is given."""
        with self.lock:
            found = list(self.exchanges)
        return [e for e in found
                if verb in (None, e.verb) and (pod is None or e.pod() == pod)]

    def last(self, verb, pod):
        found = self.calls(verb, pod)
        if not found:
            raise Failure(f"no /{verb} call for pod {pod} was seen")
        return found[-1]

    def clear(self):
        with self.lock:
            self.exchanges.clear()

    def check(self):
        """An ignorable extender's failures are silent in the scheduler, so look here."""
        for exchange in self.calls():
            if exchange.status != 200:
                raise Failure(f"/{exchange.verb} was answered with {exchange.status}: "
                              f"{exchange.answer[:200]!r}")
            answer = exchange.answered()
            if isinstance(answer, dict) and answer.get("Error"):
                raise Failure(f"/{exchange.verb} was answered with the error {answer['Error']!r}")

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
