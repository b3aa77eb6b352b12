import { checkInput } from './check-input.mjs';

/**
 * A few short inputs that run, together, everything that `inputs` run: the shortest first, each kept only if it runs something that
 * those before do not, then shortened as long as it still does.
 */
export async function minimise(target, inputs, { coverage, onInput = () => {} }) {
  const placesOf = async (input) => {
    coverage.clear();
    onInput(input);
    await checkInput(target, input);
    return coverage.takeSet();
  };
  const covered = new Set();
  const kept = [];
  for (const input of [...inputs].sort((a, b) => a.length - b.length)) {
    const own = [...(await placesOf(input))].filter((place) => !covered.has(place));
    if (own.length === 0) continue;
    const stillRuns = async (shorter) => {
      const places = await placesOf(shorter);
      return own.every((place) => places.has(place));
    };
    const shortest = await shorten(input, stillRuns);
    kept.push(shortest);
    for (const place of await placesOf(shortest)) covered.add(place);
  }
  return kept;
}

async function shorten(input, stillRuns) {
  let current = input;
  for (let piece = input.length >> 1; piece >= Math.max(1, input.length >> 5); piece >>= 1) {
    for (let at = 0; at + piece <= current.length; ) {
      const shorter = new Uint8Array(current.length - piece);
      shorter.set(current.subarray(0, at));
      shorter.set(current.subarray(at + piece), at);
      if (await stillRuns(shorter)) current = shorter;
      else at += piece;
    }
  }
  return current;
}
