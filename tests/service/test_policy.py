# SPDX-License-Identifier: Apache-2.0
"""The policy file, replaced while the service runs."""

import os
import subprocess
import tempfile

from service import PROGRAM, Case, args, node_document

class Policy(Case):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.path = os.path.join(self.folder.name, "policy.yaml")

    def write(self, text):
        temporary = self.path + ".new"
        with open(temporary, "w", encoding="utf-8") as file:
            file.write(text)
        os.rename(temporary, self.path)

    def text(self, score):
        """The shipped policy with another score for unknown nodes."""
        return f"apiVersion: switchyard.dev/v1alpha1\nkind: SchedulingPolicy\nunknownNodeScore: {score}\n"

    def score(self, service):
        return service.explain(args(["unheard-of"]))["unheard-of"]["score"]

    def test_taken_refused_and_kept(self):
        self.write(self.text(123))
        service = self.serve({"a.json": node_document("a")}, options=("--policy", self.path))
        self.assertEqual(self.score(service), 123)
        self.write(self.text(456))
        service.wait(lambda: self.score(service) == 456, "the new policy")
        self.write(self.text(456) + "nonsense: 1\n")
        service.wait(lambda: "policy refused" in service.log(), "the refusal")
        self.assertRegex(service.log(), r"policy\.yaml:4:1: ")
        self.assertEqual(self.score(service), 456)
        self.assertEqual(service.metric('switchyard_policy_reloads_total{result="refused"}'), 1)
        os.unlink(self.path)
        service.wait(
            lambda: service.metric('switchyard_policy_reloads_total{result="refused"}') == 2,
            "the loss")
        self.assertEqual(self.score(service), 456)
        self.write(self.text(789))
        service.wait(lambda: self.score(service) == 789, "the policy that came back")

    def test_a_bad_policy_or_catalogue_at_start_is_65(self):
        for option in "--policy", "--catalogue":
            self.write("apiVersion: switchyard.dev/v1alpha1\nnonsense: [1\n")
            ended = subprocess.run([PROGRAM, "--feed", self.folder.name, "--listen", "127.0.0.1:0",
                                    "--admin", "127.0.0.1:0", option, self.path],
                                   capture_output=True, text=True, check=False, timeout=30)
            self.assertEqual(ended.returncode, 65, ended.stderr)
            self.assertRegex(ended.stderr, r"policy\.yaml:\d+:\d+: ")
            self.assertEqual(ended.stderr.count("\n"), 1)
