# The smallest thing worth building: a disk of one sector that boots by BIOS and greets on the serial port.
#
#   nexus build examples/smoke
#   qemu-system-x86_64 -nographic -drive format=raw,file=artifacts/smoke-…/smoke.img     (Ctrl-A X ends it)
#
# It needs neither nixpkgs nor a network, only a shell, whose printf writes the machine code.
{
  greeting ? "NEXUS-SMOKE-OK",
}:
let
  # Every Nix sandbox has /bin/sh, except that of Debian's and Ubuntu's packages: there a static shell is brought along.
  static = /bin/bash-static;
  shell = if builtins.pathExists static then builtins.path { path = static; } else "/bin/sh";
in
derivation {
  name = "smoke.img";
  system = builtins.currentSystem;
  builder = shell;
  args = [
    "-c"
    ''
      {
        # xor ax,ax; mov ds,ax; mov si,0x7c1c; mov dx,0x3f8
        printf '\061\300\216\330\276\034\174\272\370\003'
        # next: lodsb; test al,al; jz halt; out dx,al; jmp next
        printf '\254\204\300\164\003\356\353\370'
        # halt: hlt; jmp halt, padded to the greeting at 0x1c
        printf '\364\353\375\220\220\220\220\220\220\220'
        printf '%s\r\n\000' "$greeting"
        size=$((28 + ''${#greeting} + 3))
        while [ $size -lt 510 ]; do printf '\000'; size=$((size + 1)); done
        # The signature that makes it a boot sector.
        printf '\125\252'
      } > $out
    ''
  ];
  inherit greeting;
}
