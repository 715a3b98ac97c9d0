package triage

import "fmt"

// signalName is a signal's name by its number (signal(7)), which is another one for some of them on MIPS.
func signalName(n int, mips bool) string {
	names := map[int]string{
		1: "SIGHUP", 2: "SIGINT", 3: "SIGQUIT", 4: "SIGILL", 5: "SIGTRAP", 6: "SIGABRT", 7: "SIGBUS", 8: "SIGFPE", 9: "SIGKILL", 10: "SIGUSR1",
		11: "SIGSEGV", 12: "SIGUSR2", 13: "SIGPIPE", 14: "SIGALRM", 15: "SIGTERM", 16: "SIGSTKFLT", 24: "SIGXCPU", 25: "SIGXFSZ", 31: "SIGSYS",
	}
	if mips {
		names[7], names[10], names[12], names[16] = "SIGEMT", "SIGBUS", "SIGSYS", "SIGUSR1"
		names[17], names[24], names[25], names[30], names[31] = "SIGUSR2", "SIGTSTP", "SIGCONT", "SIGXCPU", "SIGXFSZ"
	}
	if name, ok := names[n]; ok {
		return name
	}
	if n == 0 {
		return "" // a core file of a process that lived on, as gcore(1) makes it
	}
	return fmt.Sprintf("signal %d", n)
}

// codeName is why a signal was sent (asm-generic/siginfo.h).
func codeName(signal string, code int) string {
	switch code {
	case 0:
		return "sent by a process (kill)"
	case -6:
		return "sent by a thread to one (tgkill), as abort(3) does"
	case 0x80:
		return "sent by the kernel"
	}
	own := map[string][]string{
		"SIGSEGV": {"nothing is mapped there (SEGV_MAPERR)", "it may not do that there (SEGV_ACCERR)"},
		"SIGBUS":  {"a misaligned address (BUS_ADRALN)", "no such address (BUS_ADRERR)", "an error of the object behind it (BUS_OBJERR)"},
		"SIGFPE":  {"integer division by zero (FPE_INTDIV)", "integer overflow (FPE_INTOVF)", "floating-point division by zero (FPE_FLTDIV)"},
		"SIGILL":  {"an illegal opcode (ILL_ILLOPC)", "an illegal operand (ILL_ILLOPN)"},
		"SIGTRAP": {"a breakpoint (TRAP_BRKPT)", "a trace trap (TRAP_TRACE)"},
		"SIGSYS":  {"a system call that seccomp forbids (SYS_SECCOMP)"},
	}[signal]
	if code > 0 && code <= len(own) {
		return own[code-1]
	}
	return fmt.Sprintf("code %d", code)
}
