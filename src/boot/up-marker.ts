/** What the guest prints on its serial line when its own system says that it is up. */
export const upMarker = 'nexus-builder: the system is up';

const unit = 'nexus-up.service';

/**
 * Many images have no console on the serial line. systemd from 256 on takes units from credentials
 * (systemd-debug-generator(8)), so a throw-away copy can be asked to say on that line when it is up; older ones and
 * other systems ignore this.
 */
export const upMarkerCredentials: Record<string, string> = {
  [`systemd.extra-unit.${unit}`]: `[Unit]
Description=Say on the serial line that the system is up
DefaultDependencies=no
After=multi-user.target
[Service]
Type=oneshot
ExecStart=/bin/sh -c 'for tty in ttyS0 ttyAMA0; do if [ -c /dev/$tty ]; then echo "${upMarker}" > /dev/$tty; fi; done'
`,
  'systemd.unit-dropin.multi-user.target': `[Unit]
Wants=${unit}
`,
};
