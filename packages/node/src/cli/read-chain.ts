import { readFileSync } from 'node:fs';
import { createExampleChain, type ExampleChain } from '../example-chain/example-chain.js';
import { NodeError } from '../node-error.js';

/** Makes the chain of a chain spec file. @throws NODE_CONFIGURATION if it cannot be read or is no chain spec */
export function readChain(path: string): ExampleChain {
  let spec: Parameters<typeof createExampleChain>[0];
  try {
    spec = JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new NodeError('NODE_CONFIGURATION', `cannot read the chain spec ${path}`, { cause, details: { path } });
  }
  return createExampleChain(spec);
}
