import { join } from 'node:path';
import { execa } from 'execa';
import { fixtures } from './compose-project.ts';
import { requireEndToEnd } from './requirements.ts';

describe('the systemd units of the watcher', function () {
  this.timeout(5 * 60_000);

  before(async function () {
    await requireEndToEnd(this);
    await execa(join(fixtures, 'build.sh'), ['guest'], { stderr: 'inherit' });
  });

  it('are accepted by systemd-analyze verify of the guest’s own systemd', async () => {
    await execa(join(fixtures, 'guest', 'verify-units.sh'));
  });
});
