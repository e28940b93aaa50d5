# SPDX-License-Identifier: Apache-2.0
"""Calls written down by --record, and answered again by `switchyard answer`."""

import json
import os
import subprocess
import tempfile

from service import PROGRAM, Case, args, node_document

PLANNER = os.path.join(os.path.dirname(PROGRAM), "switchyard")
SECRET = "not-for-anybody"


def planner(*arguments):
    return subprocess.run([PLANNER, *arguments], capture_output=True, text=True, check=False,
                          timeout=60)


class Record(Case):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.records = os.path.join(self.folder.name, "records")
        self.policy = os.path.join(self.folder.name, "policy.yaml")
        with open(self.policy, "w", encoding="utf-8") as file:
            file.write("apiVersion: switchyard.dev/v1alpha1\nkind: SchedulingPolicy\n"
                       "unknownNodeScore: 321\nwire: {mapping: absolute}\n")

    def start(self, *options):
        names = ("a", "b", "c")
        return self.serve({f"{name}.json": node_document(name) for name in names},
                          options=("--record", self.records, *options))

    def pod_args(self, names, **pod):
        body = json.loads(args(names))
        container = body["Pod"]["spec"]["containers"][0]
        container["env"] = [{"name": "TOKEN", "value": SECRET}]
        container["args"] = [SECRET]
        body["Pod"]["metadata"].update(pod)
        return body

    def files(self, ending=".json"):
        return [os.path.join(self.records, name) for name in sorted(os.listdir(self.records))
                if name[0] == "0" and name.endswith(ending)]

    def test_the_same_bytes_offline(self):
        service = self.start("--policy", self.policy)
        bodies = [self.pod_args(["a", "b", "unheard-of", "c"]),
                  self.pod_args(["c"], annotations={"switchyard.dev/require": "switch"}),
                  self.pod_args(["a"], annotations={"switchyard.dev/require": "nonsense"})]
        answers = []
        for body in bodies:
            for verb in "filter", "prioritize":
                status, _, answer = service.post(f"/{verb}", json.dumps(body).encode())
                self.assertEqual(status, 200)
                answers.append(answer)
        victims = {"Pod": bodies[0]["Pod"],
                   "NodeNameToMetaVictims": {"a": {"Pods": [{"UID": "u"}], "NumPDBViolations": 0}}}
        status, _, answer = service.post("/preempt", json.dumps(victims).encode())
        self.assertEqual(status, 200)
        answers.append(answer)
        recorded = self.files()
        self.assertEqual(len(recorded), len(answers))
        for path, answer in zip(recorded, answers):
            ended = planner("answer", path)
            self.assertEqual((ended.returncode, ended.stderr), (0, ""))
            self.assertEqual(ended.stdout.encode(), answer)
        ended = planner("answer", "--check", *recorded)
        self.assertEqual(ended.returncode, 0, ended.stdout)
        self.assertEqual(ended.stdout.count(": the same "), len(recorded))

    def test_nothing_private_is_kept(self):
        service = self.start()
        service.post("/filter", json.dumps(self.pod_args(["a"])).encode())
        self.assertEqual(len(self.files()), 1)
        for name in os.listdir(self.records):
            with open(os.path.join(self.records, name), encoding="utf-8") as file:
                self.assertNotIn(SECRET, file.read(), name)
            self.assertEqual(os.stat(os.path.join(self.records, name)).st_mode & 0o077, 0)

    def test_an_answer_that_differs_is_said(self):
        service = self.start()
        service.post("/prioritize", json.dumps(self.pod_args(["a"])).encode())
        path = self.files()[0]
        with open(path, encoding="utf-8") as file:
            recording = json.load(file)
        recording["answer"] = recording["answer"].replace('"Score":', '"Score":1')
        with open(path, "w", encoding="utf-8") as file:
            json.dump(recording, file)
        ended = planner("answer", "--check", path)
        self.assertEqual(ended.returncode, 1)
        self.assertRegex(ended.stdout, r": differs from byte \d+ on\n$")

    def test_what_cannot_be_recorded_is_said_once(self):
        service = self.start("--record-max", "1")
        body = self.pod_args(["a"])
        whole = {"Pod": body["Pod"], "Nodes": {"items": [{"metadata": {"name": "a"}}]}}
        for _ in range(2):
            service.post("/filter", json.dumps(whole).encode())
        service.post("/filter", json.dumps(body).encode())
        service.post("/filter", json.dumps(body).encode())
        self.assertEqual(len(self.files()), 1)
        service.wait(lambda: "--record-max calls are recorded" in service.log(), "the end")
        self.assertEqual(service.log().count("its body holds node objects"), 1)

    def test_a_folder_in_use_is_refused(self):
        os.mkdir(self.records)
        with open(os.path.join(self.records, "mine"), "w", encoding="utf-8") as file:
            file.write("x")
        ended = subprocess.run([PROGRAM, "--feed", self.folder.name, "--listen", "127.0.0.1:0",
                                "--admin", "127.0.0.1:0", "--record", self.records],
                               capture_output=True, text=True, check=False, timeout=30)
        self.assertEqual(ended.returncode, 65)
        self.assertIn(f"--record: {self.records}: not empty: it holds mine", ended.stderr)
