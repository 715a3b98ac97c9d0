package fleet_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/harness/fleet"
	"github.com/reprise-lab/reprise/harness/fleet/server"
)

// smallDisk is a directory on a disk of its own.
func smallDisk(t *testing.T, bytes int64) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%d", bytes)); err != nil {
		t.Skip("this user may not mount, and has no small disk: ", err) //nolint:forbidigo // the machine decides
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// fillDisk takes all that is free, and returns the file that has it.
func fillDisk(t *testing.T, dir string) string {
	t.Helper()
	f, err := os.Create(filepath.Join(dir, "other"))
	if err != nil {
		t.Fatal(err)
	}
	for buf := make([]byte, 4096); err == nil; {
		_, err = f.Write(buf)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return f.Name()
}

// TestServerDiskFull: a server whose disk was full goes on when there is room, with all that it had and everybody who was there.
func TestServerDiskFull(t *testing.T) {
	dir := smallDisk(t, 96<<20)
	s := startServer(t, server.Options{Dir: filepath.Join(dir, "state"), Reserve: 16 << 20})
	c := join(t, dial(t, fleet.Access{URL: s.URL(fleet.RoleCoordinator)}), "work", fleet.CoordinatorOptions{})
	e := newExecutor("host", 2)
	e.size = 300 << 10 // in chunks
	e.begin = func(ctx context.Context, task fleet.Task) error {
		if task.Trial == 100 {
			<-ctx.Done()
		}
		return ctx.Err()
	}
	startWorker(t, fleet.Access{URL: s.URL(fleet.RoleWorker)}, e, fleet.WorkerOptions{})
	one := func(ctx context.Context, n int) error {
		if err := c.Submit(ctx, fleet.Task{ID: fmt.Sprint(n), Trial: n, Payload: []byte("plan")}, fleet.Needs{}); err != nil {
			return err
		}
		sealed, err := c.Await(ctx, fmt.Sprint(n))
		if err != nil {
			return err
		}
		return c.Keep(ctx, sealed)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*within)
	defer cancel()
	// One that runs all the time keeps the queue.
	if err := c.Submit(ctx, fleet.Task{ID: "100", Trial: 100, Payload: []byte("plan")}, fleet.Needs{}); err != nil {
		t.Fatal(err)
	}
	if err := one(ctx, 1); err != nil {
		t.Fatal(err)
	}
	other := fillDisk(t, dir)
	for n := 10; n < 13; n++ {
		short, end := context.WithTimeout(ctx, time.Second)
		if err := one(short, n); err == nil {
			t.Error("a task is done while the disk is full")
		}
		<-short.Done()
		end()
	}
	if err := os.Remove(other); err != nil {
		t.Fatal(err)
	}
	for n := 3; n < 6; n++ {
		if err := one(ctx, n); err != nil {
			t.Fatalf("task %d, after there was room again: %v", n, err)
		}
	}
}

// TestStoreIsNotShrunk: what streams have on the disk is theirs after a restart.
func TestStoreIsNotShrunk(t *testing.T) {
	dir := smallDisk(t, 48<<20)
	o := server.Options{Dir: filepath.Join(dir, "state"), Reserve: 1 << 20}
	s := startServer(t, o)
	pair := seed(t)
	submit := func(s *server.Server, n int) error {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		c := join(t, dial(t, fleet.Access{URL: s.URL(fleet.RoleCoordinator), Signer: pair}), fmt.Sprint("work", n), fleet.CoordinatorOptions{})
		plan := make([]byte, 10<<20)
		plan[0] = byte(n)
		err := c.Submit(ctx, fleet.Task{ID: "1", Trial: 1, Payload: plan}, fleet.Needs{})
		if closing := c.Close(t.Context()); closing != nil {
			t.Error(closing)
		}
		return err
	}
	for n := range 2 {
		if err := submit(s, n); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	// 36 of 48 MiB at first, of which 20 are taken: of the 28 that are free, three quarters are 21, less than another plan needs.
	if err := submit(startServer(t, o), 2); err != nil {
		t.Errorf("after a restart: %v", err)
	}
}
