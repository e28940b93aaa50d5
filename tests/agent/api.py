# SPDX-License-Identifier: Apache-2.0
"""An API server with one Node and its NodeFabric, as far as the agent calls it."""

import http.server
import json
import re
import threading
import time
import urllib.parse

FABRIC = re.compile(r"^/apis/switchyard\.dev/v1alpha1/nodefabrics/([a-z0-9.-]+)(/status)?$")
NODE = re.compile(r"^/api/v1/nodes/([a-z0-9.-]+)$")


class Api:
    """`calls` are (moment, method, path, body); `refuse` maps (method, kind) to (status, message,
    headers), kind being "spec", "status", "fabric" or "node"; `instead` maps them to (status, bytes)
    that come in the place of an answer."""

    def __init__(self):
        self.objects, self.annotations, self.calls, self.refuse = {}, {}, [], {}
        self.instead = {}
        self.lock = threading.Lock()
        self.server = None
        self.port = 0
        self.start()

    def start(self):
        api = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *arguments):
                pass

            def answer(self, status, document, headers=()):
                body = document if isinstance(document, bytes) else json.dumps(document).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                for name, value in headers:
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def do(self):
                length = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(length)) if length else None
                self.answer(*api.handle(self.command, self.path, body, self.headers))

            do_GET = do_PATCH = do

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            allow_reuse_address = True

            def handle_error(self, *arguments):
                pass

        self.server = Server(("127.0.0.1", self.port), Handler)
        self.connections = set()
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self):
        """Nobody listens any more; kept connections are refused their next call."""
        self.down = True
        self.server.shutdown()
        self.server.server_close()

    def handle(self, method, target, body, headers):
        url = urllib.parse.urlsplit(target)
        with self.lock:
            self.calls.append((time.monotonic(), method, target, body))
            fabric, node = FABRIC.match(url.path), NODE.match(url.path)
            kind = ("node" if node else "fabric" if method == "GET" else
                    "status" if fabric and fabric[2] else "spec")
            if (method, kind) in self.instead:
                return self.instead[method, kind]
            if (method, kind) in self.refuse:
                status, message, extra = self.refuse[method, kind]
                return status, self.status(status, message), extra
            if node and method == "GET":
                return 200, {"kind": "Node", "metadata": {"name": node[1],
                                                          "annotations": self.annotations}}
            if fabric and method == "GET":
                found = self.objects.get(fabric[1])
                return (200, found) if found else (404, self.status(404, "not found"))
            if fabric and method == "PATCH":
                return self.apply(fabric, url.query, body, headers)
            return 404, self.status(404, "no such path")

    def apply(self, fabric, query, body, headers):
        wanted = {"fieldManager": ["switchyard-agent"], "force": ["true"]}
        if headers["Content-Type"] != "application/apply-patch+yaml" or \
                urllib.parse.parse_qs(query) != wanted or \
                body["metadata"] != {"name": fabric[1]} or body["kind"] != "NodeFabric":
            return 400, self.status(400, "not an apply as it should be")
        part = "status" if fabric[2] else "spec"
        if part == "status" and fabric[1] not in self.objects:
            return 404, self.status(404, f'nodefabrics "{fabric[1]}" not found')
        if set(body) != {"apiVersion", "kind", "metadata", part}:
            return 422, self.status(422, "another part")
        found = self.objects.setdefault(fabric[1], {"apiVersion": body["apiVersion"],
                                                    "kind": "NodeFabric",
                                                    "metadata": {"name": fabric[1]}})
        found[part] = body[part]
        return 200, found

    @staticmethod
    def status(code, message):
        return {"kind": "Status", "status": "Failure", "code": code, "message": message}

    def writes(self, part):
        """(moment, content) of each write of "spec" or "status"."""
        with self.lock:
            return [(moment, body[part]) for moment, method, _, body in self.calls
                    if method == "PATCH" and part in body]

    def kubeconfig(self, path):
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"apiVersion": "v1", "kind": "Config", "current-context": "c",
                       "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
                       "clusters": [{"name": "c", "cluster": {
                           "server": f"http://127.0.0.1:{self.port}"}}],
                       "users": [{"name": "u", "user": {"token": "t"}}]}, file)
        return path
