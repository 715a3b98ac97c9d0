package tunnel

import "os"

// ReadFrames gives what reads whole frames from a socket of OpenPlug, which it takes over.
func ReadFrames(f *os.File) (next func() ([]byte, error), end func(), err error) {
	p, err := takePlug(f)
	if err != nil {
		return nil, nil, err
	}
	b := make([]byte, 1<<16)
	return func() ([]byte, error) {
		frame, err := p.read(b)
		if err == nil {
			p.sent()
		}
		return frame, err
	}, p.close, nil
}
