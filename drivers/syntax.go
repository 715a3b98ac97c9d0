package drivers

import "context"

// SyntaxChecker reads a start-up configuration as the platform would, without starting
// anything of it. It is an ability of a Factory; the host is any machine with the
// platform's software, and need not be the node's.
//
// refused holds the device's words where its own parser refuses the text, and is empty
// where it takes it. A parser that crashes, or that does not end, has refused nothing:
// that may be the very failure that is looked for. err says that there was no check.
type SyntaxChecker interface {
	CheckSyntax(ctx context.Context, h Host, config []byte) (refused string, err error)
}
