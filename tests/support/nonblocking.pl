# Makes descriptors 1 and 2 non-blocking, as a process that shares them may do at any time, and pipes as small as they can be; then becomes
# the program in its arguments.
use strict;
use warnings;
use Fcntl qw(F_GETFL F_SETFL O_NONBLOCK);

# fcntl(2), which this module does not know.
use constant F_SETPIPE_SZ => 1031;

for my $stream (*STDOUT, *STDERR) {
  my $flags = fcntl $stream, F_GETFL, 0 or die "Cannot read the flags: $!";
  fcntl $stream, F_SETFL, $flags | O_NONBLOCK or die "Cannot set the flags: $!";
  fcntl $stream, F_SETPIPE_SZ, 4096 if -p $stream;
}
exec { $ARGV[0] } @ARGV or die "Cannot run $ARGV[0]: $!";
