// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"sync"
	"time"
	_ "unsafe" // for the linkname below

	cadvisorapi "github.com/google/cadvisor/info/v1"
	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/pkg/kubelet/cm/containermap"
	"k8s.io/kubernetes/pkg/kubelet/cm/devicemanager"
	"k8s.io/kubernetes/pkg/kubelet/cm/topologymanager"
	"k8s.io/kubernetes/pkg/kubelet/config"
	"k8s.io/kubernetes/pkg/kubelet/lifecycle"
)

// The exported constructor puts its folder where a real kubelet has it; a test
// has many kubelets, each with a folder of its own.
//
//go:linkname newDeviceManager k8s.io/kubernetes/pkg/kubelet/cm/devicemanager.newManagerImpl
func newDeviceManager(logger klog.Logger, socketPath string, topology []cadvisorapi.Node,
	store topologymanager.Store) (*devicemanager.ManagerImpl, error)

// Node is one kubelet: the real device manager and Topology Manager, and the
// pods that are bound to it.
type Node struct {
	config   NodeConfig
	devices  *devicemanager.ManagerImpl
	topology topologymanager.Manager
	plugins  map[string]*devicePlugin
	pci      map[string]map[string]string // resource, id -> PCI address
	api      *apiServer                   // nil without one
	server   *resourcesServer

	admitting sync.Mutex // one pod at a time, as in the kubelet's loop
	mutex     sync.Mutex // guards what follows
	pods      map[string]*boundPod
	faults    Faults
	restarts  int
}

// boundPod is a pod of this node that the API has.
type boundPod struct {
	pod    *v1.Pod
	state  string // "admitting", "running", "rejected", "finished"
	reason string
	since  time.Time
	held   map[string]devicemanager.ResourceDeviceInstances // container -> as finished
}

func newNode(config NodeConfig, api *apiServer) (*Node, error) {
	node := &Node{
		config: config, api: api, plugins: map[string]*devicePlugin{},
		pci: map[string]map[string]string{}, pods: map[string]*boundPod{},
	}
	for resource, plugin := range config.Resources {
		node.plugins[resource] = newDevicePlugin(resource, plugin, config.Seed)
		node.pci[resource] = map[string]string{}
		for _, device := range plugin.Devices {
			node.pci[resource][device.ID] = device.PCI
		}
	}
	if err := os.MkdirAll(config.State, 0o755); err != nil {
		return nil, err
	}
	if err := node.startManagers(); err != nil {
		return nil, fmt.Errorf("%s: %w", config.Name, err)
	}
	server, err := newResourcesServer(node)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", config.Name, err)
	}
	node.server = server
	return node, nil
}

// startManagers makes what a kubelet makes as it starts; the device manager
// takes its allocations back from the checkpoint.
func (n *Node) startManagers() error {
	ctx := context.Background()
	var cells []cadvisorapi.Node
	for id := 0; id < n.config.NUMANodes; id++ {
		cells = append(cells, cadvisorapi.Node{Id: id, Distances: distances(id, n.config.NUMANodes)})
	}
	topology, err := topologymanager.NewManager(cells, n.config.Policy, n.config.Scope,
		n.config.Options)
	if err != nil {
		return err
	}
	socket := filepath.Join(n.config.State, "kubelet.sock")
	devices, err := newDeviceManager(klog.Background(), socket, cells, topology)
	if err != nil {
		return err
	}
	ready := config.NewSourcesReady(func(sets.Set[string]) bool { return true })
	err = devices.Start(klog.Background(), n.activePods, ready, containermap.NewContainerMap(),
		sets.New[string]())
	if err != nil {
		return err
	}
	topology.AddHintProvider(klog.Background(), devices)
	for _, plugin := range n.plugins {
		if err := plugin.connect(ctx, devices); err != nil {
			return err
		}
	}
	n.mutex.Lock()
	n.devices, n.topology = devices, topology
	n.mutex.Unlock()
	return nil
}

// distances is a line of a NUMA distance table: 10 to itself, 21 to the others.
func distances(id, count int) []uint64 {
	line := make([]uint64, count)
	for i := range line {
		line[i] = 21
	}
	line[id] = 10
	return line
}

// restart ends the kubelet and starts it again: what it knew is gone but for
// the checkpoint and what the API tells it.
func (n *Node) restart() error {
	n.admitting.Lock()
	defer n.admitting.Unlock()
	n.server.stop(false)
	if err := n.manager().Stop(klog.Background()); err != nil {
		return err
	}
	if err := n.startManagers(); err != nil {
		return err
	}
	n.mutex.Lock()
	n.restarts++
	faults := n.faults
	n.mutex.Unlock()
	return n.server.apply(faults)
}

func (n *Node) manager() *devicemanager.ManagerImpl {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	return n.devices
}

// ---- pods

func (n *Node) listPods(wanted func(*boundPod) bool) []*v1.Pod {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	var found []*v1.Pod
	for _, bound := range n.pods {
		if wanted(bound) {
			found = append(found, bound.pod)
		}
	}
	sort.Slice(found, func(i, k int) bool { return older(found[i], found[k]) })
	return found
}

// activePods are those that may hold devices, the one being admitted too.
func (n *Node) activePods() []*v1.Pod {
	return n.listPods((*boundPod).active)
}

func (b *boundPod) active() bool {
	return b.state == "admitting" || b.state == "running"
}

