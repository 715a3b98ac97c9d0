package vm

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/reprise-lab/reprise/topologies"
)

// ownerFile says whose a lab's folder is.
const ownerFile = "lab.json"

// ownership says whose a lab is and how long it may stay.
type ownership struct {
	ID         string    `json:"id"`
	Run        string    `json:"run"`
	Lab        int       `json:"lab"`
	Owner      int       `json:"owner"`
	OwnerStart string    `json:"ownerStart"` // so that a recycled pid is not taken for the owner
	Host       string    `json:"host"`
	Expires    time.Time `json:"expires"`
	Keep       bool      `json:"keep"`
}

func newOwnership(id string, o topologies.Options, now time.Time) (ownership, error) {
	start, err := processStart(o.Owner)
	if err != nil {
		return ownership{}, fmt.Errorf("look at the owner, process %d: %w", o.Owner, err)
	}
	host, err := hostID()
	if err != nil {
		return ownership{}, err
	}
	return ownership{ID: id, Run: o.Run, Lab: o.Lab, Owner: o.Owner, OwnerStart: start, Host: host, Expires: now.Add(o.TTL).UTC(), Keep: o.Keep}, nil
}

// abandoned says whether the lab may be removed.
func (w ownership) abandoned(host string, now time.Time) bool {
	if now.After(w.Expires) {
		return true
	}
	if w.Host != host || w.Keep || w.OwnerStart == "" {
		return false
	}
	start, err := processStart(w.Owner)
	return err != nil || start != w.OwnerStart
}

func readOwnership(dir string) (ownership, error) {
	var w ownership
	data, err := os.ReadFile(filepath.Join(dir, ownerFile))
	if err == nil {
		err = json.Unmarshal(data, &w)
	}
	if err != nil {
		return w, fmt.Errorf("read whose lab %s is: %w", dir, err)
	}
	return w, nil
}

// claimDir makes the folder of a lab, which appears with its owner written in it.
func claimDir(labs string, w ownership) (string, error) {
	if err := os.MkdirAll(labs, 0o700); err != nil {
		return "", fmt.Errorf("make a folder for labs: %w", err)
	}
	tmp, err := os.MkdirTemp(labs, ".new-")
	if err != nil {
		return "", fmt.Errorf("make a folder for the lab: %w", err)
	}
	data, err := json.MarshalIndent(w, "", "  ")
	if err == nil {
		err = os.WriteFile(filepath.Join(tmp, ownerFile), data, 0o600)
	}
	dir := filepath.Join(labs, strings.TrimPrefix(filepath.Base(tmp), ".new-"))
	if err == nil {
		err = os.Rename(tmp, dir)
	}
	if err != nil {
		_ = os.RemoveAll(tmp) // what is left is swept later
		return "", fmt.Errorf("claim the folder of the lab: %w", err)
	}
	return dir, nil
}

// processStart tells processes with the same pid apart: the boot and, within it, the
// clock tick at which the process started. It fails when there is no such process.
func processStart(pid int) (string, error) {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
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
		return "", fmt.Errorf("process %d has ended", pid)
	}
	boot, err := bootID()
	if err != nil {
		return "", err
	}
	return boot + "/" + fields[startTime], nil
}

// bootID names this boot of the machine.
func bootID() (string, error) {
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return "", fmt.Errorf("read the boot id: %w", err)
	}
	return strings.TrimSpace(string(id)), nil
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
