import assert from 'node:assert/strict';
import { Command } from 'commander';
import { addCommands, commands, wantedCommand } from '../../../src/cli/commands.ts';

const program = async (isWanted: (name: string) => boolean) => {
  const whole = new Command('nexus');
  await addCommands(whole, isWanted);
  return whole;
};

describe('The commands', () => {
  it('are those that their files define, each under its name', async () => {
    const [all, none] = await Promise.all([program(() => true), program(() => false)]);
    const names = commands.map(({ name }) => name);
    assert.deepEqual(
      all.commands.map((command) => command.name()),
      names,
    );
    assert.equal(all.helpInformation(), none.helpInformation());
  });

  it('say what they are for, and show it with an example', async () => {
    const all = await program(() => true);
    for (const command of all.commands) {
      assert.match(command.description(), /^[A-Z].*\.$/s, command.name());
      if (command.name() === 'complete-ids') continue;
      let help = '';
      command.configureOutput({ writeOut: (text) => (help += text) }).outputHelp();
      assert.match(help, /\nExamples?:\n {2}\S/, command.name());
      assert.match(command.helpGroup(), /:$/, command.name());
    }
  });

  it('are found on a command line', () => {
    const table: [words: string[], wanted: string | undefined][] = [
      [[], undefined],
      [['--help'], undefined],
      [['build', '.'], 'build'],
      [['help', 'build'], 'build'],
      [['--version', 'list'], 'list'],
    ];
    for (const [words, wanted] of table) assert.equal(wantedCommand(words), wanted);
  });
});
