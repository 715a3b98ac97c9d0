// Package engine connects to the container engine: Docker, or anything that speaks
// its API on the address in DOCKER_HOST.
package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/moby/moby/api/types/system"
	"github.com/moby/moby/client"

	"github.com/reprise-lab/reprise/topologies"
)

// pingTimeout bounds the first answer of an engine that is up.
const pingTimeout = 5 * time.Second

// Connect opens a client of the local engine and makes sure that it answers. An
// engine that does not is a *topologies.MissingError. The caller closes the client.
func Connect(ctx context.Context) (*client.Client, error) {
	c, err := client.New(client.FromEnv)
	if err != nil {
		return nil, fmt.Errorf("set up the engine client: %w", err)
	}
	pingCtx, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	if _, err := c.Ping(pingCtx, client.PingOptions{NegotiateAPIVersion: true}); err != nil {
		_ = c.Close() // nothing was sent that could be lost
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, Missing(c.DaemonHost(), err)
	}
	return c, nil
}

// Missing is the error for an engine that does not answer at address.
func Missing(address string, err error) error {
	return &topologies.MissingError{
		What: "engine", Name: "docker at " + address,
		Hint: fmt.Sprintf("run: reprise doctor --fix (%v)", err),
	}
}

// Backing is the file system that an engine's storage driver works on.
func Backing(info system.Info) string {
	for _, s := range info.DriverStatus {
		if s[0] == "Backing Filesystem" {
			return s[1]
		}
	}
	return "an unknown file system"
}

// Quota says whether a storage driver can bound a container's files. Whether xfs was mounted
// with quotas it does not tell: making a container then fails.
func Quota(info system.Info) bool {
	return info.Driver == "btrfs" || info.Driver == "zfs" || info.Driver == "overlay2" && Backing(info) == "xfs"
}
