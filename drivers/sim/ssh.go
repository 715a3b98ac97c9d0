package sim

import (
	"errors"
	"net"
	"time"

	"golang.org/x/crypto/ssh"
)

// sshPatience is how long a client may take to log in.
const sshPatience = 60 * time.Second

// sshConfig is what the ssh server of the switch accepts: passwords, asked for in both ways.
func (s *Switch) sshConfig() *ssh.ServerConfig {
	check := func(name, password string) (*ssh.Permissions, error) {
		u, ok := s.authenticate(name, password)
		if !ok {
			return nil, errors.New("wrong credentials")
		}
		readOnly := ""
		if u.ReadOnly {
			readOnly = "yes"
		}
		return &ssh.Permissions{Extensions: map[string]string{"user": u.Name, "read-only": readOnly}}, nil
	}
	c := &ssh.ServerConfig{
		MaxAuthTries:  6,
		ServerVersion: "SSH-2.0-RepriseSimulator",
		BannerCallback: func(ssh.ConnMetadata) string {
			return Banner + "\n"
		},
		PasswordCallback: func(m ssh.ConnMetadata, password []byte) (*ssh.Permissions, error) {
			return check(m.User(), string(password))
		},
		KeyboardInteractiveCallback: func(m ssh.ConnMetadata, ask ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error) {
			answers, err := ask("", "", []string{"Password: "}, []bool{false})
			if err != nil || len(answers) != 1 {
				return nil, errors.New("no answer")
			}
			return check(m.User(), answers[0])
		},
	}
	c.AddHostKey(s.key)
	return c
}

// serveSSH serves one ssh connection.
func (s *Switch) serveSSH(conn net.Conn, config *ssh.ServerConfig) {
	_ = conn.SetDeadline(time.Now().Add(sshPatience))
	sc, channels, requests, err := ssh.NewServerConn(conn, config)
	if err != nil {
		_ = conn.Close()
		return
	}
	defer func() { _ = sc.Close() }()
	_ = conn.SetDeadline(time.Time{})
	s.wg.Go(func() { ssh.DiscardRequests(requests) })
	ext := sc.Permissions.Extensions
	user := User{Name: ext["user"], ReadOnly: ext["read-only"] != ""}
	for nc := range channels {
		if nc.ChannelType() != "session" {
			_ = nc.Reject(ssh.UnknownChannelType, "only sessions")
			continue
		}
		ch, reqs, err := nc.Accept()
		if err != nil {
			return
		}
		s.wg.Go(func() { s.serveChannel(sc, ch, reqs, user) })
	}
}

// serveChannel answers the requests of one channel and runs its shell. The connection ends
// with the shell, as it does on a switch.
func (s *Switch) serveChannel(sc *ssh.ServerConn, ch ssh.Channel, reqs <-chan *ssh.Request, user User) {
	var ses *session
	rows, cols := 0, 0
	for req := range reqs {
		ok := false
		switch req.Type {
		case "pty-req":
			var pty struct {
				Term                      string
				Cols, Rows, Width, Height uint32
				Modes                     string
			}
			if ok = ssh.Unmarshal(req.Payload, &pty) == nil; ok {
				rows, cols = int(pty.Rows&0xffff), int(pty.Cols&0xffff)
			}
		case "window-change":
			var win struct{ Cols, Rows, Width, Height uint32 }
			if ok = ssh.Unmarshal(req.Payload, &win) == nil; ok {
				rows, cols = int(win.Rows&0xffff), int(win.Cols&0xffff)
			}
		case "shell":
			if ok = ses == nil; ok {
				ses = s.startShell(sc, ch, user)
			}
		}
		if ses != nil {
			ses.resize(rows, cols)
		}
		if req.WantReply {
			_ = req.Reply(ok, nil)
		}
	}
	_ = ch.Close()
	if ses != nil {
		_ = ses.Close()
	}
}

func (s *Switch) startShell(sc *ssh.ServerConn, ch ssh.Channel, user User) *session {
	in := make(chan []byte)
	ses := s.newSession(ch, KindShell, in)
	ses.user, ses.name = user, user.Name
	s.wg.Go(func() { pump(ch, in, ses.dead) })
	s.wg.Go(func() {
		err := ses.run()
		if err == nil {
			_, _ = ch.SendRequest("exit-status", false, ssh.Marshal(struct{ Status uint32 }{0}))
		}
		_ = ses.Close()
		_ = sc.Close()
	})
	return ses
}
