# SPDX-License-Identifier: Apache-2.0
"""A proxy in front of the API server that goes wrong on request, and counts the calls.

Programs talk plain HTTP to it (or HTTPS with the certificate that it is given);
it talks HTTPS to kube-apiserver and passes their tokens on. Answers are streamed
in both directions: an event of a watch is passed on as it comes.
"""

import collections
import dataclasses
import http.client
import http.server
import json
import re
import socket
import ssl
import struct
import threading
import time
import urllib.parse

CHUNK = 65536
HOP_BY_HOP = {"connection", "keep-alive", "proxy-connection", "te", "trailer", "upgrade",
              "transfer-encoding", "content-length"}
EXPIRED = json.dumps({"type": "ERROR", "object": {
    "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
    "message": "too old resource version: 1 (2)",
    "reason": "Expired", "code": 410}}).encode() + b"\n"
REASONS = {401: "Unauthorized", 403: "Forbidden", 409: "Conflict", 410: "Expired",
           429: "TooManyRequests", 500: "InternalError", 503: "ServiceUnavailable"}


@dataclasses.dataclass(frozen=True)
class Call:
    """A call as the API server's authorisation sees it."""

    agent: str          # the first word of User-Agent, without its version
    verb: str           # get, list, watch, create, update, patch, delete, deletecollection
    group: str
    resource: str       # "pods", "nodefabrics"; for other paths the path itself
    subresource: str
    namespace: str
    name: str
    status: int = 0

    def rule(self):
        """(verb, group, resource, name): what an RBAC rule must allow."""
        return (self.verb, self.group,
                self.resource + ("/" + self.subresource if self.subresource else ""), self.name)


def parse_call(method, target, agent=""):
    """What kube-apiserver makes of a method and a path, status not yet known."""
    parts = urllib.parse.urlsplit(target)
    query = urllib.parse.parse_qs(parts.query)
    path = [urllib.parse.unquote(part) for part in parts.path.split("/") if part]
    agent = re.split(r"[/ ]", agent, maxsplit=1)[0]
    group = namespace = name = sub = ""
    if path[:1] == ["api"] and len(path) > 2:
        rest = path[2:]
    elif path[:1] == ["apis"] and len(path) > 3:
        group, rest = path[1], path[3:]
    else:
        return Call(agent, method.lower(), "", parts.path, "", "", "")
    if rest[0] == "namespaces" and len(rest) > 2 and rest[2] not in ("status", "finalize"):
        namespace, rest = rest[1], rest[2:]
    resource = rest[0]
    name = rest[1] if len(rest) > 1 else ""
    sub = "/".join(rest[2:])
    verb = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}.get(
        method, "get")
    if verb == "delete" and not name:
        verb = "deletecollection"
    if verb == "get" and not name:
        watching = query.get("watch", ["0"])[0] not in ("", "0", "false")
        verb = "watch" if watching else "list"
        selector = urllib.parse.unquote(query.get("fieldSelector", [""])[0])
        one = re.fullmatch(r"metadata\.name==?([^,]+)", selector)
        name = one.group(1) if one else ""
    return Call(agent, verb, group, resource, sub, namespace, name)


@dataclasses.dataclass
class Rule:
    """A fault and the calls that it meets; every condition that is given must hold."""

    action: str                 # answer, delay, cut, silence
    times: int = None           # how many calls; None: until healed
    verb: str = None
    resource: str = None        # with "/subresource" where that is meant
    path: str = None            # a regular expression, searched in path and query
    agent: str = None           # the first word of User-Agent, without its version
    token: str = None
    status: int = 500
    headers: dict = dataclasses.field(default_factory=dict)
    body: bytes = None
    seconds: float = 0
    after: int = 0              # bytes of the body
    met: int = 0

    def meets(self, call, target, token):
        kind = call.resource + ("/" + call.subresource if call.subresource else "")
        return ((self.times is None or self.met < self.times) and
                self.verb in (None, call.verb) and self.resource in (None, kind) and
                self.agent in (None, call.agent) and self.token in (None, token) and
                (self.path is None or re.search(self.path, target) is not None))


