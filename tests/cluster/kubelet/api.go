// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"sort"
	"time"

	v1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

const (
	// retryPause is short on purpose: the tests measure our programs' recovery,
	// not the kubelet's.
	retryPause   = 200 * time.Millisecond
	callTimeout  = 10 * time.Second
	watchSeconds = 300
	writersMax   = 16
)

// apiServer is the API server as the kubelets use it.
type apiServer struct {
	client  kubernetes.Interface
	nodes   map[string]*Node
	queues  map[string]chan func()
	writers chan struct{}
}

func newAPIServer(kubeconfig string) (*apiServer, error) {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, err
	}
	if err := useToken(config, kubeconfig); err != nil {
		return nil, err
	}
	config.RateLimiter = nil
	config.QPS = -1
	config.UserAgent = "kubelet-stub"
	config.WarningHandler = rest.NoWarnings{}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	return &apiServer{
		client: client, nodes: map[string]*Node{}, queues: map[string]chan func(){},
		writers: make(chan struct{}, writersMax),
	}, nil
}

// useToken gives a token to a plain server too, which the library does not: it
// is a proxy on the loopback.
func useToken(config *rest.Config, kubeconfig string) error {
	file, err := clientcmd.LoadFromFile(kubeconfig)
	if err != nil {
		return err
	}
	current := file.Contexts[file.CurrentContext]
	if current == nil || file.AuthInfos[current.AuthInfo] == nil {
		return nil
	}
	user := file.AuthInfos[current.AuthInfo]
	config.BearerToken, config.BearerTokenFile = user.Token, user.TokenFile
	return nil
}

// add makes a node's pods be followed; all are added before run.
func (a *apiServer) add(node *Node) {
	queue := make(chan func(), 4096)
	a.nodes[node.config.Name] = node
	a.queues[node.config.Name] = queue
	go func() {
		for work := range queue {
			work()
		}
	}()
}

// run follows the pods of all nodes and never returns.
func (a *apiServer) run() {
	for {
		if version, err := a.list(); err != nil {
			fmt.Fprintln(os.Stderr, "list pods:", err)
		} else {
			a.follow(version)
		}
		time.Sleep(retryPause)
	}
}

// selector is one node's pods where there is one node, else all that are bound.
func (a *apiServer) selector() string {
	if len(a.nodes) == 1 {
		for name := range a.nodes {
			return fields.OneTermEqualSelector("spec.nodeName", name).String()
		}
	}
	return fields.OneTermNotEqualSelector("spec.nodeName", "").String()
}

func (a *apiServer) list() (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
	defer cancel()
	pods, err := a.client.CoreV1().Pods("").List(ctx, metav1.ListOptions{
		FieldSelector: a.selector(), ResourceVersion: "0"})
	if err != nil {
		return "", err
	}
	byNode := map[string][]*v1.Pod{}
	for i := range pods.Items {
		pod := &pods.Items[i]
		byNode[pod.Spec.NodeName] = append(byNode[pod.Spec.NodeName], pod)
	}
	for name, node := range a.nodes {
		bound := byNode[name]
		sort.Slice(bound, func(i, k int) bool { return older(bound[i], bound[k]) })
		a.queues[name] <- func() { node.reconcile(bound) }
	}
	return pods.ResourceVersion, nil
}

// reconcile takes the whole list of a node's pods.
func (n *Node) reconcile(pods []*v1.Pod) {
	there := map[string]bool{}
	for _, pod := range pods {
		there[string(pod.UID)] = true
	}
	for _, state := range n.podStates() {
		if !there[state.UID] {
			n.forget(state.UID)
		}
	}
	for _, pod := range pods {
		n.sync(pod)
	}
}

// follow watches until the server says that a new list is needed.
func (a *apiServer) follow(version string) {
	seconds := int64(watchSeconds)
	for {
		events, err := a.client.CoreV1().Pods("").Watch(context.Background(), metav1.ListOptions{
			FieldSelector: a.selector(), ResourceVersion: version, AllowWatchBookmarks: true,
			TimeoutSeconds: &seconds})
		if apierrors.IsGone(err) || apierrors.IsResourceExpired(err) {
			return
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "watch pods:", err)
			time.Sleep(retryPause)
			continue
		}
		for event := range events.ResultChan() {
			if event.Type == watch.Error {
				fmt.Fprintln(os.Stderr, "watch pods:", apierrors.FromObject(event.Object))
				events.Stop()
				return
			}
			pod, ok := event.Object.(*v1.Pod)
			if !ok {
				continue
			}
			version = pod.ResourceVersion
			a.dispatch(event.Type, pod)
		}
		time.Sleep(retryPause / 10)
	}
}

