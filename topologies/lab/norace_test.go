//go:build !race

package lab_test

const rounds = 1000
