# SPDX-License-Identifier: Apache-2.0
"""The manifests that we ship, as a real API server sees them: every one is taken, the schema keeps
out what it should, and an agent's token writes its own node's object only."""

import copy
import json
import os
import subprocess
import tempfile

import objects
from processes import Failure, eventually
from rest import Client

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
KUSTOMIZE = os.path.join(ROOT, "deploy", "kustomize")
NAMESPACE = "switchyard-system"
FABRICS = "/apis/switchyard.dev/v1alpha1/nodefabrics"
APPLY = "application/apply-patch+yaml"
FABRIC = {"apiVersion": "switchyard.dev/v1alpha1", "kind": "NodeFabric",
          "metadata": {"name": "node-a"},
          "spec": {"source": "document", "objects": [
              {"type": "Machine"}, {"type": "Package", "parent": 0, "index": 0},
              {"type": "NUMANode", "parent": 1, "index": 0},
              {"type": "HostBridge", "parent": 2, "pci": "0000:80", "buses": "80-8f"},
              {"type": "PCIDev", "parent": 3, "pci": "0000:81:00.0", "id": "10de:20b5",
               "class": "0302", "linkGBps": 31.5}]}}
STATUS = {"observedTime": "2026-11-22T16:00:00.123456Z", "devices": [
    {"pci": "0000:81:00.0", "kind": "GPU", "held": 1000, "healthy": True,
     "holders": [{"namespace": "default", "name": "a", "uid": "u-1", "container": "main"}]}],
    "power": {"limitWatts": 2000, "watts": 512.5},
    "summary": {"devices": "1 GPU", "free": "0 GPU", "unhealthy": 0, "watts": "512/2000"}}


def must(condition, text):
    if not condition:
        raise Failure(text)


def kubectl(rig, *arguments, stdin=None, check=True):
    """Runs the real kubectl; returns its output."""
    program = os.path.join(rig.plane.programs, "kubectl")
    done = subprocess.run([program, f"--kubeconfig={rig.plane.kubeconfig}",
                           "--cache-dir=" + rig.plane.path("kubectl-cache"), *arguments],
                          input=stdin, capture_output=True, text=True, check=False, timeout=120)
    if check and done.returncode != 0:
        raise Failure(f"kubectl {' '.join(arguments)}: status {done.returncode}\n{done.stderr}")
    return done.stdout if check else done


def install(rig, layout="base"):
    """What a user does: kubectl apply -k; then the API server must serve the new kind."""
    kubectl(rig, "apply", "-k", os.path.join(KUSTOMIZE, layout))
    eventually("nodefabrics served",
               lambda: (rig.api.raw("GET", FABRICS)[0] == 200, "not yet"), 30)


def agent_token(rig, node):
    """The token that the pod of the DaemonSet on that node would get."""
    name = f"agent-on-{node}"
    body = objects.pod(name, on_node=node)
    body["metadata"]["namespace"] = NAMESPACE
    body["spec"]["serviceAccountName"] = "switchyard-agent"
    pod = rig.api.post(f"/api/v1/namespaces/{NAMESPACE}/pods", body, expect=(201, 409))
    if "spec" not in pod:
        pod = rig.api.get(f"/api/v1/namespaces/{NAMESPACE}/pods/{name}")
    bound = {"apiVersion": "v1", "kind": "Pod", "name": name, "uid": pod["metadata"]["uid"]}
    answer = rig.api.post(
        f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts/switchyard-agent/token",
        {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest",
         "spec": {"boundObjectRef": bound, "expirationSeconds": 3600}})
    return answer["status"]["token"]


def manifests_are_taken(rig):
    """Every object of every layout, first for real (nothing runs them here), then as a dry run."""
    for layout in ("base", "sidecar", "second-scheduler"):
        install(rig, layout)
        said = kubectl(rig, "apply", "--dry-run=server", "-k", os.path.join(KUSTOMIZE, layout))
        for line in said.splitlines():
            must("(server dry run)" in line, f"{layout}: {line}")
            must("configured" not in line, f"{layout}: applied again, it changes: {line}")
    check_sidecar(rig)


def check_sidecar(rig):
    """The patch of the sidecar layout merges into a pod such as kubeadm makes."""
    pod = {"apiVersion": "v1", "kind": "Pod",
           "metadata": {"name": "kube-scheduler", "namespace": "kube-system"},
           "spec": {"hostNetwork": True, "priorityClassName": "system-node-critical",
                    "containers": [{
                        "name": "kube-scheduler", "image": "registry.k8s.io/kube-scheduler:v1.36.3",
                        "command": ["kube-scheduler", "--kubeconfig=/etc/kubernetes/scheduler.conf"],
                        "volumeMounts": [{"mountPath": "/etc/kubernetes/scheduler.conf",
                                          "name": "kubeconfig", "readOnly": True}]}],
                    "volumes": [{"name": "kubeconfig",
                                 "hostPath": {"path": "/etc/kubernetes/scheduler.conf",
                                              "type": "FileOrCreate"}}]}}
    patch = os.path.join(KUSTOMIZE, "sidecar", "kube-scheduler+strategic.yaml")
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(pod, file)
        file.flush()
        merged = json.loads(kubectl(rig, "patch", "--local", "-f", file.name, "--type=strategic",
                                    "--patch-file", patch, "-o", "json"))
    names = [container["name"] for container in merged["spec"]["containers"]]
    must(sorted(names) == ["kube-scheduler", "switchyard-extender"], f"merged has {names}")
    merged["spec"]["automountServiceAccountToken"] = False
    rig.api.post("/api/v1/namespaces/kube-system/pods?dryRun=All", merged)


