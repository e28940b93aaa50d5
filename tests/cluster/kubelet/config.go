// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// socketPathMax is the longest path of a unix socket (sockaddr_un less its NUL).
const socketPathMax = 107

// Config is the file that --config names.
type Config struct {
	// Kubeconfig names the API server; without one, pods come from POST /pods alone.
	Kubeconfig string `json:"kubeconfig,omitempty"`
	// Listen is the address of the admin endpoint, 127.0.0.1:0 by default.
	Listen string `json:"listen,omitempty"`
	// Verbose prints the kubelet code's own log.
	Verbose bool         `json:"verbose,omitempty"`
	Nodes   []NodeConfig `json:"nodes"`
}

// NodeConfig is one kubelet.
type NodeConfig struct {
	Name string `json:"name"`
	// Socket is where PodResources is served.
	Socket string `json:"socket"`
	// State is the folder of the checkpoint kubelet_internal_checkpoint. It
	// survives a restart, and so do the allocations.
	State string `json:"state"`
	// NUMANodes is how many the machine has, numbered from 0.
	NUMANodes int `json:"numaNodes"`
	// Policy, Scope and Options are those of the Topology Manager.
	Policy  string            `json:"policy,omitempty"`
	Scope   string            `json:"scope,omitempty"`
	Options map[string]string `json:"options,omitempty"`
	// Seed makes the choice among equal devices repeatable; 0 leaves it to the
	// kubelet's own order, which is random.
	Seed int64 `json:"seed,omitempty"`
	// Report writes the counts of devices into the Node's status.
	Report    bool                      `json:"report,omitempty"`
	Resources map[string]ResourceConfig `json:"resources"`
}

// ResourceConfig is one device plugin.
type ResourceConfig struct {
	// Preferred plugins ask for a good set: the devices of the first group that
	// has enough free ones, else the first free ones as they are listed.
	Preferred bool           `json:"preferred,omitempty"`
	Devices   []DeviceConfig `json:"devices"`
}

// DeviceConfig is one device as its plugin names it.
type DeviceConfig struct {
	ID  string `json:"id"`
	PCI string `json:"pci"`
	// NUMA is the device's NUMA nodes; none: the plugin says nothing of them.
	NUMA  []int64 `json:"numa,omitempty"`
	Group string  `json:"group,omitempty"`
}

func readConfig(path string) (*Config, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(strings.NewReader(string(data)))
	decoder.DisallowUnknownFields()
	config := &Config{Listen: "127.0.0.1:0"}
	if err := decoder.Decode(config); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	names := map[string]bool{}
	for i := range config.Nodes {
		node := &config.Nodes[i]
		if err := node.complete(); err != nil {
			return nil, fmt.Errorf("%s: nodes[%d]: %w", path, i, err)
		}
		if names[node.Name] {
			return nil, fmt.Errorf("%s: nodes[%d]: name '%s' is taken", path, i, node.Name)
		}
		names[node.Name] = true
	}
	return config, nil
}

// complete fills in the kubelet's own defaults and refuses what cannot work.
func (node *NodeConfig) complete() error {
	if node.Name == "" {
		return fmt.Errorf("no name")
	}
	if node.Policy == "" {
		node.Policy = "none"
	}
	if node.Scope == "" {
		node.Scope = "container"
	}
	if node.NUMANodes < 1 {
		return fmt.Errorf("%s: numaNodes is %d", node.Name, node.NUMANodes)
	}
	for _, path := range []string{node.Socket, filepath.Join(node.State, "kubelet.sock")} {
		if !filepath.IsAbs(path) {
			return fmt.Errorf("%s: '%s' is not an absolute path", node.Name, path)
		}
		if len(path) > socketPathMax {
			return fmt.Errorf("%s: '%s' has %d characters, a socket's path has at most %d",
				node.Name, path, len(path), socketPathMax)
		}
	}
	for resource, plugin := range node.Resources {
		seen := map[string]bool{}
		for _, device := range plugin.Devices {
			if device.ID == "" || seen[device.ID] {
				return fmt.Errorf("%s: %s: device id '%s' is empty or there twice",
					node.Name, resource, device.ID)
			}
			seen[device.ID] = true
		}
	}
	return nil
}
