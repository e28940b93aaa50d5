# SPDX-License-Identifier: Apache-2.0
"""The Kubernetes objects that the cases create."""

NPU = "npu.huawei.com/ascend910b"
GPU = "nvidia.com/gpu"
EXAMPLE = {NPU: "2", GPU: "1"}      # the pod of the example
PODS = "/api/v1/namespaces/default/pods"
NODES = "/api/v1/nodes"


def node(name, devices, annotations=None, cpu=64, memory_gib=512):
    """A node that is ready; `devices` are its counts by resource name."""
    amounts = {"cpu": str(cpu), "memory": f"{memory_gib}Gi", "pods": "200",
               **{resource: str(count) for resource, count in devices.items()}}
    return {"metadata": {"name": name, "annotations": annotations or {},
                         "labels": {"kubernetes.io/hostname": name}},
            "status": {"capacity": amounts, "allocatable": amounts,
                       "conditions": [{"type": "Ready", "status": "True"}]}}


def pod(name, limits=None, requests=None, annotations=None, on_node=None, priority_class=None,
        only_on=None):
    """A pod of one container; `on_node` binds it already as it is created, `only_on` lets
    kube-scheduler bind it to that node alone."""
    resources = {"limits": limits or {}, "requests": {"cpu": "100m", "memory": "128Mi",
                                                      **(requests or {}), **(limits or {})}}
    spec = {"automountServiceAccountToken": False,
            "terminationGracePeriodSeconds": 0,     # there is no kubelet to end it
            "containers": [{"name": "main", "image": "example.invalid/work:1",
                            "resources": resources}]}
    if on_node:
        spec["nodeName"] = on_node
    if only_on:
        spec["nodeSelector"] = {"kubernetes.io/hostname": only_on}
    if priority_class:
        spec["priorityClassName"] = priority_class
    return {"metadata": {"name": name, "namespace": "default", "annotations": annotations or {}},
            "spec": spec}


def priority_class(name, value):
    return {"metadata": {"name": name}, "value": value}
