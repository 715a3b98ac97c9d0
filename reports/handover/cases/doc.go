// Package cases is one customer's problem on its way to the vendor and back: case.yaml, the
// duties that the partner owes before the vendor takes it, the texts to paste into the
// vendor's portal, and the sheets for spare parts.
//
// A case is a folder:
//
//	case.yaml         what is known; people edit it, and "case set" does, keeping comments
//	timeline.ndjson   how the case moved, appended to
//	escalation-*/     what was handed on
//
// [Check] holds a case against the contract (PartnerWorks: contact, scope, logs, isolation,
// known issues, defect or specification, lab simulation, interoperability, duplication, action
// plan, analysis, escalation). Each duty is met, with the evidence that meets it; or not, with
// the command that would; or not applicable, with the reason that somebody gave.
//
// Nothing is judged here: verdicts and rates are those of the runs. What the package needs of
// drivers (which commands a class of problems takes, when a tech-support is whole) comes in as
// functions.
package cases
