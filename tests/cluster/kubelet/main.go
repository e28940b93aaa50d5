// SPDX-License-Identifier: Apache-2.0

// kubelet-stub is the part of a kubelet that hands out devices, without
// containers: the kubelet's own device manager, Topology Manager and
// PodResources service, and in place of all else a watch of the pods that are
// bound to its nodes. One process is the kubelet of many nodes.
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/go-logr/logr"
	"k8s.io/klog/v2"
)

func main() {
	path := flag.String("config", "", "the file that says which nodes to serve")
	socket := flag.String("ask", "", "call the PodResources socket of this path instead")
	method := flag.String("method", "List", "what to call there: List or GetAllocatableResources")
	seconds := flag.Int("timeout", 5, "how long to wait for the answer, in seconds")
	flag.Parse()
	var err error
	if *socket != "" {
		err = ask(*socket, *method, *seconds)
	} else {
		err = run(*path)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "kubelet-stub:", err)
		os.Exit(1)
	}
}

func run(path string) error {
	config, err := readConfig(path)
	if err != nil {
		return err
	}
	if !config.Verbose {
		klog.SetLoggerWithOptions(logr.Discard(), klog.ContextualLogger(true))
	}
	var api *apiServer
	if config.Kubeconfig != "" {
		if api, err = newAPIServer(config.Kubeconfig); err != nil {
			return err
		}
	}
	nodes := map[string]*Node{}
	for _, each := range config.Nodes {
		node, err := newNode(each, api)
		if err != nil {
			return err
		}
		nodes[each.Name] = node
		if api != nil {
			api.add(node)
			if each.Report {
				api.report(node)
			}
		}
	}
	if api != nil {
		go api.run()
	}
	return (&admin{nodes: nodes}).serve(config.Listen)
}
