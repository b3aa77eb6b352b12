import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createMessageCodec, type DesoHeader, desoHeaderCodec, type Message, messageTypes } from '../src/index.js';
import { extendedMessage, goMessage } from './support/arbitraries.js';
import { ba, iv, uv } from './support/go-layout.js';
import { bytes, hex } from './support/hex.js';
import { pairs } from './support/plain.js';

/*
 * The tables of the README, read as what they are meant to be: a description from which another codec can be written. This one writes what
 * they say, and nothing else.
 */

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const messageRows = new Map(
  [...readme.matchAll(/^\| \d+ \| `([a-z\d-]+)` \| (.*) \| [\d,/ ]+ \|$/gm)].map(([, name, text]) => [
    name,
    text as string,
  ]),
);
const headerRows = new Map(
  [...readme.matchAll(/^\| version (\d) \| (.*) \| [^|]+ \|$/gm)].map(([, version, text]) => [
    Number(version),
    text as string,
  ]),
);
const partRows = new Map(
  [...readme.matchAll(/^\| `([a-z]\w+)` \| ([^|]*) \|$/gm)].map(([, name, text]) => [name, text as string]),
);

type Value = Readonly<Record<string, unknown>>;

/** What a value called `name` is laid out like, if the README has that under its name. */
function descriptionOf(name: string, value: Value): string | undefined {
  if (name === 'header') return headerRows.get(value['version'] as number);
  return name === 'block' || name === 'transaction' ? messageRows.get(name) : partRows.get(name);
}

/** The alternative that is meant, without what is only said about it. */
function chosen(text: string, value: Value, layout: string): string {
  const [, go, extended] = /^Go: (.*)\. Extended: (.*)$/.exec(text) ?? [];
  if (go !== undefined && extended !== undefined) return layout === 'go' ? go : extended;
  const [, old, recent] = /^Version 0: (.*)\. Version 1: (.*)\. They are/.exec(text) ?? [];
  if (old !== undefined && recent !== undefined) return value['version'] === 0 ? old : recent;
  const plain = withoutNotes(text);
  const found = /^(.*); (under headers that have room for it|unless version 0): (.*)$/.exec(plain);
  if (found === null) return plain;
  const [, always, condition, more] = found;
  const versioned = condition === 'unless version 0' ? value : (value['header'] as Value);
  return versioned['version'] === 0 ? (always as string) : `${always}, ${more}`;
}

function withoutNotes(text: string): string {
  let rest = text;
  for (let before = ''; before !== rest; ) {
    before = rest;
    rest = rest.replaceAll(/ ?\([^()]*\)/g, '');
  }
  return rest;
}

/** Splits at the commas that are in no list. */
function fieldsOf(text: string): string[] {
  const fields: string[] = [];
  let depth = 0;
  let start = 0;
  for (const [at, letter] of [...text].entries()) {
    if (letter === '[') depth++;
    if (letter === ']') depth--;
    if (letter !== ',' || depth > 0) continue;
    fields.push(text.slice(start, at).trim());
    start = at + 1;
  }
  const last = text.slice(start).trim();
  return last === '' || last === 'none' ? fields : [...fields, last];
}

function write(text: string, value: Value, layout: string): string {
  return fieldsOf(withoutNotes(chosen(text, value, layout)))
    .map((field) => writeField(field, value, layout))
    .join('');
}

function writeField(field: string, value: Value, layout: string): string {
  const [, kind, constant] = /^(uv|uint32) (\d+)$/.exec(field) ?? [];
  if (kind !== undefined) return writeForm(kind, BigInt(constant as string), layout);
  const [name = '', ...form] = field.split(' ');
  const found = name.split('.').reduce<unknown>((holder, part) => (holder as Value)[part], value);
  return writeForm(form.join(' ') || name, found, layout);
}

function writeForm(form: string, value: unknown, layout: string): string {
  const number = () =>
    typeof value === 'string' ? ['transaction', 'block'].indexOf(value) : (value as number | bigint);
  const bigEndian = (length: number) =>
    BigInt(number())
      .toString(16)
      .padStart(2 * length, '0');
  switch (form) {
    case 'uv':
      return uv(number());
    case 'iv':
      return iv(number());
    case 'uint32':
      return bigEndian(4);
    case 'uint32le':
      return hex(bytes(bigEndian(4)).reverse());
    case 'uint64':
      return bigEndian(8);
    case 'flag':
      return value === true ? '01' : '00';
    case 'hash':
    case '33 bytes':
      return hex(value as Uint8Array);
    case 'bytes':
      return ba(typeof value === 'string' ? hex(new TextEncoder().encode(value)) : hex(value as Uint8Array));
  }
  const [, inner] = /^\[(.*)\]$/.exec(form) ?? [];
  if (inner !== undefined) {
    const items = itemsOf(value);
    return uv(items.length) + items.map((item) => writeItem(inner, item, layout)).join('');
  }
  if (form.startsWith('bytes of ')) {
    return value === undefined ? uv(0) : ba(writeForm(form.slice('bytes of '.length), value, layout));
  }
  const description = descriptionOf(form, value as Value);
  if (description === undefined) throw new Error(`the README does not say what ${form} is`);
  return write(description, value as Value, layout);
}

function writeItem(form: string, item: unknown, layout: string): string {
  const isAlone = fieldsOf(form).length === 1 && (!form.includes(' ') || form.startsWith('bytes of '));
  return isAlone ? writeForm(form, item, layout) : write(form, item as Value, layout);
}

/** The items of a list, of a map in the order of its keys, or of packed records. */
function itemsOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  if (value instanceof Map) {
    const entries = [...value].sort(([a], [b]) => (a < b ? -1 : 1));
    return entries.map(([key, item]) => ({ key: bytes(key as string), value: item }));
  }
  return pairs(value as { bytes: Uint8Array; offsets: Uint32Array }).map(([key = '', item = '']) => ({
    key: bytes(key),
    value: bytes(item),
  }));
}

test.each([
  ['go', goMessage],
  ['extended', extendedMessage],
] as const)('messages of the %s layout have the bytes that the tables of the README say', (layout, arbitrary) => {
  const codec = createMessageCodec<DesoHeader>({ header: desoHeaderCodec, layout });
  const seen = new Set<string>();
  fc.assert(
    fc.property(arbitrary as fc.Arbitrary<Message<DesoHeader>>, (message) => {
      const { type: name } = message;
      seen.add(name);
      const subject = name === 'block' || name === 'transaction' ? (message as unknown as Value)[name] : message;
      const said = write(messageRows.get(name) as string, subject as Value, layout);
      expect([name, hex(codec.encode(message as never).payload)]).toEqual([name, said]);
    }),
    { numRuns: 1500 },
  );
  const names = Object.entries(messageTypes).filter(([, type]) => layout === 'extended' || type < 64);
  expect([...seen].sort()).toEqual(names.map(([name]) => name).sort());
});
