# SPDX-License-Identifier: Apache-2.0
"""A small HTTP client: JSON in, JSON out, one kept connection a thread."""

import concurrent.futures
import http.client
import json
import ssl
import threading
import urllib.parse

from processes import Failure


class HttpError(Failure):
    """The server answered with a status that was not expected."""

    def __init__(self, method, path, status, body):
        super().__init__(f"{method} {path}: {status}: {body[:400]}")
        self.status = status


class Client:
    """Requests to one server; `token` is for the API server."""

    def __init__(self, url, token=None, timeout=30):
        self.url = urllib.parse.urlsplit(url)
        self.token = token
        self.timeout = timeout
        self.local = threading.local()

    def connect(self, timeout):
        if self.url.scheme == "https":
            context = ssl.create_default_context()
            context.check_hostname = False      # the certificate was made by the
            context.verify_mode = ssl.CERT_NONE  # server that was just started
            return http.client.HTTPSConnection(self.url.hostname, self.url.port,
                                               timeout=timeout, context=context)
        return http.client.HTTPConnection(self.url.hostname, self.url.port, timeout=timeout)

    def headers(self, kind):
        headers = {"Content-Type": kind}
        if self.token:
            headers["Authorization"] = "Bearer " + self.token
        return headers

    def raw(self, method, path, body=None, kind="application/json"):
        """Returns (status, body bytes)."""
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        for attempt in (1, 2):
            connection = getattr(self.local, "connection", None)
            fresh = connection is None
            if fresh:
                connection = self.local.connection = self.connect(self.timeout)
            try:
                connection.request(method, path, body, self.headers(kind))
                response = connection.getresponse()
                return response.status, response.read()
            except (OSError, http.client.HTTPException):
                connection.close()
                self.local.connection = None
                if fresh or attempt == 2:   # a kept connection may have been closed meanwhile
                    raise

    def call(self, method, path, body=None, kind="application/json", expect=(200, 201, 202)):
        """Returns the answer's JSON document; None for a 404 that is expected."""
        status, answer = self.raw(method, path, body, kind)
        if status not in expect:
            raise HttpError(method, path, status, answer.decode(errors="replace"))
        if status == 404:
            return None
        try:
            return json.loads(answer)
        except ValueError as error:
            raise Failure(f"{method} {path}: not JSON ({error}): {answer[:200]!r}") from error

    def get(self, path, **options):
        return self.call("GET", path, **options)

    def post(self, path, body, **options):
        return self.call("POST", path, body, **options)

    def merge(self, path, body, **options):
        return self.call("PATCH", path, body, kind="application/merge-patch+json", **options)

    def delete(self, path, **options):
        return self.call("DELETE", path, {"gracePeriodSeconds": 0}, **options)

    def watch(self, path):
        """Yields the events of a watch until its connection is closed."""
        connection = self.connect(timeout=600)
        try:
            connection.request("GET", path, None, self.headers("application/json"))
            response = connection.getresponse()
            if response.status != 200:
                raise HttpError("GET", path, response.status, response.read().decode())
            for line in response:
                yield json.loads(line)
        finally:
            connection.close()


def in_parallel(work, items, threads=8):
    """Runs `work(item)` for all items; the first exception is raised."""
    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, items))
