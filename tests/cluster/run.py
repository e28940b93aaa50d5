# SPDX-License-Identifier: Apache-2.0
"""Runs the cluster cases, or the throughput measurement, against a real control plane."""

import argparse
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback

import bench
import cases
import fault_cases
import machines
import scale
from control_plane import ControlPlane, build
from processes import Failure
from rig import Rig

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))


def arguments():
    parser = argparse.ArgumentParser(prog="run.sh", description=__doc__)
    parser.add_argument("--kubernetes", default="1.36.3", metavar="VERSION",
                        help="1.36.3 (default) or 1.35.4")
    parser.add_argument("--extender", metavar="PROGRAM",
                        default=os.path.join(ROOT, "build/release/bin/switchyard-extender"),
                        help="default: build/release/bin/switchyard-extender")
    parser.add_argument("--agent", metavar="PROGRAM",
                        default=os.path.join(ROOT, "build/release/bin/switchyard-agent"),
                        help="default: build/release/bin/switchyard-agent")
    parser.add_argument("--switchyard", metavar="PROGRAM",
                        default=os.path.join(ROOT, "build/release/bin/switchyard"),
                        help="default: build/release/bin/switchyard")
    parser.add_argument("--seed", type=int, default=random.randrange(1, 1 << 31), metavar="N",
                        help="of what live cases choose at random (they print it)")
    parser.add_argument("--record", metavar="DIR",
                        help="keep the bodies on the wire as DIR/VERB-MODE-VERSION.*.json")
    parser.add_argument("--bench", action="store_true",
                        help="measure pods/s in place of running the cases")
    parser.add_argument("--bench-pods", type=int, default=600, metavar="N")
    parser.add_argument("--bench-rounds", type=int, default=3, metavar="N")
    parser.add_argument("--faults", type=int, metavar="ROUNDS",
                        help="every fault (or the cases named) so many times, and a table")
    parser.add_argument("--scale", action="store_true",
                        help="measure the service at 1,000 and 5,000 nodes in place of the cases")
    parser.add_argument("--keep", action="store_true", help="keep the folder with the logs")
    parser.add_argument("--list", action="store_true", help="print the names of the cases")
    parser.add_argument("case", nargs="*", help="run these only")
    options = parser.parse_args()
    unknown = set(options.case) - set(cases.CASES)
    if unknown:
        parser.error(f"no case {', '.join(sorted(unknown))}; there are: {', '.join(cases.CASES)}")
    options.extender = os.path.abspath(options.extender)
    options.agent = os.path.abspath(options.agent)
    options.switchyard = os.path.abspath(options.switchyard)
    return options


def read(*parts):
    with open(os.path.join(ROOT, *parts), encoding="utf-8") as file:
        return file.read()


def run_case(rig, name, case):
    """Runs one case from an empty cluster; returns whether it passed."""
    started = time.monotonic()
    try:
        rig.clear()
        try:
            case(rig)
            rig.check()
        finally:
            if rig.extender:
                rig.stop_extender()
    except Failure as failure:
        print(f"FAIL {name}: {failure}", flush=True)
    except Exception:   # a case must not take the others with it
        print(f"FAIL {name}: {traceback.format_exc()}", flush=True)
    else:
        print(f"ok {name} ({time.monotonic() - started:.1f} s)", flush=True)
        return True
    return False


def run_cases(rig, names):
    chosen = {name: case for name, case in cases.CASES.items() if not names or name in names}
    failed = [name for name, case in chosen.items() if not run_case(rig, name, case)]
    print(f"{len(chosen) - len(failed)} passed, {len(failed)} failed, 0 skipped")
    return 1 if failed else 0


def end(number, _):
    """A signal ends the suite by an exception, so that everything is stopped."""
    sys.exit(128 + number)


def main():
    options = arguments()
    if options.list:
        print("\n".join(cases.CASES))
        return 0
    for program in (options.extender, options.agent):
        if not os.access(program, os.X_OK):
            print(f"run.sh: no program {program}: build the release preset first", file=sys.stderr)
            return 1
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, end)
    os.environ["NO_PROXY"] = "127.0.0.1"
    if options.record:
        os.makedirs(options.record, exist_ok=True)

    folder = tempfile.mkdtemp(prefix="switchyard-cluster-")
    plane = rig = None
    status = 1
    try:
        programs = build(os.path.join(HERE, "build.sh"), options.kubernetes)
        plane = ControlPlane(programs, folder)
        rig = Rig(plane, options, read("deploy/scheduler/kube-scheduler-config.yaml"),
                  machines.read_mixed(os.path.join(ROOT, "tests/machines/made")))
        if options.bench:
            status = bench.run(rig)
        elif options.scale:
            status = scale.run(rig)
        elif options.faults:
            status = fault_cases.all_rounds(rig, options.faults, options.case)
        else:
            status = run_cases(rig, options.case)
    except Failure as failure:
        print(f"run.sh: {failure}", file=sys.stderr)
    finally:
        for part in (rig, plane):
            if part:
                part.stop()
        if options.keep or status != 0:
            print(f"run.sh: the logs are in {folder}", file=sys.stderr)
        else:
            shutil.rmtree(folder)
    return status


if __name__ == "__main__":
    sys.exit(main())
