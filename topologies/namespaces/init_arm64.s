#include "textflag.h"

// The first process of a node, see init.go: position-independent but for the filter of system
// calls, which is at 0x400400; copied into a program of its own. R20 is where its arguments
// are, R19 its memory: 0 siginfo_t, 128 a set of signals, 136 an answer.
TEXT ·nodeInit(SB), NOSPLIT|NOFRAME, $0
	MOVD RSP, R20
	SUB  $512, R20, R19

	MOVD $1, R0           // the program itself
	MOVD $57, R8          // close
	SVC
	MOVD 24(R20), R0      // the second argument
	MOVD $49, R8          // chdir
	SVC
	MOVD $0x74696e69, R0  // "init"
	MOVD R0, 0(R19)
	MOVD $15, R0          // PR_SET_NAME
	MOVD R19, R1
	MOVD $167, R8         // prctl
	SVC

	MOVD ZR, 0(R19)
	MOVD ZR, 8(R19)
	MOVD ZR, 16(R19)
	MOVD ZR, 24(R19)
	MOVD 32(R20), R0      // the third argument: what is mounted at the first
	MOVD 16(R20), R1
	MOVD 32(R20), R2
	MOVD $14, R3          // MS_NOSUID, MS_NODEV, MS_NOEXEC
	MOVD $0, R4
	MOVD $40, R8          // mount
	SVC
	MOVW R0, 8(R19)
	MOVD $22, R0          // PR_SET_SECCOMP
	MOVD $2, R1           // SECCOMP_MODE_FILTER
	MOVD $0x400400, R2
	MOVD $167, R8         // prctl
	SVC
	MOVW R0, 24(R19)
	MOVD $0, R0
	MOVD R19, R1
	MOVD $32, R2
	MOVD $64, R8          // write
	SVC

	MOVD $-1, R0          // every signal waits
	MOVD R0, 128(R19)
	MOVD $0, R0           // SIG_BLOCK
	ADD  $128, R19, R1
	MOVD $0, R2
	MOVD $8, R3
	MOVD $135, R8         // rt_sigprocmask
	SVC
	MOVD $0x10000, R0     // SIGCHLD, from here on
	MOVD R0, 128(R19)

reap:
	MOVD ZR, 0(R19)
	MOVD $0, R0           // P_ALL
	MOVD $0, R1
	MOVD R19, R2
	MOVD $0x1000005, R3   // WEXITED, WNOHANG, WNOWAIT
	MOVD $0, R4
	MOVD $95, R8          // waitid
	SVC
	MOVW 0(R19), R0
	CBZ  R0, sleep        // si_signo: nobody has ended

	MOVD $0, R0
	MOVD R19, R1
	MOVD $32, R2
	MOVD $64, R8          // write
	SVC
	MOVD $0, R0
	ADD  $136, R19, R1
	MOVD $8, R2
	MOVD $63, R8          // read
	SVC

	MOVD $1, R0           // P_PID
	MOVWU 16(R19), R1
	MOVD $0, R2
	MOVD $5, R3           // WEXITED, WNOHANG
	MOVD $0, R4
	MOVD $95, R8          // waitid
	SVC
	B    reap

sleep:
	ADD  $128, R19, R0
	MOVD $0, R1
	MOVD $0, R2
	MOVD $8, R3
	MOVD $137, R8         // rt_sigtimedwait
	SVC
	B    reap

// func initCode() unsafe.Pointer
TEXT ·initCode(SB), NOSPLIT, $0-8
	MOVD $·nodeInit(SB), R0
	MOVD R0, ret+0(FP)
	RET
