// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/encoding"
	_ "google.golang.org/grpc/encoding/proto" // the codec that rawCodec wraps
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	v1 "k8s.io/api/core/v1"
	podresourcesapi "k8s.io/kubelet/pkg/apis/podresources/v1"
	"k8s.io/kubernetes/pkg/kubelet/apis/podresources"
	"k8s.io/kubernetes/pkg/kubelet/cm/devicemanager"

	gotimerate "golang.org/x/time/rate"
	apisgrpc "k8s.io/kubernetes/pkg/kubelet/apis/grpc"
)

// hugeBytes is more than any client should take.
const hugeBytes = 64 << 20

// resourcesServer is the PodResources socket of a node: the kubelet's own
// service and rate limit, with faults in between.
type resourcesServer struct {
	node    *Node
	limiter *gotimerate.Limiter

	mutex  sync.Mutex
	grpc   *grpc.Server
	served sync.WaitGroup
}

func newResourcesServer(node *Node) (*resourcesServer, error) {
	if err := os.MkdirAll(filepath.Dir(node.config.Socket), 0o755); err != nil {
		return nil, err
	}
	s := &resourcesServer{node: node,
		limiter: gotimerate.NewLimiter(podresources.DefaultQPS, podresources.DefaultBurstTokens)}
	return s, s.start()
}

func (s *resourcesServer) start() error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.grpc != nil {
		return nil
	}
	if err := os.Remove(s.node.config.Socket); err != nil && !os.IsNotExist(err) {
		return err
	}
	listener, err := net.Listen("unix", s.node.config.Socket)
	if err != nil {
		return err
	}
	listener.(*net.UnixListener).SetUnlinkOnClose(false)
	s.grpc = grpc.NewServer(grpc.ForceServerCodecV2(rawCodec{encoding.GetCodecV2("proto")}),
		grpc.ChainUnaryInterceptor(apisgrpc.LimiterUnaryServerInterceptor(s.limiter), s.disturb))
	podresourcesapi.RegisterPodResourcesListerServer(s.grpc, podresources.NewV1PodResourcesServer(
		context.Background(), podresources.PodResourcesProviders{
			Pods: s, Devices: s, Cpus: s, Memory: s, DynamicResources: s}))
	server := s.grpc
	s.served.Add(1)
	go func() {
		defer s.served.Done()
		if err := server.Serve(listener); err != nil {
			fmt.Fprintln(os.Stderr, s.node.config.Name+":", err)
		}
	}()
	return nil
}

// stop closes the socket and cuts what is connected; the file stays where `keep`.
func (s *resourcesServer) stop(keep bool) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.grpc != nil {
		s.grpc.Stop()
		s.served.Wait()
		s.grpc = nil
	}
	if !keep {
		_ = os.Remove(s.node.config.Socket)
	}
}

// apply makes the socket what the faults say.
func (s *resourcesServer) apply(faults Faults) error {
	switch faults.Socket {
	case "absent":
		s.stop(false)
		return nil
	case "refused":
		s.stop(true)
		return nil
	default:
		return s.start()
	}
}

// ---- what the kubelet's service asks for

func (s *resourcesServer) GetActivePods() []*v1.Pod {
	if s.node.currentFaults().ListFinished {
		return s.GetPods()
	}
	return s.node.activePods()
}

func (s *resourcesServer) GetPods() []*v1.Pod {
	return s.node.listPods(func(*boundPod) bool { return true })
}

func (s *resourcesServer) GetPodByName(namespace, name string) (*v1.Pod, bool) {
	for _, pod := range s.node.activePods() {
		if pod.Namespace == namespace && pod.Name == name {
			return pod, true
		}
	}
	return nil, false
}

func (s *resourcesServer) UpdateAllocatedDevices() { s.node.manager().UpdateAllocatedDevices() }

func (s *resourcesServer) GetAllocatableDevices() []*podresourcesapi.ContainerDevices {
	return s.entries(s.node.manager().GetAllocatableDevices())
}

func (s *resourcesServer) GetDevices(uid, container string) []*podresourcesapi.ContainerDevices {
	s.node.mutex.Lock()
	bound := s.node.pods[uid]
	var held devicemanager.ResourceDeviceInstances
	finished := bound != nil && bound.state == "finished"
	if finished {
		held = bound.held[container]
	}
	s.node.mutex.Unlock()
	if finished {
		return s.entries(held)
	}
	return s.entries(s.node.manager().GetDevices(uid, container))
}