// older is the order in which the kubelet admits pods that it gets at once.
func older(a, b *v1.Pod) bool {
	if !a.CreationTimestamp.Equal(&b.CreationTimestamp) {
		return a.CreationTimestamp.Before(&b.CreationTimestamp)
	}
	return a.UID < b.UID
}

func terminal(pod *v1.Pod) bool {
	return pod.Status.Phase == v1.PodSucceeded || pod.Status.Phase == v1.PodFailed
}

// sync takes a pod as the API has it: a new one is admitted or refused, a
// finished one gives its devices back.
func (n *Node) sync(pod *v1.Pod) {
	n.admitting.Lock()
	defer n.admitting.Unlock()
	uid := string(pod.UID)
	n.mutex.Lock()
	bound, known := n.pods[uid]
	ended := terminal(pod) || pod.DeletionTimestamp != nil
	if !known && terminal(pod) {
		n.pods[uid] = &boundPod{pod: pod, state: "finished", since: time.Now()}
	} else if !known {
		bound = &boundPod{pod: pod, state: "admitting", since: time.Now()}
		n.pods[uid] = bound
	} else {
		bound.pod = pod
	}
	n.mutex.Unlock()

	if !known && !ended {
		n.admit(bound)
	} else if ended && bound != nil && bound.active() {
		n.finish(bound)
	}
	if pod.DeletionTimestamp != nil && n.api != nil {
		n.api.remove(pod)
	}
}

// forget drops a pod that the API no longer has.
func (n *Node) forget(uid string) {
	n.admitting.Lock()
	defer n.admitting.Unlock()
	n.mutex.Lock()
	_, known := n.pods[uid]
	delete(n.pods, uid)
	n.mutex.Unlock()
	if known {
		n.manager().UpdateAllocatedDevices()
	}
}

func (n *Node) admit(bound *boundPod) {
	pod := bound.pod
	result := n.topology.Admit(&lifecycle.PodAdmitAttributes{
		Pod: pod, OtherPods: n.activePods(), Operation: lifecycle.AddOperation})
	n.mutex.Lock()
	bound.since = time.Now()
	if result.Admit {
		bound.state = "running"
	} else {
		bound.state, bound.reason = "rejected", result.Reason
	}
	n.mutex.Unlock()
	if !result.Admit {
		n.manager().UpdateAllocatedDevices()
	}
	if n.api == nil {
		return
	}
	if result.Admit {
		n.api.running(pod)
	} else {
		n.api.rejected(pod, result.Reason, "Pod was rejected: "+result.Message)
	}
}

// finish frees a pod's devices; the pod itself stays until the API drops it.
func (n *Node) finish(bound *boundPod) {
	held := map[string]devicemanager.ResourceDeviceInstances{}
	for _, container := range containersOf(bound.pod) {
		held[container.Name] = n.manager().GetDevices(string(bound.pod.UID), container.Name)
	}
	n.mutex.Lock()
	bound.state, bound.held, bound.since = "finished", held, time.Now()
	n.mutex.Unlock()
	n.manager().UpdateAllocatedDevices()
}

func containersOf(pod *v1.Pod) []v1.Container {
	all := append([]v1.Container{}, pod.Spec.InitContainers...)
	return append(all, pod.Spec.Containers...)
}

// ---- the truth

// Holder is a container that holds a device.
type Holder struct {
	Namespace string  `json:"namespace"`
	Name      string  `json:"name"`
	UID       string  `json:"uid"`
	Container string  `json:"container"`
	Resource  string  `json:"resource"`
	ID        string  `json:"id"`
	Since     float64 `json:"since"` // when the kubelet admitted the pod, Unix time in seconds
}

// truth says who holds which PCI address. Devices of a finished init container
// stay its pod's until the pod ends, though PodResources does not list them.
func (n *Node) truth() map[string][]Holder {
	found := map[string][]Holder{}
	for _, pod := range n.activePods() {
		n.mutex.Lock()
		bound := n.pods[string(pod.UID)]
		since := time.Time{}
		if bound != nil {
			since = bound.since
		}
		n.mutex.Unlock()
		for _, container := range containersOf(pod) {
			for resource, devices := range n.manager().GetDevices(string(pod.UID), container.Name) {
				for id := range devices {
					pci := n.pci[resource][id]
					found[pci] = append(found[pci], Holder{
						Namespace: pod.Namespace, Name: pod.Name, UID: string(pod.UID),
						Container: container.Name, Resource: resource, ID: id,
						Since: float64(since.UnixMilli()) / 1000})
				}
			}
		}
	}
	return found
}

// PodState is a pod as this kubelet sees it.
type PodState struct {
	Namespace string  `json:"namespace"`
	Name      string  `json:"name"`
	UID       string  `json:"uid"`
	State     string  `json:"state"`
	Reason    string  `json:"reason,omitempty"`
	Since     float64 `json:"since"`
}

func (n *Node) podStates() []PodState {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	states := []PodState{}
	for uid, bound := range n.pods {
		states = append(states, PodState{
			Namespace: bound.pod.Namespace, Name: bound.pod.Name, UID: uid, State: bound.state,
			Reason: bound.reason, Since: float64(bound.since.UnixMilli()) / 1000})
	}
	sort.Slice(states, func(i, k int) bool { return states[i].UID < states[k].UID })
	return states
}
