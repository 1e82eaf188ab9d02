package servers

import (
	"context"
	"errors"
	"net"
	"os"
	"strconv"
)

// Ports are taken from below those that systems give to clients: a client that
// calls again and again, while a server restarts, would else one day be given the
// server's own port and connect to itself.
const (
	firstPort = 15000
	portCount = 10000
)

// freePort finds a port of 127.0.0.1 that nobody listens on. Processes begin at
// different places.
func freePort() (int, error) {
	begin := os.Getpid() * 31
	for i := range portCount {
		port := firstPort + (begin+i)%portCount
		var config net.ListenConfig
		listener, err := config.Listen(context.Background(), "tcp", "127.0.0.1:"+strconv.Itoa(port))
		if err != nil {
			continue
		}
		return port, listener.Close()
	}
	return 0, errors.New("servers: no port is free")
}
