import { request as httpRequest } from 'node:http';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';

interface Operation {
  readonly operationId: string;
  readonly parameters: readonly { readonly name: string; readonly in: string; readonly schema: object }[];
  readonly responses: Readonly<Record<string, { readonly content: Readonly<Record<string, { schema?: object }>> }>>;
}

/** An OpenAPI description, as far as tests look at it. */
export interface ApiDescription {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

/** An answer, whole. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: whatever the server said; the description says what it must be
  readonly json: any;
}

export interface Call {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** Sends one request as it is: any Host, any method, no normalising of the path. */
export function send(url: string, path: string, call: Call = {}): Promise<Answer> {
  const { hostname, port } = new URL(url);
  const { method = 'GET', headers = {}, body } = call;
  return new Promise((resolve, reject) => {
    const message = httpRequest({ hostname, port, path, method, headers, agent: false }, (response) => {
      const parts: Buffer[] = [];
      const isStream = response.headers['content-type'] === 'text/event-stream; charset=utf-8';
      response.on('data', (part: Buffer) => {
        parts.push(part);
        // A stream has no end; its beginning is enough.
        if (isStream) response.destroy();
      });
      response.on('error', reject);
      response.once(isStream ? 'close' : 'end', () => {
        const text = Buffer.concat(parts).toString('utf8');
        const isJson = String(response.headers['content-type']).startsWith('application/json') && text !== '';
        const { statusCode = 0, headers } = response;
        resolve({ status: statusCode, headers, text, json: isJson ? JSON.parse(text) : undefined });
      });
    });
    message.on('error', reject);
    message.end(body);
  });
}

/** Sends requests, checks every answer against the description, and notes which of it was seen. */
export class DescribedClient {
  readonly description: ApiDescription;
  readonly seen: Set<string> = new Set();
  readonly #ajv: Ajv2020;
  readonly #validators = new Map<string, ValidateFunction>();

  constructor(description: ApiDescription) {
    this.description = description;
    this.#ajv = new Ajv2020({ strict: true, allErrors: true, strictRequired: false });
    this.#ajv.addSchema(description, 'openapi');
    this.#ajv.addVocabulary(['openapi', 'info', 'paths', 'components', 'tags']);
  }

  /** Every `METHOD path status` that is described. */
  get described(): readonly string[] {
    return Object.entries(this.description.paths).flatMap(([path, methods]) =>
      Object.entries(methods).flatMap(([method, { responses }]) =>
        Object.keys(responses).map((status) => `${method.toUpperCase()} ${path} ${status}`),
      ),
    );
  }

  /** Sends a request to the operation at `template`, whose parameters are in `path`. */
  async call(url: string, template: string, path: string, call: Call = {}): Promise<Answer> {
    const answer = await send(url, path, call);
    const method = call.method ?? 'GET';
    // A method that the path does not know is described with the one that it knows.
    const methods = this.description.paths[template] ?? {};
    const known = methods[method.toLowerCase()] === undefined ? Object.keys(methods)[0] : method.toLowerCase();
    const described = methods[known ?? '']?.responses[String(answer.status)];
    if (described === undefined)
      throw new Error(`${method} ${template} must not answer ${answer.status}: ${answer.text}`);
    const type = String(answer.headers['content-type']).split(';')[0] ?? '';
    const content = described.content[type];
    if (content === undefined) throw new Error(`${method} ${template} ${answer.status} must not have type ${type}`);
    if (content.schema !== undefined) {
      const pointer = ['paths', template, known, 'responses', String(answer.status), 'content', type, 'schema'];
      const escaped = pointer.map((part) =>
        encodeURIComponent(String(part).replaceAll('~', '~0').replaceAll('/', '~1')),
      );
      const reference = `openapi#/${escaped.join('/')}`;
      const validate = this.#validators.get(reference) ?? this.#ajv.compile({ $ref: reference });
      this.#validators.set(reference, validate);
      const value = type === 'application/json' ? answer.json : answer.text;
      if (!validate(value)) {
        throw new Error(`${method} ${path} ${answer.status}: ${this.#ajv.errorsText(validate.errors)}\n${answer.text}`);
      }
    }
    this.seen.add(`${known?.toUpperCase()} ${template} ${answer.status}`);
    return answer;
  }
}
