package fleet

import (
	"context"
	"encoding/json"
	"errors"
)

// AskPart asks for a part of a lab as who has a certificate of some digest, and does not come for it.
func AskPart(ctx context.Context, c *Conn, worker, pin string) error {
	body, err := json.Marshal(partAsk{Pin: pin, Version: "v1"})
	if err != nil {
		return err
	}
	a, err := c.askPart(ctx, worker, body)
	switch {
	case err != nil:
		return err
	case a.Busy:
		return ErrBusy
	case a.Error != "":
		return errors.New(a.Error)
	}
	return nil
}
