# SPDX-License-Identifier: Apache-2.0
"""Child processes that never outlive the suite, and waiting with a limit."""

import contextlib
import os
import signal
import socket
import subprocess
import time


class Failure(Exception):
    """A case, or something that it needs, did not do what it must."""


def eventually(what, probe, limit, pause=0.05):
    """Polls `probe` until it returns (True, value) and returns the value.

    `probe` returns (done, seen); when `limit` seconds have passed, the failure
    says what was seen last.
    """
    end = time.monotonic() + limit
    while True:
        done, seen = probe()
        if done:
            return seen
        if time.monotonic() > end:
            raise Failure(f"{what}: not within {limit} s; last seen: {seen}")
        time.sleep(pause)


def during(seconds, probe, pause=0.1):
    """Calls `probe` all through `seconds`; it raises where something is wrong."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        probe()
        time.sleep(pause)
    probe()


def free_ports(count):
    """`count` TCP ports of the loopback that are free now."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for s in sockets:
            s.bind(("127.0.0.1", 0))
        return [s.getsockname()[1] for s in sockets]
    finally:
        for s in sockets:
            s.close()


class Process:
    """One child process with its log file.

    The kernel ends it when the suite dies without having a chance to.
    """

    def __init__(self, name, command, log_folder):
        self.name = name
        self.log_path = os.path.join(log_folder, name + ".log")
        with open(self.log_path, "ab") as log:
            self.child = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "--", *command],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True)

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as log:
            return log.read()

    def check(self):
        """Raises, with the end of the log, where the process has ended."""
        status = self.child.poll()
        if status is not None:
            tail = "\n".join(self.log().splitlines()[-15:])
            raise Failure(f"{self.name} ended with status {status}:\n{tail}")

    @contextlib.contextmanager
    def paused(self):
        """While this lasts the process does not run."""
        self.child.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.child.send_signal(signal.SIGCONT)

    def stop(self, limit=10):
        """Ends the process, politely first; returns its exit status."""
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGTERM)
            try:
                self.child.wait(limit)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()
        return self.child.returncode

    def cpu_seconds(self):
        """Processor time used so far, user and system."""
        with open(f"/proc/{self.child.pid}/stat", encoding="ascii") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