func (a *apiServer) dispatch(kind watch.EventType, pod *v1.Pod) {
	node := a.nodes[pod.Spec.NodeName]
	if node == nil || kind == watch.Bookmark {
		return
	}
	a.queues[pod.Spec.NodeName] <- func() {
		if kind == watch.Deleted {
			node.forget(string(pod.UID))
		} else {
			node.sync(pod)
		}
	}
}

// ---- writes: each is tried until it is done or makes no sense any more

func (a *apiServer) write(what string, call func(context.Context) error) {
	go func() {
		a.writers <- struct{}{}
		defer func() { <-a.writers }()
		for {
			ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
			err := call(ctx)
			cancel()
			if err == nil || apierrors.IsNotFound(err) || apierrors.IsConflict(err) {
				return
			}
			fmt.Fprintln(os.Stderr, what+":", err)
			if apierrors.IsInvalid(err) || apierrors.IsBadRequest(err) {
				return
			}
			time.Sleep(retryPause)
		}
	}()
}

func (a *apiServer) patchStatus(pod *v1.Pod, status map[string]any) {
	body, err := json.Marshal(map[string]any{
		"metadata": map[string]any{"uid": string(pod.UID)}, "status": status})
	if err != nil {
		panic(err) // of our own making
	}
	a.write("status of pod "+pod.Name, func(ctx context.Context) error {
		_, err := a.client.CoreV1().Pods(pod.Namespace).Patch(ctx, pod.Name,
			types.StrategicMergePatchType, body, metav1.PatchOptions{}, "status")
		return err
	})
}

func condition(kind, value string) map[string]any {
	return map[string]any{"type": kind, "status": value,
		"lastTransitionTime": time.Now().UTC().Format(time.RFC3339)}
}

func scheduled(pod *v1.Pod) bool {
	for _, c := range pod.Status.Conditions {
		if c.Type == v1.PodScheduled && c.Status == v1.ConditionTrue {
			return true
		}
	}
	return false
}

func (a *apiServer) running(pod *v1.Pod) {
	if pod.Status.Phase == v1.PodRunning {
		return // known from before a restart
	}
	conditions := []any{condition("Initialized", "True"), condition("Ready", "True"),
		condition("ContainersReady", "True")}
	if !scheduled(pod) { // created with its node: no binding has said so
		conditions = append(conditions, condition("PodScheduled", "True"))
	}
	a.patchStatus(pod, map[string]any{"phase": "Running", "conditions": conditions,
		"startTime": time.Now().UTC().Format(time.RFC3339)})
}

func (a *apiServer) rejected(pod *v1.Pod, reason, message string) {
	a.patchStatus(pod, map[string]any{"phase": "Failed", "reason": reason, "message": message,
		"startTime": time.Now().UTC().Format(time.RFC3339)})
}

// remove ends a graceful deletion, as the kubelet does when all has stopped.
func (a *apiServer) remove(pod *v1.Pod) {
	now, uid := int64(0), pod.UID
	a.write("deletion of pod "+pod.Name, func(ctx context.Context) error {
		return a.client.CoreV1().Pods(pod.Namespace).Delete(ctx, pod.Name, metav1.DeleteOptions{
			GracePeriodSeconds: &now, Preconditions: &metav1.Preconditions{UID: &uid}})
	})
}

// report writes the counts of a node's devices into its status.
func (a *apiServer) report(node *Node) {
	capacity, allocatable, _ := node.manager().GetCapacity()
	body, err := json.Marshal(map[string]any{
		"status": map[string]any{"capacity": capacity, "allocatable": allocatable}})
	if err != nil {
		panic(err)
	}
	a.write("status of node "+node.config.Name, func(ctx context.Context) error {
		_, err := a.client.CoreV1().Nodes().Patch(ctx, node.config.Name,
			types.StrategicMergePatchType, body, metav1.PatchOptions{}, "status")
		return err
	})
}
