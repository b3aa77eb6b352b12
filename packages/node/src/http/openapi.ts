import { type HttpErrorCode, httpErrors } from './http-error.js';
import { anyObjectSchema, type JsonSchema, objectSchema } from './json-schema.js';
import { errorsOf, type Route } from './route.js';

const jsonType = 'application/json';

/** What is wrong with a request, in the one shape that all errors have. */
const errorSchema: JsonSchema = objectSchema({
  error: objectSchema({
    code: { type: 'string', enum: Object.keys(httpErrors) },
    message: { type: 'string' },
    details: anyObjectSchema,
  }),
});

const tags: Readonly<Record<Route['tag'], string>> = {
  node: 'What the node is doing, for people and for machines.',
  state: 'Records at the tip or at a snapshot that is kept. Answered only when the node is synced.',
  blocks: 'Verified headers, and the blocks that this node has.',
  transactions: 'Sending transactions, and what became of them.',
  coins: 'Accounts, profiles and DAO coins of the example chain. Answered only when the node is synced.',
  page: 'The page for people.',
};

/** The OpenAPI 3.1 description of some routes, as plain data. */
export function describeRoutes(
  routes: readonly Route[],
  info: { readonly title: string; readonly version: string; readonly description: string },
): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    paths[route.path] = { ...paths[route.path], [route.method.toLowerCase()]: describeRoute(route) };
  }
  const used = new Set(routes.map(({ tag }) => tag));
  return {
    openapi: '3.1.0',
    info: { ...info, license: { name: 'MIT', identifier: 'MIT' } },
    tags: Object.entries(tags)
      .filter(([name]) => used.has(name as Route['tag']))
      .map(([name, description]) => ({ name, description })),
    paths,
    components: { schemas: { Error: errorSchema } },
  };
}

function describeRoute(route: Route): Record<string, unknown> {
  const { operationId, tag, summary, description, parameters = [], body } = route;
  return {
    operationId,
    tags: [tag],
    summary,
    ...(description === undefined ? {} : { description }),
    parameters: parameters.map((parameter) => ({
      name: parameter.name,
      in: parameter.place,
      required: parameter.isRequired,
      description: parameter.description,
      schema: parameter.schema,
    })),
    ...(body === undefined
      ? {}
      : {
          requestBody: {
            required: true,
            description: `At most ${body.maxBytes} bytes.`,
            content: Object.fromEntries(Object.entries(body.content).map(([type, schema]) => [type, { schema }])),
          },
        }),
    responses: { ...describeReplies(route), ...describeErrors(route) },
  };
}

function describeReplies({ replies }: Route): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(replies).map(([status, { description, mediaType = jsonType, schema }]) => [
      status,
      { description, content: { [mediaType]: schema === undefined ? {} : { schema } } },
    ]),
  );
}

/** Errors by status. A status that is also a reply keeps its own description. */
function describeErrors(route: Route): Record<string, unknown> {
  const byStatus = new Map<number, HttpErrorCode[]>();
  for (const code of errorsOf(route)) {
    const { status } = httpErrors[code];
    if (route.replies[status] === undefined) byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return Object.fromEntries(
    [...byStatus].map(([status, codes]) => [
      status,
      {
        description: codes.map((code) => `\`${code}\`: ${httpErrors[code].when}.`).join('\n\n'),
        content: {
          [jsonType]: {
            schema: {
              $ref: '#/components/schemas/Error',
              type: 'object',
              properties: { error: { type: 'object', properties: { code: { enum: codes } } } },
            },
          },
        },
      },
    ]),
  );
}
