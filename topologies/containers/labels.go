package containers

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/reprise-lab/reprise/topologies"
)

// Labels on everything that a lab makes in the engine.
const (
	LabelRun        = "org.reprise.run"
	LabelLab        = "org.reprise.lab"
	LabelNode       = "org.reprise.node"
	LabelOwner      = "org.reprise.owner-pid"
	LabelOwnerStart = "org.reprise.owner-start" // so that a recycled pid is not taken for the owner
	LabelHost       = "org.reprise.host"
	LabelUser       = "org.reprise.user"    // by number, on that host
	LabelExpires    = "org.reprise.expires" // RFC 3339
	LabelKeep       = "org.reprise.keep"
	LabelSource     = "org.reprise.source" // as topologies.Options has it
)

// helperNode is the value of LabelNode on the wiring helper; no node has a slash.
const helperNode = "/wiring"

// ownership gives the labels that say whose a container is and how long it may stay.
func ownership(o topologies.Options, now time.Time) (map[string]string, error) {
	start, err := processStart(o.Owner)
	if err != nil {
		return nil, fmt.Errorf("look at the owner, process %d: %w", o.Owner, err)
	}
	host, err := hostID()
	if err != nil {
		return nil, err
	}
	return map[string]string{
		LabelRun:        o.Run,
		LabelLab:        strconv.Itoa(o.Lab),
		LabelOwner:      strconv.Itoa(o.Owner),
		LabelOwnerStart: start,
		LabelHost:       host,
		LabelUser:       strconv.Itoa(os.Geteuid()),
		LabelExpires:    now.Add(o.TTL).UTC().Format(time.RFC3339),
		LabelKeep:       strconv.FormatBool(o.Keep),
		LabelSource:     o.Source,
	}, nil
}

// errEnded says that there is no such process, or no more.
var errEnded = errors.New("it has ended")

// processStart tells processes with the same pid apart: the boot and, within it, the
// clock tick at which the process started. It fails with [errEnded] when there is no such process.
func processStart(pid int) (string, error) {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ESRCH) { // it ended before it was looked for, or since
		return "", fmt.Errorf("process %d: %w", pid, errEnded)
	}
	if err != nil {
		return "", err
	}
	// The second field is a name in parentheses that may hold anything.
	text := string(stat)
	fields := strings.Fields(text[strings.LastIndexByte(text, ')')+1:])
	const state, startTime = 0, 19 // of the fields after the name
	if len(fields) <= startTime {
		return "", fmt.Errorf("read the state of process %d: too short", pid)
	}
	if fields[state] == "Z" || fields[state] == "X" {
		return "", fmt.Errorf("process %d: %w", pid, errEnded)
	}
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return "", fmt.Errorf("read the boot id: %w", err)
	}
	return strings.TrimSpace(string(boot)) + "/" + fields[startTime], nil
}

// hostID names this machine: its machine id, or else its host name.
func hostID() (string, error) {
	if id, err := os.ReadFile("/etc/machine-id"); err == nil && len(strings.TrimSpace(string(id))) > 0 {
		return strings.TrimSpace(string(id)), nil
	}
	name, err := os.Hostname()
	if err != nil {
		return "", fmt.Errorf("name this machine: %w", err)
	}
	return name, nil
}
