package exos_test

import "flag"

var _ = flag.Bool("update", false, "write the expected rows and recordings anew")
