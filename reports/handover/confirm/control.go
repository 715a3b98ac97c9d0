package confirm

import "fmt"

// ControlState says what became of the scenario's control here. The zero value is invalid.
type ControlState string

// States of a control.
const (
	ControlNone    ControlState = "none"      // the scenario declares none
	ControlUntried ControlState = "not-tried" // no trial of it was begun
	ControlSilent  ControlState = "no-valid-trial"
	ControlHealthy ControlState = "healthy"
	ControlFails   ControlState = "shows-it" // the symptom was there as well
)

// ControlState gives what became of the control.
func (c Confirmation) ControlState() ControlState {
	switch {
	case c.Control == nil && !c.Claim.HasControl:
		return ControlNone
	case c.Control == nil:
		return ControlUntried
	case c.Control.Valid == 0:
		return ControlSilent
	case c.Control.Reproduced > 0:
		return ControlFails
	default:
		return ControlHealthy
	}
}

// ControlWords gives what became of the control in one line, for people.
func (c Confirmation) ControlWords() string {
	switch c.ControlState() {
	case ControlNone:
		return "the scenario declares no control"
	case ControlUntried:
		return "the control was not tried"
	case ControlSilent:
		return "the control was tried, with no valid trial"
	case ControlFails:
		return fmt.Sprintf("the control was tried and shows it as well: %d/%d", c.Control.Reproduced, c.Control.Valid)
	default:
		return fmt.Sprintf("the control was tried and is healthy: %d/%d", c.Control.Reproduced, c.Control.Valid)
	}
}
