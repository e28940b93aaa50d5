# SPDX-License-Identifier: Apache-2.0
"""etcd, kube-apiserver and kube-scheduler on the loopback, without containers."""

import base64
import json
import os
import secrets
import subprocess

from processes import Failure, Process, eventually, free_ports
from rest import Client

LEASE = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/kube-scheduler"


class ControlPlane:
    """One etcd and one kube-apiserver, and the kube-scheduler of the moment."""

    def __init__(self, programs, folder):
        self.programs = programs
        self.folder = folder
        self.processes = []
        self.apiserver = None
        self.apiserver_arguments = ()
        self.scheduler = None
        self.scheduler_config = None
        self.scheduler_count = 0
        self.token = secrets.token_hex(16)
        try:
            self.start()
        except BaseException:
            self.stop()
            raise

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def launch(self, name, program, *arguments):
        process = Process(name, [os.path.join(self.programs, program), *arguments], self.folder)
        self.processes.append(process)
        return process

    def start(self):
        client_port, peer_port, api_port = free_ports(3)
        etcd_url = f"http://127.0.0.1:{client_port}"
        peer_url = f"http://127.0.0.1:{peer_port}"
        self.launch(
            "etcd", "etcd", "--data-dir", self.path("etcd"), "--unsafe-no-fsync",
            "--listen-client-urls", etcd_url, "--advertise-client-urls", etcd_url,
            "--listen-peer-urls", peer_url, "--initial-advertise-peer-urls", peer_url,
            "--initial-cluster", f"default={peer_url}")

        self.write_key_and_token()
        self.apiserver_arguments = (
            f"--etcd-servers={etcd_url}",
            "--bind-address=127.0.0.1", f"--secure-port={api_port}",
            "--advertise-address=192.0.2.1",    # for documentation: nobody is told
            "--endpoint-reconciler-type=none",
            f"--cert-dir={self.path('certificates')}",
            "--service-cluster-ip-range=10.0.0.0/16",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={self.path('account.key')}",
            f"--service-account-signing-key-file={self.path('account.key')}",
            "--authorization-mode=RBAC", f"--token-auth-file={self.path('tokens.csv')}",
            # No kubelet and no controller: nodes are ready as they are created.
            "--disable-admission-plugins=ServiceAccount,TaintNodesByCondition")

        self.url = f"https://127.0.0.1:{api_port}"
        self.api = Client(self.url, self.token)
        self.start_apiserver()
        eventually("the namespace kube-system", lambda: self.probe_namespace("kube-system"), 30)
        eventually("the namespace default", lambda: self.probe_namespace("default"), 30)
        eventually("the system's priority classes", self.probe_priority_classes, 30)
        self.write_kubeconfig()

    def start_apiserver(self, limit=60):
        """Runs kube-apiserver, on the same port and with the same etcd each time."""
        self.apiserver = self.launch("kube-apiserver", "kube-apiserver", *self.apiserver_arguments)
        eventually("kube-apiserver ready", self.probe_ready, limit)

    def kill_apiserver(self):
        """Ends it at once, without a goodbye. kube-scheduler would not outlive that for long."""
        self.processes.remove(self.apiserver)
        self.apiserver.child.kill()
        self.apiserver.child.wait()

    def write_key_and_token(self):
        # An EC private key of P-256 is any number, so DER by hand spares a tool.
        number = bytes([secrets.randbelow(0x7f) + 1]) + secrets.token_bytes(31)
        der = b"\x30\x31\x02\x01\x01\x04\x20" + number + \
            b"\xa0\x0a\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07"
        with open(self.path("account.key"), "w", encoding="ascii") as file:
            file.write("-----BEGIN EC PRIVATE KEY-----\n"
                       f"{base64.b64encode(der).decode()}\n-----END EC PRIVATE KEY-----\n")
        with open(self.path("tokens.csv"), "w", encoding="ascii") as file:
            file.write(f'{self.token},suite,1,"system:masters"\n')

    def write_kubeconfig(self):
        self.kubeconfig = self.path("kubeconfig")
        document = {
            "apiVersion": "v1", "kind": "Config", "current-context": "it",
            "clusters": [{"name": "it", "cluster": {"server": self.url,
                                                    "insecure-skip-tls-verify": True}}],
            "users": [{"name": "it", "user": {"token": self.token}}],
            "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}]}
        with open(self.kubeconfig, "w", encoding="utf-8") as file:
            json.dump(document, file)

    def probe_ready(self):
        self.apiserver.check()
        try:
            status, body = self.api.raw("GET", "/readyz")
        except OSError as error:
            return False, str(error)
        return status == 200, f"{status} {body[:100]!r}"

    def probe_namespace(self, name):
        found = self.api.get(f"/api/v1/namespaces/{name}", expect=(200, 404))
        return found is not None, "absent"

    def probe_priority_classes(self):
        path = "/apis/scheduling.k8s.io/v1/priorityclasses/system-node-critical"
        return self.api.get(path, expect=(200, 404)) is not None, "absent"

    # ---- kube-scheduler

    def run_scheduler(self, config, modules=None):
        """Runs kube-scheduler with the text `config`; keeps the one that runs it already. `modules`
        are files of its source that log more ("schedule_one=10")."""
        if self.scheduler and self.scheduler_config == (config, modules):
            self.scheduler.check()
            return
        self.stop_scheduler()
        self.scheduler_count += 1
        name = f"kube-scheduler-{self.scheduler_count}"
        config_path = self.path(name + ".yaml")
        with open(config_path, "w", encoding="utf-8") as file:
            file.write(config)
        before = self.lease_holder()
        self.scheduler = Process(
            name, [os.path.join(self.programs, "kube-scheduler"), f"--config={config_path}",
                   "--secure-port=0", "--v=2", *([f"--vmodule={modules}"] if modules else [])],
            self.folder)
        self.scheduler_config = (config, modules)
        eventually(f"{name} leads", lambda: self.probe_leads(before), 40)

    def lease_holder(self):
        lease = self.api.get(LEASE, expect=(200, 404))
        return (lease or {}).get("spec", {}).get("holderIdentity") or ""

    def probe_leads(self, before):
        self.scheduler.check()
        holder = self.lease_holder()
        return holder not in ("", before), f"lease held by '{holder}'"

    def stop_scheduler(self):
        if self.scheduler:
            self.scheduler.stop()
        self.scheduler = None
        self.scheduler_config = None

    def check(self):
        """Raises where one of the programs has ended by itself."""
        for process in self.processes:
            process.check()
        if self.scheduler:
            self.scheduler.check()

    def stop(self):
        self.stop_scheduler()
        for process in reversed(self.processes):
            process.stop()
        self.processes = []


def build(script, version):
    """Builds the programs, or finds them built; returns their folder."""
    done = subprocess.run([script, "--kubernetes", version], stdout=subprocess.PIPE, check=False)
    if done.returncode != 0:
        raise Failure(f"{script} failed with status {done.returncode}")
    return done.stdout.decode().strip()
