import type { ConfigSources } from '../config/config-sources.js';
import type { Setting } from '../config/setting.js';
import type { NodeSettings } from '../config/settings.js';
import type { ExitCode } from './exit-codes.js';
import type { ProgressLine } from './progress-line.js';

/** Options of one command, by the names that its code uses. They can only be flags. */
export type CommandOptions = Readonly<Record<string, Setting<unknown>>>;

/** The values of {@link CommandOptions}. */
export type OptionValues<Options extends CommandOptions> = {
  readonly [Name in keyof Options]: Options[Name] extends Setting<infer Value> ? Value : never;
};

/** What follows a command's name and is no flag. */
export interface Positional {
  readonly name: string;
  readonly help: string;
  readonly isOptional?: boolean;
}

/** What a command is run with. */
export interface Invocation<Name extends keyof NodeSettings, Options extends CommandOptions> {
  /** As many as the command has {@link Positional}s, less the optional ones that were left out. */
  readonly args: readonly string[];
  readonly settings: Pick<NodeSettings, Name>;
  readonly options: OptionValues<Options>;
  readonly sources: ConfigSources;
  readonly isJson: boolean;
  /** Aborted by the first signal to end; the second one ends the process. */
  readonly signal: AbortSignal;
  readonly progress: ProgressLine;
  /** A line for the operator beside the result, on standard error. */
  note(line: string): void;
}

/** What a command found or did: as data for `--json`, and in words. */
export interface CommandResult {
  readonly data: unknown;
  /** Without a line end. Empty: nothing is printed. */
  readonly text: string;
  /** Default 0. */
  readonly exitCode?: ExitCode;
}

interface CommandFacts {
  /** One word, or a group and a word: `snapshot export`. */
  readonly name: string;
  /** One sentence. */
  readonly summary: string;
  /** More paragraphs, for the help. */
  readonly details: readonly string[];
  readonly positionals: readonly Positional[];
  /** Arguments that work, after `hs-node`. */
  readonly examples: readonly string[];
}

/** A command with the types of its settings and options. */
export interface CommandSpec<Name extends keyof NodeSettings, Options extends CommandOptions>
  extends Pick<CommandFacts, 'name' | 'summary' | 'examples'>,
    Partial<Pick<CommandFacts, 'details' | 'positionals'>> {
  readonly settings: readonly Name[];
  readonly options?: Options;
  run(invocation: Invocation<Name, Options>): Promise<CommandResult>;
}

/** A command of `hs-node`, for whoever only calls or describes it. */
export interface Command extends CommandFacts {
  readonly settings: readonly (keyof NodeSettings)[];
  readonly options: CommandOptions;
  run(invocation: Invocation<keyof NodeSettings, CommandOptions>): Promise<CommandResult>;
}

/** Makes a command of its description. Its options and settings are typed inside of `run` only. */
export function command<const Name extends keyof NodeSettings, Options extends CommandOptions>(
  spec: CommandSpec<Name, Options>,
): Command {
  return {
    details: [],
    positionals: [],
    ...spec,
    options: spec.options ?? {},
    // The parser has read exactly the settings and options that the description names.
    run: (invocation) => spec.run(invocation as unknown as Invocation<Name, Options>),
  };
}
