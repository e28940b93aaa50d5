// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	podresourcesapi "k8s.io/kubelet/pkg/apis/podresources/v1"
)

// answerMax is what this client takes; the default of 4 MiB is less than a kubelet may send.
const answerMax = 16 << 20

// ask calls a PodResources socket as any Go client does and prints the answer as JSON.
func ask(socket, method string, seconds int) error {
	connection, err := grpc.NewClient("unix:"+socket,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(answerMax)))
	if err != nil {
		return err
	}
	defer connection.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(seconds)*time.Second)
	defer cancel()
	client := podresourcesapi.NewPodResourcesListerClient(connection)
	var answer proto.Message
	switch method {
	case "List":
		answer, err = client.List(ctx, &podresourcesapi.ListPodResourcesRequest{})
	case "GetAllocatableResources":
		answer, err = client.GetAllocatableResources(ctx,
			&podresourcesapi.AllocatableResourcesRequest{})
	default:
		return fmt.Errorf("no method '%s'", method)
	}
	if err != nil {
		return err
	}
	text, err := protojson.Marshal(answer)
	fmt.Println(string(text))
	return err
}
