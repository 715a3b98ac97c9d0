package cases

import (
	"errors"
	"fmt"

	"github.com/reprise-lab/reprise/harness/unpack"
)

// Bounds on what an archive unpacks to.
const (
	maxMembers = 1000
	maxNested  = 3
)

// texts gives what is to be read in a file that a customer sent.
func texts(data []byte) ([]unpack.Text, error) {
	found, err := unpack.Texts(data, unpack.Limits{Depth: maxNested, Members: maxMembers, Size: maxLog})
	return found, inWords(err)
}

// inWords says for whoever attached a file why it cannot be read.
func inWords(err error) error {
	switch {
	case errors.Is(err, unpack.ErrMembers):
		return fmt.Errorf("it holds more than %d files", maxMembers)
	case errors.Is(err, unpack.ErrDeep):
		return fmt.Errorf("archives lie in it more than %d deep", maxNested)
	case errors.Is(err, unpack.ErrSize):
		return fmt.Errorf("it unpacks to more than %d MB: attach the part of the failure", maxLog>>20)
	case errors.Is(err, unpack.ErrCut):
		return errors.New("it is cut: the archive ends in the middle")
	case errors.Is(err, unpack.ErrEncrypted):
		return fmt.Errorf("%w: attach it unpacked", err)
	case err != nil:
		return fmt.Errorf("unpack it: %w", err)
	}
	return nil
}
