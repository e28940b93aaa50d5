# SPDX-License-Identifier: Apache-2.0
"""A kubelet that answers PodResources over gRPC: just enough HTTP/2 and protobuf for one client.

It does not read what it is asked: List and GetAllocatableResources come in turn. The real Go server
is met in tests/cluster.
"""

import os
import socket
import struct
import threading

DATA, HEADERS, SETTINGS, PING = 0, 1, 4, 6
END_STREAM, END_HEADERS, ACK = 1, 4, 1


def varint(number):
    out = b""
    while number > 0x7F:
        out += bytes([number & 0x7F | 0x80])
        number >>= 7
    return out + bytes([number])


def field(number, value):
    """A message, text or number of a protobuf message."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    if isinstance(value, str):
        value = value.encode()
    return varint(number << 3 | 2) + varint(len(value)) + value


def devices(resource, ids):
    return field(1, resource) + b"".join(field(2, text) for text in ids)


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + \
        struct.pack(">I", stream) + payload


def header(name, value):
    """A literal header field without indexing (HPACK)."""
    return b"\x00" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode()


class Kubelet:
    """`pods` maps (namespace, pod, container) to {resource: [id, …]}; `offered` {resource: [id]}."""

    def __init__(self, path):
        self.path, self.pods, self.offered = path, {}, {}
        self.asked, self.socket = 0, None

    def start(self):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(self.path)
        self.socket.listen()
        threading.Thread(target=self.accept, args=(self.socket,), daemon=True).start()
        return self

    def stop(self):
        """As when the kubelet is restarted: the socket's file is gone."""
        listening, self.socket = self.socket, None
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        os.unlink(self.path)

    def accept(self, listening):
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def answer(self):
        self.asked += 1
        if self.asked % 2 == 0:
            return b"".join(field(1, devices(*item)) for item in self.offered.items())
        out = b""
        for (namespace, pod, container), held in self.pods.items():
            inner = field(1, container) + b"".join(field(2, devices(*item))
                                                   for item in held.items())
            out += field(1, field(1, pod) + field(2, namespace) + field(3, inner))
        return out

    def serve(self, connection):
        file = connection.makefile("rb")
        try:
            if file.read(24) != b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n":
                return
            connection.sendall(frame(SETTINGS, 0, 0))
            while True:
                head = file.read(9)
                if len(head) < 9:
                    return
                length, kind, flags = int.from_bytes(head[:3], "big"), head[3], head[4]
                stream = int.from_bytes(head[5:], "big")
                payload = file.read(length)
                if kind == SETTINGS and not flags & ACK:
                    connection.sendall(frame(SETTINGS, ACK, 0))
                elif kind == PING and not flags & ACK:
                    connection.sendall(frame(PING, ACK, 0, payload))
                elif kind in (DATA, HEADERS) and flags & END_STREAM:
                    body = self.answer()
                    connection.sendall(
                        frame(HEADERS, END_HEADERS, stream,
                              b"\x88" + header("content-type", "application/grpc")) +
                        frame(DATA, 0, stream, b"\x00" + struct.pack(">I", len(body)) + body) +
                        frame(HEADERS, END_HEADERS | END_STREAM, stream,
                              header("grpc-status", "0")))
        except OSError:
            pass
        finally:
            connection.close()
