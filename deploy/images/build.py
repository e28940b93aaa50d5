#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes an image archive of a program: build.py switchyard-agent [--program FILE] [--tag TEXT] OUT.tar

One layer: the program, the shared libraries that it is linked with, and the dynamic loader; no
shell, no package manager. The archive is what `docker load`, `podman load` and
`ctr --namespace k8s.io images import` read. The same program gives the same bytes."""

import argparse
import gzip
import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAMS = ("switchyard-agent", "switchyard-extender")
MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}


def libraries(program):
    """The files that the loader would map, by the name under which they are looked for."""
    said = subprocess.run(["ldd", program], capture_output=True, text=True, check=False)
    if said.returncode != 0:
        sys.exit(f"build.py: ldd {program}: {said.stderr.strip() or said.stdout.strip()}")
    found = []
    for line in said.stdout.splitlines():
        words = line.split()
        if "not found" in line:
            sys.exit(f"build.py: {program} wants {words[0]}, which is not installed")
        if "=>" in words and len(words) >= 3:
            found.append((words[0], words[2]))
        elif words and words[0].startswith("/"):
            found.append((None, words[0]))      # the loader, by its own path
    return found


def add(layer, name, data, mode, when):
    info = tarfile.TarInfo(name)
    info.size, info.mode, info.mtime = len(data), mode, when
    layer.addfile(info, io.BytesIO(data))


def folder(layer, name, when, mode=0o755):
    info = tarfile.TarInfo(name)
    info.type, info.mode, info.mtime = tarfile.DIRTYPE, mode, when
    layer.addfile(info)


def read(path):
    with open(path, "rb") as file:
        return file.read()


def make_layer(program, name, when):
    """The layer's tar; folders before what is in them."""
    files = {f"usr/bin/{name}": (read(program), 0o755)}
    for wanted, path in libraries(program):
        place = path.lstrip("/") if wanted is None else f"usr/lib/switchyard/{wanted}"
        files[place] = (read(os.path.realpath(path)), 0o755)
    folders = set()
    for place in files:
        parts = place.split("/")[:-1]
        folders.update("/".join(parts[:i + 1]) for i in range(len(parts)))
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as layer:
        for place in sorted(folders):
            folder(layer, place, when)
        folder(layer, "tmp", when, 0o1777)
        for place, (data, mode) in sorted(files.items()):
            add(layer, place, data, mode, when)
    return out.getvalue()


def main():
    parser = argparse.ArgumentParser(prog="build.py", description=__doc__.split("\n\n", 1)[0])
    parser.add_argument("name", choices=PROGRAMS)
    parser.add_argument("out", metavar="OUT.tar")
    parser.add_argument("--program", metavar="FILE", help="default: build/release/bin/NAME")
    parser.add_argument("--tag", metavar="TEXT", help="default: NAME:VERSION")
    options = parser.parse_args()
    program = options.program or os.path.join(ROOT, "build/release/bin", options.name)
    if not os.access(program, os.X_OK):
        sys.exit(f"build.py: no program {program}: build the release preset first")
    version = subprocess.run([program, "--version"], capture_output=True, text=True,
                             check=True).stdout.split()[-1]
    tag = options.tag or f"{options.name}:{version}"
    when = int(os.environ.get("SOURCE_DATE_EPOCH", "0"))

    layer = make_layer(program, options.name, when)
    config = json.dumps({
        "architecture": MACHINES.get(os.uname().machine, os.uname().machine), "os": "linux",
        "config": {"Entrypoint": [f"/usr/bin/{options.name}"], "User": "65532:65532",
                   "Env": ["PATH=/usr/bin", "LD_LIBRARY_PATH=/usr/lib/switchyard"],
                   "Labels": {"org.opencontainers.image.title": options.name,
                              "org.opencontainers.image.version": version,
                              "org.opencontainers.image.licenses": "Apache-2.0"}},
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(layer).hexdigest()]},
    }, sort_keys=True).encode()
    digest = hashlib.sha256(config).hexdigest()
    manifest = json.dumps([{"Config": digest + ".json", "RepoTags": [tag],
                            "Layers": ["layer.tar"]}]).encode()
    with tarfile.open(options.out, "w", format=tarfile.USTAR_FORMAT) as archive:
        for name, data in ((digest + ".json", config), ("layer.tar", layer),
                           ("manifest.json", manifest)):
            add(archive, name, data, 0o644, when)
    packed = len(gzip.compress(layer, 6))
    print(f"{options.out}: {tag}, {len(layer) / 1e6:.1f} MB in one layer ({packed / 1e6:.1f} packed)")


if __name__ == "__main__":
    main()
