#!/usr/bin/perl
# Sees how the processes of this machine end, by the kernel's process connector
# (linux/cn_proc.h), and tells who asks. It needs nothing but what perl-base holds.
#
#   deaths.pl DIR
#
# It prints the number of the process that watches when nothing is missed any more. Who
# writes a number N and a newline to DIR/socket is told what is known, from end N on:
#
#   now MONOTONIC-NS lost NS-OR-0 over 0|1 dumping 0|1
#   end PID PARENT SIGNAL CORE OOM NS NAME BY DIR REASON     strings in hexadecimal after an x
#   .
#
# The ends that are kept are those by a signal that a fault raises, and kills for want of memory.
use strict;

use constant {
	FORK => 0x1, EXEC => 0x2, COMM => 0x200, DUMP => 0x40000000, EXIT => 0x80000000,
	DATA => 52,    # nlmsghdr, cn_msg, and proc_event up to its data
	MOST => 2000,  # ends that are kept
	LONGEST => 1000,  # bytes of a path that is told
	PATIENCE => 10e9,    # for a process that is dumping core, in ns
};

my ($dir) = @ARGV;
my ($kernel, $server);
my (%name, %by, %parent);    # of the living processes, by number
my %dumping;        # the thread that dumps, by process
my %gone;           # ended by a signal, of which each thread tells: the end that is kept of it
my (@ends, $over, $killed);
my $lost = 0;
my %asking;         # connections that wait for an answer: from where on, and until when

watch();

sub watch {
	$| = 1;
	umask 077;
	chdir '/';
	listen_to_kernel();
	unlink "$dir/socket";
	socket($server, 1, 1, 0) && bind($server, pack('S a108', 1, "$dir/socket")) && listen($server, 16) or die "listen in $dir: $!\n";
	$killed = oom_kills();
	my $child = fork;
	die "fork: $!\n" unless defined $child;
	print("$child\n"), exit 0 if $child;
	syscall(112);    # setsid
	open STDIN, '<', '/dev/null';
	open STDOUT, '>', '/dev/null';
	open STDERR, '>', '/dev/null';
	$SIG{PIPE} = $SIG{HUP} = 'IGNORE';
	$0 = 'reprise-deaths';
	if (open my $f, '>', '/proc/self/oom_score_adj') { print $f "-1000\n" }
	my $priority = pack('i', 1);
	syscall(144, 0, 1, $priority);    # SCHED_FIFO: a process is looked at before it is gone
	for (glob '/proc/[0-9]*') { m{(\d+)$} && read_name($1) }
	serve();
}

# listen_to_kernel opens the socket and has the kernel agree, which says so with our number + 1.
sub listen_to_kernel {
	socket($kernel, 16, 2, 11) or die "open the process connector: $!\n";
	setsockopt($kernel, 1, 33, pack('i', 8 << 20));    # SO_RCVBUFFORCE
	bind($kernel, pack('S S L L', 16, 0, 0, 1)) or die "listen to the process connector: $!\n";
	send($kernel, pack('L S S L L  L L L L S S  L', 40, 3, 0, 0, 0, 1, 1, 0, $$, 4, 0, 1), 0, pack('S S L L', 16, 0, 0, 0))
		or die "ask the process connector for events: $!\n";
	for (my $end = now() + 2e9; now() < $end; ) {
		my $ready = '';
		vec($ready, fileno $kernel, 1) = 1;
		select($ready, undef, undef, 0.5) > 0 && defined recv($kernel, my $b, 8192, 0x40) or next;
		my ($ack, $what, $errno) = unpack('x28 L x4 L x12 L', $b);
		next if $what || $ack != $$ + 1;
		$! = $errno, die "the process connector refuses: $!\n" if $errno;
		return;
	}
	die "the process connector does not answer\n";
}

sub serve {
	while (1) {
		my $ready = '';
		vec($ready, fileno $_, 1) = 1 for $kernel, $server;
		select($ready, undef, undef, %asking ? 0.2 : undef);
		if (vec($ready, fileno $server, 1) && accept(my $c, $server)) {
			setsockopt($c, 1, $_, pack('q q', 2, 0)) for 20, 21;    # time limits of reading and writing
			sysread($c, my $n, 32);
			$asking{fileno $c} = [$c, int($n || 0), now() + PATIENCE];
		}
		drain();    # what happened before the question is there to be read
		for my $fd (keys %asking) {
			my ($c, $n, $until) = @{ $asking{$fd} };
			next if %dumping && now() < $until;
			answer($c, $n);
			delete $asking{$fd};
		}
	}
}

