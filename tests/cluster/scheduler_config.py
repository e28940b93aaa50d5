# SPDX-License-Identifier: Apache-2.0
"""The shipped KubeSchedulerConfiguration, and its stated, minimal variants.

Every substitution must find its text exactly once, so a change of the shipped
file cannot turn a variant silently into the original.
"""

import re

from processes import Failure


def substitute(text, pattern, replacement):
    changed, count = re.subn(pattern, lambda _: replacement, text, flags=re.MULTILINE)
    if count != 1:
        raise Failure(f"the shipped configuration has {count} matches of '{pattern}', not 1")
    return changed


def shipped(text, kubeconfig, url):
    """As shipped: only the two addresses are replaced."""
    text = substitute(text, r"(?<=^  kubeconfig: ).*$", kubeconfig)
    return substitute(text, r"(?<=- urlPrefix: ).*$", f'"{url}"')


def not_ignorable(text):
    """Pods wait for the extender."""
    return substitute(text, r"(?<= ignorable: )true$", "false")


def full_nodes(text):
    """Whole Node objects on the wire in place of names."""
    return substitute(text, r"(?<= nodeCacheCapable: )true$", "false")


def unthrottled(text):
    """For measurements: kube-scheduler's own limit of 50 calls/s to the API server is lifted."""
    return substitute(text, r"^clientConnection:$",
                      "clientConnection:\n  qps: 10000\n  burst: 10000")


def no_extender(text):
    """The control: the same scheduler without the extenders stanza, which is last in the file."""
    return substitute(text, r"^extenders:\n(?:[- #].*\n?|\n)*\Z", "")


def with_bind(text):
    """The service posts the bindings of the pods that it is asked about."""
    return substitute(text, r"^  preemptVerb: preempt$", "  preemptVerb: preempt\n  bindVerb: bind")
