package sim

type voss struct{ *exos }

func newVOSS(s *Switch) *voss { return &voss{newEXOS(s)} }
