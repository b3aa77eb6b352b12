import { toggle } from '../../config/setting.js';
import { NodeError } from '../../node-error.js';
import { type Command, command } from '../command.js';
import { helpText, manual } from '../help.js';

/** The command `help`, which knows all others. */
export function helpCommand(commands: () => readonly Command[]): Command {
  return command({
    name: 'help',
    summary: 'Explains a command, a group of commands, or all of it.',
    positionals: [
      { name: 'COMMAND', help: 'a command or the first word of several', isOptional: true },
      { name: 'WORD', help: 'the second word of the command', isOptional: true },
    ],
    settings: [],
    options: { markdown: toggle('markdown', 'print the whole manual in Markdown') },
    examples: ['help', 'help snapshot export', 'help --markdown'],
    async run({ args, options }) {
      const topic = args.join(' ');
      const all = commands();
      const isKnown = all.some(({ name }) => topic === '' || name === topic || name.startsWith(`${topic} `));
      if (!isKnown) {
        throw new NodeError('NODE_CONFIGURATION', `there is no command "${topic}"; "hs-node help" lists them`);
      }
      const text = options.markdown ? manual(all) : helpText(topic, all);
      return { data: { text }, text: text.trimEnd() };
    },
  });
}
