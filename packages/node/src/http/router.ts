import { HttpError } from './http-error.js';
import type { Parameter } from './parameter.js';
import type { Route } from './route.js';

/** A route that fits a request, and the values of its parameters. */
export interface RouteMatch {
  readonly route: Route;
  readonly get: <Value>(parameter: Parameter<Value>) => Value;
}

/** Finds routes by method and path. A part of a path that is given literally goes before a parameter. */
export class Router {
  readonly #routes: readonly { readonly route: Route; readonly parts: readonly string[] }[];

  /** @throws RangeError if two routes are the same */
  constructor(routes: readonly Route[]) {
    const names = routes.map(({ method, path }) => `${method} ${path}`);
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    if (twice !== undefined) throw new RangeError(`two routes are ${twice}`);
    this.#routes = routes
      .map((route) => ({ route, parts: route.path.split('/') }))
      .sort((a, b) => countParameters(a.parts) - countParameters(b.parts));
  }

  /**
   * The route for a method and the path and query of a URL; all parameters are read here.
   *
   * @throws HttpError HTTP_NOT_FOUND HTTP_METHOD_NOT_ALLOWED HTTP_INVALID_PARAMETER
   */
  match(method: string, url: string): RouteMatch {
    const [path = '', query = ''] = url.split('?', 2);
    const given = path.split('/');
    const fitting = this.#routes.filter(({ parts }) => isFit(parts, given));
    if (fitting.length === 0) {
      throw new HttpError('HTTP_NOT_FOUND', `there is no ${path.slice(0, 200)}; /openapi.json describes what there is`);
    }
    const found = fitting.find(({ route }) => route.method === (method === 'HEAD' ? 'GET' : method));
    if (found === undefined) {
      const allow = fitting.flatMap(({ route }) => (route.method === 'GET' ? ['GET', 'HEAD'] : [route.method]));
      throw new HttpError('HTTP_METHOD_NOT_ALLOWED', `this path knows ${allow.join(', ')}`, {
        headers: { allow: allow.join(', ') },
      });
    }
    const { route, parts } = found;
    const values = readValues(route, { parts, given, query });
    return { route, get: <Value>({ name }: Parameter<Value>) => values.get(name) as Value };
  }
}

function countParameters(parts: readonly string[]): number {
  return parts.filter((part) => part.startsWith('{')).length;
}

function isFit(parts: readonly string[], given: readonly string[]): boolean {
  return (
    parts.length === given.length &&
    parts.every((part, index) => (part.startsWith('{') ? given[index] !== '' : part === given[index]))
  );
}

function readValues(
  { parameters = [] }: Route,
  url: { readonly parts: readonly string[]; readonly given: readonly string[]; readonly query: string },
): ReadonlyMap<string, unknown> {
  const texts = new Map<string, string>();
  for (const [index, part] of url.parts.entries()) {
    if (part.startsWith('{')) texts.set(part.slice(1, -1), decode(url.given[index] ?? ''));
  }
  const known = parameters.filter(({ place }) => place === 'query').map(({ name }) => name);
  for (const [name, value] of new URLSearchParams(url.query)) {
    if (!known.includes(name) || texts.has(name)) {
      const problem = texts.has(name) ? 'is given twice' : 'is not known';
      throw new HttpError('HTTP_INVALID_PARAMETER', `the parameter ${name.slice(0, 100)} ${problem}`, {
        details: { name: name.slice(0, 100), known },
      });
    }
    texts.set(name, value);
  }
  return new Map(parameters.map((parameter) => [parameter.name, parameter.read(texts.get(parameter.name))]));
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
