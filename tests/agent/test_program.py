# SPDX-License-Identifier: Apache-2.0
"""Options, exit statuses, and the manual."""

import os
import re
import shutil
import subprocess
import tempfile
import unittest

from agent import ROOT, Case, run


class Options(unittest.TestCase):
    def test_usage_errors_are_64_with_one_line(self):
        for options in ((), ("--nonsense",), ("--node",), ("--node", "n"), ("--node", "N", "--once"),
                        ("--node", "a/b", "--once"), ("--node", "n", "--once", "-o", "xml"),
                        ("--node", "n", "-o", "yaml", "--in-cluster"),
                        ("--node", "n", "--in-cluster", "--kubeconfig", "x"),
                        ("--node", "n", "--once", "--poll", "0"), ("--help=x",)):
            with self.subTest(options):
                ended = run(*options)
                self.assertEqual(ended.returncode, 64, ended.stderr)
                self.assertEqual(ended.stderr.count("\n"), 1)
                self.assertEqual(ended.stdout, "")

    def test_version(self):
        self.assertRegex(run("--version").stdout, r"^switchyard-agent \d+\.\d+\.\d+\n$")

    def test_a_root_that_is_not_there_is_66(self):
        ended = run("--node", "n", "--once", "--sysfs-root", "/nowhere/at/all")
        self.assertEqual(ended.returncode, 66)
        self.assertIn("/nowhere/at/all", ended.stderr)

    def test_a_kubeconfig_that_is_not_there_is_66(self):
        with tempfile.TemporaryDirectory() as folder:
            ended = run("--node", "n", "--kubeconfig", os.path.join(folder, "none"))
            self.assertEqual(ended.returncode, 66, ended.stderr)

    def test_a_wrong_catalogue_is_65(self):
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            file.write("nonsense: 1\n")
            file.flush()
            ended = run("--node", "n", "--once", "--catalogue", file.name)
            self.assertEqual(ended.returncode, 65)
            self.assertIn(f"{file.name}:1:1: ", ended.stderr)


class Output(Case):
    def test_a_full_disk_is_74(self):
        with open("/dev/full", "w", encoding="utf-8") as full:
            ended = subprocess.run(
                [os.environ["SWITCHYARD_AGENT"], *self.options("--once")], stdout=full,
                stderr=subprocess.PIPE, text=True, check=False, timeout=60)
        self.assertEqual(ended.returncode, 74)
        self.assertIn("standard output", ended.stderr)


class Manual(unittest.TestCase):
    PAGE = os.path.join(ROOT, "deploy", "man", "switchyard-agent.8")

    def test_options_agree_with_help(self):
        with open(self.PAGE, encoding="utf-8") as file:
            page = file.read()
        documented = set(re.findall(r"^\.It Fl -([a-z-]+)", page, re.MULTILINE))
        offered = set(re.findall(r"^  --([a-z-]+)", run("--help").stdout, re.MULTILINE))
        self.assertEqual(documented, offered)

    @unittest.skipUnless(shutil.which("mandoc"), "no mandoc")
    def test_is_clean(self):
        ended = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", self.PAGE],
                               capture_output=True, text=True, check=False)
        self.assertEqual((ended.returncode, ended.stdout), (0, ""))
