# SPDX-License-Identifier: Apache-2.0
"""The manual page says what the program does."""

import difflib
import os
import shutil
import subprocess
import unittest

import man

PROGRAM = os.environ["SWITCHYARD"]


class Manual(unittest.TestCase):
    maxDiff = None

    def test_commands_and_their_examples_are_shown(self):
        """Help and the output of each command's example, as the page has them."""
        expected = man.section(PROGRAM)
        shown = man.parts()[1]
        if shown != expected:
            self.fail("tests/planner/man.py --update PROGRAM writes it anew:\n" + "\n".join(
                difflib.unified_diff(shown.splitlines(), expected.splitlines(), "page", "program",
                                     lineterm="", n=1)))

    @unittest.skipUnless(shutil.which("mandoc"), "no mandoc")
    def test_is_clean(self):
        ended = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", man.PAGE],
                               capture_output=True, text=True, check=False)
        self.assertEqual((ended.returncode, ended.stdout), (0, ""))

    def test_examples_give_the_same_bytes_again(self):
        for name, text in man.commands(PROGRAM).items():
            with self.subTest(command=name):
                first, second = (man.run(text.example, PROGRAM) for _ in range(2))
                self.assertEqual(first.stdout, second.stdout)
                self.assertEqual(first.returncode, second.returncode)
