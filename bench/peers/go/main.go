// The customer service on grpc-go as its examples write it: a map behind a lock, default settings and limits.
//
// Usage: peer-go ADDRESS:PORT
//
//	peer-go --version
package main

import (
	"context"
	"fmt"
	"log"
	"net"
	"os"
	"runtime"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	pb "ticketing"
)

const pageSize = 100

type customers struct {
	pb.UnimplementedCustomerControllerServer
	mutex sync.RWMutex
	byID  map[string]*pb.Customer
}

func (c *customers) GetCustomer(_ context.Context, request *pb.GetCustomerRequest) (*pb.Customer, error) {
	c.mutex.RLock()
	defer c.mutex.RUnlock()
	if found, ok := c.byID[request.Id]; ok {
		return found, nil
	}
	return nil, status.Error(codes.NotFound, "no such customer")
}

func (c *customers) CreateCustomer(_ context.Context, request *pb.CreateCustomerRequest) (*pb.Customer, error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	created := &pb.Customer{
		// As long as the product's.
		Id:        fmt.Sprintf("%036d", len(c.byID)),
		FirstName: request.FirstName,
		LastName:  request.LastName,
	}
	c.byID[created.Id] = created
	return created, nil
}

func (c *customers) ListCustomers(context.Context, *pb.ListCustomersRequest) (*pb.CustomerList, error) {
	c.mutex.RLock()
	defer c.mutex.RUnlock()
	list := &pb.CustomerList{}
	for _, customer := range c.byID {
		if len(list.Customers) == pageSize {
			break
		}
		list.Customers = append(list.Customers, customer)
	}
	return list, nil
}

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: peer-go ADDRESS:PORT | --version")
	}
	if os.Args[1] == "--version" {
		fmt.Printf("grpc-go %s, %s\n", grpc.Version, runtime.Version())
		return
	}
	listener, err := net.Listen("tcp", os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	server := grpc.NewServer()
	pb.RegisterCustomerControllerServer(server, &customers{byID: map[string]*pb.Customer{}})
	log.Fatal(server.Serve(listener))
}
