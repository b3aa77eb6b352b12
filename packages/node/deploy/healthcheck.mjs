/** Ends with 0 if the node of this container is alive, else with 1. */
const port = (process.env['HS_NODE_HTTP'] ?? '127.0.0.1:18001').split(':').at(-1);

try {
  const response = await fetch(`http://127.0.0.1:${port}/healthz`, { signal: AbortSignal.timeout(4000) });
  const { phase, text } = await response.json();
  console.log(`${phase}: ${text}`);
  process.exitCode = response.ok ? 0 : 1;
} catch (error) {
  console.error(`no answer: ${error.cause?.message ?? error.message}`);
  process.exitCode = 1;
}
