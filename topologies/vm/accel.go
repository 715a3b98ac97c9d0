package vm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/reprise-lab/reprise/topologies"
)

const (
	emulator  = "qemu-system-x86_64"
	kvmDevice = "/dev/kvm"
	// probeTimeout bounds the boot of a few instructions, which takes a quarter of a second
	// where they are emulated. Some machines have the device and hang.
	probeTimeout = 4 * time.Second
	// slack is how many times as long as emulated they may take under KVM, which is slower at
	// starting a machine where it is nested, and many times faster at running one.
	slack = 4
	// probes is how often KVM is tried that is slower: something else may have had the processors.
	probes = 3
	// probeRules numbers what a probe asks for. What was found out by other rules is found out anew.
	probeRules = 2
)

// Names of accelerators, as Options take them.
const (
	Auto = "auto"
	KVM  = "kvm"
	TCG  = "tcg"
)

// Acceleration is how guests run here, and why.
type Acceleration struct {
	Name    string  `json:"name"`    // kvm or tcg
	Why     string  `json:"why"`     // in words
	Version string  `json:"version"` // of QEMU
	Seconds float64 `json:"seconds"` // that the probe took
	Boot    string  `json:"boot"`    // of this machine, for which it holds
	User    int     `json:"user"`
	Rules   int     `json:"rules"` // of the probe
}

// Acceleration tells how guests run here. KVM is tried once per boot of the machine: a
// few instructions have to come to their end, on the processor that guests have, and not
// much later than where they are emulated.
func (p *Provider) Acceleration(ctx context.Context) (Acceleration, error) {
	p.accelTurn.Lock()
	defer p.accelTurn.Unlock()
	if p.accel.Name != "" {
		return p.accel, nil
	}
	version, err := qemuVersion(ctx)
	if err != nil {
		return Acceleration{}, err
	}
	boot, err := bootID()
	if err != nil {
		return Acceleration{}, err
	}
	now := Acceleration{Version: version, Boot: boot, User: os.Geteuid(), Rules: probeRules}
	switch p.options.Accelerator {
	case TCG, KVM:
		now.Name, now.Why = p.options.Accelerator, "it was asked for"
		p.accel = now
		return now, nil
	case "", Auto:
	default:
		return now, fmt.Errorf("unknown accelerator %q: known are %s, %s and %s", p.options.Accelerator, Auto, KVM, TCG)
	}
	path := filepath.Join(p.options.Dir, "acceleration.json")
	var before Acceleration
	if data, err := os.ReadFile(path); err == nil && json.Unmarshal(data, &before) == nil &&
		before.Version == now.Version && before.Boot == now.Boot && before.User == now.User && before.Rules == now.Rules {
		p.accel = before
		return before, nil
	}
	start := time.Now()
	now.Name, now.Why = probe(ctx)
	now.Seconds = time.Since(start).Seconds()
	if ctx.Err() != nil {
		return now, ctx.Err()
	}
	p.accel = now
	return now, keepJSON(path, now)
}

// probe tries KVM.
func probe(ctx context.Context) (name, why string) {
	f, err := os.OpenFile(kvmDevice, os.O_RDWR, 0)
	if err != nil {
		return TCG, "KVM cannot be used: " + err.Error()
	}
	_ = f.Close() // it was only tried
	return faster(func(accelerator string) (time.Duration, error) {
		start := time.Now()
		err := bootSector(ctx, accelerator, probeTimeout)
		return time.Since(start), err
	})
}

