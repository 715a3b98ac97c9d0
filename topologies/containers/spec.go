package containers

import (
	"maps"
	"os"
	"strings"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
	"github.com/testcontainers/testcontainers-go"

	"github.com/reprise-lab/reprise/topologies/wiring"
)

// tunDevice lets a switch in user space have ports of its own, where the host can.
const tunDevice = "/dev/net/tun"

// request describes a node's container to testcontainers.
func (l *lab) request(n *node) (testcontainers.ContainerRequest, error) {
	entrypoint, err := words(n.Entrypoint)
	if err != nil {
		return testcontainers.ContainerRequest{}, err
	}
	cmd, err := words(n.Cmd)
	if err != nil {
		return testcontainers.ContainerRequest{}, err
	}
	env := n.Env
	if n.machine != nil {
		args, with := n.machine.launch(n, len(l.topology.Interfaces(n.Name)))
		if env = with; len(cmd) == 0 {
			cmd = args
		}
	}
	idle := !n.command
	if idle {
		cmd = []string{"sleep", "infinity"}
	}
	labels := maps.Clone(n.Labels)
	if labels == nil {
		labels = map[string]string{}
	}
	maps.Copy(labels, l.labels)
	labels[LabelNode] = n.Name
	filter, err := profile(n.Rights)
	if err != nil {
		return testcontainers.ContainerRequest{}, err
	}
	return testcontainers.ContainerRequest{
		Image: n.Image, Name: n.container, Env: env, Labels: labels, Entrypoint: entrypoint, Cmd: cmd,
		ConfigModifier: func(c *container.Config) {
			c.User = n.User
			if !shares(n.NetworkMode) {
				c.Hostname = n.Name
			}
			if idle && !n.ours {
				c.Entrypoint = []string{}
			}
		},
		HostConfigModifier: func(h *container.HostConfig) {
			hostConfig(h, n, idle)
			confine(h, n, filter)
		},
	}, nil
}

// devices are those of this machine that a node uses, where they are.
func devices(n *node) []string {
	if n.machine == nil {
		return []string{tunDevice}
	}
	return []string{tunDevice, "/dev/kvm", "/dev/vhost-net"}
}

// shares says that a network mode is somebody else's network, whose name and settings
// are not the node's to change.
func shares(mode string) bool { return mode == "host" || strings.HasPrefix(mode, "container:") }

// hostConfig sets what a node uses.
func hostConfig(h *container.HostConfig, n *node, idle bool) {
	h.NetworkMode = container.NetworkMode(n.NetworkMode)
	if n.NetworkMode == "" {
		h.NetworkMode = "none"
		if len(n.ports) > 0 || n.machine != nil {
			h.NetworkMode = "bridge"
		}
	}
	h.Binds = n.Binds
	for _, device := range devices(n) {
		if _, err := os.Stat(device); err == nil {
			h.Devices = append(h.Devices, container.DeviceMapping{PathOnHost: device, PathInContainer: device, CgroupPermissions: "rw"})
		}
	}
	// What a node's own command writes is kept by the engine, on the machine's disk.
	h.LogConfig = container.LogConfig{Type: "json-file", Config: map[string]string{"max-size": maxLog, "max-file": "1"}}
	if idle {
		h.LogConfig = container.LogConfig{Type: "none"} // nothing is ever written
		if !n.ours {
			engineInit := true
			h.Init = &engineInit
		}
	}
	if !shares(n.NetworkMode) {
		h.Sysctls = wiring.Sysctls(n.Node)
	}
	for _, p := range n.ports {
		if h.PortBindings == nil {
			h.PortBindings = network.PortMap{}
		}
		h.PortBindings[p.port] = append(h.PortBindings[p.port], p.at)
	}
}