class Stream:
    """An answer that is being passed on."""

    def __init__(self, handler, call):
        self.handler = handler
        self.call = call
        self.lock = threading.Lock()
        self.at_boundary = True     # between two events
        self.halve = False          # cut in the middle of what comes next
        self.last_words = None      # sent at the next boundary, then the end
        self.open = True

    def send(self, data):
        """Passes one piece on; False where the stream must end now."""
        with self.lock:
            if not self.open:
                return False
            if self.halve:
                self.chunk(data[:max(1, len(data) // 2)])
                self.cut(reset=False)
                return False
            self.chunk(data)
            self.at_boundary = data.endswith(b"\n")
            return self.say_goodbye()

    def chunk(self, data):
        self.handler.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.handler.wfile.flush()

    def say_goodbye(self):
        if self.last_words is None or not self.at_boundary:
            return True
        if self.last_words:     # an empty chunk would be the end already
            self.chunk(self.last_words)
        self.handler.wfile.write(b"0\r\n\r\n")
        self.handler.wfile.flush()
        self.cut(reset=False)
        return False

    def cut(self, reset):
        self.open = False
        hang_up(self.handler, reset)


def hang_up(handler, reset):
    """Ends a client's connection, and the one to the API server that serves it."""
    close_now(handler.connection, reset)
    close_now(handler.backend and handler.backend.sock)


def close_now(connection, reset=False):
    """Ends a connection under whoever reads it; with `reset` as a crash does."""
    if connection is None:
        return
    try:
        if reset:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass    # it has ended by itself


class FaultProxy:
    """See the module; `target` is the API server's URL, `tls` (certificate file, key file)."""

    def __init__(self, target, port=0, tls=None):
        self.target = urllib.parse.urlsplit(target)
        self.tls = tls
        self.lock = threading.Lock()
        self.rules = []
        self.streams = set()
        self.handlers = set()   # one for each open connection
        self.counts = collections.Counter()
        self.bytes_out = 0
        self.server = None
        self.port = port
        self.listen()
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"

    # ---- coming and going

    def listen(self):
        """Listens, again on the same port after `close`."""
        proxy = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True
            timeout = None

            def setup(self):
                super().setup()
                self.backend = None
                with proxy.lock:
                    proxy.handlers.add(self)

            def finish(self):
                with proxy.lock:
                    proxy.handlers.discard(self)
                if self.backend:
                    self.backend.close()
                try:
                    super().finish()
                except OSError:
                    pass

            def forward(self):
                try:
                    proxy.forward(self)
                except (OSError, http.client.HTTPException, ValueError):
                    self.close_connection = True    # either side went away

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = forward

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            allow_reuse_address = True
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, *_):
                pass

        self.server = Server(("127.0.0.1", self.port), Handler)
        if self.tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*self.tls)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True,
                                                     do_handshake_on_connect=False)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self, reset=True):
        """Stops listening and cuts all connections: the API server is gone."""
        server, self.server = self.server, None
        if server:
            server.shutdown()
            server.server_close()
        self.cut_all(reset)

    stop = close

    def cut_all(self, reset=True):
        """Cuts every connection that is open now."""
        with self.lock:
            handlers = list(self.handlers)
        for handler in handlers:
            hang_up(handler, reset)

    # ---- faults

    def add(self, action, times=None, **conditions):
        rule = Rule(action, times, **conditions)
        with self.lock:
            self.rules.append(rule)
        return rule

    def answer(self, status, times=1, retry_after=None, **conditions):
        """The next `times` calls (None: all) that meet the conditions are answered with `status`.

            answer(429, 3, retry_after=1, resource="pods")      answer(401, None, token="old")
        """
        headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
        return self.add("answer", times, status=status, headers=headers, **conditions)

    def delay(self, seconds, times=None, **conditions):
        """Calls wait before their answer, and before every piece of it: a slow API."""
        return self.add("delay", times, seconds=seconds, **conditions)

    def cut(self, after, times=1, **conditions):
        """The answer is cut after so many bytes of its body."""
        return self.add("cut", times, after=after, **conditions)

    def silence(self, after, times=1, **conditions):
        """The answer stops after so many bytes; the connection stays open."""
        return self.add("silence", times, after=after, **conditions)

    def heal(self):
        """No more faults for new calls."""
        with self.lock:
            self.rules.clear()

    def watches(self, **conditions):
        """The watches that are open now."""
        rule = Rule("none", verb="watch", **conditions)
        with self.lock:
            return [s for s in self.streams if s.open and rule.meets(s.call, "", None)]

    def close_watches(self, **conditions):
        """Ends every open watch as the server does in its own time; returns how many."""
        return self.end_watches(b"", **conditions)

    def expire_watches(self, **conditions):
        """Ends every open watch by an ERROR event with code 410; returns how many."""
        return self.end_watches(EXPIRED, **conditions)

    def end_watches(self, last_words, **conditions):
        streams = self.watches(**conditions)
        for stream in streams:
            with stream.lock:
                stream.last_words = last_words
                if stream.open:
                    try:
                        stream.say_goodbye()
                    except OSError:
                        stream.open = False
        return len(streams)

    def cut_watches(self, reset=True, **conditions):
        """Cuts every open watch where it is; returns how many."""
        streams = self.watches(**conditions)
        for stream in streams:
            stream.cut(reset)
        return len(streams)

    def cut_in_next_event(self, **conditions):
        """Every open watch is cut in the middle of the next event; returns how many there are."""
        streams = self.watches(**conditions)
        for stream in streams:
            with stream.lock:
                stream.halve = True
        return len(streams)

    # ---- what was seen

    def calls(self, agent=None):
        """{Call: how often}, of one program where that is given."""
        with self.lock:
            return {call: count for call, count in self.counts.items()
                    if agent in (None, call.agent)}

    def rules_needed(self, agent):
        """What RBAC must allow a program: {(verb, group, resource, name)}."""
        return {call.rule() for call in self.calls(agent)}

    def clear(self):
        with self.lock:
            self.counts.clear()

    # ---- passing on

    def forward(self, handler):
        body = read_body(handler)
        token = handler.headers.get("Authorization", "").removeprefix("Bearer ")
        call = parse_call(handler.command, handler.path, handler.headers.get("User-Agent", ""))
        met = {}
        with self.lock:
            for rule in self.rules:
                if rule.action not in met and rule.meets(call, handler.path, token):
                    rule.met += 1
                    met[rule.action] = rule
        pause = met["delay"].seconds if "delay" in met else 0
        time.sleep(pause)
        if "answer" in met:
            self.count(call, met["answer"].status)
            refuse(handler, met["answer"])
            return
        response = self.ask(handler, body)
        self.count(call, response.status)
        self.stream(handler, call, response, met, pause)

    def count(self, call, status):
        with self.lock:
            self.counts[dataclasses.replace(call, status=status)] += 1

    def ask(self, handler, body):
        """The API server's answer; a kept connection that it has closed is made anew."""
        headers = {name: value for name, value in handler.headers.items()
                   if name.lower() not in HOP_BY_HOP and name.lower() not in ("host", "expect")}
        if body is None and handler.command in ("POST", "PUT", "PATCH"):
            body = b""
        for attempt in (1, 2):
            fresh = handler.backend is None
            if fresh:
                handler.backend = self.connect()
            try:
                handler.backend.request(handler.command, handler.path, body, headers)
                return handler.backend.getresponse()
            except (OSError, http.client.HTTPException):
                handler.backend.close()
                handler.backend = None
                if fresh or attempt == 2 or handler.command != "GET":
                    raise

    def connect(self):
        if self.target.scheme == "https":
            context = ssl.create_default_context()
            context.check_hostname = False      # the certificate was made by the
            context.verify_mode = ssl.CERT_NONE  # server that was just started
            return http.client.HTTPSConnection(self.target.hostname, self.target.port,
                                               timeout=3600, context=context)
        return http.client.HTTPConnection(self.target.hostname, self.target.port, timeout=3600)

    def stream(self, handler, call, response, met, pause):
        handler.send_response_only(response.status, response.reason)
        for name, value in response.getheaders():
            if name.lower() not in HOP_BY_HOP:
                handler.send_header(name, value)
        empty = response.status in (204, 304)
        if not empty:
            handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        handler.wfile.flush()
        if empty:
            response.read()
            return
        stream = Stream(handler, call)
        with self.lock:
            self.streams.add(stream)
        try:
            if self.pieces(stream, response, met, pause):
                with stream.lock:
                    handler.wfile.write(b"0\r\n\r\n")
                    handler.wfile.flush()
            else:
                handler.close_connection = True
        finally:
            stream.open = False
            with self.lock:
                self.streams.discard(stream)
            if not response.isclosed():     # the rest of the answer is not for the next call
                handler.backend.close()
                handler.backend = None

    def pieces(self, stream, response, met, pause):
        """Passes an answer on piece by piece; False where it was cut."""
        limit = min((met[action].after for action in ("cut", "silence") if action in met),
                    default=None)
        sent = 0
        while True:
            data = response.read1(CHUNK)
            if not data:
                return True
            time.sleep(pause if sent else 0)
            if limit is not None and sent + len(data) >= limit:
                if limit > sent:
                    stream.send(data[:limit - sent])
                if "silence" in met:
                    wait_for_end(stream)
                stream.cut(reset="cut" in met)
                return False
            if not stream.send(data):
                return False
            sent += len(data)
            self.bytes_out += len(data)


def wait_for_end(stream):
    """Until the client gives up."""
    while stream.open:
        try:
            if stream.handler.connection.recv(1) == b"":
                return
        except OSError:
            return


def read_body(handler):
    if handler.headers.get("Transfer-Encoding", "").lower() == "chunked":
        data = b""
        while size := int(handler.rfile.readline().split(b";")[0], 16):
            data += handler.rfile.read(size)
            handler.rfile.readline()
        while handler.rfile.readline() not in (b"\r\n", b"\n", b""):
            pass
        return data
    length = handler.headers.get("Content-Length")
    return handler.rfile.read(int(length)) if length else None


def refuse(handler, rule):
    """Answers as the API server refuses: a Status object."""
    body = rule.body
    if body is None:
        body = json.dumps({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": f"made to fail with {rule.status}",
            "reason": REASONS.get(rule.status, ""), "code": rule.status}).encode()
    handler.send_response_only(rule.status)
    for name, value in {"Content-Type": "application/json", **rule.headers}.items():
        handler.send_header(name, value)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)
    handler.wfile.flush()