sub answer {
	my ($c, $n) = @_;
	my $text = sprintf("now %d lost %d over %d dumping %d\n", now(), $lost, $over || 0, %dumping ? 1 : 0);
	for (@ends[$n .. $#ends]) {
		my @e = @$_;
		$text .= join(' ', 'end', @e[0 .. 5], map { 'x' . unpack('H*', $_ // '') } @e[6 .. 9]) . "\n";
	}
	$text .= ".\n";
	while (length $text) {
		my $sent = syswrite($c, $text) or return;
		substr($text, 0, $sent) = '';
	}
}

sub drain {
	while (1) {
		my $sender = recv($kernel, my $b, 8192, 0x40);
		if (defined $sender) {
			take($b) if length $b >= DATA && !(unpack('S S L', $sender))[2];
		}
		elsif ($! == 105) { $lost = now() }    # ENOBUFS
		elsif ($! != 4) { return }
	}
}

sub take {
	my $b = shift;
	my ($what, $at) = unpack('x36 L x4 Q', $b);
	my ($thread, $pid, @more) = unpack('x52 l*', $b);
	if ($what == FORK) {
		my ($parent, $tid, $child) = ($pid, @more);
		return if $tid != $child;    # a thread
		delete $gone{$child};
		delete $dumping{$child};
		read_name($parent) unless defined $name{$parent};
		($name{$child}, $by{$child}, $parent{$child}) = ($name{$parent}, $by{$parent}, $parent);
	}
	elsif ($what == EXEC) {
		my $before = $name{$pid};
		delete $name{$pid};
		$by{$pid} = $before if defined $before;
		read_name($pid);
	}
	elsif ($what == COMM) {
		$name{$pid} = unpack('x60 Z16', $b) if $pid == $thread;
	}
	elsif ($what == DUMP) {
		$dumping{$pid} = [$thread, look($pid)];
	}
	elsif ($what == EXIT) { ended($pid, $thread, $at, @more) }
}

sub ended {
	my ($pid, $thread, $at, $code, undef, undef, $parent) = @_;
	my $signal = $code & 0x7f;
	my $seen = $dumping{$pid};
	delete $dumping{$pid} if $seen && $seen->[0] == $thread;
	if (my $end = $gone{$pid}) {
		$end->[3] = 1, $end->[9] = '' if $code & 0x80;    # the thread that dumped
		return;
	}
	my $oom = $signal == 9 && out_of_memory();
	if (raised($signal) || $oom) {
		read_name($pid) unless defined $name{$pid};
		my $core = $code & 0x80 ? 1 : 0;
		my $end = [$pid, $parent{$pid} || $parent || 0, $signal, $core, $oom ? 1 : 0, $at, $name{$pid}, defined $name{$pid} ? '' : $by{$pid}];
		push @$end, $seen ? ($seen->[1], $core ? '' : $seen->[2]) : ('', '');
		$gone{$pid} = $end;
		@ends < MOST ? push(@ends, $end) : ($over = 1);
	}
	elsif ($signal) { $gone{$pid} = [] }
	return unless $signal || $pid == $thread;
	delete $_->{$pid} for \%name, \%by, \%parent;
}

# raised tells whether a fault in the program raises the signal: those that dump core, but
# for SIGQUIT, which people send.
sub raised { my $n = shift; grep { $_ == $n } 4, 5, 6, 7, 8, 11, 24, 25, 31 }

# look is quick, or it comes too late: where a process stands, and what keeps the kernel
# from dumping it.
sub look {
	my $pid = shift;
	my $where = readlink("/proc/$pid/cwd") // '';
	$where = '' if length $where > LONGEST;
	my $reason = '';
	my @link = lstat "/proc/$pid/cwd";
	my @itself = stat "/proc/$pid";
	$reason = 'it changed its user, and the kernel does not dump such a process (fs.suid_dumpable)' if @link && @itself && $link[4] != $itself[4];
	if (open my $f, '<', "/proc/$pid/limits") {
		while (my $line = <$f>) { $reason = 'its limit of core files is 0 (RLIMIT_CORE)' if $line =~ /^Max core file size\s+0\s/ }
	}
	read_name($pid);
	return ($where, $reason);
}

# read_name learns what a process is called; the kernel cuts names, and the program's path
# or an argument completes them.
sub read_name {
	my $pid = shift;
	open(my $f, '<', "/proc/$pid/comm") or return;
	my $n = <$f> // return;
	chomp $n;
	return if length $n == 15 && index($name{$pid} // '', $n) == 0;    # what completes it may be gone
	if (length $n == 15 && open(my $line, '<', "/proc/$pid/cmdline")) {
		local $/ = "\0";
		while (defined(my $word = <$line>)) {
			chomp $word;
			$word =~ s{.*/}{}s;
			if (index($word, $n) == 0) { $n = substr($word, 0, 255); last }
		}
	}
	$name{$pid} = $n;
	delete $by{$pid};
}

# out_of_memory tells whether the kernel has killed one more process for want of memory.
sub out_of_memory {
	return 0 if oom_kills() <= $killed;
	$killed++;
	return 1;
}

sub oom_kills {
	open(my $f, '<', '/proc/vmstat') or return 0;
	while (my $line = <$f>) { return $1 if $line =~ /^oom_kill (\d+)/ }
	return 0;
}

# now is the clock of the kernel's events, which nobody sets.
sub now {
	my $t = "\0" x 16;
	syscall(228, 1, $t);    # clock_gettime(CLOCK_MONOTONIC)
	my ($s, $ns) = unpack('q q', $t);
	return $s * 1_000_000_000 + $ns;
}
