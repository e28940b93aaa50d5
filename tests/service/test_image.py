# SPDX-License-Identifier: Apache-2.0
"""The image archive: complete, the same every time, and what is in it runs in an empty root."""

import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import unittest

from service import PROGRAM

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, "deploy", "images", "build.py")
NAME = "switchyard-extender"


def make(out):
    subprocess.run([sys.executable, BUILD, NAME, out, "--program", PROGRAM], check=True,
                   capture_output=True)
    with open(out, "rb") as file:
        return file.read()


class Image(unittest.TestCase):
    def test_archive(self):
        with tempfile.TemporaryDirectory() as folder:
            data = make(os.path.join(folder, "a.tar"))
            self.assertEqual(data, make(os.path.join(folder, "b.tar")))
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            manifest = json.load(archive.extractfile("manifest.json"))[0]
            config = json.load(archive.extractfile(manifest["Config"]))
            layer = archive.extractfile("layer.tar").read()
        self.assertRegex(manifest["RepoTags"][0], NAME + r":\d+\.\d+\.\d+")
        self.assertEqual(config["rootfs"]["diff_ids"],
                         ["sha256:" + hashlib.sha256(layer).hexdigest()])
        self.assertEqual(config["config"]["User"], "65532:65532")
        if os.geteuid() != 0:
            self.skipTest("chroot needs root")
        if b"libasan.so" in layer:
            return      # a sanitizer wants /proc, and nobody ships one
        with tempfile.TemporaryDirectory() as folder:
            os.chmod(folder, 0o755)
            with tarfile.open(fileobj=io.BytesIO(layer)) as files:
                files.extractall(folder)
            environment = dict(entry.split("=", 1) for entry in config["config"]["Env"])
            done = subprocess.run(["chroot", "--userspec=65532:65532", folder,
                                   *config["config"]["Entrypoint"], "--version"],
                                  env={**environment, "PATH": os.environ["PATH"]},
                                  capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn(NAME, done.stdout)


if __name__ == "__main__":
    unittest.main()
