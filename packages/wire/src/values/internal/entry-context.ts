import { extraDataField } from '../../internal/extra-data-field.js';
import { type Field, list } from '../../internal/field.js';
import { byteString } from '../../internal/primitives.js';
import { type EncoderMigration, type EncoderParams, encoderMigrations, versionHeights } from '../encoder-params.js';
import type { EntryForm } from '../entry-form.js';
import type { ValueLimits } from '../value-limits.js';

/** One of the Go node's encoder types: its name, its number, the migrations that change it, and its fields in order. */
export interface EntryType<T> {
  readonly name: string;
  readonly encoderType: number;
  readonly migrations: readonly EncoderMigration[];
  fields(context: EntryContext): Field<T>;
}

/**
 * How entries are laid out in one form at one level.
 *
 * A level is the number of migrations whose height is reached, so it is the newest version that an entry can have there. The fields of
 * each type are made once for each context; a stored entry's version leads from the context of whatever holds it to its own.
 */
export class EntryContext {
  readonly form: EntryForm;
  readonly level: number;
  readonly limits: ValueLimits;
  /** A length, then bytes. */
  readonly bytes: Field<Uint8Array>;
  readonly extraData: Field<ReadonlyMap<string, Uint8Array>>;
  readonly #layouts: EntryLayouts;
  readonly #fields: Map<EntryType<unknown>, Field<unknown>> = new Map();
  readonly #nested: Map<EntryType<unknown>, Field<unknown>> = new Map();

  constructor(layouts: EntryLayouts, form: EntryForm, level: number) {
    this.form = form;
    this.level = level;
    this.limits = layouts.limits;
    this.bytes = byteString(layouts.limits.maxValueBytes);
    this.extraData = extraDataField(layouts.limits.maxValueBytes);
    this.#layouts = layouts;
  }

  /** A field that entries have from a migration on. Before, it is left out, and reads as `absent`. */
  since<T>(migration: EncoderMigration, field: Field<T>, absent: T): Field<T> {
    if (this.#isReached(migration)) return field;
    return { minBytes: 0, maxBytes: 0, write: () => {}, read: () => absent };
  }

  /** A count, then that many items. */
  list<T>(item: Field<T>): Field<readonly T[]> {
    return list(item, this.limits.maxItems);
  }

  /** An existence byte, in the stored form encoder type and version, then the fields; or a zero byte for nothing. */
  nested<T>(type: EntryType<T>): Field<T | undefined> {
    return remembered(this.#nested, type, () => this.#wrapped(type));
  }

  #wrapped<T>(type: EntryType<T>): Field<T | undefined> {
    const body = this.fieldsOf(type);
    const isStored = this.form === 'stored';
    const version = this.#versionOf(type);
    return {
      minBytes: 1,
      // A stored entry may have a version that is newer than what holds it.
      maxBytes: isStored ? this.limits.maxValueBytes : 1 + body.maxBytes,
      write(writer, value) {
        writer.bool(value !== undefined);
        if (value === undefined) return;
        if (isStored) writer.uvarint(type.encoderType).uvarint(version);
        body.write(writer, value);
      },
      read: (reader) => {
        if (!reader.bool()) return undefined;
        if (!isStored) return body.read(reader);
        const encoderType = reader.uvarint();
        if (encoderType !== BigInt(type.encoderType)) {
          throw reader.error('WIRE_INVALID_VALUE', `expected encoder type ${type.encoderType}, not ${encoderType}`);
        }
        const stored = reader.uvarintNumber(255);
        if (stored !== 0 && !type.migrations.some((name) => versionOf(name) === stored)) {
          throw reader.error('WIRE_INVALID_VALUE', `${type.name} has no version ${stored}`);
        }
        return this.#layouts.ofVersion(stored).fieldsOf(type).read(reader);
      },
    };
  }

  /** {@link nested} that must be there. */
  required<T>(type: EntryType<T>): Field<T> {
    const field = this.nested(type);
    const message = `expected an entry of type ${type.name}, not nothing`;
    return {
      ...field,
      write(writer, value) {
        if (value === undefined) throw new RangeError(message);
        field.write(writer, value);
      },
      read(reader) {
        const value = field.read(reader);
        if (value === undefined) throw reader.error('WIRE_INVALID_VALUE', message);
        return value;
      },
    };
  }

  fieldsOf<T>(type: EntryType<T>): Field<T> {
    return remembered(this.#fields, type, () => type.fields(this));
  }

  #isReached(migration: EncoderMigration): boolean {
    return versionOf(migration) <= this.level;
  }

  /** The newest version that a type has here. */
  #versionOf(type: EntryType<unknown>): number {
    return Math.max(0, ...type.migrations.filter((name) => this.#isReached(name)).map(versionOf));
  }
}

/** The contexts of one network. */
export class EntryLayouts {
  readonly limits: ValueLimits;
  readonly #heights: readonly number[];
  readonly #contexts: Readonly<Record<EntryForm, EntryContext[]>> = { stored: [], checksum: [] };

  constructor(params: EncoderParams, limits: ValueLimits) {
    this.limits = limits;
    this.#heights = versionHeights(params);
  }

  /** The context of everything that is written at `height`. @throws RangeError */
  at(height: number, form: EntryForm): EntryContext {
    if (!Number.isSafeInteger(height) || height < 0) throw new RangeError('height must be a non-negative safe integer');
    return this.#context(this.#levelAt(height), form);
  }

  /** The context of a stored entry of this version: that of the height at which the version begins. */
  ofVersion(version: number): EntryContext {
    return this.#context(this.#levelAt(this.#heights[version] as number), 'stored');
  }

  #levelAt(height: number): number {
    return this.#heights.findLastIndex((from) => from <= height);
  }

  #context(level: number, form: EntryForm): EntryContext {
    const contexts = this.#contexts[form];
    contexts[level] ??= new EntryContext(this, form, level);
    return contexts[level];
  }
}

function versionOf(migration: EncoderMigration): number {
  return encoderMigrations.indexOf(migration) + 1;
}

/** What `make` made for a type the first time. */
function remembered<T>(
  known: Map<EntryType<unknown>, Field<unknown>>,
  type: EntryType<unknown>,
  make: () => Field<T>,
): Field<T> {
  const found = known.get(type) as Field<T> | undefined;
  if (found !== undefined) return found;
  const made = make();
  known.set(type, made as Field<unknown>);
  return made;
}
