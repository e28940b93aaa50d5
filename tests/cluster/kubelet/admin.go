// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"

	v1 "k8s.io/api/core/v1"
)

// Faults is what is wrong with a kubelet; the zero value is nothing.
type Faults struct {
	// Socket: "" or "up", "absent", "refused" (the file is there, nobody listens).
	Socket string `json:"socket,omitempty"`
	// DelayMS comes before every answer.
	DelayMS int `json:"delayMs,omitempty"`
	// Answer: "" or "right", "hang", "limited", "unimplemented", "error", "empty",
	// "garbage", "huge", "truncated"; of the method Method alone where one is named.
	Answer string `json:"answer,omitempty"`
	Method string `json:"method,omitempty"`
	// Unhealthy ids stay listed and are not allocatable; gone ones are not listed.
	Unhealthy []string `json:"unhealthy,omitempty"`
	Gone      []string `json:"gone,omitempty"`
	// ListFinished: finished pods are listed with what they held, as before 1.34.
	ListFinished bool `json:"listFinished,omitempty"`
	// Unmapped: ids that no rule knows.
	Unmapped bool `json:"unmapped,omitempty"`
	// Claims: what PodResources says of DRA, by "namespace/pod/container".
	Claims map[string][]Claim `json:"claims,omitempty"`
}

// Claim is a device that a container has by a resource claim.
type Claim struct {
	Name   string `json:"name"`
	Driver string `json:"driver"`
	Pool   string `json:"pool"`
	Device string `json:"device"`
}

func (n *Node) currentFaults() Faults {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	return n.faults
}

// disturb replaces the node's faults.
func (n *Node) disturb(faults Faults) error {
	n.admitting.Lock()
	defer n.admitting.Unlock()
	n.mutex.Lock()
	n.faults = faults
	n.mutex.Unlock()
	for _, plugin := range n.plugins {
		plugin.setHealth(setOf(faults.Unhealthy), setOf(faults.Gone))
		plugin.tell(context.Background(), n.manager())
	}
	if n.config.Report && n.api != nil {
		n.api.report(n)
	}
	return n.server.apply(faults)
}

func setOf(ids []string) map[string]bool {
	set := map[string]bool{}
	for _, id := range ids {
		set[id] = true
	}
	return set
}

// admin is the endpoint that the tests talk to.
type admin struct {
	nodes map[string]*Node
}

// serve listens, says where on the first line of the output, and does not return.
func (a *admin) serve(address string) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { reply(w, "ok") })
	mux.HandleFunc("GET /truth", func(w http.ResponseWriter, _ *http.Request) {
		a.each(w, func(n *Node) any { return n.truth() })
	})
	mux.HandleFunc("GET /pods", func(w http.ResponseWriter, _ *http.Request) {
		a.each(w, func(n *Node) any { return n.podStates() })
	})
	mux.HandleFunc("GET /faults", func(w http.ResponseWriter, _ *http.Request) {
		a.each(w, func(n *Node) any { return n.currentFaults() })
	})
	mux.HandleFunc("POST /faults", func(w http.ResponseWriter, r *http.Request) {
		var body struct {
			Nodes  []string `json:"nodes"` // none: all
			Faults Faults   `json:"faults"`
		}
		a.change(w, r, &body, func() error {
			return a.forEach(body.Nodes, func(n *Node) error { return n.disturb(body.Faults) })
		})
	})
	mux.HandleFunc("POST /restart", func(w http.ResponseWriter, r *http.Request) {
		var body struct {
			Nodes []string `json:"nodes"`
		}
		a.change(w, r, &body, func() error { return a.forEach(body.Nodes, (*Node).restart) })
	})
	// For tests without an API server: all pods of a node, as the API would list them.
	mux.HandleFunc("POST /pods", func(w http.ResponseWriter, r *http.Request) {
		var body struct {
			Node string    `json:"node"`
			Pods []*v1.Pod `json:"pods"`
		}
		a.change(w, r, &body, func() error {
			return a.forEach([]string{body.Node}, func(n *Node) error {
				n.reconcile(body.Pods)
				return nil
			})
		})
	})
	fmt.Printf("admin=%s nodes=%d\n", listener.Addr(), len(a.nodes))
	return http.Serve(listener, mux)
}

func reply(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(value)
}

// each answers {node: ask(node)}.
func (a *admin) each(w http.ResponseWriter, ask func(*Node) any) {
	answer := map[string]any{}
	for name, node := range a.nodes {
		answer[name] = ask(node)
	}
	reply(w, answer)
}

func (a *admin) forEach(names []string, work func(*Node) error) error {
	if len(names) == 0 {
		for name := range a.nodes {
			names = append(names, name)
		}
	}
	for _, name := range names {
		node := a.nodes[name]
		if node == nil {
			return fmt.Errorf("no node '%s'", name)
		}
		if err := work(node); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func (a *admin) change(w http.ResponseWriter, r *http.Request, body any, work func() error) {
	decoder := json.NewDecoder(r.Body)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(body); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if err := work(); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	reply(w, "ok")
}
