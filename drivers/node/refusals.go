package node

import "github.com/reprise-lab/reprise/drivers/refusals"

// Refusal implements drivers.Refuser for lines of the shell: in the words of a program that they call to speak to a daemon.
func (n *Node) Refusal(command string, shell bool, answer string) string {
	return inWords(command, shell, answer, refusals.Of)
}

// Untaken implements drivers.UntakenTeller for lines of the shell.
func (n *Node) Untaken(command string, shell bool, answer string) string {
	return inWords(command, shell, answer, refusals.Within)
}

func inWords(command string, shell bool, answer string, find func(refusals.Program, string) string) string {
	if !shell {
		return ""
	}
	for _, p := range refusals.InShell(command) {
		if words := find(p, answer); words != "" {
			return words
		}
	}
	return ""
}