// faster chooses between KVM and emulation by what a boot under each comes to. KVM that
// hangs, breaks off or is much slower than emulation is of no use: a guest under it may do all three.
func faster(boot func(accelerator string) (time.Duration, error)) (name, why string) {
	const broken = "KVM is there and does not work: "
	emulated, err := boot(TCG)
	if err != nil {
		emulated = probeTimeout / slack // there is nothing to hold KVM against
	}
	var best time.Duration
	for range probes {
		took, err := boot(KVM)
		if err != nil {
			return TCG, broken + err.Error()
		}
		if took <= slack*emulated {
			return KVM, fmt.Sprintf("KVM ran a boot sector in %.2f s", took.Seconds())
		}
		if best == 0 || took < best {
			best = took
		}
	}
	return TCG, fmt.Sprintf("KVM is there and is much slower than emulation: a boot sector took %.2f s, emulated %.2f s", best.Seconds(), emulated.Seconds())
}

// exitCode is the status with which QEMU ends when the boot sector has come to its end:
// the device gives 2 × the value written + 1.
const exitCode = 0x10<<1 | 1

// bootSector boots a disk that writes to the exit device and nothing else.
func bootSector(ctx context.Context, accelerator string, timeout time.Duration) (err error) {
	f, err := os.CreateTemp("", "reprise-boot-")
	if err != nil {
		return fmt.Errorf("make a boot sector: %w", err)
	}
	defer func() { err = errors.Join(err, os.Remove(f.Name())) }()
	sector := make([]byte, 512)
	copy(sector, []byte{
		0xBA, 0xF4, 0x00, // mov dx, 0xf4
		0xB0, 0x10, // mov al, 0x10
		0xEE,       // out dx, al
		0xF4,       // hlt
		0xEB, 0xFD, // jmp to hlt
	})
	copy(sector[510:], []byte{0x55, 0xAA})
	_, err = f.Write(sector)
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("make a boot sector: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, emulator, "-accel", accelerator, "-cpu", bestCPU(accelerator), "-M", "pc", "-m", "16", "-nodefaults", "-display", "none", //nolint:gosec // fixed but for the accelerator and its processor
		"-device", "isa-debug-exit,iobase=0xf4,iosize=1", "-drive", "if=floppy,format=raw,readonly=on,file="+f.Name())
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var said strings.Builder
	cmd.Stderr = &said
	err = cmd.Run()
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("a boot sector did not come to its end within %v", timeout)
	case errors.As(err, &exit) && exit.ExitCode() == exitCode:
		return nil
	default:
		words, _, _ := strings.Cut(strings.TrimSpace(said.String()), "\n")
		return fmt.Errorf("a boot sector did not run: %w: %s", err, words)
	}
}

// qemuVersion is the first line with which QEMU introduces itself.
func qemuVersion(ctx context.Context) (string, error) {
	if _, err := exec.LookPath(emulator); err != nil {
		return "", missingQEMU(emulator, "qemu-system-x86")
	}
	out, err := exec.CommandContext(ctx, emulator, "--version").Output()
	if err != nil {
		return "", fmt.Errorf("ask qemu for its version: %w", err)
	}
	line, _, _ := strings.Cut(string(out), "\n")
	return strings.TrimPrefix(strings.TrimSpace(line), "QEMU emulator version "), nil
}

// sandboxed says whether QEMU was built with a filter for its own system calls.
func sandboxed(ctx context.Context) bool {
	out, err := exec.CommandContext(ctx, emulator, "-help").Output()
	return err == nil && strings.Contains(string(out), "-sandbox on")
}

func missingQEMU(tool, pkg string) error {
	return &topologies.MissingError{What: "tool", Name: tool, Hint: "run as root: apt-get install " + pkg}
}

// keepJSON writes a file whole or not at all.
func keepJSON(path string, v any) error {
	data, err := json.Marshal(v)
	if err == nil {
		err = os.MkdirAll(filepath.Dir(path), 0o755)
	}
	tmp := fmt.Sprintf("%s.%d", path, os.Getpid())
	if err == nil {
		err = os.WriteFile(tmp, data, 0o644)
	}
	if err == nil {
		err = os.Rename(tmp, path)
	}
	if err != nil {
		return fmt.Errorf("keep %s: %w", filepath.Base(path), err)
	}
	return nil
}
