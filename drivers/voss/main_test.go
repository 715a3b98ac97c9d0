package voss_test

import "flag"

var update = flag.Bool("update", false, "write the expected rows and recordings anew")
