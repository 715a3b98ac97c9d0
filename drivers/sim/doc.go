// Package sim is a simulator of the command lines of two families of Extreme Networks
// switches: EXOS (Switch Engine) and VOSS (Fabric Engine). It serves ssh, telnet and a
// console line, keeps a configuration that commands change, saves it, reboots and forgets
// what was not saved, and misbehaves on demand. Drivers for real switches are tested
// against it, and people without a switch can try a case on it.
//
// It says what it is: [Banner] at every login, a line with the word Simulator in the
// commands that identify a switch, and serial numbers that begin with SIM.
//
// What holds:
//
//   - The configuration is state. What it prints can be loaded again and gives the same
//     state, and equal states print equal text. A line that is not understood is refused
//     the way a switch refuses it and changes nothing.
//   - Families of configuration lines that are kept but not modelled are listed in one
//     table per platform (exosFamilies, vossFamilies); they are printed back under their
//     module and have no effect.
//   - There is no data plane and no protocol runs. Tables of what a protocol has learned
//     are empty and states are down, except neighbours of [Config] on ports whose link is up.
//   - Faults ([Misbehaviour]) depend on the seed, the number of the session and what is
//     asked, never on time, so that a run can be repeated.
//   - After [Switch.Close] no goroutine and no socket is left.
//
// Sources for prompts, dialogues and layouts are Extreme's user guides and command
// references (Switch Engine 32.x, ExtremeXOS 16.1 to 33.6, Fabric Engine 9.x, VOSS 8.x), the
// EMS catalogues, and permissively licensed collections of outputs (ntc-templates, Apache-2.0;
// Extreme's own Virtual_EXOS and ExtremeScripting repositories). Where a layout was not
// public it is a plausible one and nothing should be concluded from it about a real switch.
//
// Non-goals: forwarding, protocol convergence, SNMP, web interfaces, image upgrades, and the
// timing of real hardware. A symptom seen only here was not reproduced.
package sim
