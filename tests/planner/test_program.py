# SPDX-License-Identifier: Apache-2.0
"""The program as its users meet it: help, completions, errors, pipes."""

import os
import shutil
import subprocess
import tempfile
import unittest

import man

PROGRAM = os.environ["SWITCHYARD"]


def run(*arguments, **named):
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, check=False,
                          cwd=man.ROOT, timeout=120, **named)


class Program(unittest.TestCase):
    def test_kubectl_finds_it(self):
        plugin = os.path.join(os.path.dirname(PROGRAM), "kubectl-switchyard")
        ended = subprocess.run([plugin, "version"], capture_output=True, text=True, check=False)
        self.assertEqual((ended.returncode, ended.stdout), (0, run("version").stdout))

    def test_help_of_every_command(self):
        every = man.commands(PROGRAM)
        self.assertGreater(len(every), 10)
        for name, text in every.items():
            with self.subTest(command=name):
                self.assertTrue(text.example.startswith(("switchyard ", "kubectl ")) or
                                "switchyard " in text.example, text.example)
                self.assertTrue(text.summary.endswith("."), text.summary)
                ended = run(*name.split(), "--no-such-option")
                self.assertEqual(ended.returncode, 64)
                self.assertEqual(ended.stdout, "")
                self.assertEqual(ended.stderr.count("\n"), 1, ended.stderr)

    def test_a_full_disk_is_said(self):
        with open("/dev/full", "w", encoding="utf-8") as full:
            ended = subprocess.run([PROGRAM, "topology",
                                    "tests/machines/made/mixed-4npu-2gpu-2fpga.xml"],
                                   cwd=man.ROOT, stdout=full, stderr=subprocess.PIPE, text=True,
                                   check=False)
        self.assertEqual(ended.returncode, 74)
        self.assertIn("No space left on device", ended.stderr)


    def test_a_reader_that_leaves_early_hears_nothing(self):
        ended = subprocess.run(["bash", "-c", f"{PROGRAM} fleet generate | head -c 10"],
                               cwd=man.ROOT, capture_output=True, text=True, check=False)
        self.assertEqual(ended.stderr, "")
        self.assertEqual(len(ended.stdout), 10)


class Completions(unittest.TestCase):
    def complete(self, *words):
        """What bash offers for the last word."""
        script = run("completion", "bash").stdout + (
            'COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _switchyard; printf "%s\\n" "${COMPREPLY[@]}"\n')
        ended = subprocess.run(["bash", "-c", script, "bash", *words], capture_output=True,
                               text=True, check=False, cwd=man.ROOT)
        self.assertEqual((ended.returncode, ended.stderr), (0, ""))
        return ended.stdout.split()

    def test_bash(self):
        first = self.complete("switchyard", "")
        for name in man.commands(PROGRAM):
            self.assertIn(name.split()[0], first)
        self.assertIn("fit", self.complete("switchyard", "whatif", ""))
        self.assertEqual(self.complete("switchyard", "whatif", "satis"), ["satisfiable"])
        self.assertIn("--snapshot", self.complete("switchyard", "whatif", "fit", "--sn"))
        self.assertIn("json", self.complete("switchyard", "whatif", "fit", "-o", "j"))
        self.assertEqual(self.complete("switchyard", "explain", "--kube-scheduler-version", ""),
                         ["1.35", "1.36"])
        self.assertEqual(self.complete("switchyard", "explain", "-f", "READ"), ["README.md"])

    def test_shells_take_them(self):
        for shell, check in ("bash", ["-n"]), ("zsh", ["-n"]), ("fish", ["--no-execute"]):
            if not shutil.which(shell):
                continue
            with self.subTest(shell=shell), tempfile.NamedTemporaryFile("w", suffix=shell) as file:
                file.write(run("completion", shell).stdout)
                file.flush()
                ended = subprocess.run([shell, *check, file.name], capture_output=True, text=True,
                                       check=False)
                self.assertEqual((ended.returncode, ended.stderr), (0, ""))
