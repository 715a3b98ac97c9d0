package vm

import (
	"context"
	"fmt"

	"github.com/reprise-lab/reprise/topologies/doctor"
	"github.com/reprise-lab/reprise/topologies/vm/guest"
)

const (
	fixAll     = "reprise doctor --fix --vm"
	fixedSuite = "bookworm" // the guest that scenarios of the corpus name
)

// needs are the programs that labs of machines take, and those that make a guest.
func needs() []doctor.Need {
	return []doctor.Need{
		{Program: emulator, Package: "qemu-system-x86"},
		{Program: "qemu-img", Package: "qemu-utils"},
		{Program: "mmdebstrap", Package: "mmdebstrap"},
		{Program: "mke2fs", Package: "e2fsprogs"},
	}
}

// Fix makes this machine fit for labs of machines: it installs QEMU and what makes a guest,
// and makes the guest that is missing. What is there already is left alone. progress
// receives one line at a time.
func (p *Provider) Fix(ctx context.Context, progress func(string)) error {
	if err := doctor.Install(ctx, fixAll, progress, needs()...); err != nil {
		return err
	}
	a, err := p.Acceleration(ctx)
	if err != nil {
		return err
	}
	progress("virtual machines: QEMU " + a.Version + " with " + a.Name)
	return p.BuildGuest(ctx, fixedSuite, "", progress)
}

// Probe looks at what labs of machines take, in a fixed order. It changes nothing but that
// how guests run here, once tried, is remembered.
func (p *Provider) Probe(ctx context.Context) []doctor.Check {
	const lost = "labs of virtual machines"
	qemu := doctor.Check{Name: "QEMU", Optional: true, Lost: lost, Fix: fixAll + ", or as root: apt-get install qemu-system-x86 qemu-utils"}
	kvm := doctor.Check{
		Name: "KVM", Optional: true, Lost: "speed: machines are emulated and take several times as long to boot",
		Fix: "enable virtualisation in the firmware, or nested virtualisation in the hypervisor",
	}
	accel, err := p.Acceleration(ctx)
	if err == nil {
		_, err = doctor.Need{Program: "qemu-img"}.Find()
	}
	if err != nil {
		qemu.Detail, kvm.Unknown, kvm.Detail = err.Error(), true, "it is tried with QEMU"
	} else {
		qemu.OK, qemu.Detail = true, accel.Version
		kvm.OK, kvm.Detail = accel.Name == KVM, accel.Why
	}
	made := doctor.Check{Name: "guest " + guest.Ref(fixedSuite), Optional: true, Lost: "scenarios that need a kernel of their own: 802.1Q, LACP, netem", Fix: fixAll + ", or reprise images build --guest " + fixedSuite}
	if g, err := p.guests.Find(guest.Ref(fixedSuite)); err != nil {
		made.Detail = err.Error()
	} else {
		made.OK, made.Detail = true, fmt.Sprintf("Linux %s, %d MB", g.Kernel, g.Size/1_000_000)
		if !g.Current {
			made.Detail += "; made by another version of this tool"
		}
	}
	return doctor.Tidy([]doctor.Check{qemu, kvm, made})
}