def schema_keeps_out_what_it_should(rig):
    """Bounds and CEL checks; unknown fields are dropped, unknown words are kept."""
    install(rig)
    rig.api.delete(FABRICS)
    rig.api.post(FABRICS, FABRIC)
    rig.api.call("PATCH", FABRICS + "/node-a/status", {"status": STATUS},
                 kind="application/merge-patch+json")
    shown = kubectl(rig, "get", "nf", "node-a").splitlines()[1].split()
    must(shown[:3] == ["node-a", "1", "GPU"] and "512/2000" in shown, f"kubectl get shows {shown}")

    def refused(change, want, status=False):
        body = {"metadata": {"name": "node-a"}, **copy.deepcopy(change)}
        path = FABRICS + "/node-a" + ("/status" if status else "")
        code, answer = rig.api.raw("PATCH", path, body, "application/merge-patch+json")
        must(code == 422 and want in answer.decode(), f"{change}: {code} {answer[:400]!r}")

    spec = FABRIC["spec"]["objects"]
    refused({"spec": {"objects": []}}, "should have at least 1 items")
    refused({"spec": {"objects": spec[1:]}}, "the first object is the Machine")
    refused({"spec": {"objects": spec + [{"type": "Machine"}]}}, "there is one Machine")
    refused({"spec": {"objects": [{**spec[0], "pci": "81:00.0"}]}}, "should match")
    refused({"spec": {"objects": spec + [{"type": "PCIDev", "parent": 5000}]}}, "4095")
    refused({"status": {"devices": [{"pci": "0000:81:00.0", "healthy": False}]}},
            "an unhealthy device says why", status=True)
    refused({"status": {"devices": [{"pci": "0000:81:00.0", "held": 0,
                                     "holders": [{"namespace": "a", "name": "b"}]}]}},
            "what has holders is held", status=True)
    refused({"status": {"devices": [{"pci": "0000:81:00.0", "held": 1001}]}}, "1000", status=True)
    refused({"status": {"observedTime": "yesterday"}}, "date-time", status=True)

    rig.api.merge(FABRICS + "/node-a", {"spec": {"fromTheFuture": 1, "topologyManager": {
        "policy": "a-new-one"}}})
    spec = rig.api.get(FABRICS + "/node-a")["spec"]
    must("fromTheFuture" not in spec, "an unknown field is kept")
    must(spec["topologyManager"]["policy"] == "a-new-one", "an unknown word is refused or dropped")


def agent_writes_its_own_object_only(rig):
    """RBAC and the admission policy, with the tokens that pods get."""
    install(rig)
    rig.api.delete(FABRICS)
    for node in ("node-a", "node-b"):
        rig.node(node)
    agent = Client(rig.plane.url, agent_token(rig, "node-a"))
    unbound = Client(rig.plane.url, rig.api.post(
        f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts/switchyard-agent/token",
        {"spec": {}})["status"]["token"])

    def apply(client, node, status=None):
        body = {**FABRIC, "metadata": {"name": node}}
        if status:
            body = {**body, "status": status}
            del body["spec"]
        path = f"{FABRICS}/{node}{'/status' if status else ''}?fieldManager=test&force=true"
        return client.raw("PATCH", path, body, APPLY)

    def own():
        code, answer = apply(agent, "node-a")
        return code in (200, 201), f"{code} {answer[:200]!r}"
    eventually("the agent may write its own object", own, 30)

    def other_refused():    # a policy takes a moment to be in force
        code, answer = apply(agent, "node-b")
        return code == 403 and b"may not write" in answer, f"{code} {answer[:200]!r}"
    eventually("the agent may not write another one", other_refused, 30)
    code, answer = apply(agent, "node-a", STATUS)
    must(code == 200, f"its own status: {code} {answer[:300]!r}")
    rig.api.post(FABRICS, {**FABRIC, "metadata": {"name": "node-b"}})   # others may
    for node, status in (("node-b", None), ("node-b", STATUS)):
        code, answer = apply(agent, node, status)
        must(code == 403 and b"may not write" in answer, f"{node}: {code} {answer[:300]!r}")
    code, answer = apply(unbound, "node-a")
    must(code == 403 and b"names no node" in answer, f"a token of no pod: {code} {answer[:300]!r}")
    for method, path in (("DELETE", FABRICS + "/node-a"), ("GET", FABRICS),
                         ("GET", objects.PODS), ("GET", "/api/v1/secrets"), ("GET", "/api/v1/nodes"),
                         ("PATCH", "/api/v1/nodes/node-a")):
        code, _ = agent.raw(method, path, {} if method == "PATCH" else None,
                            "application/merge-patch+json")
        must(code == 403, f"the agent may {method} {path}: {code}")


CASES = [manifests_are_taken, schema_keeps_out_what_it_should, agent_writes_its_own_object_only]
