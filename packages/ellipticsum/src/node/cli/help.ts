import { defaultDomain } from '../../domain.js';
import { recordFileDefaults } from '../../record-file/index.js';
import { backendNames } from './open-backend.js';

const exitCodeHelp = `Exit codes:
  0    done, and as expected if something was expected
  1    not as expected, or a range of a snapshot file is damaged
  2    wrong arguments, or a backend that does not work here
  3    input that cannot be read or is malformed; the message says where. Output that cannot be written
  130  interrupted (143: terminated)
  70   a defect of this program
`;

const recordInputHelp = `FILE holds records; - is standard input, and so is no FILE at all.

  --format FORMAT        binary: uvarint(key length) key uvarint(value length) value, for each record
                         jsonl: a line {"key":HEX,"value":HEX} for each record
                         default: jsonl for *.jsonl and *.ndjson, binary for the rest
                         snapshot, for "verify": a snapshot file; recognized without this
  --ascending            refuse records whose key is not greater than the key before, over all files in the order
                         given; without it a key that comes twice counts twice and nobody notices
  --max-key-bytes N      longest key accepted, default ${recordFileDefaults.maxKeyBytes}
  --max-value-bytes N    longest value accepted, default ${recordFileDefaults.maxValueBytes}
  --domain TEXT          domain separation tag, default ${defaultDomain}
  --backend NAME         ${backendNames.join(', ')}; default auto, the fastest that works here
  --threads N            threads that hash: a number, all or all-but-one; default all, 1 for less than 4 MiB
  --progress             report progress on standard error even if it is no terminal; --no-progress: never
`;

const outputHelp = `  --json                 print JSON instead of text
  --no-prefix            leave the table of prefixes out of the text
`;

const expectHelp = `  --expect HEX           64 hex digits: the total or the state root must be this
  --expect-total HEX     the total must be this
  --expect-root HEX      the state root must be this
`;

/** What --help prints, without and with a command. */
export const helpTexts: Readonly<Record<'main' | 'sum' | 'verify' | 'merge', string>> = {
  main: `usage: ellipticsum sum [options] [FILE...]       sum the records of files
       ellipticsum verify --expect HEX [FILE...]  sum them and compare
       ellipticsum merge FILE...                  add up what "sum --json" wrote
       ellipticsum COMMAND --help
       ellipticsum --version

Computes checksums of key-value records: sums of ristretto255 elements, by prefix (first key byte) and in total, and
the state root over the sums of the prefixes. The order of records makes no difference.

${exitCodeHelp}`,
  sum: `usage: ellipticsum sum [options] [FILE...]

Prints the sum of each prefix, the total and the state root of all records of all files together.
With --json, the output is a partial sum that "ellipticsum merge" adds up with others: parts of a state can be summed
apart, on as many machines as there are.

${recordInputHelp}${outputHelp}
${exitCodeHelp}`,
  verify: `usage: ellipticsum verify (--expect HEX | --expect-total HEX | --expect-root HEX) [options] [FILE...]
       ellipticsum verify (--expect HEX | --expect-snapshot-root HEX | ...) [options] SNAPSHOT

Sums the records as "ellipticsum sum" does and compares. Where several things are expected, all must hold. Zero, the
checksum of no records, is no expectation.

A snapshot file is recognized by its first bytes and verified alone: its list of ranges against the root that is
expected, and every range against the list. Damaged ranges are named. --expect takes its snapshot root as well, and the
other options about what is expected hold for its state root and total.

${expectHelp}  --expect-snapshot-root HEX  the snapshot root of a snapshot file must be this

${recordInputHelp}${outputHelp}
${exitCodeHelp}`,
  merge: `usage: ellipticsum merge [options] FILE...

Adds up partial sums, written by "ellipticsum sum --json" or by this command with --json, and prints what one run over
all their records would print. - is standard input. Sums of different domains are refused. A record that two of the
files stand for counts twice.

${expectHelp}${outputHelp}
${exitCodeHelp}`,
};
