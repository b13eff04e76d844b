import { PipeFolder } from '/work/main/test/fixtures/watcher.ts';
import { execFileSync } from 'node:child_process';
for (let k=0;k<12;k++)
it('x', async () => {
    await using pipe = await PipeFolder.create();
    let watcher = await pipe.watch();
    const ids: string[] = [];
    for (let round = 0; round < 8; round++) {
      const id = `round-${round}`;
      ids.push(id);
      await pipe.send(id, `for n in 1 2 3 4 5; do nexus-phase n "$n"; sleep 0.05; done; echo once`);
      await new Promise((resolve) => setTimeout(resolve, round * 7));
      await watcher.stop('SIGKILL');
      watcher = await pipe.watch();
    }
    for (const id of ids)
    try { await pipe.event('finished', id); } catch (e) { console.log(id, execFileSync('bash',['-c','ls -la --full-time "$0" "$0"/builds/'+id+'; cat "$0"/pipe_out|cut -c1-170; tail -n 9 "$0"/builds/'+id+'/*; ps axf | tail -30',pipe.path]).toString(), watcher.ended); throw e }
    await pipe.assertSound();
}).timeout(600000);
