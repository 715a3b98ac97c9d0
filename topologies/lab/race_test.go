//go:build race

package lab_test

// rounds are fewer where every instruction of SQLite is watched: the race detector sees
// one process, and what is tested is between processes.
const rounds = 200
