package cases

import "fmt"

// Duty is one line of the contract, held against a case.
type Duty struct {
	ID    string `json:"id"`
	Title string `json:"title"` // as the contract has it
	Met   Met    `json:"met"`
	// Why tells what meets it, what is missing, or why it is not applicable.
	Why string `json:"why"`
	// Evidence are files and folders that meet it, as the case names them.
	Evidence []string `json:"evidence,omitempty"`
	// Missing are the parts that are not there, where the duty has parts.
	Missing []string `json:"missing,omitempty"`
	// Do is the command that would meet it.
	Do string `json:"do,omitempty"`
}

// Met says whether a duty is met. The zero value is invalid.
type Met string

// Answers.
const (
	Yes           Met = "met"
	No            Met = "not-met"
	NotApplicable Met = "not-applicable"
)

// The duties of a partner, from the public description of PartnerWorks by Extreme Networks:
// be the customer's contact; define the scope (what, when and how); gather all appropriate
// logs; isolate the problem; review release notes for known anomalies and fixes; determine
// defects in product specifications; lab simulation and reasonable interoperability testing;
// duplicate customer problems; define action plans; analyse system logs, error logs and core
// files; escalate; help with RMA.
const (
	DutyContact   = "contact"
	DutyScope     = "scope"
	DutyLogs      = "logs"
	DutyIsolate   = "isolate"
	DutyKnown     = "known"
	DutyJudgement = "judgement"
	DutyLab       = "lab"
	DutyInterop   = "interop"
	DutyDuplicate = "duplicate"
	DutyPlan      = "plan"
	DutyAnalysis  = "analysis"
	DutyEscalate  = "escalate"
	DutyRMA       = "rma"
)

// duties in the order of the contract.
func duties() []Duty {
	return []Duty{
		{ID: DutyContact, Title: "Be the customer's point of contact"},
		{ID: DutyScope, Title: "Define the scope: what, when and how"},
		{ID: DutyLogs, Title: "Gather all appropriate logs"},
		{ID: DutyIsolate, Title: "Isolate the problem"},
		{ID: DutyKnown, Title: "Review release notes for known anomalies and fixes"},
		{ID: DutyJudgement, Title: "Tell defects from product specifications"},
		{ID: DutyLab, Title: "Simulate it in the lab"},
		{ID: DutyInterop, Title: "Test interoperability, as far as reasonable"},
		{ID: DutyDuplicate, Title: "Duplicate the problem"},
		{ID: DutyPlan, Title: "Define an action plan"},
		{ID: DutyAnalysis, Title: "Analyse system logs, error logs and core files"},
		{ID: DutyEscalate, Title: "Escalate what remains"},
		{ID: DutyRMA, Title: "Help with the return of hardware"},
	}
}

// DutyIDs lists their names, in the order of the contract.
func DutyIDs() []string {
	var ids []string
	for _, d := range duties() {
		ids = append(ids, d.ID)
	}
	return ids
}

// needed says whether a case may be escalated without the duty: escalating is what comes
// next, and hardware is returned with the vendor's word only.
func needed(id string) bool { return id != DutyEscalate && id != DutyRMA }

// Owed lists the duties that stand in the way of an escalation.
func Owed(list []Duty) []Duty {
	var owed []Duty
	for _, d := range list {
		if d.Met == No && needed(d.ID) {
			owed = append(owed, d)
		}
	}
	return owed
}

func (d *Duty) yes(why string, evidence ...string) {
	d.Met, d.Why, d.Evidence = Yes, why, evidence
}

func (d *Duty) no(do, format string, args ...any) {
	d.Met, d.Do, d.Why = No, do, fmt.Sprintf(format, args...)
}
