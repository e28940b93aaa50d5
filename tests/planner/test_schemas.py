# SPDX-License-Identifier: Apache-2.0
"""What is printed as JSON keeps to the schema that is shipped for its kind."""

import glob
import json
import os
import re
import tempfile
import unittest

import man


PROGRAM = os.environ["SWITCHYARD"]
FOREIGN = {"List"}  # Kubernetes' own


def schemas():
    """kind → file of the schema that names it."""
    found = {}
    for path in sorted(glob.glob(os.path.join(man.ROOT, "deploy", "schemas", "*.schema.json"))):
        with open(path, encoding="utf-8") as file:
            root = json.load(file)
        for at in [root, *root.get("oneOf", []), *root.get("$defs", {}).values()]:
            kind = at.get("properties", {}).get("kind", {}) if isinstance(at, dict) else {}
            for name in [kind["const"]] if "const" in kind else kind.get("enum", []):
                found.setdefault(name, path)
    return found


class Schemas(unittest.TestCase):
    def test_examples_keep_to_them(self):
        known = schemas()
        for name, text in man.commands(PROGRAM).items():
            if "json" not in text.formats.split("|"):
                continue
            with self.subTest(command=name):
                command = re.sub(r" (-o|--output)[ =]?\w+", "", text.example)
                ended = man.run(command + " -o json", PROGRAM)
                self.assertLessEqual(ended.returncode, 2, ended.stderr)
                document = json.loads(ended.stdout)
                if document["kind"] in FOREIGN:
                    continue
                self.assertIn(document["kind"], known, "no schema is shipped for this kind")
                with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
                    file.write(ended.stdout)
                    file.flush()
                    errors = man.run(
                        f"python3 tests/lib/schema.py {known[document['kind']]} {file.name}", PROGRAM)
                self.assertEqual(errors.returncode, 0, errors.stdout + errors.stderr)

    def test_yaml_says_the_same(self):
        for name, text in man.commands(PROGRAM).items():
            if "yaml" not in text.formats.split("|"):
                continue
            with self.subTest(command=name):
                command = re.sub(r" (-o|--output)[ =]?\w+", "", text.example)
                ended = man.run(command + " -o yaml", PROGRAM)
                self.assertLessEqual(ended.returncode, 2, ended.stderr)
                self.assertRegex(ended.stdout, r"(?m)\A(apiVersion|kind): ")