// entries has one entry for each device and each of its NUMA nodes, as the kubelet has.
func (s *resourcesServer) entries(
	devices devicemanager.ResourceDeviceInstances) []*podresourcesapi.ContainerDevices {
	unmapped := s.node.currentFaults().Unmapped
	var list []*podresourcesapi.ContainerDevices
	for resource, instances := range devices {
		for id, device := range instances {
			name := id
			if unmapped {
				name = "unheard-of-" + strings.ToUpper(id)
			}
			entry := func() *podresourcesapi.ContainerDevices {
				return &podresourcesapi.ContainerDevices{ResourceName: resource,
					DeviceIds: []string{name}}
			}
			if device.GetTopology() == nil {
				list = append(list, entry())
				continue
			}
			for _, numa := range device.GetTopology().GetNodes() {
				at := entry()
				at.Topology = &podresourcesapi.TopologyInfo{
					Nodes: []*podresourcesapi.NUMANode{{ID: numa.GetID()}}}
				list = append(list, at)
			}
		}
	}
	return list
}

func (s *resourcesServer) GetCPUs(string, string) []int64                              { return nil }
func (s *resourcesServer) GetAllocatableCPUs() []int64                                 { return nil }
func (s *resourcesServer) GetMemory(string, string) []*podresourcesapi.ContainerMemory { return nil }
func (s *resourcesServer) GetAllocatableMemory() []*podresourcesapi.ContainerMemory    { return nil }

func (s *resourcesServer) GetDynamicResources(pod *v1.Pod,
	container *v1.Container) []*podresourcesapi.DynamicResource {
	var list []*podresourcesapi.DynamicResource
	key := pod.Namespace + "/" + pod.Name + "/" + container.Name
	for _, claim := range s.node.currentFaults().Claims[key] {
		list = append(list, &podresourcesapi.DynamicResource{
			ClaimName: claim.Name, ClaimNamespace: pod.Namespace,
			ClaimResources: []*podresourcesapi.ClaimResource{{
				DriverName: claim.Driver, PoolName: claim.Pool, DeviceName: claim.Device}}})
	}
	return list
}

// ---- faults

// disturb answers in place of the service, or late, where the faults say so.
func (s *resourcesServer) disturb(ctx context.Context, request any, info *grpc.UnaryServerInfo,
	handler grpc.UnaryHandler) (any, error) {
	faults := s.node.currentFaults()
	if faults.DelayMS > 0 {
		select {
		case <-time.After(time.Duration(faults.DelayMS) * time.Millisecond):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if faults.Method != "" && !strings.HasSuffix(info.FullMethod, "/"+faults.Method) {
		return handler(ctx, request)
	}
	switch faults.Answer {
	case "", "right":
		return handler(ctx, request)
	case "hang":
		<-ctx.Done()
		return nil, ctx.Err()
	case "limited":
		return nil, apisgrpc.ErrorLimitExceeded
	case "unimplemented":
		return nil, status.Error(codes.Unimplemented, "unknown method "+info.FullMethod)
	case "error":
		return nil, status.Error(codes.Internal, "100% broken: \"\t\u2603\"")
	case "empty":
		return rawAnswer{}, nil
	case "garbage":
		return rawAnswer("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x07garbage"), nil
	case "huge":
		return rawAnswer(strings.Repeat("\x0a\x06\x0a\x01p\x12\x01n", hugeBytes/8)), nil
	case "truncated":
		answer, err := handler(ctx, request)
		if err != nil {
			return nil, err
		}
		whole, err := proto.Marshal(answer.(proto.Message))
		// In the middle of the first field, which every reader must notice.
		return rawAnswer(whole[:min(len(whole), 3)]), err
	}
	return nil, status.Error(codes.Internal, "no such fault: "+faults.Answer)
}

// rawAnswer goes out as it is.
type rawAnswer []byte

// rawCodec is the protobuf codec, but for raw answers.
type rawCodec struct{ encoding.CodecV2 }

func (c rawCodec) Marshal(value any) (mem.BufferSlice, error) {
	if raw, ok := value.(rawAnswer); ok {
		return mem.BufferSlice{mem.SliceBuffer(raw)}, nil
	}
	return c.CodecV2.Marshal(value)
}
