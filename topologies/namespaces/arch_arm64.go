package namespaces

import "golang.org/x/sys/unix"

// auditArch is how a filter of system calls tells this processor's numbers.
const auditArch = unix.AUDIT_ARCH_AARCH64
