#include "textflag.h"

// The first process of a node, see init.go: position-independent but for the filter of system
// calls, which is at 0x400400; copied into a program of its own. R13 is where its arguments
// are, R12 its memory: 0 siginfo_t, 128 a set of signals, 136 an answer.
TEXT ·nodeInit(SB), NOSPLIT|NOFRAME, $0
	MOVQ SP, R13
	MOVQ SP, R12
	SUBQ $512, R12
	ANDQ $~15, R12

	MOVQ $1, DI           // the program itself
	MOVQ $3, AX           // close
	SYSCALL
	MOVQ 24(R13), DI      // the second argument
	MOVQ $80, AX          // chdir
	SYSCALL
	MOVQ $0x74696e69, AX  // "init"
	MOVQ AX, 0(R12)
	MOVQ $15, DI          // PR_SET_NAME
	MOVQ R12, SI
	MOVQ $157, AX         // prctl
	SYSCALL

	MOVQ $0, 0(R12)
	MOVQ $0, 8(R12)
	MOVQ $0, 16(R12)
	MOVQ $0, 24(R12)
	MOVQ 32(R13), DI      // the third argument: what is mounted at the first
	MOVQ 16(R13), SI
	MOVQ 32(R13), DX
	MOVQ $14, R10         // MS_NOSUID, MS_NODEV, MS_NOEXEC
	MOVQ $0, R8
	MOVQ $165, AX         // mount
	SYSCALL
	MOVL AX, 8(R12)
	MOVQ $22, DI          // PR_SET_SECCOMP
	MOVQ $2, SI           // SECCOMP_MODE_FILTER
	MOVQ $0x400400, DX
	MOVQ $157, AX         // prctl
	SYSCALL
	MOVL AX, 24(R12)
	MOVQ $0, DI
	MOVQ R12, SI
	MOVQ $32, DX
	MOVQ $1, AX           // write
	SYSCALL

	MOVQ $-1, AX          // every signal waits
	MOVQ AX, 128(R12)
	MOVQ $0, DI           // SIG_BLOCK
	LEAQ 128(R12), SI
	MOVQ $0, DX
	MOVQ $8, R10
	MOVQ $14, AX          // rt_sigprocmask
	SYSCALL
	MOVQ $0x10000, AX     // SIGCHLD, from here on
	MOVQ AX, 128(R12)

reap:
	MOVQ $0, 0(R12)
	MOVQ $0, DI           // P_ALL
	MOVQ $0, SI
	MOVQ R12, DX
	MOVQ $0x1000005, R10  // WEXITED, WNOHANG, WNOWAIT
	MOVQ $0, R8
	MOVQ $247, AX         // waitid
	SYSCALL
	MOVL 0(R12), AX
	CMPL AX, $0           // si_signo: nobody has ended
	JEQ  sleep

	MOVQ $0, DI
	MOVQ R12, SI
	MOVQ $32, DX
	MOVQ $1, AX           // write
	SYSCALL
	MOVQ $0, DI
	LEAQ 136(R12), SI
	MOVQ $8, DX
	MOVQ $0, AX           // read
	SYSCALL

	MOVQ $1, DI           // P_PID
	MOVL 16(R12), SI
	MOVQ $0, DX
	MOVQ $5, R10          // WEXITED, WNOHANG
	MOVQ $0, R8
	MOVQ $247, AX         // waitid
	SYSCALL
	JMP  reap

sleep:
	LEAQ 128(R12), DI
	MOVQ $0, SI
	MOVQ $0, DX
	MOVQ $8, R10
	MOVQ $128, AX         // rt_sigtimedwait
	SYSCALL
	JMP  reap

// func initCode() unsafe.Pointer
TEXT ·initCode(SB), NOSPLIT, $0-8
	LEAQ ·nodeInit(SB), AX
	MOVQ AX, ret+0(FP)
	RET
