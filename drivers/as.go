package drivers

// As finds an ability through wrappers, as errors.As finds an error: it returns the first T of
// v, of what v's Unwrap returns, and so on. v is a [Driver], a [Factory] or a [Host]; T is an ability
// or a concrete type. Ask for an ability in this way and not with a type assertion, which a wrapper
// would answer for what it wraps.
//
// A wrapper embeds the interface and has an Unwrap() that returns it, of the interface's own
// type. It implements an ability itself only where it has something to add, and then meets
// every caller; an ability that it does not implement goes past it.
func As[T any](v any) (T, bool) {
	for v != nil {
		if found, ok := v.(T); ok {
			return found, true
		}
		v = unwrap(v)
	}
	var none T
	return none, false
}

func unwrap(v any) any {
	switch w := v.(type) {
	case interface{ Unwrap() Driver }:
		return w.Unwrap()
	case interface{ Unwrap() Factory }:
		return w.Unwrap()
	}
	return nil
}
