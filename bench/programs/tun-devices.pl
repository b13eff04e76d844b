# Makes the TUN devices $1 and $2, which are gone with the last process that has them open, and becomes the program
# behind them: its file descriptors 3 and 4 are their other ends.
use strict;
use warnings;

$^F = 255; # what is opened stays open in the program
my $TUNSETIFF = 0x400454ca;
my $IFF_TUN_NO_PI = 0x1001;
my @devices;
for my $name (splice @ARGV, 0, 2) {
    open my $device, '+<', '/dev/net/tun' or die "/dev/net/tun: $!\n";
    ioctl $device, $TUNSETIFF, pack 'a16sx22', $name, $IFF_TUN_NO_PI or die "$name: $!\n";
    push @devices, $device;
}
exec @ARGV or die "$ARGV[0]: $!\n";
