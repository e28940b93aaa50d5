# SPDX-License-Identifier: Apache-2.0
"""The sample cluster of deploy/examples/planner, the program under test, and larger clusters."""

import copy
import json
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SAMPLE = os.path.join(ROOT, "deploy", "examples", "planner")
SNAPSHOT = os.path.join(SAMPLE, "snapshot.json")
POLICY = os.path.join(SAMPLE, "policy.yaml")
SCHEMAS = os.path.join(ROOT, "deploy", "schemas")
PROGRAM = os.environ.get("SWITCHYARD", "switchyard")

sys.path.insert(0, os.path.join(ROOT, "tests", "lib"))
import schema  # noqa: E402

TEMPLATE = """\
apiVersion: switchyard.dev/v1alpha1
kind: NodeTemplate
metadata: {name: gpu-8}
like: gpu-c2
price: 250000
currency: EUR
watts: 5200
rackUnits: 6
leadTimeDays: 60
"""


def report(*args, snapshot=SNAPSHOT, policy=POLICY):
    """Exit status, standard output and error of `switchyard report`."""
    command = [PROGRAM, "report"]
    if snapshot is not None:
        command += ["-s", snapshot]
    if policy is not None:
        command += ["--policy", policy]
    done = subprocess.run(command + list(args), capture_output=True, timeout=300, check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def complaints(name, value):
    """What the schema of that name finds wrong."""
    with open(os.path.join(SCHEMAS, name), encoding="utf-8") as file:
        return schema.check(json.load(file), value)


def many(copies):
    """The sample cluster so many times over: nodes, their reports and pods, with names of their
    own."""
    with open(SNAPSHOT, encoding="utf-8") as file:
        snapshot = json.load(file)
    items = []
    for i in range(copies):
        for item in snapshot["items"]:
            new = copy.deepcopy(item)
            rename(new, f"-{i}")
            items.append(new)
    return dict(snapshot, items=items)


def rename(item, suffix):
    metadata = item["metadata"]
    if item["kind"] not in ("Node", "NodeFabric", "Pod"):
        metadata["namespace"] = metadata.get("namespace", "default") + suffix
        return
    metadata["name"] += suffix
    if "uid" in metadata:
        metadata["uid"] += suffix
    if item["kind"] == "Pod" and "nodeName" in item["spec"]:
        item["spec"]["nodeName"] += suffix
    for device in item.get("status", {}).get("devices", []):
        for holder in device.get("holders", []):
            holder["name"] += suffix
            if "uid" in holder:
                holder["uid"] += suffix
