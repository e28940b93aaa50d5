// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"math/rand"
	"sort"
	"sync"

	"google.golang.org/grpc"
	"k8s.io/klog/v2"
	pluginapi "k8s.io/kubelet/pkg/apis/deviceplugin/v1beta1"
	"k8s.io/kubernetes/pkg/kubelet/cm/devicemanager"
)

// devicePlugin is what stands in for a vendor's plugin: it lists devices, and
// says which ones it would like when it is one that prefers, or when the choice
// is to be repeatable. The device manager calls it without a socket between.
type devicePlugin struct {
	resource  string
	devices   []DeviceConfig
	preferred bool
	seeded    bool

	mutex     sync.Mutex
	random    *rand.Rand
	unhealthy map[string]bool
	gone      map[string]bool
}

func newDevicePlugin(resource string, config ResourceConfig, seed int64) *devicePlugin {
	seeded := seed != 0
	for _, c := range resource {
		seed = seed*131 + int64(c)
	}
	return &devicePlugin{
		resource: resource, devices: config.Devices, preferred: config.Preferred,
		seeded: seeded, random: rand.New(rand.NewSource(seed)),
		unhealthy: map[string]bool{}, gone: map[string]bool{},
	}
}

// connect makes the plugin known to the kubelet's device manager.
func (p *devicePlugin) connect(ctx context.Context, manager *devicemanager.ManagerImpl) error {
	if err := manager.PluginConnected(ctx, p.resource, p); err != nil {
		return err
	}
	p.tell(ctx, manager)
	return nil
}

// tell sends the list of devices and their health.
func (p *devicePlugin) tell(ctx context.Context, manager *devicemanager.ManagerImpl) {
	manager.PluginListAndWatchReceiver(klog.FromContext(ctx), p.resource,
		&pluginapi.ListAndWatchResponse{Devices: p.list()})
}

func (p *devicePlugin) list() []*pluginapi.Device {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	var list []*pluginapi.Device
	for _, device := range p.devices {
		if p.gone[device.ID] {
			continue
		}
		entry := &pluginapi.Device{ID: device.ID, Health: pluginapi.Healthy}
		if p.unhealthy[device.ID] {
			entry.Health = pluginapi.Unhealthy
		}
		if len(device.NUMA) > 0 {
			entry.Topology = &pluginapi.TopologyInfo{}
			for _, numa := range device.NUMA {
				entry.Topology.Nodes = append(entry.Topology.Nodes, &pluginapi.NUMANode{ID: numa})
			}
		}
		list = append(list, entry)
	}
	return list
}

// setHealth replaces the sets of unhealthy and vanished ids.
func (p *devicePlugin) setHealth(unhealthy, gone map[string]bool) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.unhealthy, p.gone = unhealthy, gone
}

// API, Resource and SocketPath make it a plugin.DevicePlugin.
func (p *devicePlugin) API() pluginapi.DevicePluginClient { return p }
func (p *devicePlugin) Resource() string                  { return p.resource }
func (p *devicePlugin) SocketPath() string                { return "" }

func (p *devicePlugin) GetDevicePluginOptions(context.Context, *pluginapi.Empty,
	...grpc.CallOption) (*pluginapi.DevicePluginOptions, error) {
	return &pluginapi.DevicePluginOptions{
		GetPreferredAllocationAvailable: p.preferred || p.seeded,
	}, nil
}

func (p *devicePlugin) ListAndWatch(context.Context, *pluginapi.Empty,
	...grpc.CallOption) (grpc.ServerStreamingClient[pluginapi.ListAndWatchResponse], error) {
	return nil, errors.New("lists are sent by tell")
}

func (p *devicePlugin) PreStartContainer(context.Context, *pluginapi.PreStartContainerRequest,
	...grpc.CallOption) (*pluginapi.PreStartContainerResponse, error) {
	return &pluginapi.PreStartContainerResponse{}, nil
}

func (p *devicePlugin) Allocate(_ context.Context, request *pluginapi.AllocateRequest,
	_ ...grpc.CallOption) (*pluginapi.AllocateResponse, error) {
	response := &pluginapi.AllocateResponse{}
	for range request.ContainerRequests {
		response.ContainerResponses = append(response.ContainerResponses,
			&pluginapi.ContainerAllocateResponse{})
	}
	return response, nil
}

func (p *devicePlugin) GetPreferredAllocation(_ context.Context,
	request *pluginapi.PreferredAllocationRequest,
	_ ...grpc.CallOption) (*pluginapi.PreferredAllocationResponse, error) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	response := &pluginapi.PreferredAllocationResponse{}
	for _, container := range request.ContainerRequests {
		ids := p.choose(container.AvailableDeviceIDs, container.MustIncludeDeviceIDs,
			int(container.AllocationSize))
		response.ContainerResponses = append(response.ContainerResponses,
			&pluginapi.ContainerPreferredAllocationResponse{DeviceIDs: ids})
	}
	return response, nil
}

// choose picks `size` of the available ids, those that must be in it first.
func (p *devicePlugin) choose(available, must []string, size int) []string {
	free := map[string]bool{}
	for _, id := range available {
		free[id] = true
	}
	chosen := append([]string{}, must...)
	sort.Strings(chosen)
	for _, id := range chosen {
		delete(free, id)
	}
	var order []string
	if p.preferred {
		order = p.byGroup(free, size-len(chosen))
	} else {
		order = p.listed(free, func(DeviceConfig) bool { return true })
		p.random.Shuffle(len(order), func(i, k int) { order[i], order[k] = order[k], order[i] })
	}
	for _, id := range order {
		if len(chosen) < size {
			chosen = append(chosen, id)
		}
	}
	return chosen
}

// byGroup lists the free ids, those of the first group that has enough first.
func (p *devicePlugin) byGroup(free map[string]bool, needed int) []string {
	var order []string
	for _, device := range p.devices {
		group := p.listed(free, func(d DeviceConfig) bool { return d.Group == device.Group })
		if len(group) >= needed {
			order = group
			break
		}
	}
	return append(order, p.listed(free, func(DeviceConfig) bool { return true })...)
}

// listed gives the free ids that `wanted` accepts, in the order of the configuration.
func (p *devicePlugin) listed(free map[string]bool, wanted func(DeviceConfig) bool) []string {
	var ids []string
	for _, device := range p.devices {
		if free[device.ID] && wanted(device) {
			ids = append(ids, device.ID)
		}
	}
	return ids
}
