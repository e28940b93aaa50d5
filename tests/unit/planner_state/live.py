#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""live.py ROOT PROGRAM: the snapshot that PROGRAM makes of an API server that has the sample's
objects is the one that it makes of the sample; and one without NodeFabrics is read too."""
import http.server
import json
import os
import subprocess
import sys
import tempfile
import threading

ROOT, PROGRAM = sys.argv[1:3]
SAMPLE = os.path.join(ROOT, "deploy/examples/planner/snapshot.json")
KINDS = {"/api/v1/nodes": "Node", "/api/v1/pods": "Pod",
         "/apis/switchyard.dev/v1alpha1/nodefabrics": "NodeFabric",
         "/apis/policy/v1/poddisruptionbudgets": "PodDisruptionBudget"}


def bare(item):
    return {key: value for key, value in item.items() if key not in ("apiVersion", "kind")}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def answer(self, status, body):
        try:
            self.send(status, json.dumps(body).encode())
        except (BrokenPipeError, ConnectionResetError):
            pass  # who has its lists goes away

    def send(self, status, data):
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        path, _, query = self.path.partition("?")
        kind = KINDS.get(path)
        if kind is None or kind in self.server.missing:
            return self.answer(404, {"kind": "Status", "message": "not there"})
        if "watch=" in query:
            return self.answer(400, {"kind": "Status", "message": "no streaming here"})
        items = [dict(bare(i)) for i in self.server.items if i["kind"] == kind]
        for i in items:
            i["metadata"] = dict(i["metadata"], resourceVersion="1", managedFields=[{"manager": "x"}])
        return self.answer(200, {"kind": kind + "List", "apiVersion": "v1",
                                 "metadata": {"resourceVersion": "7"}, "items": items})


def snapshot(*arguments):
    run = subprocess.run([PROGRAM, "snapshot", *arguments], capture_output=True, text=True, check=False)
    if run.returncode != 0:
        sys.exit("live.py: %s: %s" % (" ".join(arguments), run.stderr))
    return json.loads(run.stdout), run.stderr


def main():
    with open(SAMPLE, encoding="utf-8") as file:
        items = json.load(file)["items"]
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.items, server.missing = items, set()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as folder:
        config = os.path.join(folder, "config")
        url = "http://127.0.0.1:%d" % server.server_address[1]
        with open(config, "w", encoding="utf-8") as file:
            json.dump({"current-context": "nowhere", "clusters": [{"name": "k", "cluster": {"server": url}}],
                       "contexts": [{"name": "here", "context": {"cluster": "k"}}]}, file)
        live, _ = snapshot("--kubeconfig", config, "--context", "here")
        filed, _ = snapshot("--snapshot", SAMPLE)
        assert live["items"] == filed["items"], "the snapshots differ"
        assert live["metadata"]["lists"] == filed["metadata"]["lists"], live["metadata"]
        server.missing = {"NodeFabric"}
        live, talk = snapshot("--kubeconfig", config, "--context", "here")
        assert not [i for i in live["items"] if i["kind"] == "NodeFabric"]
        assert "the cluster does not know the kind NodeFabric" in talk, talk
        server.missing = {"Node"}
        run = subprocess.run([PROGRAM, "snapshot", "--kubeconfig", config, "--context", "here"],
                             capture_output=True, text=True, check=False)
        assert run.returncode == 74 and "is this an API server?" in run.stderr, run
        run = subprocess.run([PROGRAM, "snapshot", "--kubeconfig", config], capture_output=True, text=True,
                             check=False)
        assert run.returncode == 65 and "'nowhere' is not in contexts" in run.stderr, run
    print("live.py: all well")


if __name__ == "__main__":
    main()
